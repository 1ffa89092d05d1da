/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. The life of a dma_fence: init, references, signal, callbacks, queries.
 *
 * Called by: every implementer and every user of fences; counterpart of the kernel's drivers/dma-buf/dma-fence.c.
 *
 * Invariant: the callback list changes, and the signalled bit is set, under the fence's lock alone, and ENABLE_SIGNAL is
 * set before the signalled bit is tested: a callback that was queued runs exactly once, one that came late is refused.
 */
#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/base/rcu.h"
#include "src/fence/fence-internal.h"
#include "src/fence/fence-trace.h"

#define ERRNO_MAX 4095
#define SIGNALED (1UL << DMA_FENCE_FLAG_SIGNALED_BIT)
#define TIMESTAMP (1UL << DMA_FENCE_FLAG_TIMESTAMP_BIT)
#define SEQNO64 (1UL << DMA_FENCE_FLAG_SEQNO64_BIT)

FENCE_PROBES(TRACE_DEFINE);

/* The exported twins of the inline functions. */
extern struct dma_fence *dma_fence_get(struct dma_fence *fence);
extern struct dma_fence *dma_fence_get_rcu(struct dma_fence *fence);
extern void dma_fence_put(struct dma_fence *fence);
extern bool dma_fence_test_signaled_flag(struct dma_fence *fence);
extern bool dma_fence_is_signaled(struct dma_fence *fence);

/* Next context to hand out; 0 belongs to the stub. */
static uint64_t next_context = 1;

uint64_t dma_fence_context_alloc(unsigned int num)
{
	warn_if(num == 0, "dma_fence_context_alloc: no contexts asked for");
	return __atomic_fetch_add(&next_context, num, __ATOMIC_RELAXED);
}

static inline void init(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
			uint64_t context, uint64_t seqno, unsigned long flags)
{
	if (!fence || !lock || !ops || !ops->get_driver_name || !ops->get_timeline_name)
		dmabuf_base_bug("dma_fence_init: a fence needs a lock, ops and both names");
	fence->lock = lock;
	fence->ops = ops;
	list_reset(&fence->cb_list);
	fence->context = context;
	fence->seqno = seqno;
	fence->flags = flags;
	__atomic_store_n(&fence->refcount.count, 1, __ATOMIC_RELAXED); /* Recycled memory may still be looked at. */
	fence->error = 0;
	trace_fence(init, fence);
}

void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
		    uint64_t context, uint64_t seqno)
{
	init(fence, ops, lock, context, seqno, 0);
}

void dma_fence_init64(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
		      uint64_t context, uint64_t seqno)
{
	init(fence, ops, lock, context, seqno, SEQNO64);
}

struct dma_fence *dma_fence_get_rcu_safe(struct dma_fence **fencep)
{
	struct dma_fence *fence;

	while ((fence = rcu_read(*fencep))) {
		if (!dma_fence_get_rcu(fence))
			continue;
		/* Ordered behind the acquire of get_rcu: if the place still shows it, the reference is to the right one. */
		if (rcu_read(*fencep) == fence)
			break;
		dma_fence_put(fence);
	}
	return fence;
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

static inline void last_rites(struct dma_fence *fence)
{
	trace_fence(destroy, fence);
	if (!fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT) && !list_is_empty(&fence->cb_list))
		signal_abandoned(fence);
}

bool dma_fence_put_is_last(struct dma_fence *fence)
{
	/* Pairs with itself, as in dma_fence_put(). */
	if (__atomic_sub_fetch(&fence->refcount.count, 1, __ATOMIC_ACQ_REL) != 0)
		return false;
	last_rites(fence);
	return true;
}

void dma_fence_release(struct dmabuf_kref *kref)
{
	struct dma_fence *fence = base_container(kref, struct dma_fence, refcount);

	last_rites(fence);
	if (fence->ops->release)
		fence->ops->release(fence);
	else
		dma_fence_free(fence);
}

int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns)
{
	struct dmabuf_list callbacks, *pos, *following;

	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return -EINVAL;
	list_take_all(&callbacks, &fence->cb_list);
	fence->timestamp = timestamp_ns;
	/* Both at once; under the lock nobody can tell. Pairs with the readers of either bit. */
	__atomic_fetch_or(&fence->flags, SIGNALED | TIMESTAMP, __ATOMIC_SEQ_CST);
	trace_fence(signaled, fence);
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
	bool cookie;
	int ret;

	if (warn_if(!fence, "dma_fence_signal: NULL fence"))
		return -EINVAL;
	cookie = dma_fence_begin_signalling();
	spin_lock(fence->lock);
	ret = dma_fence_signal_locked(fence);
	spin_unlock(fence->lock);
	dma_fence_end_signalling(cookie);
	return ret;
}

int dma_fence_signal_timestamp(struct dma_fence *fence, int64_t timestamp_ns)
{
	int ret;

	if (warn_if(!fence, "dma_fence_signal_timestamp: NULL fence"))
		return -EINVAL;
	spin_lock(fence->lock);
	ret = dma_fence_signal_timestamp_locked(fence, timestamp_ns);
	spin_unlock(fence->lock);
	return ret;
}

bool dma_fence_check_and_signal_locked(struct dma_fence *fence)
{
	return dma_fence_signal_locked(fence) != 0;
}

bool dma_fence_check_and_signal(struct dma_fence *fence)
{
	bool was_signaled;

	spin_lock(fence->lock);
	was_signaled = dma_fence_check_and_signal_locked(fence);
	spin_unlock(fence->lock);
	return was_signaled;
}

bool dma_fence_is_signaled_locked(struct dma_fence *fence)
{
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return true;
	if (!fence->ops->signaled || !fence->ops->signaled(fence))
		return false;
	dma_fence_signal_locked(fence);
	return true;
}

int dma_fence_get_status_locked(struct dma_fence *fence)
{
	if (!dma_fence_is_signaled_locked(fence))
		return 0;
	return fence->error ? fence->error : 1;
}

int dma_fence_get_status(struct dma_fence *fence)
{
	int status;

	/* A signalled fence does not change any more, and without an op nobody has to be asked: no need for the lock. */
	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT) || !fence->ops->signaled)
		return dma_fence_get_status_locked(fence);
	spin_lock(fence->lock);
	status = dma_fence_get_status_locked(fence);
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

static inline bool seqno_is_later(uint64_t s1, uint64_t s2, bool all_bits)
{
	if (all_bits)
		return s1 > s2;
	return (int32_t)((uint32_t)s1 - (uint32_t)s2) > 0;
}

bool __dma_fence_is_later(uint64_t f1, uint64_t f2, const struct dma_fence_ops *ops)
{
	return seqno_is_later(f1, f2, ops->use_64bit_seqno);
}

static inline bool is_later(struct dma_fence *f1, struct dma_fence *f2)
{
	bool all_bits = f1->ops->use_64bit_seqno || fence_flag_is_set(f1, DMA_FENCE_FLAG_SEQNO64_BIT);

	return seqno_is_later(f1->seqno, f2->seqno, all_bits);
}

bool dma_fence_is_later(struct dma_fence *f1, struct dma_fence *f2)
{
	if (warn_if(f1->context != f2->context, "dma_fence_is_later: fences of different contexts have no order"))
		return false;
	return is_later(f1, f2);
}

bool dma_fence_is_later_or_same(struct dma_fence *f1, struct dma_fence *f2)
{
	return f1 == f2 || dma_fence_is_later(f1, f2);
}

struct dma_fence *dma_fence_later(struct dma_fence *f1, struct dma_fence *f2)
{
	struct dma_fence *later;

	if (warn_if(f1->context != f2->context, "dma_fence_later: fences of different contexts have no order"))
		return NULL;
	later = is_later(f1, f2) ? f1 : f2;
	/* Not the bit alone: it may never be set where nobody turned signalling on. */
	return dma_fence_is_signaled(later) ? NULL : later;
}

bool dma_fence_enable_locked(struct dma_fence *fence)
{
	/* All who set it hold the lock, so looking first is safe, and cheaper than setting it again. */
	bool was_enabled = fence_flag_is_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT) ||
			   fence_flag_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);

	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return false;
	if (was_enabled || !fence->ops->enable_signaling)
		return true;
	trace_fence(enable_signal, fence);
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

void dma_fence_set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	if (fence->ops->set_deadline && !dma_fence_is_signaled(fence))
		fence->ops->set_deadline(fence, deadline_ns);
}
