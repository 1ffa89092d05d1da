/* SPDX-License-Identifier: MIT */
/* Waiting for a ww_mutex without a thread: hand-over, back-off, leaving the queue, and together with threads. */
#include "src/resv/ww-waiter.h"

#include "tests/contract/ww-party.h"

static DEFINE_WD_CLASS(wd_class);
static DEFINE_WW_CLASS(wound_class);
static struct ww_mutex lock_a, lock_b;

/* Somebody who is no thread. */
struct ghost {
	struct ww_waiter waiter;
	struct ww_acquire_ctx ctx;
	uint64_t identity[2] __attribute__((aligned(16)));
	int calls; /* atomic: of over() */
	int result;
	unsigned int order;
};

static unsigned int overs; /* atomic */

static void over(struct ww_waiter *waiter, int result)
{
	struct ghost *g = (struct ghost *)waiter;

	g->result = result;
	g->order = __atomic_add_fetch(&overs, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&g->calls, 1, __ATOMIC_RELEASE);
}

/* In order of age, as parties. */
static void ghost_start(struct ghost *g, bool with_ticket)
{
	memset(g, 0, sizeof(*g));
	g->waiter.owner = (uint64_t)(uintptr_t)g->identity;
	g->waiter.over = over;
	if (!with_ticket)
		return;
	ww_acquire_init(&g->ctx, &wd_class);
	g->waiter.ctx = &g->ctx;
}

static int calls(struct ghost *g)
{
	return __atomic_load_n(&g->calls, __ATOMIC_ACQUIRE);
}

static int ghost_lock(struct ghost *g, struct ww_mutex *lock)
{
	return dmabuf_ww_lock_async(lock, &g->waiter);
}

static void ghost_unlock(struct ghost *g, struct ww_mutex *lock)
{
	ck_assert_int_eq(dmabuf_ww_unlock_owner(lock, g->waiter.owner), 0);
}

static bool holds(struct ghost *g, struct ww_mutex *lock)
{
	return ww_mutex_is_locked(lock) && lock->task == g->waiter.owner;
}

static void begin(void)
{
	ww_mutex_init(&lock_a, &wd_class);
	ww_mutex_init(&lock_b, &wd_class);
}

static void end(void)
{
	ww_mutex_destroy(&lock_a);
	ww_mutex_destroy(&lock_b);
}

/* spec: src/resv/ww-waiter.h: 0 taken at once, and over() is not called */
TEST_EACH(free_lock_is_taken_at_once, 0, 2)
{
	struct ghost g;

	begin();
	ghost_start(&g, _i);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), 0);
	ck_assert(holds(&g, &lock_a));
	ck_assert_ptr_eq(lock_a.ctx, g.waiter.ctx);
	ck_assert_uint_eq(g.ctx.acquired, _i);
	ghost_unlock(&g, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	ck_assert_uint_eq(g.ctx.acquired, 0);
	ck_assert_int_eq(calls(&g), 0);
	end();
}

/* spec: resv.md 6.3 row "L->ctx == ctx" */
TEST(own_lock_again_gives_ealready)
{
	struct ghost g;

	begin();
	ghost_start(&g, true);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), -EALREADY);
	ck_assert_uint_eq(g.ctx.acquired, 1);
	ghost_unlock(&g, &lock_a);
	end();
}

/* spec: src/resv/ww-waiter.h: the lock is handed over by whoever releases it, once */
TEST_EACH(lock_is_handed_over_at_the_unlock, 0, 4)
{
	struct ghost first, second;

	begin();
	ghost_start(&first, _i & 1);
	ghost_start(&second, _i & 2);
	ck_assert_int_eq(ghost_lock(&first, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&second, &lock_a), -EINPROGRESS);
	ck_assert_int_eq(calls(&second), 0);
	ghost_unlock(&first, &lock_a);
	ck_assert_int_eq(calls(&second), 1);
	ck_assert_int_eq(second.result, 0);
	ck_assert(holds(&second, &lock_a));
	ck_assert_ptr_eq(lock_a.ctx, second.waiter.ctx);
	ck_assert_uint_eq(second.ctx.acquired, !!(_i & 2));
	ghost_unlock(&second, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	end();
}

/* spec: src/resv/ww-waiter.h dmabuf_ww_unlock_owner "-EPERM" */
TEST(unlock_under_another_identity_is_refused)
{
	struct ghost g, other;

	begin();
	ghost_start(&g, true);
	ghost_start(&other, true);
	ck_assert_int_eq(dmabuf_ww_unlock_owner(&lock_a, g.waiter.owner), -EPERM);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), 0);
	ck_assert_int_eq(dmabuf_ww_unlock_owner(&lock_a, other.waiter.owner), -EPERM);
	ck_assert(holds(&g, &lock_a));
	ww_mutex_unlock(&lock_a);
	expect_warning("does not hold");
	ck_assert(holds(&g, &lock_a));
	ghost_unlock(&g, &lock_a);
	end();
}

/* spec: resv.md 6.3 rows of wait-die: holder is older */
TEST(older_holder_gives_edeadlk_at_once)
{
	struct ghost old, young;

	begin();
	ghost_start(&old, true);
	ghost_start(&young, true);
	ck_assert_int_eq(ghost_lock(&old, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&young, &lock_b), 0);
	ck_assert_int_eq(ghost_lock(&young, &lock_a), -EDEADLK);
	ck_assert_int_eq(calls(&young), 0);
	ghost_unlock(&young, &lock_b);
	ck_assert_int_eq(ghost_lock(&young, &lock_a), -EINPROGRESS);
	ghost_unlock(&old, &lock_a);
	ck_assert_int_eq(young.result, 0);
	ghost_unlock(&young, &lock_a);
	end();
}

/* spec: resv.md 6.3 row "while I wait with acquired > 0 an older waiter queues up" */
TEST(older_waiter_arriving_delivers_edeadlk)
{
	struct ghost old, young, loner;

	begin();
	ghost_start(&old, true);
	ghost_start(&young, true);
	ghost_start(&loner, false);
	ck_assert_int_eq(ghost_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&young, &lock_b), 0);
	ck_assert_int_eq(ghost_lock(&young, &lock_a), -EINPROGRESS);
	ck_assert_int_eq(ghost_lock(&old, &lock_a), -EINPROGRESS);
	ck_assert_int_eq(calls(&young), 1);
	ck_assert_int_eq(young.result, -EDEADLK);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	ck_assert(!dmabuf_ww_cancel_async(&lock_a, &young.waiter));
	ghost_unlock(&young, &lock_b);
	ghost_unlock(&loner, &lock_a);
	ck_assert_int_eq(calls(&old), 1);
	ck_assert_int_eq(old.result, 0);
	ck_assert_int_eq(calls(&young), 1);
	ghost_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.3 "only the first ctx waiter may hold other locks": told when the lock gets a holder with a ticket */
TEST(new_holder_delivers_edeadlk_to_a_younger_waiter_with_locks)
{
	struct ghost old, young, loner;

	begin();
	ghost_start(&old, true);
	ghost_start(&young, true);
	ghost_start(&loner, false);
	ck_assert_int_eq(ghost_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&old, &lock_a), -EINPROGRESS); /* holds nothing */
	ck_assert_int_eq(ghost_lock(&young, &lock_b), 0);
	ck_assert_int_eq(ghost_lock(&young, &lock_a), -EDEADLK); /* an older one is queued */
	ck_assert(dmabuf_ww_cancel_async(&lock_a, &old.waiter));
	ck_assert_int_eq(ghost_lock(&young, &lock_a), -EINPROGRESS);
	ck_assert_int_eq(calls(&young), 0);
	ghost_unlock(&loner, &lock_a);
	ck_assert_int_eq(young.result, 0);
	ghost_unlock(&young, &lock_a);
	ghost_unlock(&young, &lock_b);
	end();
}

/* spec: resv.md 6.3 "sorted by stamp (oldest first)" */
TEST(oldest_ghost_is_served_first)
{
	struct ghost g[4], loner;
	static const int comes[] = { 2, 0, 3, 1 };
	int i;

	begin();
	for (i = 0; i < 4; i++)
		ghost_start(&g[i], true);
	ghost_start(&loner, false);
	ck_assert_int_eq(ghost_lock(&loner, &lock_a), 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(ghost_lock(&g[comes[i]], &lock_a), -EINPROGRESS);
	ghost_unlock(&loner, &lock_a);
	for (i = 0; i < 4; i++) {
		ck_assert_int_eq(calls(&g[i]), 1);
		ck_assert_uint_eq(g[i].order, i + 1);
		ghost_unlock(&g[i], &lock_a);
	}
	end();
}

/* spec: resv.md 6.3 "waiters without one stay in FIFO position" */
TEST(ghosts_without_ticket_go_in_order)
{
	struct ghost g[4];
	int i;

	begin();
	for (i = 0; i < 4; i++) {
		ghost_start(&g[i], false);
		ck_assert_int_eq(ghost_lock(&g[i], &lock_a), i ? -EINPROGRESS : 0);
	}
	for (i = 0; i < 4; i++) {
		ck_assert(holds(&g[i], &lock_a));
		ghost_unlock(&g[i], &lock_a);
	}
	end();
}

/* spec: src/resv/ww-waiter.h dmabuf_ww_cancel_async "true: over() will not be called" */
TEST(cancelled_ghost_is_out_of_the_queue)
{
	struct ghost holder, gone, next;

	begin();
	ghost_start(&holder, true);
	ghost_start(&gone, true);
	ghost_start(&next, true);
	ck_assert_int_eq(ghost_lock(&holder, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&gone, &lock_a), -EINPROGRESS);
	ck_assert_int_eq(ghost_lock(&next, &lock_a), -EINPROGRESS);
	ck_assert(dmabuf_ww_cancel_async(&lock_a, &gone.waiter));
	ck_assert(!dmabuf_ww_cancel_async(&lock_a, &gone.waiter));
	ghost_unlock(&holder, &lock_a);
	ck_assert_int_eq(calls(&gone), 0);
	ck_assert_int_eq(calls(&next), 1);
	ck_assert(!dmabuf_ww_cancel_async(&lock_a, &next.waiter));
	ghost_unlock(&next, &lock_a);
	/* and may come again */
	ck_assert_int_eq(ghost_lock(&gone, &lock_a), 0);
	ghost_unlock(&gone, &lock_a);
	end();
}

/* spec: src/resv/ww-waiter.h: with the last waiter gone the lock is as if nobody had wanted it */
TEST(lock_whose_last_waiter_left_is_a_plain_lock_again)
{
	struct ghost g;

	begin();
	ghost_start(&g, true);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, NULL), 0);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
	ck_assert(dmabuf_ww_cancel_async(&lock_a, &g.waiter));
	ww_mutex_unlock(&lock_a);
	ck_assert_uint_eq(lock_a.owner, 0);
	ck_assert_int_eq(calls(&g), 0);
	end();
}

/* spec: src/resv/ww-waiter.h "-EINVAL: a wound-wait class" */
TEST(wound_wait_locks_are_refused)
{
	struct ww_mutex lock;
	struct ghost g;

	ww_mutex_init(&lock, &wound_class);
	ghost_start(&g, false);
	ck_assert_int_eq(ghost_lock(&g, &lock), -EINVAL);
	ck_assert(!ww_mutex_is_locked(&lock));
	ww_mutex_destroy(&lock);
}

/* --- with threads --- */

/* spec: src/resv/ww-waiter.h: a thread unlocks, a ghost gets the lock; a ghost unlocks, a thread gets it */
TEST(threads_and_ghosts_wait_for_each_other)
{
	struct party thread;
	struct ghost g;

	begin();
	party_start(&thread, &wd_class);
	ghost_start(&g, true);
	ck_assert_int_eq(party_lock(&thread, &lock_a), 0);
	ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
	party_unlock(&thread, &lock_a);
	ck_assert_int_eq(calls(&g), 1);
	ck_assert_ptr_eq(lock_a.ctx, &g.ctx);
	party_go(&thread, &lock_a);
	expect_waits(&thread);
	ghost_unlock(&g, &lock_a);
	expect_ends(&thread, 0);
	ck_assert_ptr_eq(lock_a.ctx, &thread.ctx);
	party_unlock(&thread, &lock_a);
	party_stop(&thread);
	end();
}

/* spec: resv.md 6.3: age decides between threads and ghosts too; _i: the thread is older */
TEST_EACH(older_of_thread_and_ghost_goes_first, 0, 2)
{
	struct party thread, loner;
	struct ghost g;

	begin();
	if (_i)
		party_start(&thread, &wd_class);
	ghost_start(&g, true);
	if (!_i)
		party_start(&thread, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	if (_i)
		ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
	party_go(&thread, &lock_a);
	expect_waits(&thread);
	if (!_i)
		ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
	party_unlock(&loner, &lock_a);
	if (_i) {
		expect_ends(&thread, 0);
		ck_assert_int_eq(calls(&g), 0);
		party_unlock(&thread, &lock_a);
		ck_assert_int_eq(calls(&g), 1);
		ghost_unlock(&g, &lock_a);
	} else {
		ck_assert_int_eq(calls(&g), 1);
		expect_waits(&thread);
		ghost_unlock(&g, &lock_a);
		expect_ends(&thread, 0);
		party_unlock(&thread, &lock_a);
	}
	party_stop(&thread);
	party_stop(&loner);
	end();
}

/* spec: resv.md 6.3: a thread in the queue kills a ghost behind it, and the other way round; _i: the thread is older */
TEST_EACH(older_of_thread_and_ghost_kills_the_other, 0, 2)
{
	struct party thread, loner;
	struct ghost g;

	begin();
	if (_i)
		party_start(&thread, &wd_class);
	ghost_start(&g, true);
	if (!_i)
		party_start(&thread, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	if (_i) {
		ck_assert_int_eq(ghost_lock(&g, &lock_b), 0);
		ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
		party_go(&thread, &lock_a);
		ck_assert(EVENTUALLY(calls(&g) == 1));
		ck_assert_int_eq(g.result, -EDEADLK);
		ghost_unlock(&g, &lock_b);
		party_unlock(&loner, &lock_a);
		expect_ends(&thread, 0);
		party_unlock(&thread, &lock_a);
	} else {
		ck_assert_int_eq(party_lock(&thread, &lock_b), 0);
		party_go(&thread, &lock_a);
		expect_waits(&thread);
		ck_assert_int_eq(ghost_lock(&g, &lock_a), -EINPROGRESS);
		expect_ends(&thread, -EDEADLK);
		party_unlock(&thread, &lock_b);
		party_unlock(&loner, &lock_a);
		ck_assert_int_eq(calls(&g), 1);
		ghost_unlock(&g, &lock_a);
	}
	party_stop(&thread);
	party_stop(&loner);
	end();
}

static int slow_waits;

static long lock_many_times(void *data)
{
	struct ww_acquire_ctx ctx;
	int i, *counter = data;

	for (i = 0; i < 2000; i++) {
		ww_acquire_init(&ctx, &wd_class);
		ck_assert_int_eq(ww_mutex_lock(&lock_a, i % 3 ? &ctx : NULL), 0);
		++*counter;
		ww_mutex_unlock(&lock_a);
		ww_acquire_fini(&ctx);
	}
	return 0;
}

/* spec: src/resv/ww-waiter.h dmabuf_ww_cancel_async against a hand-over: exactly one of the two happens */
TEST(cancel_and_hand_over_may_race)
{
	int counter = 0, mine = 0, i, ret;
	struct actor actor;
	struct ghost g;

	begin();
	actor_start(&actor);
	actor_go(&actor, lock_many_times, &counter);
	for (i = 0; !actor_done(&actor, 0); i++) {
		ghost_start(&g, i % 2);
		ret = ghost_lock(&g, &lock_a);
		if (ret == -EINPROGRESS) {
			slow_waits++;
			if (dmabuf_ww_cancel_async(&lock_a, &g.waiter)) {
				ck_assert_int_eq(calls(&g), 0);
				continue;
			}
			ck_assert_int_eq(calls(&g), 1);
			ret = g.result;
		}
		ck_assert_int_eq(ret, 0);
		counter++;
		mine++;
		ghost_unlock(&g, &lock_a);
	}
	ck_assert_int_eq(counter, 2000 + mine);
	actor_stop(&actor);
	end();
}
