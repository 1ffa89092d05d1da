/* SPDX-License-Identifier: MIT */
/*
 * The probes of the provider "dma_fence": names and fields of the kernel's trace events, that is driver, timeline, and
 * context and seqno as 32 bits. dma_fence_emit is for implementers of fences, when they queue the work.
 */
#ifndef DMABUF_SRC_FENCE_TRACE_H
#define DMABUF_SRC_FENCE_TRACE_H

#include <dmabuf/dma-fence.h>

#include "src/base/trace.h"

#define FENCE_PROBES(each) \
	each(dma_fence, dma_fence_emit); \
	each(dma_fence, dma_fence_init); \
	each(dma_fence, dma_fence_destroy); \
	each(dma_fence, dma_fence_enable_signal); \
	each(dma_fence, dma_fence_signaled); \
	each(dma_fence, dma_fence_wait_start); \
	each(dma_fence, dma_fence_wait_end)

FENCE_PROBES(TRACE_DECLARE);

#define trace_fence(event, fence) \
	do { \
		if (TRACE_IS_ON(dma_fence, dma_fence_##event)) \
			TRACE4(dma_fence, dma_fence_##event, (fence)->ops->get_driver_name(fence), \
			       (fence)->ops->get_timeline_name(fence), (uint32_t)(fence)->context, \
			       (uint32_t)(fence)->seqno); \
	} while (0)

#endif
