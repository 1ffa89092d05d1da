/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_STREAM_H
#define DMABUF_TOOL_BENCH_STREAM_H

#include "bench-pair.h"

/* The row's open functions: from the lead to the partner. */
void stream_open_socket(const struct bench *bench);
void stream_open_pipe(const struct bench *bench);

/* All of it, however many calls it takes. */
void stream_write(const void *data, size_t size);
void stream_read(void *data, size_t size);

#endif
