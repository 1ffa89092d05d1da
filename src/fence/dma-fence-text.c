/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. A fence in words: its names, and a line that describes it.
 *
 * Called by: whoever shows fences to people; sync files and the tools that list what waits for what.
 *
 * Invariant: dma_fence_driver_name() and dma_fence_timeline_name() do not enter the driver of a signalled fence, which may
 * be gone.
 */
#include <dmabuf/seq.h>

#include "src/fence/fence-internal.h"

const char *dma_fence_driver_name(struct dma_fence *fence)
{
	if (dma_fence_test_signaled_flag(fence))
		return "detached-driver";
	return fence->ops->get_driver_name(fence);
}

const char *dma_fence_timeline_name(struct dma_fence *fence)
{
	if (dma_fence_test_signaled_flag(fence))
		return "signaled-timeline";
	return fence->ops->get_timeline_name(fence);
}

void dma_fence_describe(struct dma_fence *fence, struct dmabuf_seq *seq)
{
	const char *driver = fence->ops->get_driver_name(fence), *timeline = fence->ops->get_timeline_name(fence);
	const char *state = dma_fence_is_signaled(fence) ? "signalled" : "unsignalled";

	dmabuf_seq_printf(seq, "%s %s seq %llu %s\n", driver, timeline, (unsigned long long)fence->seqno, state);
}
