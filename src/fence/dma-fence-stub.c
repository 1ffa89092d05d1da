/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. The fence that has always been signalled.
 *
 * Called by: interfaces that must hand out a fence when there is nothing to wait for.
 *
 * Invariant: this file keeps one reference of the stub for ever, so that it is never released.
 */
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

static void make_stub(void)
{
	spin_lock(&stub_lock);
	if (!stub_ready) {
		dma_fence_init(&stub, &stub_ops, &stub_lock, 0, 0);
		fence_flag_set(&stub, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
		dma_fence_signal_locked(&stub);
		__atomic_store_n(&stub_ready, true, __ATOMIC_RELEASE); /* Pairs with dma_fence_get_stub(). */
	}
	spin_unlock(&stub_lock);
}

struct dma_fence *dma_fence_get_stub(void)
{
	/* Pairs with the store in make_stub(): whoever sees it ready sees the whole fence. */
	if (!__atomic_load_n(&stub_ready, __ATOMIC_ACQUIRE))
		make_stub();
	return dma_fence_get(&stub);
}
