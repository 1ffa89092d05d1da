/* SPDX-License-Identifier: MIT */
/*
 * Wait/wound mutexes of both kinds: the slow and the interruptible forms, trying, misuse that is told, and failures on
 * purpose. Where a test is run for each kind, _i is 0 for wait-die, 1 for wound-wait.
 */
#include "ww-party.h"

static DEFINE_WD_CLASS(die_class);
static DEFINE_WW_CLASS(wound_class);
static struct ww_class *const kinds[] = { &die_class, &wound_class };
static struct ww_mutex lock_a, lock_b, lock_c;
static struct party old, young, loner;

static void init_locks(struct ww_class *class)
{
	ww_mutex_init(&lock_a, class);
	ww_mutex_init(&lock_b, class);
	ww_mutex_init(&lock_c, class);
}

static void destroy_locks(void)
{
	ww_mutex_destroy(&lock_a);
	ww_mutex_destroy(&lock_b);
	ww_mutex_destroy(&lock_c);
}

static void begin(struct ww_class *class)
{
	init_locks(class);
	party_start(&old, class);
	party_start(&young, class);
	loner_start(&loner);
	catch_signals(0);
}

static void end(void)
{
	party_stop(&old);
	party_stop(&young);
	party_stop(&loner);
	destroy_locks();
}

/* The young one holds B and is told to back off from A, which the old one holds. */
static void make_the_young_back_off(struct ww_class *class)
{
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	if (!class->is_wait_die) { /* only a wounded one does */
		party_go(&old, &lock_b);
		expect_waits(&old);
	}
	ck_assert_int_eq(party_lock(&young, &lock_a), -EDEADLK);
	ck_assert_ptr_eq(young.ctx.contending_lock, &lock_a);
}

/* Then the young one gives up B, and the old one all it has. */
static void all_back_off(struct ww_class *class)
{
	party_unlock(&young, &lock_b);
	if (!class->is_wait_die) {
		expect_ends(&old, 0);
		party_unlock(&old, &lock_b);
	}
}

/* --- slow --- */

/* spec: resv.md 6.4 steps 1 to 3, 6.2 ww_mutex_lock_slow */
TEST_EACH(slow_lock_takes_the_contended_lock_first, 0, 2)
{
	uint64_t stamp;

	begin(kinds[_i]);
	stamp = young.ctx.stamp;
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_go_by(&young, slow, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	ck_assert_ptr_eq(lock_a.ctx, &young.ctx);
	ck_assert_ptr_null(young.ctx.contending_lock);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), -EALREADY);
	ck_assert_uint_eq(young.ctx.acquired, 2);
	ck_assert_uint_eq(young.ctx.stamp, stamp);
	expect_no_warning();
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_b);
	end();
}

/* spec: resv.md 6.4 "plain lock() at step 2 has the same effect" */
TEST_EACH(plain_lock_may_stand_for_the_slow_one, 0, 2)
{
	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	expect_no_warning();
	party_unlock(&young, &lock_a);
	end();
}

/* spec: resv.md 6.1, 6.3: who retries has aged: the next ticket loses against it */
TEST_EACH(retried_ticket_wins_against_newer_ones, 0, 2)
{
	struct party newer;

	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_unlock(&old, &lock_a);
	party_start(&newer, kinds[_i]);
	ck_assert_int_eq(party_lock_by(&young, slow, &lock_a), 0);
	ck_assert_int_eq(party_lock(&newer, &lock_b), 0);
	party_go(&young, &lock_b);
	expect_waits(&young);
	ck_assert_int_eq(party_lock(&newer, &lock_a), -EDEADLK);
	party_unlock(&newer, &lock_b);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_b);
	party_stop(&newer);
	end();
}

/* spec: resv.md 6.6 "lock_slow without a preceding -EDEADLK" */
TEST_EACH(slow_lock_without_edeadlk_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[_i]);
	ww_mutex_lock_slow(&lock_a, &ctx);
	expect_warning("did not give -EDEADLK");
	ck_assert_uint_eq(ctx.acquired, 1);
	ww_mutex_unlock(&lock_a);
	ck_assert_int_eq(ww_mutex_lock_slow_interruptible(&lock_a, &ctx), 0);
	expect_warning("did not give -EDEADLK");
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.6 "lock_slow with acquired > 0" */
TEST_EACH(slow_lock_with_locks_held_warns, 0, 2)
{
	begin(kinds[_i]);
	ck_assert_int_eq(party_lock(&young, &lock_c), 0);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_unlock(&old, &lock_a);
	party_lock_by(&young, slow, &lock_a);
	expect_warning("still held");
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_c);
	end();
	forget_warnings();
}

/* spec: resv.md 6.6 "after -EDEADLK: locking a different mutex" */
TEST_EACH(other_lock_after_edeadlk_warns, 0, 2)
{
	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_lock(&young, &lock_c);
	expect_warning("contended lock comes first");
	party_unlock(&young, &lock_c);
	party_unlock(&old, &lock_a);
	end();
	forget_warnings();
}

/* spec: resv.md 6.6 "lock_slow" on a lock that did not give -EDEADLK */
TEST_EACH(slow_lock_of_another_lock_warns, 0, 2)
{
	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_lock_by(&young, slow, &lock_c);
	expect_warning("did not give -EDEADLK");
	party_unlock(&young, &lock_c);
	party_unlock(&old, &lock_a);
	end();
	forget_warnings();
}

/* spec: resv.md 6.6 "or the right one before all others are released" */
TEST(contended_lock_with_others_held_warns)
{
	begin(&die_class);
	make_the_young_back_off(&die_class);
	party_unlock(&old, &lock_a);
	party_lock(&young, &lock_a);
	expect_warning("released first");
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_b);
	end();
	forget_warnings();
}

/* --- interruptible --- */

/* spec: resv.md 6.2 ww_mutex_lock_interruptible, 6.3 row "signal in interruptible form" */
TEST_EACH(interrupted_lock_gives_eintr_and_keeps_what_was_held, 0, 2)
{
	begin(kinds[_i]);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go_by(&old, ww_mutex_lock_interruptible, &lock_a);
	expect_waits(&old);
	party_interrupt(&old);
	expect_ends(&old, -EINTR);
	ck_assert_uint_eq(old.ctx.acquired, 1);
	ck_assert_ptr_eq(lock_b.ctx, &old.ctx);
	ck_assert_ptr_null(lock_a.ctx);
	ck_assert_ptr_null(old.ctx.contending_lock);
	party_unlock(&old, &lock_b);
	party_unlock(&loner, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	end();
}

/* spec: resv.md 6.2 as before, without a ticket; _i: with SA_RESTART */
TEST_EACH(interrupted_lock_without_ticket_gives_eintr, 0, 2)
{
	struct party other;

	begin(&die_class);
	catch_signals(_i ? SA_RESTART : 0);
	loner_start(&other);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go_by(&other, ww_mutex_lock_interruptible, &lock_a);
	expect_waits(&other);
	party_interrupt(&other);
	expect_ends(&other, -EINTR);
	ck_assert(ww_mutex_is_locked(&lock_a));
	party_unlock(&loner, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	party_stop(&other);
	end();
}

/* spec: resv.md 6.2: without a wait, and without a signal, it is ww_mutex_lock() */
TEST_EACH(interruptible_lock_locks_as_the_plain_one, 0, 2)
{
	begin(kinds[_i]);
	ck_assert_int_eq(party_lock_by(&old, ww_mutex_lock_interruptible, &lock_a), 0);
	ck_assert_int_eq(party_lock_by(&old, ww_mutex_lock_interruptible, &lock_a), -EALREADY);
	ck_assert_int_eq(party_lock_by(&loner, ww_mutex_lock_interruptible, &lock_b), 0);
	party_go_by(&old, ww_mutex_lock_interruptible, &lock_b);
	expect_waits(&old);
	party_unlock(&loner, &lock_b);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	party_unlock(&old, &lock_b);
	end();
}

/* spec: resv.md 6.2 ww_mutex_lock_interruptible "-EDEADLK" */
TEST(interruptible_lock_gives_edeadlk_too)
{
	begin(&die_class);
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_int_eq(party_lock_by(&young, ww_mutex_lock_interruptible, &lock_a), -EDEADLK);
	party_unlock(&young, &lock_b);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.2 ww_mutex_lock: signals do not end it */
TEST_EACH(plain_lock_survives_signals, 0, 2)
{
	int i;

	begin(kinds[_i]);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go(&old, &lock_a);
	for (i = 0; i < 10; i++) {
		pthread_kill(old.actor.thread, SIGUSR1);
		ck_assert(!actor_done(&old.actor, 3));
	}
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.2: whoever gave up is out of the queue, and the others go on */
TEST_EACH(waiters_behind_an_interrupted_one_get_the_lock, 0, 2)
{
	begin(kinds[_i]);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go_by(&old, ww_mutex_lock_interruptible, &lock_a);
	expect_waits(&old);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_interrupt(&old);
	expect_ends(&old, -EINTR);
	party_unlock(&loner, &lock_a);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	end();
}

/* spec: resv.md 6.2 ww_mutex_lock_slow_interruptible, 6.4 step 2 */
TEST_EACH(interrupted_slow_lock_gives_eintr, 0, 2)
{
	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_go_by(&young, ww_mutex_lock_slow_interruptible, &lock_a);
	expect_waits(&young);
	party_interrupt(&young);
	expect_ends(&young, -EINTR);
	ck_assert_uint_eq(young.ctx.acquired, 0);
	expect_no_warning();
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.4 step 2: an interrupted back-off is not over: the contended lock still comes first, and slowly */
TEST_EACH(interrupted_slow_lock_can_be_tried_again, 0, 2)
{
	begin(kinds[_i]);
	make_the_young_back_off(kinds[_i]);
	all_back_off(kinds[_i]);
	party_go_by(&young, ww_mutex_lock_slow_interruptible, &lock_a);
	expect_waits(&young);
	party_interrupt(&young);
	expect_ends(&young, -EINTR);
	party_go_by(&young, ww_mutex_lock_slow_interruptible, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	expect_no_warning();
	party_unlock(&young, &lock_a);
	end();
}

/* --- trylock --- */

/* spec: resv.md 6.2 ww_mutex_trylock "1 taken" with and without a ticket */
TEST_EACH(trylock_takes_a_free_lock, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[_i]);
	ck_assert_int_eq(ww_mutex_trylock(&lock_a, &ctx), 1);
	ck_assert_ptr_eq(lock_a.ctx, &ctx);
	ck_assert_uint_eq(ctx.acquired, 1);
	ck_assert_int_eq(ww_mutex_trylock(&lock_b, NULL), 1);
	ck_assert_ptr_null(lock_b.ctx);
	ck_assert(ww_mutex_is_locked(&lock_b));
	ck_assert_uint_eq(ctx.acquired, 1);
	ww_mutex_unlock(&lock_b);
	ww_mutex_unlock(&lock_a);
	ck_assert_uint_eq(ctx.acquired, 0);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.2 ww_mutex_trylock "0 not (also 0 if the same ctx holds it)" */
TEST_EACH(trylock_of_an_own_lock_gives_zero, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[_i]);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	ck_assert_int_eq(ww_mutex_trylock(&lock_a, &ctx), 0);
	ck_assert_int_eq(ww_mutex_trylock(&lock_a, NULL), 0);
	ck_assert_uint_eq(ctx.acquired, 1);
	ck_assert_ptr_eq(lock_a.ctx, &ctx);
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.2 ww_mutex_trylock: it does not wait, and nobody dies or is wounded */
TEST_EACH(trylock_of_a_held_lock_gives_zero, 0, 2)
{
	begin(kinds[_i]);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	ck_assert_int_eq(party_lock_by(&old, ww_mutex_trylock, &lock_a), 0);
	ck_assert_int_eq(party_lock_by(&loner, ww_mutex_trylock, &lock_a), 0);
	ck_assert_int_eq(party_lock_by(&young, ww_mutex_trylock, &lock_b), 0);
	ck_assert_uint_eq(old.ctx.acquired, 1);
	ck_assert_uint_eq(young.ctx.wounded, 0);
	ck_assert_ptr_null(old.ctx.contending_lock);
	party_unlock(&young, &lock_a);
	party_unlock(&old, &lock_b);
	end();
}

/* spec: resv.md 6.2 ww_mutex_trylock: a lock that is free but wanted is free */
TEST(trylock_takes_a_free_lock_past_a_waiter)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin(&die_class);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	party_freeze(&old, 0);
	party_unlock(&loner, &lock_a);
	ck_assert_int_eq(party_lock_by(&loner, ww_mutex_trylock, &lock_a), 1);
	party_thaw(&old);
	expect_waits(&old);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.3: a younger waiter with locks dies when an older ticket takes the lock by trying */
TEST(trylock_of_an_older_ticket_kills_waiters_who_have_locks)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin(&die_class);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_freeze(&young, 0);
	party_unlock(&loner, &lock_a);
	ck_assert_int_eq(party_lock_by(&old, ww_mutex_trylock, &lock_a), 1);
	party_thaw(&young);
	expect_ends(&young, -EDEADLK);
	party_unlock(&young, &lock_b);
	party_unlock(&old, &lock_a);
	end();
}

/* --- misuse --- */

/* spec: resv.md 6.6 "class of lock != class of ctx" */
TEST_EACH(lock_of_another_class_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[1 - _i]);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	expect_warning("different classes");
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.6 as before: trying is locking */
TEST_EACH(trylock_of_another_class_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[1 - _i]);
	ck_assert_int_eq(ww_mutex_trylock(&lock_a, &ctx), 1);
	expect_warning("different classes");
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.6 "locking with a ctx after ww_acquire_done": trying is locking */
TEST_EACH(trylock_after_done_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[_i]);
	ww_acquire_done(&ctx);
	ck_assert_int_eq(ww_mutex_trylock(&lock_a, &ctx), 1);
	expect_warning("done");
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.6 "calling any ww_acquire_* twice on the same ctx" */
TEST_EACH(fini_twice_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, kinds[_i]);
	ww_acquire_fini(&ctx);
	expect_no_warning();
	ww_acquire_fini(&ctx);
	expect_warning("has ended");
}

/* spec: resv.md 6.6 "missing ww_acquire_init", "or a ticket that has ended" */
TEST_EACH(lock_with_a_ticket_that_has_ended_warns, 0, 2)
{
	struct ww_acquire_ctx ctx;

	init_locks(kinds[_i]);
	ww_acquire_init(&ctx, kinds[_i]);
	ww_acquire_fini(&ctx);
	if (ww_mutex_lock(&lock_a, &ctx) == 0)
		ww_mutex_unlock(&lock_a);
	expect_warning(NULL);
	destroy_locks();
}

/* spec: resv.md 6.6 "missing ww_acquire_init" */
TEST_EACH(lock_with_a_ticket_nobody_took_warns, 0, 2)
{
	struct ww_acquire_ctx ctx = { 0 };

	init_locks(kinds[_i]);
	if (ww_mutex_lock(&lock_a, &ctx) == 0)
		ww_mutex_unlock(&lock_a);
	expect_warning(NULL);
	ww_acquire_fini(&ctx);
	expect_warning("not initialised");
	destroy_locks();
}

/* --- failures on purpose --- */

/* spec: resv.md 6.6 injection: off unless asked for */
TEST_EACH(nothing_fails_on_purpose_unless_asked_for, 0, 2)
{
	struct ww_acquire_ctx ctx;
	int i;

	init_locks(kinds[_i]);
	for (i = 0; i < 200; i++) {
		ww_acquire_init(&ctx, kinds[_i]);
		ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
		ck_assert_int_eq(ww_mutex_lock(&lock_b, &ctx), 0);
		ww_mutex_unlock(&lock_a);
		ww_mutex_unlock(&lock_b);
		ww_acquire_fini(&ctx);
	}
	destroy_locks();
}

/* spec: resv.md 6.6 injection "after the first lock (acquired > 0)", 6.3 first lock never -EDEADLK */
TEST_EACH(first_lock_never_fails_on_purpose, 0, 2)
{
	struct ww_acquire_ctx ctx;
	int i, j;

	init_locks(kinds[_i]);
	dmabuf_ww_inject(true);
	for (i = 0; i < 100; i++) {
		ww_acquire_init(&ctx, kinds[_i]);
		for (j = 0; j < 40; j++) {
			ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
			ww_mutex_unlock(&lock_a);
		}
		ww_acquire_fini(&ctx);
	}
	dmabuf_ww_inject(false);
	destroy_locks();
}

/*
 * spec: resv.md 6.6 injection "countdown starts at stamp & 0xf; interval starts at 1 and becomes 3.5 x". _i: the low four
 * bits of the stamp. One lock is kept, another one taken and released until it fails.
 */
TEST_EACH(failures_on_purpose_become_seldom, 0, 16)
{
	int expected[] = { 0, 3, 10, 35, 122 }, i, good;
	struct ww_acquire_ctx ctx;

	die_class.stamp = 4096 + _i - 1;
	init_locks(&die_class);
	ww_acquire_init(&ctx, &die_class);
	expected[0] = _i;
	dmabuf_ww_inject(true);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	for (i = 0; i < 5; i++) {
		for (good = 0; ww_mutex_lock(&lock_b, &ctx) == 0; good++)
			ww_mutex_unlock(&lock_b);
		ck_assert_int_eq(good, expected[i]);
		/* Nothing is held by it, the record is there, and the slow path is legal. */
		ck_assert(!ww_mutex_is_locked(&lock_b));
		ck_assert_uint_eq(ctx.acquired, 1);
		ck_assert_ptr_eq(ctx.contending_lock, &lock_b);
		ww_mutex_unlock(&lock_a);
		ww_mutex_lock_slow(&lock_b, &ctx);
		expect_no_warning();
		ww_mutex_unlock(&lock_b);
		ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	}
	dmabuf_ww_inject(false);
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.6 injection: the own lock is still -EALREADY, trying is not made to fail */
TEST(failures_on_purpose_spare_own_locks_and_trylock)
{
	struct ww_acquire_ctx ctx;
	int i;

	init_locks(&die_class);
	ww_acquire_init(&ctx, &die_class);
	dmabuf_ww_inject(true);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	for (i = 0; i < 40; i++) {
		ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), -EALREADY);
		ck_assert_int_eq(ww_mutex_trylock(&lock_b, &ctx), 1);
		ww_mutex_unlock(&lock_b);
	}
	dmabuf_ww_inject(false);
	ww_mutex_unlock(&lock_a);
	ww_acquire_fini(&ctx);
	destroy_locks();
}
