/* SPDX-License-Identifier: MIT */
/*
 * Layer: buf. Seqno fences (historic): fences whose progress is also a number in a shared buffer.
 *
 * Called by: implementers whose devices wait for memory by themselves; counterpart of the kernel's seqno-fence.c, which
 * Linux 6.0 dropped. Lives here and not in the fence layer because it holds a buffer.
 *
 * Invariant: the buffer lives as long as the fence, and every op ends in the op of the creator, if there is one.
 */
#include <dmabuf/seqno-fence.h>

#include "src/base/list.h"
#include "src/base/warn.h"

static struct seqno_fence *seqno_fence_of(struct dma_fence *fence)
{
	return base_container(fence, struct seqno_fence, base);
}

static const char *driver_name(struct dma_fence *fence)
{
	return seqno_fence_of(fence)->ops->get_driver_name(fence);
}

static const char *timeline_name(struct dma_fence *fence)
{
	return seqno_fence_of(fence)->ops->get_timeline_name(fence);
}

static bool enable_signaling(struct dma_fence *fence)
{
	return seqno_fence_of(fence)->ops->enable_signaling(fence);
}

static bool is_done(struct dma_fence *fence)
{
	const struct dma_fence_ops *inner = seqno_fence_of(fence)->ops;

	return inner->signaled && inner->signaled(fence);
}

static signed long wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	return seqno_fence_of(fence)->ops->wait(fence, intr, timeout);
}

static void release(struct dma_fence *fence)
{
	const struct dma_fence_ops *inner = seqno_fence_of(fence)->ops;

	dma_buf_put(seqno_fence_of(fence)->sync_buf);
	if (inner->release)
		inner->release(fence);
	else
		dma_fence_free(fence);
}

static const struct dma_fence_ops seqno_fence_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = is_done,
	.wait = wait,
	.release = release,
};

void seqno_fence_init(struct seqno_fence *fence, struct dmabuf_spinlock *lock, struct dma_buf *sync_buf, uint32_t context,
		      uint32_t seqno_ofs, uint32_t seqno, enum seqno_fence_condition cond, const struct dma_fence_ops *ops)
{
	if (!fence || !sync_buf || !ops || !ops->wait || !ops->enable_signaling || !ops->get_driver_name ||
	    !ops->get_timeline_name)
		dmabuf_base_bug("seqno_fence_init: a fence, a buffer and ops with wait, enable_signaling and both names");
	/* First, because init may ask for the name. */
	fence->ops = ops;
	fence->sync_buf = sync_buf;
	fence->seqno_ofs = seqno_ofs;
	fence->condition = cond;
	dma_fence_init(&fence->base, &seqno_fence_ops, lock, context, seqno);
	get_dma_buf(sync_buf);
}

struct seqno_fence *to_seqno_fence(struct dma_fence *fence)
{
	return fence->ops == &seqno_fence_ops ? seqno_fence_of(fence) : NULL;
}
