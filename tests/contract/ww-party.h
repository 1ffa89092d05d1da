/* SPDX-License-Identifier: MIT */
/* Somebody with a ticket of his own, who locks what he is told: for tests that say who is older, who holds, who waits. */
#ifndef TESTS_WW_PARTY_H
#define TESTS_WW_PARTY_H

#include <dmabuf/ww-mutex.h>

#include "test.h"
#include "threads.h"

#define STAYS_MS 30 /* how long a wait has to last to count as one */

typedef int (*lock_fn)(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

struct party {
	struct actor actor;
	struct ww_acquire_ctx ctx;
	struct ww_class *ww_class; /* NULL: no ticket */
	lock_fn how;
	struct ww_mutex *wanted;
	int frozen; /* atomic: FREEZE_... */
};

/* Parties are born in order of age: the first is the oldest. */
void party_start(struct party *p, struct ww_class *ww_class);
void loner_start(struct party *p);
void party_stop(struct party *p);

void party_go_by(struct party *p, lock_fn how, struct ww_mutex *lock);
void party_go(struct party *p, struct ww_mutex *lock);
int party_lock_by(struct party *p, lock_fn how, struct ww_mutex *lock);
int party_lock(struct party *p, struct ww_mutex *lock);
void party_unlock(struct party *p, struct ww_mutex *lock);
/* ww_mutex_lock_slow() as a lock_fn; gives 0 */
int slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/* Signals for a waiting party until its function has ended. */
void party_interrupt(struct party *p);
/*
 * The sleeping party is sent into a signal handler and held there, so that several things happen within one sleep. One
 * party at a time; not under TSan, which runs handlers later.
 */
void party_freeze(struct party *p, int sa_flags);
void party_thaw(struct party *p);

#define expect_waits(p)                                                               \
	ck_assert_msg(!actor_done(&(p)->actor, STAYS_MS), "%s did not wait: %ld", #p, \
		      (p)->actor.result)
#define expect_ends(p, with) ck_assert_int_eq(actor_result(&(p)->actor), with)

#endif
