/* SPDX-License-Identifier: MIT */
/* Waiting for one of several fences. */
#include "mock-fence.h"
#include "test.h"
#include "threads.h"

enum { MANY = 40 };	/* more than have room on the stack */

static struct dma_fence *fences[MANY];

static void make_fences(void)
{
	for (int i = 0; i < MANY; i++)
		fences[i] = mock_fence();
}

static void put_fences(void)
{
	for (int i = 0; i < MANY; i++)
		dma_fence_put(fences[i]);
}

/* spec: fence.md 3.7 dma_fence_wait_any_timeout "-EINVAL" */
TEST(any_of_nothing_warns)
{
	uint32_t idx = 7;

	make_fences();
	ck_assert_int_eq(dma_fence_wait_any_timeout(NULL, 1, false, 1, &idx), -EINVAL);
	expect_warning(NULL);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, 0, false, 1, &idx), -EINVAL);
	expect_warning(NULL);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, 1, false, -1, &idx), -EINVAL);
	expect_warning(NULL);
	ck_assert_uint_eq(idx, 7);
	put_fences();
}

/* spec: fence.md 3.7 "timeout 0: polls each with is_signaled" */
TEST(any_with_timeout_zero_polls)
{
	uint32_t idx = 7;

	make_fences();
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 0, &idx), 0);
	ck_assert_uint_eq(idx, 7);
	ck_assert_uint_eq(mock_of(fences[0])->enables, 0);
	mock_of(fences[5])->done = true;
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 0, &idx), 1);
	ck_assert_uint_eq(idx, 5);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 0, NULL), 1);
	put_fences();
}

/* spec: fence.md 3.7 "the first -ENOENT ends the wait successfully with that index and the unchanged timeout" */
TEST(any_ends_at_once_with_a_signaled_fence)
{
	uint32_t idx = 7;

	make_fences();
	dma_fence_signal(fences[3]);
	dma_fence_signal(fences[9]);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 1234567, &idx), 1234567);
	ck_assert_uint_eq(idx, 3);
	ck_assert_uint_eq(mock_of(fences[2])->enables, 1);
	ck_assert_uint_eq(mock_of(fences[4])->enables, 0);
	/* Nothing of ours is left behind. */
	ck_assert_ptr_eq(fences[0]->cb_list.next, &fences[0]->cb_list);
	put_fences();
}

/* spec: fence.md 3.7 */
TEST_EACH(any_is_woken_by_the_one, 0, 3)
{
	uint32_t which = _i * (MANY / 3), idx = 7;
	struct later later;
	long left;

	make_fences();
	signal_later(&later, 20, fences[which]);
	left = dma_fence_wait_any_timeout(fences, MANY, true, _i ? 5000 * MS : MAX_SCHEDULE_TIMEOUT, &idx);
	ck_assert_int_gt(left, 0);
	ck_assert_uint_eq(idx, which);
	later_join(&later);
	put_fences();
}

/* spec: fence.md 3.7 "0 timeout" */
TEST(any_runs_out_of_time)
{
	int64_t start = now_ns();

	make_fences();
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 20 * MS, NULL), 0);
	ck_assert_int_ge(now_ns() - start, 20 * MS);
	put_fences();
}

/* spec: fence.md 3.7 "-ERESTARTSYS" */
TEST(any_is_interrupted)
{
	struct pest pest;

	make_fences();
	catch_signals(0);
	pest_start(&pest);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, true, 5000 * MS, NULL), -ERESTARTSYS);
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, MANY, false, 30 * MS, NULL), 0);
	pest_stop(&pest);
	put_fences();
}

/* spec: fence.md 3.7 "Works for fences with a custom wait op" */
TEST(any_works_with_fences_that_wait_by_themselves)
{
	struct dma_fence *f = mock_fence_with(&mock_wait_ops, dma_fence_context_alloc(1), 1);
	struct later later;
	uint32_t idx;

	signal_later(&later, 10, f);
	ck_assert_int_gt(dma_fence_wait_any_timeout(&f, 1, false, 5000 * MS, &idx), 0);
	ck_assert_uint_eq(mock_of(f)->waits, 0);
	later_join(&later);
	dma_fence_put(f);
}
