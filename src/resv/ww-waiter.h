/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a ww_mutex without a thread: a queue entry with a function that is called when the wait ends. This is how a
 * request from another process waits for a lock of ours; the sleeping ww_mutex_lock() is one user of the same queue.
 */
#ifndef DMABUF_SRC_RESV_WW_WAITER_H
#define DMABUF_SRC_RESV_WW_WAITER_H

#include <dmabuf/ww-mutex.h>

/**
 * struct ww_waiter - one place in the queue of a ww_mutex
 * @node: link in the queue; empty once the wait is over
 * @owner: identity under which the lock will be held; its low four bits are zero
 * @ctx: ticket or NULL
 * @handoff: give the lock to this waiter rather than let somebody take it first
 * @granted: the lock was handed over
 * @over: called once, with the lock's wait_lock held: 0 the lock is yours, -EDEADLK you must back off. NULL for a thread,
 *	which is woken by the word of its struct dmabuf_task, whose address is @owner
 */
struct ww_waiter {
	struct dmabuf_list node;
	uint64_t owner;
	struct ww_acquire_ctx *ctx;
	bool handoff;
	bool granted;
	void (*over)(struct ww_waiter *waiter, int result);
};

/*
 * Take @lock, of a wait-die class, for @waiter, whose owner, ctx and over are set. Returns 0 taken at once, -EALREADY and
 * -EDEADLK as ww_mutex_lock(), -EINPROGRESS: over() will be called, perhaps before this returns; -EINVAL: a wound-wait
 * class, whose wounds reach threads only.
 */
int dmabuf_ww_lock_async(struct ww_mutex *lock, struct ww_waiter *waiter);

/* Leave the queue. True: over() will not be called. False: it was, with whatever result. */
bool dmabuf_ww_cancel_async(struct ww_mutex *lock, struct ww_waiter *waiter);

/* Release a lock held under @owner. Returns 0, or -EPERM: @owner does not hold it. */
int dmabuf_ww_unlock_owner(struct ww_mutex *lock, uint64_t owner);

#endif
