/* SPDX-License-Identifier: MIT */
/*
 * Layer: buf. Attachments and their mappings.
 *
 * Called by: importers; counterpart of the attachment half of the kernel's drivers/dma-buf/dma-buf.c.
 *
 * Invariant: the list of attachments and a cached table change under the reservation lock only; the exporter's attach and
 * detach ops run without it, map, unmap, pin and unpin with it.
 */
#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/warn.h"
#include "src/buf/buf-handle.h"

struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf, struct dmabuf_device *dev)
{
	struct dma_buf_attachment *attach;
	int ret;

	if (warn_if(!dmabuf || !dev, "dma_buf_attach: NULL buffer or device"))
		return dmabuf_err_ptr(-EINVAL);
	attach = dmabuf_base_alloc(sizeof(*attach));
	if (!attach)
		return dmabuf_err_ptr(-ENOMEM);
	attach->dmabuf = dmabuf;
	attach->dev = dev;
	list_reset(&attach->node);
	ret = dmabuf->ops->attach ? dmabuf->ops->attach(dmabuf, attach) : 0;
	if (ret < 0) {
		dmabuf_base_free(attach);
		return dmabuf_err_ptr(ret);
	}
	dma_resv_lock(dmabuf->resv, NULL);
	list_insert_after(&dmabuf->attachments, &attach->node);
	dma_resv_unlock(dmabuf->resv);
	return attach;
}

/* Reservation lock held: end a mapping at the exporter. */
static void unmap(struct dma_buf_attachment *attach, struct sg_table *sgt, enum dma_data_direction dir)
{
	const struct dma_buf_ops *ops = attach->dmabuf->ops;

	ops->unmap_dma_buf(attach, sgt, dir);
	if (ops->unpin)
		ops->unpin(attach);
}

void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	if (warn_if(!dmabuf || !attach || attach->dmabuf != dmabuf, "dma_buf_detach: not an attachment of this buffer"))
		return;
	dma_resv_lock(dmabuf->resv, NULL);
	if (attach->sgt)
		unmap(attach, attach->sgt, attach->dir);
	list_remove(&attach->node);
	dma_resv_unlock(dmabuf->resv);
	if (dmabuf->ops->detach)
		dmabuf->ops->detach(dmabuf, attach);
	dmabuf_base_free(attach);
}

/* Reservation lock held: pin if the exporter can move the buffer, map, wait until nothing moves it any more. */
static struct sg_table *map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	const struct dma_buf_ops *ops = attach->dmabuf->ops;
	struct sg_table *sgt;
	long ret = ops->pin ? ops->pin(attach) : 0;

	if (ret < 0)
		return dmabuf_err_ptr(ret);
	sgt = ops->map_dma_buf(attach, dir);
	if (!sgt)
		sgt = dmabuf_err_ptr(-ENOMEM);
	if (dmabuf_is_err(sgt)) {
		if (ops->unpin)
			ops->unpin(attach);
		return sgt;
	}
	ret = dma_resv_wait_timeout(attach->dmabuf->resv, DMA_RESV_USAGE_KERNEL, true, MAX_SCHEDULE_TIMEOUT);
	if (ret < 0) {
		unmap(attach, sgt, dir);
		return dmabuf_err_ptr(ret);
	}
	return sgt;
}

struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct sg_table *sgt;

	if (warn_if(!attach || !attach->dmabuf, "dma_buf_map_attachment: NULL attachment"))
		return dmabuf_err_ptr(-EINVAL);
	if (dir != DMA_BIDIRECTIONAL && dir != DMA_TO_DEVICE && dir != DMA_FROM_DEVICE)
		return dmabuf_err_ptr(-EINVAL);
	warn_if(!dma_resv_held(attach->dmabuf->resv), "dma_buf_map_attachment: the reservation lock is not held");
	if (attach->sgt)
		return attach->dir == dir || attach->dir == DMA_BIDIRECTIONAL ? attach->sgt : dmabuf_err_ptr(-EBUSY);
	sgt = map(attach, dir);
	if (!dmabuf_is_err(sgt) && attach->dmabuf->ops->cache_sgt_mapping) {
		attach->sgt = sgt;
		attach->dir = dir;
	}
	return sgt;
}

void dma_buf_unmap_attachment(struct dma_buf_attachment *attach, struct sg_table *sgt, enum dma_data_direction dir)
{
	if (warn_if(!attach || !attach->dmabuf || !sgt, "dma_buf_unmap_attachment: NULL attachment or table"))
		return;
	warn_if(!dma_resv_held(attach->dmabuf->resv), "dma_buf_unmap_attachment: the reservation lock is not held");
	if (attach->sgt != sgt)
		unmap(attach, sgt, dir);
}
