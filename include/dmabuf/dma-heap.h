/* SPDX-License-Identifier: MIT */
/**
 * DOC: Heaps
 *
 * A heap is an exporter of plain memory, found by name. Its buffers are zeroed and never reuse memory that another
 * process has seen.
 */
#ifndef DMABUF_DMA_HEAP_H
#define DMABUF_DMA_HEAP_H

#include <dmabuf/dma-buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_heap;

/** struct dma_heap_ops - what a heap supplies: @allocate gives a buffer of @len bytes, zeroed, or an error pointer */
struct dma_heap_ops {
	struct dma_buf *(*allocate)(struct dma_heap *heap, unsigned long len, uint32_t fd_flags, uint64_t heap_flags);
};

/** struct dma_heap_export_info - a heap to add: its @name, its @ops, and @priv for dma_heap_get_drvdata() */
struct dma_heap_export_info {
	const char *name;
	const struct dma_heap_ops *ops;
	void *priv;
};

/**
 * dma_heap_add() - offer a heap
 * @exp_info: description; @exp_info->name and ops must stay valid
 *
 * Context: Allocates.
 * Locks: takes the list of heaps.
 * Owns: a heap lives until the process ends.
 * Units: none.
 * Across: one process.
 * Return: the heap; error pointers -EINVAL no or empty name, no allocate op or a name that is taken; -ENOMEM.
 * Source: Linux 6.12 drivers/dma-buf/dma-heap.c; differs: none.
 */
DMABUF_API struct dma_heap *dma_heap_add(const struct dma_heap_export_info *exp_info);

/**
 * dma_heap_find() - a heap by its name
 * @name: "system" is always there
 *
 * Context: Any.
 * Locks: takes the list of heaps.
 * Owns: heaps live until the process ends; nothing to give back.
 * Units: none.
 * Across: one process.
 * Return: the heap, or NULL.
 * Source: Android kernels drivers/dma-buf/dma-heap.c; differs: takes no reference.
 */
DMABUF_API struct dma_heap *dma_heap_find(const char *name);

/**
 * dma_heap_get_name() - what a heap is called
 * @heap: heap
 *
 * Context: Any.
 * Locks: none.
 * Owns: the string is the heap's.
 * Units: none.
 * Across: one process.
 * Return: the name.
 * Source: Linux 6.12 drivers/dma-buf/dma-heap.c; differs: none.
 */
DMABUF_API const char *dma_heap_get_name(struct dma_heap *heap);

/**
 * dma_heap_get_drvdata() - the priv given to dma_heap_add()
 * @heap: heap
 *
 * Context: Any.
 * Locks: none.
 * Owns: the heap's author's.
 * Units: none.
 * Across: one process.
 * Return: the pointer.
 * Source: Linux 6.12 drivers/dma-buf/dma-heap.c; differs: none.
 */
DMABUF_API void *dma_heap_get_drvdata(struct dma_heap *heap);

/**
 * dma_heap_buffer_alloc() - a zeroed buffer
 * @heap: heap
 * @len: size, rounded up to whole pages
 * @fd_flags: access mode of the fds (O_RDONLY, O_RDWR) and O_CLOEXEC
 * @heap_flags: must be 0
 *
 * Context: Sleeps, allocates.
 * Locks: none.
 * Owns: the caller holds the buffer's first reference.
 * Units: bytes.
 * Across: the buffer can be passed to any process.
 * Return: the buffer; error pointers -EINVAL other flags or a length of 0 (also after rounding), -ENOMEM, -EMFILE.
 * Source: Linux 6.12 drivers/dma-buf/dma-heap.c; differs: none.
 */
DMABUF_API struct dma_buf *dma_heap_buffer_alloc(struct dma_heap *heap, size_t len, uint32_t fd_flags,
						 uint64_t heap_flags);

#ifdef __cplusplus
}
#endif

#endif
