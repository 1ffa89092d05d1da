/* SPDX-License-Identifier: MIT */
/* What the kernel promises about waiting for a fence. */
#include <sys/time.h>

#include "mock-fence.h"
#include "test.h"
#include "threads.h"

typedef signed long wait_fn(struct dma_fence *fence, bool intr, signed long timeout);

/* Rules of both; default_wait expects signalling to be on and does not turn it on itself. */
static wait_fn *const waits[] = { dma_fence_wait_timeout, dma_fence_default_wait };

/* spec: fence.md 3.7 dma_fence_wait_timeout, dma_fence_default_wait */
TEST_EACH(timeout_zero_unsignaled_gives_zero, 0, 2)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(waits[_i](f, false, 0), 0);
	ck_assert_int_eq(waits[_i](f, true, 0), 0);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7 dma_fence_default_wait "timeout 0 and signalled -> 1" */
TEST_EACH(timeout_zero_signaled_gives_one, 0, 2)
{
	struct dma_fence *f = mock_fence();

	dma_fence_signal(f);
	ck_assert_int_eq(waits[_i](f, false, 0), 1);
	ck_assert_int_eq(waits[_i](f, true, 0), 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 "signalled? -> return" with the time that is left: all of it */
TEST_EACH(wait_on_a_signaled_fence_gives_the_whole_timeout, 0, 2)
{
	struct dma_fence *f = mock_fence();

	dma_fence_signal(f);
	ck_assert_int_eq(waits[_i](f, true, 1), 1);
	ck_assert_int_eq(waits[_i](f, true, 123456789), 123456789);
	ck_assert_int_eq(waits[_i](f, false, MAX_SCHEDULE_TIMEOUT), MAX_SCHEDULE_TIMEOUT);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait_timeout "0 timed out" */
TEST_EACH(wait_that_runs_out_gives_zero_and_not_earlier, 0, 2)
{
	struct dma_fence *f = mock_fence();
	int64_t start = now_ns(), took;

	ck_assert_int_eq(waits[_i](f, false, 30 * MS), 0);
	took = now_ns() - start;
	ck_assert_int_ge(took, 30 * MS);
	ck_assert_int_lt(took, 2000 * MS);
	ck_assert_ptr_eq(f->cb_list.next, &f->cb_list);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait_timeout ">0 remaining" */
TEST_EACH(wait_gives_the_time_that_is_left, 0, 2)
{
	struct dma_fence *f = mock_fence();
	struct later later;
	long left;

	signal_later(&later, 40, f);
	left = waits[_i](f, true, 5000 * MS);
	ck_assert_int_gt(left, 0);
	ck_assert_int_le(left, 4965 * MS);
	later_join(&later);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait_timeout, MAX_SCHEDULE_TIMEOUT */
TEST_EACH(wait_without_limit_ends_with_the_signal, 0, 2)
{
	struct dma_fence *f = mock_fence();
	struct later later;

	signal_later(&later, 20, f);
	ck_assert_int_gt(waits[_i](f, _i, MAX_SCHEDULE_TIMEOUT), 0);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	later_join(&later);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait_timeout "-EINVAL negative timeout (warns)" */
TEST(negative_timeout_warns_and_gives_einval)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(dma_fence_wait_timeout(f, true, -1), -EINVAL);
	expect_warning(NULL);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, LONG_MIN), -EINVAL);
	expect_warning(NULL);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait "0 on success, never returns >0" */
TEST(wait_gives_zero_on_success)
{
	struct dma_fence *f = mock_fence();
	struct later later;

	signal_later(&later, 10, f);
	ck_assert_int_eq(dma_fence_wait(f, false), 0);
	ck_assert_int_eq(dma_fence_wait(f, true), 0);
	later_join(&later);
	dma_fence_put(f);
}

/* spec: fence.md 3.7, 1: a fence that failed is signalled all the same */
TEST(wait_for_a_failed_fence_succeeds)
{
	struct dma_fence *f = mock_fence();

	dma_fence_set_error(f, -EIO);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_wait(f, true), 0);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 "even timeout 0 enables signalling" */
TEST(wait_with_timeout_zero_enables_signaling)
{
	struct dma_fence *f = mock_fence();

	dma_fence_wait_timeout(f, false, 0);
	ck_assert_uint_eq(mock_of(f)->enables, 1);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7 "enable signalling" first, 2.4 "false: signals at once" */
TEST(wait_ends_at_once_when_enabling_fails)
{
	struct dma_fence *f = mock_fence();

	mock_of(f)->enable_fails = true;
	ck_assert_int_eq(dma_fence_wait(f, false), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.7 dma_fence_default_wait "looks only at the SIGNALED bit" */
TEST(default_wait_does_not_ask_the_signaled_op)
{
	struct dma_fence *f = mock_fence();

	dma_fence_enable_sw_signaling(f);
	mock_of(f)->asked = 0;
	mock_of(f)->done = true;
	ck_assert_int_eq(dma_fence_default_wait(f, false, 0), 0);
	ck_assert_int_eq(dma_fence_default_wait(f, false, 2 * MS), 0);
	ck_assert_uint_eq(mock_of(f)->asked, 0);
	mock_signal_and_put(f);
}

/* spec: fence.md 2.4 wait; selftests.md 1 test_wait "whatever a custom wait returns is passed through" */
TEST(own_wait_is_used_and_its_result_passed_on)
{
	struct dma_fence *f = mock_fence_with(&mock_wait_ops, 1, 1);

	mock_of(f)->wait_result = -ETIME;
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, 5), -ETIME);
	ck_assert_int_eq(dma_fence_wait(f, false), -ETIME);
	mock_of(f)->wait_result = 17;
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 17);
	ck_assert_int_eq(dma_fence_wait(f, true), 0);
	ck_assert_uint_eq(mock_of(f)->waits, 4);
	mock_signal_and_put(f);
}

static long wait_for(void *fence)
{
	return dma_fence_wait(fence, false);
}

/* spec: fence.md 3.7: every waiter ends */
TEST(signal_ends_every_wait)
{
	enum {
		N = 6
	};
	struct dma_fence *f = mock_fence();
	struct actor waiter[N];
	int i;

	for (i = 0; i < N; i++) {
		actor_start(&waiter[i]);
		actor_go(&waiter[i], wait_for, f);
	}
	for (i = 0; i < N; i++)
		ck_assert(!actor_done(&waiter[i], 5));
	dma_fence_signal(f);
	for (i = 0; i < N; i++) {
		ck_assert_int_eq(actor_result(&waiter[i]), 0);
		actor_stop(&waiter[i]);
	}
	dma_fence_put(f);
}

/* --- signals of the operating system --- */

static const int handler_flags[] = { 0, SA_RESTART };

/* spec: fence.md 3.7 dma_fence_wait_timeout "-ERESTARTSYS signal while intr" */
TEST_EACH(interruptible_wait_ends_with_erestartsys, 0, 4)
{
	struct dma_fence *f = mock_fence();
	struct pest pest;

	catch_signals(handler_flags[_i % 2]);
	pest_start(&pest);
	if (_i < 2)
		ck_assert_int_eq(dma_fence_wait(f, true), -ERESTARTSYS);
	else
		ck_assert_int_eq(dma_fence_wait_timeout(f, true, 20000 * MS), -ERESTARTSYS);
	pest_stop(&pest);
	ck_assert_ptr_eq(f->cb_list.next, &f->cb_list);
	ck_assert_int_eq(dma_fence_get_status(f), 0);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7: intr false: only the bit or the time end the wait */
TEST_EACH(uninterruptible_wait_survives_signals, 0, 2)
{
	struct dma_fence *f = mock_fence();
	struct later later;
	struct pest pest;

	catch_signals(handler_flags[_i]);
	pest_start(&pest);
	signal_later(&later, 60, f);
	ck_assert_int_eq(dma_fence_wait(f, false), 0);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	pest_stop(&pest);
	later_join(&later);
	if (!TEST_UNDER_TSAN)
		ck_assert_int_gt(signals_caught(), 0);
	dma_fence_put(f);
}

/* spec: fence.md 3.7: the time runs on over signals */
TEST_EACH(uninterruptible_wait_runs_out_under_signals, 0, 2)
{
	struct dma_fence *f = mock_fence();
	int64_t start = now_ns(), took;
	struct pest pest;

	catch_signals(handler_flags[_i]);
	pest_start(&pest);
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, 50 * MS), 0);
	took = now_ns() - start;
	pest_stop(&pest);
	ck_assert_int_ge(took, 50 * MS);
	ck_assert_int_lt(took, 500 * MS);
	mock_signal_and_put(f);
}

/*
 * What comes first when several ends come together: the handler runs on the sleeping thread, so whatever it does happens
 * within one sleep.
 */
static struct dma_fence *handled_fence;
static int handler_sleeps_ms;

static void handler_signals_fence(int signo)
{
	(void)signo;
	if (handler_sleeps_ms)
		sleep_ms(handler_sleeps_ms);
	dma_fence_signal(handled_fence);
}

static void kick(void *thread)
{
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
}

static long wait_with_handler(struct dma_fence *f, bool intr, long timeout, int sleeps_ms,
			      int flags)
{
	struct sigaction action = { .sa_handler = handler_signals_fence, .sa_flags = flags };
	pthread_t self = pthread_self();
	struct later later;
	long ret;

	handled_fence = f;
	handler_sleeps_ms = sleeps_ms;
	sigaction(SIGUSR1, &action, NULL);
	later_start(&later, 50, kick, &self);
	ret = dma_fence_wait_timeout(f, intr, timeout);
	later_join(&later);
	return ret;
}

/* spec: fence.md 3.7 default_wait "then a signal, win over a fence that signalled during the same sleep" */
TEST_EACH(signal_wins_over_the_fence, 0, 4)
{
	struct dma_fence *f = mock_fence();
	long timeout = _i < 2 ? 5000 * MS : MAX_SCHEDULE_TIMEOUT;

	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	ck_assert_int_eq(wait_with_handler(f, true, timeout, 0, handler_flags[_i % 2]),
			 -ERESTARTSYS);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.7 default_wait "expiry wins over a fence that signalled during the same sleep" */
TEST_EACH(used_up_time_wins_over_signal_and_fence, 0, 4)
{
	struct dma_fence *f = mock_fence();

	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	ck_assert_int_eq(wait_with_handler(f, _i < 2, 100 * MS, 80, handler_flags[_i % 2]), 0);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.7 default_wait "bit set -> remaining time" after an uninterruptible sleep */
TEST_EACH(fence_signaled_by_a_handler_ends_an_uninterruptible_wait, 0, 2)
{
	struct dma_fence *f = mock_fence();
	long left;

	if (TEST_UNDER_TSAN)
		skip("this sanitizer runs handlers later");
	left = wait_with_handler(f, false, 5000 * MS, 0, handler_flags[_i]);
	ck_assert_int_gt(left, 0);
	ck_assert_int_lt(left, 4955 * MS);
	dma_fence_put(f);
}
