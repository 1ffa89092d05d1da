/* SPDX-License-Identifier: MIT */
/* What ww-mutex.c, ww-acquire.c and dma-resv.c know of each other: checks, and the two fast paths. */
#ifndef DMABUF_SRC_RESV_WW_INTERNAL_H
#define DMABUF_SRC_RESV_WW_INTERNAL_H

#include <dmabuf/ww-mutex.h>

#include "src/base/task.h"

/* Warn if @ctx must not take @lock at all; not now, in a lock that may wait; not by ww_mutex_lock_slow(). */
void dmabuf_ww_check_ticket(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
void dmabuf_ww_check_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
void dmabuf_ww_check_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/* Should this lock fail on purpose? Counts down if it is asked for. */
bool dmabuf_ww_is_injected(struct ww_acquire_ctx *ctx);

/* Low bits of the owner word. */
#define OWNER_WAITERS 1ull	/* the queue is not empty: every change is made under wait_lock */
#define OWNER_TICKET 2ull	/* the rest is the holder's ticket, otherwise its identity */
#define OWNER_MASK (~7ull)

static inline uint64_t owner_word(uint64_t task, struct ww_acquire_ctx *ctx)
{
	return ctx ? (uint64_t)(uintptr_t)ctx | OWNER_TICKET : task;
}

/* Take a lock that nobody holds nor wants. */
static inline bool ww_lock_fast(struct ww_mutex *lock, uint64_t task, struct ww_acquire_ctx *ctx)
{
	uint64_t free = 0;

	/* Acquire pairs with ww_unlock_fast(). Release: who finds the ticket, in holder_ctx(), finds it filled in. */
	if (!__atomic_compare_exchange_n(&lock->owner, &free, owner_word(task, ctx), false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&lock->task, task, __ATOMIC_RELAXED);
	if (ctx) {
		__atomic_store_n(&lock->ctx, ctx, __ATOMIC_RELAXED);
		ctx->acquired++;
	}
	return true;
}

/* Nobody but the holder finds its own identity here: it wrote it, and clears it before it lets go. */
static inline bool ww_is_held_by(const struct ww_mutex *lock, uint64_t task)
{
	return __atomic_load_n(&lock->task, __ATOMIC_RELAXED) == task;
}

/* The holder lets go. False: somebody waits, and the lock is still held in the word. */
static inline bool ww_unlock_fast(struct ww_mutex *lock, uint64_t task)
{
	struct ww_acquire_ctx *ctx = __atomic_load_n(&lock->ctx, __ATOMIC_RELAXED);
	uint64_t word = owner_word(task, ctx);

	__atomic_store_n(&lock->task, 0, __ATOMIC_RELAXED);
	if (ctx) {
		__atomic_store_n(&lock->ctx, NULL, __ATOMIC_RELAXED);
		ctx->acquired--;
	}
	/* Pairs with the acquire in ww_lock_fast() and try_take(), and with leave_queue() in ww-mutex.c. */
	return __atomic_compare_exchange_n(&lock->owner, &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

#endif
