/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. Tickets: taking one, and what a debug kernel checks about its use.
 *
 * Called by: whoever locks several ww_mutexes; ww-mutex.c for the checks around every lock with a ticket.
 *
 * Invariant: ww_class is set exactly between init and fini.
 */
#include "src/base/task.h"
#include "src/base/warn.h"
#include "src/resv/ww-internal.h"

static bool injecting; /* atomic */

void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *ww_class)
{
	ctx->task = (void *)(uintptr_t)task_id();
	ctx->stamp = __atomic_add_fetch(&ww_class->stamp, 1, __ATOMIC_RELAXED);
	ctx->acquired = 0;
	ctx->wounded = 0;
	ctx->is_wait_die = ww_class->is_wait_die;
	ctx->done_acquire = 0;
	ctx->ww_class = ww_class;
	ctx->contending_lock = NULL;
	ctx->deadlock_inject_interval = 1;
	ctx->deadlock_inject_countdown = ctx->stamp & 0xf;
}

void ww_acquire_done(struct ww_acquire_ctx *ctx)
{
	warn_if(ctx->done_acquire, "ww_acquire_done: called twice on one ticket");
	ctx->done_acquire = 1;
}

void ww_acquire_fini(struct ww_acquire_ctx *ctx)
{
	warn_if(ctx->acquired, "ww_acquire_fini: %u locks of the ticket are still held", ctx->acquired);
	warn_if(!ctx->ww_class, "ww_acquire_fini: the ticket was not initialised, or has ended");
	ctx->ww_class = NULL;
}

void dmabuf_ww_check_ticket(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	warn_if(ctx->done_acquire, "ww_mutex_lock: the ticket was declared done");
	warn_if(ctx->ww_class != lock->ww_class, "ww_mutex_lock: ticket and lock are of different classes");
}

void dmabuf_ww_check_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	dmabuf_ww_check_ticket(lock, ctx);
	warn_if(ctx->contending_lock && ctx->contending_lock != lock,
		"ww_mutex_lock: after -EDEADLK the contended lock comes first");
	warn_if(ctx->contending_lock && ctx->acquired, "ww_mutex_lock: after -EDEADLK all locks have to be released first");
}

void dmabuf_ww_check_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	warn_if(!ctx->contending_lock || ctx->contending_lock != lock,
		"ww_mutex_lock_slow: this lock did not give -EDEADLK");
	warn_if(ctx->acquired, "ww_mutex_lock_slow: %u locks of the ticket are still held", ctx->acquired);
}

void dmabuf_ww_inject(bool on)
{
	__atomic_store_n(&injecting, on, __ATOMIC_RELAXED);
}

bool dmabuf_ww_is_injected(struct ww_acquire_ctx *ctx)
{
	unsigned int interval = ctx->deadlock_inject_interval;

	if (!__atomic_load_n(&injecting, __ATOMIC_RELAXED) || !ctx->acquired || ctx->deadlock_inject_countdown--)
		return false;
	interval = interval > UINT_MAX / 4 ? UINT_MAX : interval * 3 + interval / 2;
	ctx->deadlock_inject_interval = interval;
	ctx->deadlock_inject_countdown = interval;
	return true;
}
