/* SPDX-License-Identifier: MIT */
/* What the kernel promises about walks over a reservation object under its lock, and about the restart without it. */
#include "mock-fence.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define KERNEL	 DMA_RESV_USAGE_KERNEL
#define WRITE	 DMA_RESV_USAGE_WRITE
#define READ	 DMA_RESV_USAGE_READ
#define BOOKKEEP DMA_RESV_USAGE_BOOKKEEP

static struct dma_resv obj;
static struct dma_fence *f[4]; /* added as BOOKKEEP, READ, WRITE, KERNEL */

static void begin(void)
{
	int i;

	dma_resv_init(&obj);
	for (i = 0; i < 4; i++)
		resv_add(&obj, f[i] = mock_fence(), 3 - i);
}

static void end(void)
{
	int i;

	dma_resv_fini(&obj);
	for (i = 0; i < 4; i++)
		mock_signal_and_put(f[i]);
}

/* spec: resv.md 5 locked column: list order, filter "usage only"; 2 U1. _i: usage asked */
TEST_EACH(locked_walk_gives_the_usage_and_stronger_ones_in_list_order, 0, 4)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int i = 3 - _i;

	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_for_each_fence(&cursor, &obj, _i, fence) {
		ck_assert_ptr_eq(fence, f[i]);
		ck_assert_int_eq(dma_resv_iter_usage(&cursor), 3 - i);
		i++;
	}
	ck_assert_int_eq(i, 4);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 5 locked column: "signalled fences are returned" */
TEST(locked_walk_gives_signaled_fences_too)
{
	struct dma_resv_iter cursor;

	begin();
	dma_fence_signal(f[1]);
	dma_fence_signal(f[3]);
	dma_resv_lock(&obj, NULL);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first(&cursor), f[1]);
	ck_assert_ptr_eq(dma_resv_iter_next(&cursor), f[2]);
	ck_assert_ptr_eq(dma_resv_iter_next(&cursor), f[3]);
	ck_assert_ptr_null(dma_resv_iter_next(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 5 locked column: it looks at nothing: the signaled op is not asked */
TEST(locked_walk_does_not_ask_the_fences)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int num = 0, asked;

	begin();
	mock_of(f[0])->done = true;
	asked = mock_of(f[0])->asked;
	dma_resv_lock(&obj, NULL);
	dma_resv_for_each_fence(&cursor, &obj, BOOKKEEP, fence)
		num++;
	dma_resv_unlock(&obj);
	ck_assert_uint_eq(num, 4);
	ck_assert_uint_eq(mock_of(f[0])->asked, asked);
	end();
}

/* spec: resv.md 5 locked column: reference "none", end "harmless for locked" */
TEST(locked_walk_takes_no_references_and_its_end_drops_none)
{
	struct dma_resv_iter cursor;

	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	ck_assert_ptr_eq(dma_resv_iter_first(&cursor), f[0]);
	ck_assert_uint_eq(fence_refs(f[0]), 2);
	ck_assert_ptr_eq(dma_resv_iter_next(&cursor), f[1]);
	ck_assert_uint_eq(fence_refs(f[1]), 2);
	dma_resv_iter_end(&cursor); /* early */
	ck_assert_uint_eq(fence_refs(f[1]), 2);
	dma_resv_iter_end(&cursor);
	ck_assert_uint_eq(fence_refs(f[0]), 2);
	ck_assert_uint_eq(fence_refs(f[1]), 2);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 5 locked column: is_restarted "true at the first fence, false after" */
TEST(locked_walk_is_restarted_at_its_first_fence_only)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int i = 0;

	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_for_each_fence(&cursor, &obj, BOOKKEEP, fence)
		ck_assert_int_eq(dma_resv_iter_is_restarted(&cursor), i++ == 0);
	ck_assert_int_eq(i, 4);
	/* also if it is not the first of the list */
	dma_resv_iter_begin(&cursor, &obj, WRITE);
	ck_assert_ptr_eq(dma_resv_iter_first(&cursor), f[2]);
	ck_assert(dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_eq(dma_resv_iter_next(&cursor), f[3]);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 5 locked column: end "NULL", of an empty object and of one without a list */
TEST(locked_walk_of_nothing_gives_null)
{
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	ck_assert_ptr_null(dma_resv_iter_first(&cursor));
	ck_assert_ptr_null(dma_resv_iter_next(&cursor));
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	ck_assert_ptr_null(dma_resv_iter_first(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
}

/* spec: resv.md 5 locked column: lock "R for the whole walk" */
TEST(locked_walk_without_the_lock_warns)
{
	struct dma_resv_iter cursor;

	begin();
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	expect_no_warning();
	dma_resv_iter_first(&cursor);
	expect_warning("not held");
	dma_resv_iter_next(&cursor);
	expect_warning("not held");
	dma_resv_iter_end(&cursor);
	end();
}

/* spec: resv.md 5 "begin just fills the cursor": no reference, nothing asked, no lock needed */
TEST(begin_only_fills_the_cursor)
{
	struct dma_resv_iter cursor;

	begin();
	memset(&cursor, 0xa5, sizeof(cursor));
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(cursor.obj, &obj);
	ck_assert_int_eq(cursor.usage, READ);
	ck_assert_ptr_null(cursor.fence);
	ck_assert_uint_eq(fence_refs(f[0]), 2);
	dma_resv_iter_end(&cursor);
	end();
}

/* spec: resv.md 5 unlocked column: lock "none needed (may be held)" */
TEST(walk_without_the_lock_may_be_made_under_it)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int i = 0;

	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		ck_assert_ptr_eq(fence, f[i++]);
	dma_resv_iter_end(&cursor);
	ck_assert_int_eq(i, 4);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 5 "num_fences at a (re)start is the upper bound" */
TEST(num_fences_bounds_the_pass)
{
	struct dma_resv_iter cursor;
	unsigned int num = 0;
	struct dma_fence *fence;

	begin();
	dma_resv_iter_begin(&cursor, &obj, KERNEL);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		ck_assert_uint_ge(cursor.num_fences, 1);
		num++;
	}
	dma_resv_iter_end(&cursor);
	ck_assert_uint_eq(num, 1);
	end();
}

/* spec: resv.md 5 restart condition (b): a fence that could not be referenced any more */
TEST(walk_starts_over_at_a_fence_that_is_dying)
{
	struct dma_resv_iter cursor;

	begin();
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f[0]);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), f[1]);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	__atomic_store_n(&f[2]->refcount.count, 0, __ATOMIC_RELEASE);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), f[0]);
	ck_assert(dma_resv_iter_is_restarted(&cursor));
	ck_assert_uint_eq(fence_refs(f[1]), 2);
	__atomic_store_n(&f[2]->refcount.count, 2, __ATOMIC_RELEASE);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), f[1]);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), f[2]);
	dma_resv_iter_end(&cursor);
	end();
}

/* spec: resv.md 5 "a restart while no fence remains gives NULL with nothing reported" */
TEST(restart_without_a_fence_left_gives_null)
{
	struct dma_resv_iter cursor;
	int i;

	begin();
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f[0]);
	for (i = 0; i < 4; i++)
		dma_fence_signal(f[i]);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 100), 0);
	dma_resv_unlock(&obj);
	ck_assert_ptr_null(dma_resv_iter_next_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	end();
}

/* spec: resv.md 5 "held by the cursor": the fence of the cursor survives its replacement */
TEST(fence_of_the_cursor_lives_while_it_is_replaced)
{
	struct dma_fence *f5 = mock_fence_at(8, 5), *f6 = mock_fence_at(8, 6);
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, f5, READ);
	dma_fence_signal(f5);
	dma_fence_put(f5); /* the list holds it alone */
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_null(dma_resv_iter_first_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	f5 = mock_fence_at(9, 5);
	resv_add(&obj, f5, READ);
	dma_fence_put(f5);
	ck_assert_uint_eq(mock_released, 1);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f5);
	dma_resv_lock(&obj, NULL);
	dma_resv_replace_fences(&obj, 9, f6, READ);
	dma_resv_unlock(&obj);
	ck_assert_uint_eq(mock_released, 1);
	ck_assert_uint_eq(fence_refs(f5), 1);
	dma_resv_iter_end(&cursor);
	ck_assert_uint_eq(mock_released, 2);
	dma_resv_fini(&obj);
	mock_signal_and_put(f6);
}
