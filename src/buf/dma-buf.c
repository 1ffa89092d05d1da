/* SPDX-License-Identifier: MIT */
/*
 * Layer: buf. The life of a buffer and its accesses by the CPU. Attachments: dma-buf-attach.c. File descriptors: the fd
 * layer, through struct dmabuf_handle_ops.
 *
 * Called by: exporters and importers; counterpart of the kernel's drivers/dma-buf/dma-buf.c.
 *
 * Invariant: a buffer is in the list of buffers from export until just before its release op, which runs exactly once.
 */
#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/memory.h"
#include "src/base/mutex.h"
#include "src/base/warn.h"
#include "src/buf/buf-handle.h"

#define ACCESS_MODE_MASK 3	/* O_ACCMODE */
#define MODE_READ_ONLY 0	/* O_RDONLY */
#define MODE_READ_WRITE 2	/* O_RDWR */
#define PROT_WRITE_BIT 2	/* PROT_WRITE */

static struct base_mutex all_lock = BASE_MUTEX_INIT;
static struct dmabuf_list all_buffers = { &all_buffers, &all_buffers };

static bool is_complete(const struct dma_buf_export_info *info)
{
	const struct dma_buf_ops *ops = info->ops;

	if (!info->priv || !info->size || !ops || !ops->map_dma_buf || !ops->unmap_dma_buf || !ops->release)
		return false;
	if (ops->cache_sgt_mapping && (ops->pin || ops->unpin))
		return false;
	return !ops->pin == !ops->unpin;
}

struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info)
{
	struct dma_buf *dmabuf;

	if (warn_if(!exp_info || !is_complete(exp_info),
		    "dma_buf_export: needs priv, size, ops with map, unmap and release, pin only with unpin and uncached"))
		return dmabuf_err_ptr(-EINVAL);
	dmabuf = dmabuf_base_alloc(sizeof(*dmabuf));
	if (!dmabuf)
		return dmabuf_err_ptr(-ENOMEM);
	dmabuf->size = exp_info->size;
	dmabuf->file = exp_info->memory;
	list_reset(&dmabuf->attachments);
	dmabuf->ops = exp_info->ops;
	dmabuf->exp_name = exp_info->exp_name;
	dmabuf->priv = exp_info->priv;
	dmabuf->flags = exp_info->flags & ACCESS_MODE_MASK;
	dmabuf->count.count = 1;
	dmabuf->resv = exp_info->resv ? exp_info->resv : &dmabuf->own_resv;
	dma_resv_init(&dmabuf->own_resv);
	dmabuf_base_mutex_lock(&all_lock);
	list_insert_after(&all_buffers, &dmabuf->list_node);
	dmabuf_base_mutex_unlock(&all_lock);
	return dmabuf;
}

void dmabuf_buf_release(struct dma_buf *dmabuf)
{
	dmabuf_base_mutex_lock(&all_lock);
	list_remove(&dmabuf->list_node);
	dmabuf_base_mutex_unlock(&all_lock);
	dmabuf->ops->release(dmabuf);
	dma_resv_fini(&dmabuf->own_resv);
	warn_if(!list_is_empty(&dmabuf->attachments), "dma_buf released with devices still attached");
	dmabuf_base_memory_put(dmabuf->file);
	dmabuf_base_free(dmabuf);
}

void get_dma_buf(struct dma_buf *dmabuf)
{
	__atomic_fetch_add(&dmabuf->count.count, 1, __ATOMIC_RELAXED);
}

void dma_buf_put(struct dma_buf *dmabuf)
{
	uint32_t count;

	if (warn_if(!dmabuf, "dma_buf_put: NULL buffer"))
		return;
	count = __atomic_load_n(&dmabuf->count.count, __ATOMIC_ACQUIRE);
	while (count > 1) {
		if (__atomic_compare_exchange_n(&dmabuf->count.count, &count, count - 1, true, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return;
	}
	/* Ours is the only reference: nobody sets handle_ops now. */
	if (dmabuf->handle_ops)
		dmabuf->handle_ops->put_last(dmabuf);
	else
		dmabuf_buf_release(dmabuf);
}

static bool is_cpu_direction(enum dma_data_direction dir)
{
	return dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE || dir == DMA_FROM_DEVICE;
}

int dma_buf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	bool write = dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
	long ret = 0;

	if (warn_if(!dmabuf || !is_cpu_direction(dir), "dma_buf_begin_cpu_access: NULL buffer or no direction"))
		return -EINVAL;
	if (dmabuf->ops->begin_cpu_access)
		ret = dmabuf->ops->begin_cpu_access(dmabuf, dir);
	if (ret == 0)
		ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true, MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? (int)ret : 0;
}

int dma_buf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	if (warn_if(!dmabuf, "dma_buf_end_cpu_access: NULL buffer"))
		return -EINVAL;
	return dmabuf->ops->end_cpu_access ? dmabuf->ops->end_cpu_access(dmabuf, dir) : 0;
}

/* A shared mapping needs the right to read, and the right to write if it writes. */
static bool may_map(const struct dma_buf *dmabuf, int prot)
{
	return dmabuf->flags == MODE_READ_WRITE || (dmabuf->flags == MODE_READ_ONLY && !(prot & PROT_WRITE_BIT));
}

int dma_buf_mmap(struct dma_buf *dmabuf, struct dmabuf_vma *vma, unsigned long pgoff)
{
	size_t page = dmabuf_base_page_size();
	unsigned long pages, end;

	if (warn_if(!dmabuf || !vma, "dma_buf_mmap: NULL buffer or mapping"))
		return -EINVAL;
	if (!dmabuf->ops->mmap || !vma->vm_size || vma->vm_size % page)
		return -EINVAL;
	pages = vma->vm_size / page;
	if (__builtin_add_overflow(pgoff, pages, &end))
		return -EOVERFLOW;
	if (end > dmabuf->size / page)
		return -EINVAL;
	if (!may_map(dmabuf, vma->vm_prot))
		return -EACCES;
	vma->vm_pgoff = pgoff;
	return dmabuf->ops->mmap(dmabuf, vma);
}
