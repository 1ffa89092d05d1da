/* SPDX-License-Identifier: MIT */
/* The exporter of plain memory, shared by heaps and by buffers that came from another process. */
#ifndef DMABUF_SRC_HEAP_MEMORY_BUF_H
#define DMABUF_SRC_HEAP_MEMORY_BUF_H

#include <dmabuf/dma-buf.h>

/*
 * A buffer that is the first @size bytes of @memory. Takes the caller's reference of @memory, on failure too. @flags:
 * access mode of its fds. Error pointers: -ENOMEM, -EINVAL.
 */
struct dma_buf *dmabuf_memory_export(struct dmabuf_memory *memory, size_t size, const char *exp_name, int flags);

/* True if @dmabuf was made by dmabuf_memory_export(), so that its file is all there is to it. */
bool dmabuf_memory_is_exporter(const struct dma_buf *dmabuf);

#endif
