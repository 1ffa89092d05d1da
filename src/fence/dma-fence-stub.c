/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Fences that have always been signalled: the one for everybody, and private ones with a time of their own.
 *
 * Called by: interfaces that must hand out a fence when there is nothing to wait for.
 *
 * Invariant: this file keeps one reference of the common stub for ever, so that it is never released.
 */
#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/fence/fence-internal.h"

static struct dmabuf_spinlock stub_lock;
static struct dma_fence stub;
static bool stub_ready;

static const char *stub_name(struct dma_fence *fence)
{
	(void)fence;
	return "stub";
}

static const struct dma_fence_ops stub_ops = {
	.get_driver_name = stub_name,
	.get_timeline_name = stub_name,
};

/* Make @fence a stub that signalled at @timestamp_ns; stub_lock held. */
static void make_stub(struct dma_fence *fence, int64_t timestamp_ns)
{
	dma_fence_init(fence, &stub_ops, &stub_lock, 0, 0);
	fence_flag_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
	dma_fence_signal_timestamp_locked(fence, timestamp_ns);
}

static void make_common_stub(void)
{
	spin_lock(&stub_lock);
	if (!stub_ready) {
		make_stub(&stub, dmabuf_base_now());
		__atomic_store_n(&stub_ready, true, __ATOMIC_RELEASE); /* Pairs with dma_fence_get_stub(). */
	}
	spin_unlock(&stub_lock);
}

struct dma_fence *dma_fence_get_stub(void)
{
	/* Pairs with the store in make_common_stub(): whoever sees it ready sees the whole fence. */
	if (!__atomic_load_n(&stub_ready, __ATOMIC_ACQUIRE))
		make_common_stub();
	return dma_fence_get(&stub);
}

struct dma_fence *dma_fence_allocate_private_stub(int64_t timestamp_ns)
{
	struct dma_fence *fence = dmabuf_base_alloc(sizeof(*fence));

	if (!fence)
		return NULL;
	spin_lock(&stub_lock);
	make_stub(fence, timestamp_ns);
	spin_unlock(&stub_lock);
	return fence;
}
