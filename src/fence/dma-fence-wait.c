/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Sleeping until a fence is signalled.
 *
 * Called by: users of fences, and resv and buf for implicit waits.
 *
 * Invariant: the waker on the waiter's stack leaves the fence's list, under the lock, before the wait returns.
 */
#include "src/base/park.h"
#include "src/fence/fence-flags.h"
#include "src/fence/fence-internal.h"

/* A sleeping waiter: the callback sets @woken and wakes. */
struct waker {
	struct dma_fence_cb cb;
	uint32_t woken;
};

static void wake(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct waker *waker = base_container(cb, struct waker, cb);

	(void)fence;
	__atomic_store_n(&waker->woken, 1, __ATOMIC_RELEASE); /* Pairs with the futex's own check of the word. */
	dmabuf_base_futex_wake(&waker->woken, 1, FUTEX_ONE_PROCESS);
}

/* Time left until @deadline, at least 0; without a limit as it is. */
static signed long time_left(signed long timeout, int64_t deadline)
{
	int64_t left;

	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return timeout;
	left = deadline - dmabuf_base_now();
	return left > 0 ? left : 0;
}

/*
 * Sleep, lock not held, until woken or out of time or interrupted. Returns what a wait returns, time before signal
 * before success; the caller tests the fence.
 */
static signed long sleep_on(struct waker *waker, bool intr, signed long timeout, int64_t deadline)
{
	signed long left = time_left(timeout, deadline);
	int ret;

	if (left == 0)
		return 0;
	ret = dmabuf_base_futex_wait(&waker->woken, 0, FUTEX_ONE_PROCESS, left);
	left = time_left(timeout, deadline);
	if (left > 0 && intr && ret == -EINTR)
		return -ERESTARTSYS;
	return left;
}

static int64_t deadline_of(signed long timeout)
{
	int64_t now = dmabuf_base_now();

	return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

signed long dma_fence_default_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	struct waker waker = { .cb.func = wake };
	signed long ret = timeout ? timeout : 1;
	int64_t deadline;

	if (fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		return ret;
	deadline = timeout ? deadline_of(timeout) : 0;
	list_reset(&waker.cb.node);
	spin_lock(fence->lock);
	if (!fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT)) {
		ret = timeout;
		/* At the head: a sleeper is woken before other callbacks take their time. */
		if (timeout)
			list_insert_after(&fence->cb_list, &waker.cb.node);
		while (ret > 0 && !fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT)) {
			spin_unlock(fence->lock);
			ret = sleep_on(&waker, intr, timeout, deadline);
			spin_lock(fence->lock);
		}
	}
	if (!list_is_empty(&waker.cb.node))
		list_remove(&waker.cb.node);
	spin_unlock(fence->lock);
	return ret;
}

signed long dma_fence_wait_timeout(struct dma_fence *fence, bool intr, signed long timeout)
{
	bool self_wait = fence_flag_is_set(fence, DMABUF_FENCE_FLAG_SELF_WAIT_BIT);

	if (warn_if(timeout < 0, "dma_fence_wait_timeout: %ld is no time to wait", timeout))
		return -EINVAL;
	warn_if(task_is_atomic(), "dma_fence_wait_timeout: called in atomic context, which must not sleep");
	if (!self_wait)
		dma_fence_enable_sw_signaling(fence);
	if (fence->ops->wait)
		return fence->ops->wait(fence, intr, timeout);
	return dma_fence_default_wait(fence, intr, timeout);
}

signed long dma_fence_wait(struct dma_fence *fence, bool intr)
{
	signed long ret = dma_fence_wait_timeout(fence, intr, MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : 0;
}
