/* SPDX-License-Identifier: MIT */
/* Code as it was written for Linux 4.9, with its names, on this library. */
#include "mock-fence.h"
#include "test.h"

/* Last, as its comment says. */
#include <dmabuf/historic/names.h>

static struct reservation_object obj;

static struct fence *new_fence(void)
{
	struct fence *fence = mock_fence_at(fence_context_alloc(1), 1);

	fence_enable_sw_signaling(fence);
	return fence;
}

static void begin(void)
{
	reservation_object_init(&obj);
	ck_assert_int_eq(reservation_object_lock(&obj, NULL), 0);
	reservation_object_assert_held(&obj);
}

static void end(struct fence *a, struct fence *b)
{
	reservation_object_unlock(&obj);
	reservation_object_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 11 renamed functions, historic flag names */
TEST(fence_signals_and_waits_by_its_old_names)
{
	struct fence *fence = new_fence();

	ck_assert_int_eq(fence_wait_timeout(fence, false, 0), 0);
	ck_assert(!fence_is_signaled(fence));
	ck_assert_int_eq(fence_signal(fence), 0);
	ck_assert_int_eq(fence_signal(fence), -EINVAL);
	ck_assert_int_eq(fence_wait(fence, true), 0);
	ck_assert(fence->flags & (1UL << FENCE_FLAG_SIGNALED_BIT));
	fence_put(fence);
}

/* spec: fence.md 3.7 "before 4.10 no idx argument" */
TEST(wait_any_takes_four_arguments)
{
	struct fence *two[] = { new_fence(), new_fence() };

	ck_assert_int_eq(fence_wait_any_timeout(two, 2, false, 1000), 0);
	fence_signal(two[1]);
	ck_assert_int_gt(fence_wait_any_timeout(two, 2, false, 1000), 0);
	mock_signal_and_put(two[0]);
	fence_put(two[1]);
}

/* spec: fence.md 11 "equal seqnos counted as later; the later signed form does not" */
TEST(equal_seqnos_count_as_later)
{
	uint64_t context = fence_context_alloc(1);
	struct fence *a = mock_fence_at(context, 7), *b = mock_fence_at(context, 7), *c = mock_fence_at(context, 8);

	ck_assert(fence_is_later(a, b));
	ck_assert(!dma_fence_is_later(a, b));
	ck_assert(fence_is_later(c, a));
	ck_assert(!fence_is_later(a, c));
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
}

/* spec: resv.md 8 add_shared_fence, wait_timeout_rcu and test_signaled_rcu: exclusive only, or all */
TEST(shared_fences_count_only_for_all)
{
	struct fence *shared = new_fence(), *excl = new_fence();

	begin();
	ck_assert_int_eq(reservation_object_reserve_shared(&obj), 0);
	reservation_object_add_shared_fence(&obj, shared);
	ck_assert(reservation_object_test_signaled_rcu(&obj, false));
	ck_assert(!reservation_object_test_signaled_rcu(&obj, true));
	ck_assert_int_eq(reservation_object_wait_timeout_rcu(&obj, true, false, 0), 0);
	ck_assert_int_eq(reservation_object_wait_timeout_rcu(&obj, false, false, 0), 1);
	end(shared, excl);
}

/* spec: resv.md 8 add_excl_fence: "drops the old exclusive and all shared fences" */
TEST(exclusive_fence_drops_all_others)
{
	struct fence *shared = new_fence(), *excl = new_fence(), *first = new_fence();

	begin();
	reservation_object_add_excl_fence(&obj, first);
	ck_assert_ptr_eq(reservation_object_get_excl(&obj), first);
	ck_assert_int_eq(reservation_object_reserve_shared(&obj), 0);
	reservation_object_add_shared_fence(&obj, shared);
	reservation_object_add_excl_fence(&obj, excl);
	ck_assert_ptr_eq(reservation_object_get_excl(&obj), excl);
	ck_assert_uint_eq(fence_refs(shared), 1);
	ck_assert_uint_eq(fence_refs(first), 1);
	fence_signal(excl);
	ck_assert(reservation_object_test_signaled_rcu(&obj, true));
	mock_signal_and_put(first);
	reservation_object_unlock(&obj);
	reservation_object_fini(&obj);
	mock_signal_and_put(shared);
	fence_put(excl);
}

/* spec: resv.md 8 add_excl_fence "NULL allowed = clear" */
TEST(exclusive_null_clears)
{
	struct fence *shared = new_fence(), *excl = new_fence();

	begin();
	reservation_object_add_excl_fence(&obj, excl);
	reservation_object_add_excl_fence(&obj, NULL);
	ck_assert_ptr_eq(reservation_object_get_excl(&obj), NULL);
	ck_assert(reservation_object_test_signaled_rcu(&obj, true));
	ck_assert_uint_eq(fence_refs(excl), 1);
	end(shared, excl);
}

/* spec: resv.md 8 get_excl_rcu "+ ref", get_fences_rcu: exclusive apart, or with the shared ones if pexcl is NULL */
TEST(get_fences_gives_the_exclusive_apart)
{
	struct fence *shared = new_fence(), *excl = new_fence(), *got, **array;
	unsigned int count;

	begin();
	reservation_object_add_excl_fence(&obj, excl);
	ck_assert_int_eq(reservation_object_reserve_shared(&obj), 0);
	reservation_object_add_shared_fence(&obj, shared);
	got = reservation_object_get_excl_rcu(&obj);
	ck_assert_ptr_eq(got, excl);
	ck_assert_uint_eq(fence_refs(excl), 3);
	fence_put(got);
	ck_assert_int_eq(reservation_object_get_fences_rcu(&obj, &got, &count, &array), 0);
	ck_assert_ptr_eq(got, excl);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(array[0], shared);
	fence_put(got);
	fence_put(array[0]);
	free(array);
	ck_assert_int_eq(reservation_object_get_fences_rcu(&obj, NULL, &count, &array), 0);
	ck_assert_uint_eq(count, 2);
	fence_put(array[0]);
	fence_put(array[1]);
	free(array);
	end(shared, excl);
}
