/* SPDX-License-Identifier: MIT */
/* The parties of ww-party.h. */
#include "ww-party.h"

enum {
	FREEZE_NONE,
	FREEZE_HELD,
	FREEZE_OVER
};

static long init_ctx(void *data)
{
	struct party *p = data;

	ww_acquire_init(&p->ctx, p->ww_class);
	return 0;
}

static long fini_ctx(void *data)
{
	struct party *p = data;

	ww_acquire_fini(&p->ctx);
	return 0;
}

static long lock_wanted(void *data)
{
	struct party *p = data;

	return p->how(p->wanted, p->ww_class ? &p->ctx : NULL);
}

static long unlock_wanted(void *data)
{
	struct party *p = data;

	ww_mutex_unlock(p->wanted);
	return 0;
}

void loner_start(struct party *p)
{
	memset(p, 0, sizeof(*p));
	actor_start(&p->actor);
}

void party_start(struct party *p, struct ww_class *ww_class)
{
	loner_start(p);
	p->ww_class = ww_class;
	actor_do(&p->actor, init_ctx, p);
}

void party_stop(struct party *p)
{
	if (p->ww_class)
		actor_do(&p->actor, fini_ctx, p);
	actor_stop(&p->actor);
}

void party_go_by(struct party *p, lock_fn how, struct ww_mutex *lock)
{
	p->how = how;
	p->wanted = lock;
	actor_go(&p->actor, lock_wanted, p);
}

void party_go(struct party *p, struct ww_mutex *lock)
{
	party_go_by(p, ww_mutex_lock, lock);
}

int party_lock_by(struct party *p, lock_fn how, struct ww_mutex *lock)
{
	party_go_by(p, how, lock);
	return (int)actor_result(&p->actor);
}

int party_lock(struct party *p, struct ww_mutex *lock)
{
	return party_lock_by(p, ww_mutex_lock, lock);
}

void party_unlock(struct party *p, struct ww_mutex *lock)
{
	p->wanted = lock;
	actor_do(&p->actor, unlock_wanted, p);
}

int slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	ww_mutex_lock_slow(lock, ctx);
	return 0;
}

void party_interrupt(struct party *p)
{
	int64_t end = now_ns() + 5000 * MS;

	do {
		pthread_kill(p->actor.thread, SIGUSR1);
		ck_assert_msg(now_ns() < end, "signals do not end the wait");
	} while (!actor_done(&p->actor, 2));
}

static struct party *frozen_party;

static void hold_still(int signo)
{
	(void)signo;
	__atomic_store_n(&frozen_party->frozen, FREEZE_HELD, __ATOMIC_RELEASE);
	while (__atomic_load_n(&frozen_party->frozen, __ATOMIC_ACQUIRE) == FREEZE_HELD)
		sleep_ms(1);
}

void party_freeze(struct party *p, int sa_flags)
{
	struct sigaction action = { .sa_handler = hold_still, .sa_flags = sa_flags };

	sigaction(SIGUSR1, &action, NULL);
	frozen_party = p;
	pthread_kill(p->actor.thread, SIGUSR1);
	ck_assert(EVENTUALLY(__atomic_load_n(&p->frozen, __ATOMIC_ACQUIRE) == FREEZE_HELD));
}

void party_thaw(struct party *p)
{
	__atomic_store_n(&p->frozen, FREEZE_OVER, __ATOMIC_RELEASE);
}
