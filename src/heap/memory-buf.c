/* SPDX-License-Identifier: MIT */
/*
 * Layer: heap. The exporter of plain memory: one memory file that is the buffer. CPU and devices see the same coherent
 * pages, so begin and end have nothing to do but the core's wait for fences.
 *
 * Called by: system-heap, and share for the buffers it receives.
 *
 * Invariant: the buffer's handle is the memory itself; there is no other storage.
 */
#include <fcntl.h>

#include <dmabuf/dma-heap.h>

#include "src/base/memory.h"
#include "src/buf/device-map.h"
#include "src/heap/memory-buf.h"

/* An attachment keeps its table from the first map to the detach; the device may use it only between map and unmap. */
static struct sg_table *map_memory(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	bool writable = attach->dmabuf->flags == O_RDWR;

	if (!writable && dir != DMA_TO_DEVICE)
		return dmabuf_err_ptr(-EACCES);
	if (!attach->priv) {
		struct sg_table *sgt = dmabuf_device_prepare(attach->dev, attach->dmabuf->file, writable);

		if (dmabuf_is_err(sgt))
			return sgt;
		attach->priv = sgt;
	}
	dmabuf_device_enter(attach->dev, attach->priv, dir);
	return attach->priv;
}

static void unmap_memory(struct dma_buf_attachment *attach, struct sg_table *sgt, enum dma_data_direction dir)
{
	(void)dir;
	dmabuf_device_leave(attach->dev, sgt);
}

static void detach_memory(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	(void)dmabuf;
	if (attach->priv)
		dmabuf_device_release(attach->dev, attach->priv);
}

static int mmap_memory(struct dma_buf *dmabuf, struct dmabuf_vma *vma)
{
	return dmabuf_base_memory_map(dmabuf->file, vma->vm_pgoff * dmabuf_base_page_size(), vma->vm_size, vma->vm_prot,
				      vma->vm_start, &vma->vm_start);
}

static void release_memory(struct dma_buf *dmabuf)
{
	(void)dmabuf; /* The handle is all there is; the core puts it. */
}

static const struct dma_buf_ops memory_ops = {
	.detach = detach_memory,
	.map_dma_buf = map_memory,
	.unmap_dma_buf = unmap_memory,
	.mmap = mmap_memory,
	.release = release_memory,
};

struct dma_buf *dmabuf_memory_export(struct dmabuf_memory *memory, size_t size, const char *exp_name, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = exp_name, .ops = &memory_ops, .size = size, .flags = flags, .priv = memory, .memory = memory,
	};
	struct dma_buf *dmabuf = dma_buf_export(&info);

	if (dmabuf_is_err(dmabuf))
		dmabuf_base_memory_put(memory);
	return dmabuf;
}

bool dmabuf_memory_is_exporter(const struct dma_buf *dmabuf)
{
	return dmabuf->ops == &memory_ops;
}
