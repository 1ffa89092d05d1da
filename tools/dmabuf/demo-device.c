// SPDX-License-Identifier: MIT
/*
 * The DMA side of the demo's filter: buffers attached to a software device and
 * mapped for it. Used by demo-filter.c.
 *
 * The device has no mapping of its own of any buffer. All it has are device
 * addresses, and dmabuf_device_access() decides whether it may go there.
 *
 * Invariant: a buffer is reached only while it is mapped, and only in the
 * direction it was mapped for.
 */
#include <errno.h>
#include <string.h>

#include "demo-device.h"

/* Does the table make one range of device addresses? */
static bool is_one_range(const struct sg_table *table, size_t size)
{
	const struct scatterlist *sg;
	dma_addr_t next = 0;
	size_t sum = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (i && sg_dma_address(sg) != next)
			return false;
		next = sg_dma_address(sg) + sg_dma_len(sg);
		sum += sg_dma_len(sg);
	}
	return table->nents && sum >= size;
}

static int attach_one(struct device_pool *dp, unsigned int index)
{
	struct dma_buf *buf = dp->pool->buf[index];
	struct dma_buf_attachment *attach = dma_buf_attach(buf, dp->device);
	struct sg_table *table;

	if (dmabuf_is_err(attach))
		return dmabuf_ptr_err(attach);
	dma_resv_lock(buf->resv, NULL);
	table = dma_buf_map_attachment(attach, dp->dir);
	dma_resv_unlock(buf->resv);
	if (dmabuf_is_err(table)) {
		dma_buf_detach(buf, attach);
		return dmabuf_ptr_err(table);
	}
	dp->attach[index] = attach;
	dp->table[index] = table;
	dp->addr[index] = sg_dma_address(table->sgl);
	return is_one_range(table, dp->pool->size) ? 0 : -ENXIO;
}

int device_pool_init(struct stage *stage, struct device_pool *dp, struct dmabuf_device *device,
		     const struct pool *pool, enum dma_data_direction dir)
{
	unsigned int i;
	int ret;

	memset(dp, 0, sizeof(*dp));
	dp->device = device;
	dp->pool = pool;
	dp->dir = dir;
	for (i = 0; i < pool->count; i++) {
		ret = attach_one(dp, i);
		if (ret)
			return stage_fail(stage, ret,
					  "cannot map buffer %u of %u for the device: %s", i + 1,
					  pool->count, strerror(-ret));
	}
	return 0;
}

void device_pool_fini(struct device_pool *dp)
{
	unsigned int i;

	for (i = 0; i < dp->pool->count && dp->attach[i]; i++) {
		struct dma_buf *buf = dp->pool->buf[i];

		dma_resv_lock(buf->resv, NULL);
		dma_buf_unmap_attachment(dp->attach[i], dp->table[i], dp->dir);
		dma_resv_unlock(buf->resv);
		dma_buf_detach(buf, dp->attach[i]);
		dp->attach[i] = NULL;
	}
}

int device_reach(struct stage *stage, struct device_pool *dp, unsigned int index, size_t offset,
		 size_t size, void **ret_ptr)
{
	int ret = dmabuf_device_access(dp->device, dp->addr[index] + offset, size, dp->dir,
				       ret_ptr);

	if (!ret)
		return 0;
	return stage_fail(stage, ret, "the device cannot reach buffer %u: %s", index,
			  strerror(-ret));
}
