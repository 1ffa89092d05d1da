/* SPDX-License-Identifier: MIT */
/* Mapping memory for devices: what exporters of plain memory implement map_dma_buf with. */
#ifndef DMABUF_SRC_BUF_DEVICE_MAP_H
#define DMABUF_SRC_BUF_DEVICE_MAP_H

#include <dmabuf/device.h>

#include "src/base/memory.h"

/*
 * A new table for all of @memory, not yet open to the device; @writable: the device may be allowed to write. Error
 * pointers: -ENOMEM, -EINVAL nothing to map. Ended by dmabuf_device_release().
 */
struct sg_table *dmabuf_device_prepare(struct dmabuf_device *dev, struct dmabuf_memory *memory, bool writable);
/* Open the table to the device, in one direction; each is ended by a leave. */
void dmabuf_device_enter(struct dmabuf_device *dev, struct sg_table *sgt, enum dma_data_direction dir);
void dmabuf_device_leave(struct dmabuf_device *dev, struct sg_table *sgt);
void dmabuf_device_release(struct dmabuf_device *dev, struct sg_table *sgt);

#endif
