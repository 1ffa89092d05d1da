/* SPDX-License-Identifier: MIT */
/**
 * DOC: Shared buffers
 *
 * The *exporter* implements a buffer and decides where it lives. An *importer* attaches a device, maps the attachment for
 * as long as the device works, unmaps, detaches. User space passes file descriptors around and decides who shares with
 * whom.
 *
 * The file descriptor is a sealed memory file of exactly the buffer's size; it is what the buffer is identified by, and
 * its last holder, fd or mapping, in any process, ends the buffer's life.
 */
#ifndef DMABUF_DMA_BUF_H
#define DMABUF_DMA_BUF_H

#include <dmabuf/device.h>
#include <dmabuf/dma-resv.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_buf;
struct dma_buf_attachment;
struct dmabuf_handle_ops;
struct dmabuf_memory;
struct iosys_map;

/**
 * struct dmabuf_vma - a mapping of a buffer into this process, wanted or made
 * @vm_start: in: where, replacing what is mapped there, or NULL for anywhere; out: where it is
 * @vm_size: bytes, a multiple of the page size
 * @vm_prot: PROT_READ, PROT_WRITE
 * @vm_pgoff: first page of the buffer; set by dma_buf_mmap()
 *
 * The mapping is ended by munmap(2); until then it keeps the buffer alive.
 */
struct dmabuf_vma {
	void *vm_start;
	size_t vm_size;
	int vm_prot;
	unsigned long vm_pgoff;
};

/**
 * struct dma_buf_ops - what an exporter supplies
 * @cache_sgt_mapping: keep the first mapping of an attachment until it is detached
 * @attach: optional, without the reservation lock: check the device's constraints; may set @attach->priv
 * @detach: optional, without the reservation lock
 * @pin: optional, together with @unpin, under the reservation lock: fix the location
 * @unpin: see @pin
 * @map_dma_buf: mandatory, under the reservation lock: a new table for @attach->dev, an error pointer, or NULL (taken
 *	for -ENOMEM)
 * @unmap_dma_buf: mandatory, under the reservation lock: end of DMA, frees the table
 * @release: mandatory, without locks: the last holder is gone
 * @begin_cpu_access: optional, without the reservation lock: make the CPU's view valid
 * @end_cpu_access: optional, without the reservation lock: give the device's view back
 * @mmap: optional, without the reservation lock
 * @vmap: kernel shape only; not called by this version
 * @vunmap: kernel shape only; not called by this version
 */
struct dma_buf_ops {
	bool cache_sgt_mapping;
	int (*attach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
	void (*detach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
	int (*pin)(struct dma_buf_attachment *attach);
	void (*unpin)(struct dma_buf_attachment *attach);
	struct sg_table *(*map_dma_buf)(struct dma_buf_attachment *attach, enum dma_data_direction dir);
	void (*unmap_dma_buf)(struct dma_buf_attachment *attach, struct sg_table *sgt, enum dma_data_direction dir);
	void (*release)(struct dma_buf *dmabuf);
	int (*begin_cpu_access)(struct dma_buf *dmabuf, enum dma_data_direction dir);
	int (*end_cpu_access)(struct dma_buf *dmabuf, enum dma_data_direction dir);
	int (*mmap)(struct dma_buf *dmabuf, struct dmabuf_vma *vma);
	int (*vmap)(struct dma_buf *dmabuf, struct iosys_map *map);
	void (*vunmap)(struct dma_buf *dmabuf, struct iosys_map *map);
};

/**
 * struct dma_buf - a shared buffer
 * @size: bytes; constant for life
 * @file: the handle: identity, size and life; opaque
 * @attachments: protected by @resv
 * @ops: behaviour
 * @exp_name: exporter's name, for reports
 * @list_node: link in the list of all buffers of this process
 * @priv: the exporter's
 * @resv: reservation object, the exporter's or the embedded one
 */
struct dma_buf {
	size_t size;
	struct dmabuf_memory *file;
	struct dmabuf_list attachments;
	const struct dma_buf_ops *ops;
	const char *exp_name;
	struct dmabuf_list list_node;
	void *priv;
	struct dma_resv *resv;
	/* private: */
	struct dma_resv own_resv;
	struct dmabuf_kref count;	/* references held by library calls; an installed fd is none of them */
	int flags;			/* access mode of fds */
	const struct dmabuf_handle_ops *handle_ops; /* NULL until an fd was given out; then holders decide the end */
	void *handle_state;		/* belongs to @handle_ops */
};

/**
 * struct dma_buf_attachment - one device's interest in one buffer
 * @dmabuf: buffer
 * @dev: device
 * @node: link in the buffer's list
 * @sgt: cached table or NULL
 * @dir: direction of @sgt
 * @priv: the exporter's
 */
struct dma_buf_attachment {
	struct dma_buf *dmabuf;
	struct dmabuf_device *dev;
	struct dmabuf_list node;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	void *priv;
};

/**
 * struct dma_buf_export_info - what dma_buf_export() needs to know
 * @exp_name: exporter's name
 * @owner: kernel shape only; the library keeps nothing loaded
 * @ops: behaviour
 * @size: bytes, constant for life
 * @flags: access mode of fds: O_RDONLY or O_RDWR
 * @resv: reservation object of the exporter, alive until release returned; NULL: one is embedded
 * @priv: exporter's data, not NULL
 * @memory: memory file that is the buffer; its reference moves into the buffer. NULL: the handle is an empty,
 *	write-sealed file made when an fd is first asked for, and access goes through the ops alone
 */
struct dma_buf_export_info {
	const char *exp_name;
	void *owner;
	const struct dma_buf_ops *ops;
	size_t size;
	int flags;
	struct dma_resv *resv;
	void *priv;
	/* private: */
	struct dmabuf_memory *memory;
};

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME "user"
#endif

/** define DEFINE_DMA_BUF_EXPORT_INFO - declare a zeroed struct dma_buf_export_info with the exporter's name filled in */
#define DEFINE_DMA_BUF_EXPORT_INFO(name) struct dma_buf_export_info name = { KBUILD_MODNAME, 0, 0, 0, 0, 0, 0, 0 }

/**
 * dma_buf_export() - make a buffer that can be shared
 * @exp_info: description; read, not kept
 *
 * Context: Sleeps, allocates.
 * Locks: none.
 * Owns: the caller holds the first reference; dma_buf_fd() moves it into an fd, dma_buf_put() gives it back. On failure
 *	@exp_info->memory stays the caller's.
 * Units: bytes.
 * Across: this process is the exporter and owns the reservation object.
 * Return: the buffer; error pointers -EINVAL (with a warning: priv, ops or one of map, unmap, release missing, pin
 *	without unpin or the reverse, caching together with pin) and -ENOMEM.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: no module reference; a size that is zero is refused.
 */
DMABUF_API struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info);

/**
 * get_dma_buf() - take a reference
 * @dmabuf: buffer
 *
 * Context: Any.
 * Locks: none.
 * Owns: the caller gains a reference.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-buf.h; differs: none.
 */
DMABUF_API void get_dma_buf(struct dma_buf *dmabuf);

/**
 * dma_buf_put() - give a reference back
 * @dmabuf: buffer; NULL is warned about
 *
 * A buffer that never had an fd is released by the last put. Otherwise the last fd or mapping, in any process, ends it.
 *
 * Context: Sleeps; may run the release op.
 * Locks: the reservation lock must not be held.
 * Owns: takes one reference from the caller.
 * Units: none.
 * Across: holders in other processes keep the buffer.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: after an fd was given out, release runs at a later call into
 *	the library or on the service thread; never earlier than in the kernel.
 */
DMABUF_API void dma_buf_put(struct dma_buf *dmabuf);

/**
 * dma_buf_fd() - a file descriptor for the buffer
 * @dmabuf: buffer
 * @flags: O_CLOEXEC or 0; other bits change nothing, the access mode was fixed at export
 *
 * For a second fd take a reference first.
 *
 * Context: Sleeps.
 * Locks: the reservation lock must not be held.
 * Owns: moves the caller's reference into the fd; on failure it stays with the caller.
 * Units: none.
 * Across: the fd may be passed to any process.
 * Return: the fd; -EINVAL NULL; -EMFILE, -ENFILE, -ENOMEM; -ENOSPC: no watch left to see the fd's end by.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: -ENOSPC.
 */
DMABUF_API int dma_buf_fd(struct dma_buf *dmabuf, int flags);

/**
 * dma_buf_get() - the buffer behind a file descriptor
 * @fd: any file descriptor
 *
 * Context: Sleeps.
 * Locks: none.
 * Owns: the caller gains a reference; the fd stays the caller's.
 * Units: none.
 * Across: knows the buffers of this process and those that came through dmabuf_share_recv(). Another fd is -EINVAL.
 * Return: the buffer; error pointers -EBADF not open, -EINVAL not a dma-buf known here.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: see Across.
 */
DMABUF_API struct dma_buf *dma_buf_get(int fd);

/**
 * dma_buf_attach() - a device wants to use the buffer
 * @dmabuf: buffer, the caller holds a reference until after the detach
 * @dev: device
 *
 * Context: Sleeps, allocates; calls the exporter's attach op.
 * Locks: the reservation lock must not be held; takes it.
 * Owns: the attachment is given back by dma_buf_detach(); it holds no reference of the buffer.
 * Units: none.
 * Across: the exporter's side of a buffer from another process is not asked; its memory is mapped directly.
 * Return: the attachment; error pointers -EINVAL NULL argument (with a warning), -ENOMEM, or what the attach op gave.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: none.
 */
DMABUF_API struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf, struct dmabuf_device *dev);

/**
 * dma_buf_detach() - the device is done with the buffer
 * @dmabuf: buffer
 * @attach: attachment of @dmabuf; NULL or a mismatch is warned about and ignored
 *
 * Context: Sleeps; calls the exporter's unmap (of a cached table) and detach ops.
 * Locks: the reservation lock must not be held; takes it.
 * Owns: frees @attach.
 * Units: none.
 * Across: as dma_buf_attach().
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: none.
 */
DMABUF_API void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);

/**
 * dma_buf_map_attachment() - map the buffer for the device
 * @attach: attachment
 * @dir: what the device will do
 *
 * Calls the exporter, then waits, interruptibly and without limit, for fences of usage KERNEL. A cached table is
 * returned as it is, without a wait.
 *
 * Context: Sleeps, allocates.
 * Locks: the reservation lock held by the caller (asserted).
 * Owns: the table is the exporter's; give it back by dma_buf_unmap_attachment().
 * Units: none.
 * Across: as dma_buf_attach().
 * Return: the table; error pointers -EINVAL NULL or DMA_NONE, -EBUSY cached with another direction, -ENOMEM,
 *	-ERESTARTSYS interrupted, or what the exporter gave (a heap: -EACCES, a device may not write a read-only buffer).
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: a dynamic exporter is pinned at map, not at attach (as 6.16).
 */
DMABUF_API struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach, enum dma_data_direction dir);

/**
 * dma_buf_unmap_attachment() - end of DMA
 * @attach: attachment
 * @sgt: table from dma_buf_map_attachment()
 * @dir: its direction
 *
 * A cached table stays until the detach.
 *
 * Context: Sleeps.
 * Locks: the reservation lock held by the caller (asserted).
 * Owns: takes @sgt back.
 * Units: none.
 * Across: as dma_buf_attach().
 * Return: nothing; NULL is warned about.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: none.
 */
DMABUF_API void dma_buf_unmap_attachment(struct dma_buf_attachment *attach, struct sg_table *sgt,
					 enum dma_data_direction dir);

/**
 * dma_buf_begin_cpu_access() - prepare access by the CPU
 * @dmabuf: buffer
 * @dir: DMA_FROM_DEVICE: the CPU reads; DMA_TO_DEVICE or DMA_BIDIRECTIONAL: it writes
 *
 * First the exporter's op, then an interruptible wait without limit: a reader waits for WRITE fences, a writer for READ
 * fences too. If the wait is interrupted the op is not undone: begin again, or call end.
 *
 * Context: Sleeps.
 * Locks: the reservation lock must not be held.
 * Owns: nothing; pairs with dma_buf_end_cpu_access().
 * Units: none.
 * Across: waits for the fences that this process added to its reservation object, whoever signals them.
 * Return: 0; -EINVAL NULL or DMA_NONE; -ERESTARTSYS; the exporter's error.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: none.
 */
DMABUF_API int dma_buf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir);

/**
 * dma_buf_end_cpu_access() - end access by the CPU
 * @dmabuf: buffer
 * @dir: as given to dma_buf_begin_cpu_access()
 *
 * Context: Sleeps.
 * Locks: the reservation lock must not be held.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: 0; -EINVAL NULL; the exporter's error.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: none.
 */
DMABUF_API int dma_buf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir);

/**
 * dma_buf_mmap() - map the buffer into this process
 * @dmabuf: buffer
 * @vma: what is wanted; filled in
 * @pgoff: first page
 *
 * The mapping is ended by munmap(2) and keeps the buffer alive until then. Accesses stand between
 * dma_buf_begin_cpu_access() and dma_buf_end_cpu_access().
 *
 * Context: Sleeps; calls the exporter's mmap op.
 * Locks: the reservation lock must not be held.
 * Owns: the mapping is the caller's.
 * Units: @pgoff in pages, sizes in bytes.
 * Across: every process sees the same memory.
 * Return: 0; -EINVAL NULL, no mmap op, a size that is no multiple of the page, or a range beyond the buffer's whole
 *	pages; -EOVERFLOW if the range wraps; -EACCES writing to a buffer exported read-only; -ENOMEM.
 * Source: Linux 6.12 drivers/dma-buf/dma-buf.c; differs: the mapping is made here, not by the caller's mmap(2).
 */
DMABUF_API int dma_buf_mmap(struct dma_buf *dmabuf, struct dmabuf_vma *vma, unsigned long pgoff);

/**
 * dmabuf_buf_reap() - run the release of buffers whose last holder is gone
 *
 * Calls into the library do this by themselves, and so does the service thread when there is one; this is for a program
 * that wants it done now.
 *
 * Context: Sleeps; runs release ops.
 * Locks: no reservation lock may be held.
 * Owns: nothing.
 * Units: none.
 * Across: sees the end of holders in every process.
 * Return: how many files it saw ended.
 * Source: ours.
 */
DMABUF_API int dmabuf_buf_reap(void);

#ifdef __cplusplus
}
#endif

#endif
