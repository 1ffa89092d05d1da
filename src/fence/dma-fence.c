/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. The life of a dma_fence: init, references, signal, callbacks, queries.
 *
 * Called by: every implementer and every user of fences; counterpart of the kernel's drivers/dma-buf/dma-fence.c.
 *
 * Invariant: ENABLE_SIGNAL is set before SIGNALED is tested, and SIGNALED is set before the callback list is taken, both
 * under the fence's lock: a callback that was queued runs exactly once, one that came late is refused.
 */
#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/base/rcu.h"
#include "src/fence/fence-internal.h"

#define ERRNO_MAX 4095

/* Next context to hand out; 0 belongs to the stub. */
static uint64_t next_context = 1;

uint64_t dma_fence_context_alloc(unsigned int num)
{
	warn_if(num == 0, "dma_fence_context_alloc: no contexts asked for");
	return __atomic_fetch_add(&next_context, num, __ATOMIC_RELAXED);
}

void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
		    uint64_t context, uint64_t seqno)
{
	if (!fence || !lock || !ops || !ops->get_driver_name || !ops->get_timeline_name)
		dmabuf_base_bug("dma_fence_init: a fence needs a lock, ops and both names");
	fence->lock = lock;
	fence->ops = ops;
	list_reset(&fence->cb_list);
	fence->context = context;
	fence->seqno = seqno;
	fence->flags = 0;
	fence->refcount.count = 1;
	fence->error = 0;
}

struct dma_fence *dma_fence_get(struct dma_fence *fence)
{
	if (fence)
		__atomic_fetch_add(&fence->refcount.count, 1, __ATOMIC_RELAXED);
	return fence;
}

struct dma_fence *dma_fence_get_rcu(struct dma_fence *fence)
{
	uint32_t count = __atomic_load_n(&fence->refcount.count, __ATOMIC_RELAXED);

	while (count && !__atomic_compare_exchange_n(&fence->refcount.count, &count, count + 1, true, __ATOMIC_ACQUIRE,
						     __ATOMIC_RELAXED))
		;
	return count ? fence : NULL;
}

static void free_deferred(struct dmabuf_rcu_head *rcu)
{
	dmabuf_base_free(base_container(rcu, struct dma_fence, rcu));
}

void dma_fence_free(struct dma_fence *fence)
{
	dmabuf_base_rcu_defer(&fence->rcu, free_deferred);
}

/* Nobody is left who could signal it, and somebody still wants to be called: end it with an error. */
static void signal_abandoned(struct dma_fence *fence)
{
	dmabuf_base_warn("fence %s:%s:%llx:%llx released while callbacks wait for it", fence->ops->get_driver_name(fence),
			 fence->ops->get_timeline_name(fence), (unsigned long long)fence->context,
			 (unsigned long long)fence->seqno);
	spin_lock(fence->lock);
	fence->error = -EDEADLK;
	dma_fence_signal_locked(fence);
	spin_unlock(fence->lock);
}

static void release(struct dma_fence *fence)
{
	if (!fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT) && !list_is_empty(&fence->cb_list))
		signal_abandoned(fence);
	if (fence->ops->release)
		fence->ops->release(fence);
	else
		dma_fence_free(fence);
}

void dma_fence_put(struct dma_fence *fence)
{
	/* Release: our use of the fence comes before its end. Acquire: everybody's. */
	if (fence && __atomic_sub_fetch(&fence->refcount.count, 1, __ATOMIC_ACQ_REL) == 0)
		release(fence);
}

int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns)
{
	struct dmabuf_list callbacks, *pos, *following;

	if (fence_flag_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return -EINVAL;
	list_take_all(&callbacks, &fence->cb_list);
	fence->timestamp = timestamp_ns;
	fence_flag_set(fence, DMA_FENCE_FLAG_TIMESTAMP_BIT);
	list_for_each_safe(pos, following, &callbacks) {
		struct dma_fence_cb *cb = base_container(pos, struct dma_fence_cb, node);

		list_reset(pos); /* The callback may free its container; a later remove finds it gone. */
		cb->func(fence, cb);
	}
	return 0;
}

int dma_fence_signal_locked(struct dma_fence *fence)
{
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return -EINVAL;
	return dma_fence_signal_timestamp_locked(fence, dmabuf_base_now());
}

int dma_fence_signal(struct dma_fence *fence)
{
	int ret;

	if (warn_if(!fence, "dma_fence_signal: NULL fence"))
		return -EINVAL;
	spin_lock(fence->lock);
	ret = dma_fence_signal_locked(fence);
	spin_unlock(fence->lock);
	return ret;
}

bool dma_fence_is_signaled(struct dma_fence *fence)
{
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return true;
	if (!fence->ops->signaled || !fence->ops->signaled(fence))
		return false;
	dma_fence_signal(fence);
	return true;
}

/* dma_fence_is_signaled() with the lock held. */
static bool is_signaled_locked(struct dma_fence *fence)
{
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return true;
	if (!fence->ops->signaled || !fence->ops->signaled(fence))
		return false;
	dma_fence_signal_locked(fence);
	return true;
}

int dma_fence_get_status(struct dma_fence *fence)
{
	int status = 0;

	spin_lock(fence->lock);
	if (is_signaled_locked(fence))
		status = fence->error ? fence->error : 1;
	spin_unlock(fence->lock);
	return status;
}

void dma_fence_set_error(struct dma_fence *fence, int error)
{
	warn_if(fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT), "dma_fence_set_error: the fence is signalled");
	warn_if(error >= 0 || error < -ERRNO_MAX, "dma_fence_set_error: %d is not a negative errno", error);
	fence->error = error;
}

int64_t dma_fence_timestamp(struct dma_fence *fence)
{
	if (warn_if(!fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT), "dma_fence_timestamp: not signalled"))
		return dmabuf_base_now();
	while (!fence_flag_is_set(fence, DMA_FENCE_FLAG_TIMESTAMP_BIT))
		cpu_pause();
	return fence->timestamp;
}

static bool seqno_is_later(uint64_t s1, uint64_t s2, const struct dma_fence_ops *ops)
{
	if (ops->use_64bit_seqno)
		return s1 > s2;
	return (int32_t)((uint32_t)s1 - (uint32_t)s2) > 0;
}

bool dma_fence_is_later(struct dma_fence *f1, struct dma_fence *f2)
{
	if (warn_if(f1->context != f2->context, "dma_fence_is_later: fences of different contexts have no order"))
		return false;
	return seqno_is_later(f1->seqno, f2->seqno, f1->ops);
}

bool dma_fence_is_later_or_same(struct dma_fence *f1, struct dma_fence *f2)
{
	return f1 == f2 || dma_fence_is_later(f1, f2);
}

bool dma_fence_enable_locked(struct dma_fence *fence)
{
	bool was_enabled = fence_flag_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);

	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return false;
	if (was_enabled || !fence->ops->enable_signaling)
		return true;
	if (fence->ops->enable_signaling(fence))
		return true;
	dma_fence_signal_locked(fence);
	return false;
}

void dma_fence_enable_sw_signaling(struct dma_fence *fence)
{
	spin_lock(fence->lock);
	dma_fence_enable_locked(fence);
	spin_unlock(fence->lock);
}

int dma_fence_add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func)
{
	int ret = 0;

	if (warn_if(!fence || !func, "dma_fence_add_callback: NULL fence or function"))
		return -EINVAL;
	list_reset(&cb->node);
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return -ENOENT;
	cb->func = func;
	spin_lock(fence->lock);
	if (dma_fence_enable_locked(fence))
		list_insert_before(&fence->cb_list, &cb->node);
	else
		ret = -ENOENT;
	spin_unlock(fence->lock);
	return ret;
}

bool dma_fence_remove_callback(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	bool queued;

	spin_lock(fence->lock);
	queued = !list_is_empty(&cb->node);
	if (queued)
		list_remove(&cb->node);
	spin_unlock(fence->lock);
	return queued;
}
