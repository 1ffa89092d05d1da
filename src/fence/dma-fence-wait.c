/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Sleeping until a fence, or one of several, is signalled.
 *
 * Called by: users of fences, and resv and buf for implicit waits.
 *
 * Invariant: what the waiter left in a fence's list leaves it, under the lock, before the wait returns: a callback that
 * runs late cannot touch the stack of a waiter that has gone.
 */
#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/fence/fence-flags.h"
#include "src/fence/fence-internal.h"
#include "src/fence/fence-trace.h"

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

/* When a wait that begins now is over; only for one with a limit. */
static int64_t deadline_of(signed long timeout)
{
	int64_t now;

	if (timeout == 0 || timeout == MAX_SCHEDULE_TIMEOUT)
		return 0;
	now = dmabuf_base_now();
	return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

signed long dma_fence_default_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	struct waker waker = { .cb.func = wake };
	signed long ret = timeout ? timeout : 1;
	int64_t deadline;

	if (dma_fence_test_signaled_flag(fence))
		return ret;
	if (timeout == 0)
		return 0;
	deadline = deadline_of(timeout);
	list_reset(&waker.cb.node);
	spin_lock(fence->lock);
	/* At the head: a sleeper is woken before other callbacks take their time. */
	if (!fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT))
		list_insert_after(&fence->cb_list, &waker.cb.node);
	while (ret > 0 && !fence_flag_is_set(fence, DMA_FENCE_FLAG_SIGNALED_BIT)) {
		spin_unlock(fence->lock);
		ret = sleep_on(&waker, intr, timeout, deadline);
		spin_lock(fence->lock);
	}
	if (!list_is_empty(&waker.cb.node))
		list_remove(&waker.cb.node);
	spin_unlock(fence->lock);
	return ret;
}

/* Would turning signalling on change anything? If an op may be running on another thread: yes, the lock waits for it. */
static bool is_enabling_due(struct dma_fence *fence)
{
	if (dma_fence_test_signaled_flag(fence) || fence_flag_is_set(fence, DMABUF_FENCE_FLAG_SELF_WAIT_BIT))
		return false;
	return fence->ops->enable_signaling || !fence_flag_is_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
}

signed long dma_fence_wait_timeout(struct dma_fence *fence, bool intr, signed long timeout)
{
	signed long (*wait)(struct dma_fence *, bool, signed long) = fence->ops->wait;
	signed long ret;

	if (warn_if(timeout < 0, "dma_fence_wait_timeout: %ld is no time to wait", timeout))
		return -EINVAL;
	warn_if(task_is_atomic(), "dma_fence_wait_timeout: called in atomic context, which must not sleep");
	__dma_fence_might_wait();
	if (is_enabling_due(fence))
		dma_fence_enable_sw_signaling(fence);
	trace_fence(wait_start, fence);
	ret = (wait ? wait : dma_fence_default_wait)(fence, intr, timeout);
	trace_fence(wait_end, fence);
	return ret;
}

signed long dma_fence_wait(struct dma_fence *fence, bool intr)
{
	signed long ret = dma_fence_wait_timeout(fence, intr, MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : 0;
}

/* What a sleeper for several fences leaves with each of them. */
struct any_cb {
	struct dma_fence_cb cb;
	struct waker *waker;
};

#define ANY_ON_STACK 8

static void wake_any(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	wake(fence, &base_container(cb, struct any_cb, cb)->waker->cb);
}

/* The first fence for which @is_done holds; @count if there is none. */
static uint32_t find_done(struct dma_fence **fences, uint32_t count, bool (*is_done)(struct dma_fence *fence))
{
	uint32_t i = 0;

	while (i < count && !is_done(fences[i]))
		i++;
	return i;
}

/* Listen to all of them. Returns how many were told to call; fewer than @count if the next one is signalled. */
static uint32_t listen_to_all(struct dma_fence **fences, uint32_t count, struct any_cb *cbs, struct waker *waker)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		cbs[i].waker = waker;
		if (dma_fence_add_callback(fences[i], &cbs[i].cb, wake_any))
			break;
	}
	return i;
}

/* The wait itself, with room for the callbacks. @ret_first is @count unless a fence is signalled. */
static signed long wait_any(struct dma_fence **fences, uint32_t count, bool intr, signed long timeout,
			    struct any_cb *cbs, uint32_t *ret_first)
{
	struct waker waker = { .woken = 0 };
	int64_t deadline = deadline_of(timeout);
	uint32_t listening = listen_to_all(fences, count, cbs, &waker);
	signed long ret = timeout;

	*ret_first = listening;
	if (listening == count) {
		warn_if(task_is_atomic(), "dma_fence_wait_any_timeout: must not sleep in atomic context");
		*ret_first = find_done(fences, count, dma_fence_test_signaled_flag);
		while (ret > 0 && *ret_first == count) {
			ret = sleep_on(&waker, intr, timeout, deadline);
			*ret_first = find_done(fences, count, dma_fence_test_signaled_flag);
		}
	}
	while (listening--)
		dma_fence_remove_callback(fences[listening], &cbs[listening].cb);
	return ret;
}

signed long dma_fence_wait_any_timeout(struct dma_fence **fences, uint32_t count, bool intr, signed long timeout,
				       uint32_t *idx)
{
	struct any_cb few[ANY_ON_STACK], *cbs = few;
	uint32_t first;
	signed long ret;

	if (warn_if(!fences || !count || timeout < 0, "dma_fence_wait_any_timeout: no fences, or no time to wait"))
		return -EINVAL;
	if (timeout == 0) {
		first = find_done(fences, count, dma_fence_is_signaled);
		ret = first < count;
	} else {
		if (count > ANY_ON_STACK)
			cbs = dmabuf_base_alloc(count * sizeof(*cbs));
		if (!cbs)
			return -ENOMEM;
		ret = wait_any(fences, count, intr, timeout, cbs, &first);
		if (cbs != few)
			dmabuf_base_free(cbs);
	}
	if (ret > 0 && idx)
		*idx = first;
	return ret;
}
