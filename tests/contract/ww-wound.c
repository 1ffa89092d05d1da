/* SPDX-License-Identifier: MIT */
/*
 * What the kernel promises about wait/wound mutexes of a wound-wait class, and what happens to whoever is interrupted,
 * wounded and served within one sleep.
 */
#include "ww-party.h"

static DEFINE_WW_CLASS(wound_class);
static DEFINE_WD_CLASS(die_class);
static struct ww_mutex lock_a, lock_b, lock_c;
static struct party old, young, loner;

static const int handler_flags[] = { 0, SA_RESTART };

static bool is_wounded(struct party *p)
{
	return __atomic_load_n(&p->ctx.wounded, __ATOMIC_RELAXED);
}

static void begin_with(struct ww_class *class)
{
	ww_mutex_init(&lock_a, class);
	ww_mutex_init(&lock_b, class);
	ww_mutex_init(&lock_c, class);
	party_start(&old, class);
	party_start(&young, class);
	loner_start(&loner);
}

static void begin(void)
{
	begin_with(&wound_class);
}

static void end(void)
{
	party_stop(&old);
	party_stop(&young);
	party_stop(&loner);
	ww_mutex_destroy(&lock_a);
	ww_mutex_destroy(&lock_b);
	ww_mutex_destroy(&lock_c);
}

/* The young one holds A, the old one holds B and wants A. */
static void wound_the_young(void)
{
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
}

static void old_gets_a_and_all_end(void)
{
	expect_ends(&old, 0);
	ck_assert_uint_eq(old.ctx.acquired, 2);
	party_unlock(&old, &lock_a);
	party_unlock(&old, &lock_b);
	end();
}

/* spec: resv.md 6.1 DEFINE_WW_CLASS */
TEST(the_class_tells_its_kind)
{
	ck_assert(!wound_class.is_wait_die);
	ck_assert(die_class.is_wait_die);
	begin();
	ck_assert(!old.ctx.is_wait_die);
	ck_assert_uint_lt(old.ctx.stamp, young.ctx.stamp);
	end();
}

/* spec: resv.md 6.3 row "wound-wait; the holder has a ctx, I am older, I hold other locks" */
TEST(older_ticket_with_locks_wounds_the_holder_and_waits)
{
	begin();
	wound_the_young();
	ck_assert(is_wounded(&young));
	ck_assert(!is_wounded(&old));
	ck_assert_ptr_eq(lock_a.ctx, &young.ctx);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "I am wounded, my acquired > 0, and I reach a contended lock" */
TEST(wounded_holder_backs_off_when_it_next_waits)
{
	begin();
	wound_the_young();
	ck_assert_int_eq(party_lock(&young, &lock_b), -EDEADLK);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	ck_assert_ptr_eq(lock_b.ctx, &old.ctx);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 as before: the contended lock need not be the older one's */
TEST(wounded_holder_backs_off_from_a_lock_of_a_stranger)
{
	begin();
	wound_the_young();
	ck_assert_int_eq(party_lock(&loner, &lock_c), 0);
	ck_assert_int_eq(party_lock(&young, &lock_c), -EDEADLK);
	party_unlock(&loner, &lock_c);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "free: if wounded but not contending, nothing happens (lazy)" */
TEST(wounded_holder_still_takes_a_free_lock)
{
	begin();
	wound_the_young();
	ck_assert_int_eq(party_lock(&young, &lock_c), 0);
	ck_assert_uint_eq(young.ctx.acquired, 2);
	ck_assert(is_wounded(&young));
	party_unlock(&young, &lock_c);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "free": the wounded who never waits again just unlocks */
TEST(wounded_holder_that_does_not_contend_is_not_disturbed)
{
	begin();
	wound_the_young();
	ck_assert_int_eq(party_lock(&young, &lock_a), -EALREADY);
	ck_assert_int_eq(party_lock_by(&young, ww_mutex_trylock, &lock_c), 1);
	party_unlock(&young, &lock_c);
	expect_waits(&old);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "wake it (in case it sleeps on another ww mutex)" */
TEST(wounded_while_asleep_on_another_lock_wakes_and_backs_off)
{
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_c), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go(&young, &lock_c);
	expect_waits(&young);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_ends(&young, -EDEADLK);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	expect_waits(&old);
	party_unlock(&young, &lock_a);
	party_unlock(&loner, &lock_c);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "wound-wait; I am younger: wait; no error, nobody is wounded" */
TEST(younger_ticket_waits_without_an_error)
{
	begin();
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	ck_assert(!is_wounded(&old));
	ck_assert(!is_wounded(&young));
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_b);
	end();
}

/* spec: resv.md 6.3 row "or I hold nothing yet: wait; nobody is wounded" */
TEST(older_ticket_without_locks_wounds_nobody)
{
	begin();
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	ck_assert(!is_wounded(&young));
	party_unlock(&young, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.3 row "or the holder has no ctx: wait" */
TEST(holder_without_ticket_is_waited_for)
{
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	party_unlock(&loner, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 "waiters without one are treated as always waiting" */
TEST(waiter_without_ticket_is_never_wounded_and_wounds_nobody)
{
	begin();
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go(&loner, &lock_a);
	expect_waits(&loner);
	ck_assert(!is_wounded(&young));
	party_unlock(&young, &lock_a);
	expect_ends(&loner, 0);
	party_unlock(&loner, &lock_a);
	end();
}

/* spec: resv.md 6.3 row "held, acquired == 0: never -EDEADLK; wounded is cleared at this point", 6.4 */
TEST(first_lock_after_a_wound_waits_and_forgets_the_wound)
{
	uint64_t stamp;

	begin();
	stamp = young.ctx.stamp;
	wound_the_young();
	ck_assert_int_eq(party_lock(&young, &lock_b), -EDEADLK);
	party_unlock(&young, &lock_a);
	expect_ends(&old, 0);
	ck_assert(is_wounded(&young));
	party_go_by(&young, slow, &lock_b);
	expect_waits(&young);
	ck_assert(!is_wounded(&young));
	party_unlock(&old, &lock_b);
	expect_ends(&young, 0);
	ck_assert_uint_eq(young.ctx.stamp, stamp);
	party_unlock(&young, &lock_b);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.3 row "clear wounded if acquired 0" also where the lock is free */
TEST(free_first_lock_after_a_wound_forgets_the_wound)
{
	begin();
	wound_the_young();
	party_unlock(&young, &lock_a);
	expect_ends(&old, 0);
	ck_assert(is_wounded(&young));
	ck_assert_int_eq(party_lock(&young, &lock_c), 0);
	ck_assert(!is_wounded(&young));
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_c);
	party_unlock(&old, &lock_b);
	end();
}

/* spec: resv.md 6.3 row "L->ctx == ctx" */
TEST(own_lock_again_gives_ealready_and_changes_nothing)
{
	begin();
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_a), -EALREADY);
	ck_assert_uint_eq(old.ctx.acquired, 1);
	party_unlock(&old, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	end();
}

/* spec: resv.md 6.3 "waiters with a ctx are sorted by stamp (oldest first)" */
TEST(oldest_waiter_goes_first)
{
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_go(&old, &lock_a);
	expect_waits(&old);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	end();
}

/* spec: resv.md 6.1 "compare with a signed difference so that wrap is harmless" */
TEST(age_is_compared_over_the_wrap_of_stamps)
{
	wound_class.stamp = UINT64_MAX - 1;
	begin();
	ck_assert_uint_gt(old.ctx.stamp, young.ctx.stamp);
	wound_the_young();
	ck_assert(is_wounded(&young));
	ck_assert_int_eq(party_lock(&young, &lock_b), -EDEADLK);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 "again when a younger ctx takes the lock past me"; _i: by lock, by trylock */
TEST_EACH(younger_ticket_that_takes_the_lock_past_a_waiter_is_wounded, 0, 2)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	party_freeze(&old, 0); /* it cannot come for the lock now */
	party_unlock(&loner, &lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	if (_i)
		ck_assert_int_eq(party_lock_by(&young, ww_mutex_trylock, &lock_a), 1);
	else
		ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	ck_assert(is_wounded(&young));
	party_thaw(&old);
	expect_waits(&old);
	ck_assert_int_eq(party_lock(&young, &lock_b), -EDEADLK);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "checked only after another try to take the lock failed" */
TEST_EACH(wounded_sleeper_takes_a_lock_that_became_free, 0, 2)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_c), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go_by(&young, _i ? ww_mutex_lock_interruptible : ww_mutex_lock, &lock_c);
	expect_waits(&young);
	party_freeze(&young, 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	ck_assert(EVENTUALLY(is_wounded(&young)));
	party_unlock(&loner, &lock_c);
	party_thaw(&young);
	expect_ends(&young, 0);
	ck_assert_uint_eq(young.ctx.acquired, 2);
	party_unlock(&young, &lock_c);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 row "the signal check comes before the kill check"; _i: with SA_RESTART */
TEST_EACH(signal_comes_before_the_wound, 0, 2)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin();
	ck_assert_int_eq(party_lock(&loner, &lock_c), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go_by(&young, ww_mutex_lock_interruptible, &lock_c);
	expect_waits(&young);
	party_freeze(&young, handler_flags[_i]);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	ck_assert(EVENTUALLY(is_wounded(&young)));
	party_thaw(&young);
	expect_ends(&young, -EINTR);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	party_unlock(&loner, &lock_c);
	party_unlock(&young, &lock_a);
	old_gets_a_and_all_end();
}

/* spec: resv.md 6.3 as before, for the other kind of class */
TEST_EACH(signal_comes_before_the_kill, 0, 2)
{
	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin_with(&die_class);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	party_go_by(&young, ww_mutex_lock_interruptible, &lock_a);
	expect_waits(&young);
	party_freeze(&young, handler_flags[_i]);
	party_go(&old, &lock_a); /* queues in front of the young one, which has to die for it */
	expect_waits(&old);
	party_thaw(&young);
	expect_ends(&young, -EINTR);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	party_unlock(&young, &lock_b);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	end();
}

/* spec: resv.md 6.3 "signal in interruptible form": one that cannot be interrupted is killed all the same */
TEST_EACH(signal_does_not_hide_a_kill_from_an_uninterruptible_lock, 0, 2)
{
	struct ww_class *class = _i ? &die_class : &wound_class;

	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	begin_with(class);
	ck_assert_int_eq(party_lock(&loner, &lock_c), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	party_go(&young, &lock_c);
	expect_waits(&young);
	party_freeze(&young, 0);
	if (_i) {
		party_go(&old, &lock_c);
	} else {
		ck_assert_int_eq(party_lock(&old, &lock_b), 0);
		party_go(&old, &lock_a);
	}
	expect_waits(&old);
	party_thaw(&young);
	expect_ends(&young, -EDEADLK);
	party_unlock(&young, &lock_a);
	party_unlock(&loner, &lock_c);
	expect_ends(&old, 0);
	party_unlock(&old, _i ? &lock_c : &lock_a);
	if (!_i)
		party_unlock(&old, &lock_b);
	end();
}
