/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_DEVICE_H
#define DMABUF_TOOL_DEMO_DEVICE_H

#include "demo-pool.h"

/* A pool as a device sees it. */
struct device_pool {
	struct dmabuf_device *device;
	const struct pool *pool;
	enum dma_data_direction dir;
	struct dma_buf_attachment *attach[DEMO_BUFFERS_MAX];
	struct sg_table *table[DEMO_BUFFERS_MAX];
	dma_addr_t addr[DEMO_BUFFERS_MAX];	/* one range, the whole buffer */
};

/**
 * device_pool_init() - attach and map every buffer of a pool
 * @stage: for the report of a failure
 * @dp: filled in
 * @device: who will do DMA
 * @pool: buffers; must outlive @dp
 * @dir: what the device will do with them
 *
 * Return: 0, or a negative errno that has been reported.
 */
int device_pool_init(struct stage *stage, struct device_pool *dp, struct dmabuf_device *device,
		     const struct pool *pool, enum dma_data_direction dir);

/* device_pool_fini() - unmap and detach */
void device_pool_fini(struct device_pool *dp);

/**
 * device_reach() - memory behind a buffer's device address
 * @stage: for the report of a failure
 * @dp: pool
 * @index: which buffer
 * @offset: bytes from its start
 * @size: bytes
 * @ret_ptr: where the memory is
 *
 * Return: 0, or a negative errno that has been reported.
 */
int device_reach(struct stage *stage, struct device_pool *dp, unsigned int index, size_t offset,
		 size_t size, void **ret_ptr);

#endif
