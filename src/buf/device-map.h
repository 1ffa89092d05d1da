/* SPDX-License-Identifier: MIT */
/* Mapping memory for devices: what exporters of plain memory implement map_dma_buf with. */
#ifndef DMABUF_SRC_BUF_DEVICE_MAP_H
#define DMABUF_SRC_BUF_DEVICE_MAP_H

#include <dmabuf/device.h>

#include "src/base/memory.h"

/*
 * A new table that maps all of @memory for @dev. Error pointers: -ENOMEM, -EINVAL nothing to map. Ended by
 * dmabuf_device_unmap().
 */
struct sg_table *dmabuf_device_map(struct dmabuf_device *dev, struct dmabuf_memory *memory, enum dma_data_direction dir);
void dmabuf_device_unmap(struct dmabuf_device *dev, struct sg_table *sgt);

#endif
