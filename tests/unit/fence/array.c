/* SPDX-License-Identifier: MIT */
/* Arrays: when they signal, on which thread and under which locks, and what becomes of errors. */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>

#include "mock-fence.h"
#include "test.h"

enum { MEMBERS = 3 };

/* An array over fresh mocks, which stay in @members without a reference of their own. */
static struct dma_fence *make_array(struct dma_fence **members, bool any)
{
	struct dma_fence **list = malloc(MEMBERS * sizeof(*list));
	struct dma_fence_array *array;

	for (int i = 0; i < MEMBERS; i++)
		members[i] = list[i] = mock_fence();
	array = dma_fence_array_create(MEMBERS, list, dma_fence_context_alloc(1), 1, any);
	expect_ptr(array);
	return &array->base;
}

/* spec: fence.md 4 */
TEST(array_signals_with_its_last_member)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, false);

	dma_fence_enable_sw_signaling(f);
	for (int i = 0; i < MEMBERS; i++) {
		ck_assert(!dma_fence_is_signaled(f));
		dma_fence_signal(member[i]);
	}
	ck_assert(dma_fence_test_signaled_flag(f));
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	ck_assert_int_eq(f->error, 0);	/* the marker for "no error yet" is gone */
	dma_fence_put(f);
	ck_assert_uint_eq(mock_released, MEMBERS);
}

/* spec: fence.md 4 signal_on_any */
TEST(array_of_any_signals_with_the_first)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, true);

	dma_fence_enable_sw_signaling(f);
	dma_fence_signal(member[1]);
	ck_assert(dma_fence_test_signaled_flag(f));
	dma_fence_signal(member[0]);
	dma_fence_signal(member[2]);
	ck_assert_int_eq(to_dma_fence_array(f)->num_pending, -2);
	dma_fence_put(f);
	ck_assert_uint_eq(mock_released, MEMBERS);
}

/* spec: fence.md 4 "before signalling was enabled" */
TEST_EACH(array_that_nobody_listens_to_polls_and_takes_no_error, 0, 2)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, _i);

	ck_assert(!dma_fence_is_signaled(f));
	for (int i = 0; i < MEMBERS; i++) {
		dma_fence_set_error(member[i], -EIO);
		dma_fence_signal(member[i]);
		ck_assert_int_eq(dma_fence_is_signaled(f), _i || i == MEMBERS - 1);
	}
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	ck_assert_uint_eq(mock_of(member[0])->enables, 0);
	dma_fence_put(f);
}

/* spec: fence.md 4 error */
TEST_EACH(first_error_of_a_member_wins, 0, 2)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, false);

	if (_i == 0) { /* seen by enable_signaling */
		dma_fence_set_error(member[2], -EIO);
		dma_fence_signal(member[2]);
	}
	dma_fence_enable_sw_signaling(f);
	dma_fence_set_error(member[0], -ENODEV);
	dma_fence_signal(member[0]);
	dma_fence_set_error(member[1], -EPERM);
	dma_fence_signal(member[1]);
	if (_i == 1)
		dma_fence_signal(member[2]);
	ck_assert_int_eq(dma_fence_get_status(f), _i == 0 ? -EIO : -ENODEV);
	dma_fence_put(f);
}

/* spec: fence.md 4 enable_signaling returns false */
TEST(array_of_signaled_members_is_signaled_by_enabling)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, false);
	struct mock_cb cb;

	for (int i = 0; i < MEMBERS; i++)
		dma_fence_signal(member[i]);
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	ck_assert(dma_fence_test_signaled_flag(f));
	dma_fence_put(f);
}

struct lock_check {
	struct dma_fence_cb cb;
	struct dma_fence *member;
	bool was_locked, ran;
};

static void check_lock(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct lock_check *check = (struct lock_check *)cb;

	(void)fence;
	check->ran = true;
	check->was_locked = check->member->lock->word != 0;
}

/* spec: fence.md 4 "from deferred context"; design.md D3 */
TEST(array_never_signals_under_a_members_lock)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, false);
	struct lock_check check = { .member = member[0] };

	dma_fence_add_callback(f, &check.cb, check_lock);
	dma_fence_signal(member[1]);
	dma_fence_signal(member[2]);
	dmabuf_spinlock_lock(member[0]->lock);
	dma_fence_signal_locked(member[0]);
	ck_assert(!dma_fence_test_signaled_flag(f));
	ck_assert(!check.ran);
	dmabuf_spinlock_unlock(member[0]->lock);
	ck_assert(check.ran);
	ck_assert(!check.was_locked);
	dma_fence_put(f);
}

/* spec: fence.md 4 dma_fence_array_for_each */
TEST(for_each_shows_members_or_the_fence_itself)
{
	struct dma_fence *member[MEMBERS], *f = make_array(member, false), *at;
	unsigned int i;

	dma_fence_array_for_each(at, i, f)
		ck_assert_ptr_eq(at, member[i]);
	ck_assert_uint_eq(i, MEMBERS);
	dma_fence_array_for_each(at, i, member[0])
		ck_assert_ptr_eq(at, member[0]);
	ck_assert_uint_eq(i, 1);
	ck_assert_ptr_null(dma_fence_array_first(NULL));
	ck_assert_ptr_null(to_dma_fence_array(NULL));
	ck_assert_ptr_null(to_dma_fence_array(member[0]));
	dma_fence_put(f);
}

/* spec: fence.md 4 "Warns for each member that is itself a container" */
TEST(container_in_an_array_warns)
{
	struct dma_fence *member[MEMBERS], **list = malloc(sizeof(*list));
	struct dma_fence_array *outer;

	list[0] = make_array(member, false);
	outer = dma_fence_array_create(1, list, dma_fence_context_alloc(1), 1, false);
	expect_warning("container");
	dma_fence_put(&outer->base);
}

/* spec: fence.md 3.5 dma_fence_match_context */
TEST(array_matches_a_context_if_all_members_do)
{
	uint64_t ctx = dma_fence_context_alloc(1);
	struct dma_fence **list = malloc(2 * sizeof(*list));
	struct dma_fence_array *array;

	list[0] = mock_fence_at(ctx, 1);
	list[1] = mock_fence_at(ctx, 2);
	array = dma_fence_array_create(2, list, dma_fence_context_alloc(1), 1, false);
	ck_assert(dma_fence_match_context(&array->base, ctx));
	ck_assert(!dma_fence_match_context(&array->base, array->base.context));
	ck_assert(dma_fence_match_context(list[0], ctx));
	dma_fence_put(&array->base);
}
