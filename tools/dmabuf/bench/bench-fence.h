/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_FENCE_H
#define DMABUF_TOOL_BENCH_FENCE_H

#include <dmabuf/dma-fence.h>

/* The plainest fence there can be: two names. */
extern const struct dma_fence_ops bench_fence_ops;

#endif
