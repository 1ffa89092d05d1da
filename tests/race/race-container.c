/* SPDX-License-Identifier: MIT */
/* Arrays and chains whose fences are signalled by several threads while others listen, wait, walk, merge and let go. */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>
#include <dmabuf/dma-fence-unwrap.h>

#include "race.h"

#define SLOTS	  2
#define MEMBERS	  5
#define CHAIN_MAX 40

static struct race_slot slots[SLOTS];
static struct race_count made;

static struct dma_fence *some(struct racer *me)
{
	return race_slot_take(&slots[dice_below(&me->dice, SLOTS)]);
}

static struct dma_fence *fresh_plain(struct racer *me)
{
	struct dma_fence *f = mock_fence();

	if (dice_below(&me->dice, 8) == 0)
		dma_fence_set_error(f, -EIO);
	race_add(&made, 1);
	return f;
}

static struct dma_fence *fresh_array(struct racer *me)
{
	unsigned int num = 1 + dice_below(&me->dice, MEMBERS), i;
	struct dma_fence **members = malloc(num * sizeof(struct dma_fence *));
	struct dma_fence_array *array;

	ck_assert_ptr_nonnull(members);
	for (i = 0; i < num; i++)
		members[i] = fresh_plain(me);
	array = dma_fence_array_create((int)num, members, dma_fence_context_alloc(1), 1,
				       dice_below(&me->dice, 2));
	ck_assert_ptr_nonnull(array);
	return &array->base;
}

/* All plain fences in there; true if one of them, or all of them, had been signalled. */
static bool members_done(struct dma_fence *f, bool all)
{
	struct dma_fence *member;
	unsigned int i;

	dma_fence_array_for_each(member, i, f) {
		if (dma_fence_is_signaled(member) != all)
			return !all;
	}
	return all;
}

/* What must be true of a signalled array whose first pending count was one for any. */
static void expect_done(struct dma_fence *f, bool on_any)
{
	int status = dma_fence_get_status(f);

	ck_assert(members_done(f, !on_any));
	ck_assert_msg(status == 1 || status == -EIO, "status %d", status);
}

static void signal_members(struct dma_fence *f)
{
	struct dma_fence *member;
	unsigned int i;

	dma_fence_array_for_each(member, i, f)
		dma_fence_signal(member);
}

struct array_cb {
	struct mock_cb cb;
	struct dma_fence *array;
};

/* Looks at the members, for which it takes their locks: nobody up the stack may hold one. */
static void array_is_done(struct dma_fence *f, struct dma_fence_cb *base)
{
	struct dma_fence *member;
	unsigned int i;

	dma_fence_array_for_each(member, i, f)
		dma_fence_get_status(member);
	mock_cb_func(f, base);
}

static void make_and_signal_array(struct racer *me)
{
	struct race_slot *slot = &slots[dice_below(&me->dice, SLOTS)];
	struct dma_fence *old = race_slot_replace(slot, fresh_array(me));

	race_dawdle(me, 300);
	if (!old)
		return;
	signal_members(old);
	ck_assert_int_eq(dma_fence_wait(old, false), 0);
	dma_fence_put(old);
}

static void signal_some_members(struct racer *me)
{
	struct dma_fence *f = some(me);

	if (f && dice_below(&me->dice, 2))
		signal_members(f);
	else if (f)
		dma_fence_signal(dma_fence_array_first(f));
	dma_fence_put(f);
}

static void listen_to_array(struct racer *me)
{
	struct dma_fence *f = some(me);
	struct array_cb cb;
	int ret;

	if (!f)
		return;
	memset(&cb, 0, sizeof(cb));
	ret = dma_fence_add_callback(f, &cb.cb.base, array_is_done);
	race_dawdle(me, 500);
	if (dice_below(&me->dice, 3) == 0)
		ck_assert_int_ge(dma_fence_wait_timeout(f, false, 20000), 0);
	if (dma_fence_remove_callback(f, &cb.cb.base)) {
		ck_assert_int_eq(ret, 0);
		ck_assert_uint_eq(mock_cb_ran(&cb.cb), 0);
	} else {
		ck_assert_uint_eq(mock_cb_ran(&cb.cb), ret == 0);
		ck_assert(dma_fence_is_signaled(f));
		expect_done(f, members_done(f, false));
	}
	dma_fence_put(f);
}

static void wait_and_put_array(struct racer *me)
{
	struct dma_fence *f = some(me);

	if (!f)
		return;
	if (dice_below(&me->dice, 2))
		race_callback_life(me, f);
	else if (dma_fence_wait_timeout(f, false, dice_below(&me->dice, 2) * 30000l) > 0)
		ck_assert(members_done(f, false));
	dma_fence_put(f);
}

/* spec: fence.md 4: all and any, error, "not inline, because the member's lock is held"; 6 merge under way */
TEST(arrays_end_once_with_their_members)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		race_slot_init(&slots[i]);
	race_all(make_and_signal_array, signal_some_members, listen_to_array, wait_and_put_array);
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].fence)
			signal_members(slots[i].fence);
		dma_fence_put(slots[i].fence);
	}
	ck_assert_uint_eq(mock_released, race_sum(&made));
}

static void merge_some(struct racer *me)
{
	struct dma_fence *a = some(me), *b = some(me), *merged, *f;
	struct dma_fence_unwrap cursor;

	merged = dma_fence_unwrap_merge(a, NULL, b);
	ck_assert_ptr_nonnull(merged);
	if (dice_below(&me->dice, 2))
		race_callback_life(me, merged);
	if (dma_fence_is_signaled(merged)) {
		dma_fence_unwrap_for_each(f, &cursor, merged)
			ck_assert(dma_fence_is_signaled(f));
	}
	dma_fence_put(a);
	dma_fence_put(b);
	dma_fence_put(merged);
}

/* spec: fence.md 6: a merge of what is being signalled */
TEST(merges_of_what_is_being_signalled_are_whole)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		race_slot_init(&slots[i]);
	race_all(make_and_signal_array, signal_some_members, merge_some, merge_some);
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].fence)
			signal_members(slots[i].fence);
		dma_fence_put(slots[i].fence);
	}
	ck_assert_uint_eq(mock_released, race_sum(&made));
}

/* --- chains --- */

static unsigned int length; /* of the chain that is being made; of the maker alone */

static void signal_chain(struct dma_fence *head)
{
	struct dma_fence *node;

	dma_fence_chain_for_each(node, head)
		signal_members(dma_fence_chain_contained(node));
}

/* One node more, or a new chain; what is left over is ended. */
static void lengthen(struct racer *me)
{
	struct dma_fence_chain *node = dma_fence_chain_alloc();
	struct dma_fence *prev = NULL, *old;
	bool goes_on = length < CHAIN_MAX && dice_below(&me->dice, CHAIN_MAX);

	ck_assert_ptr_nonnull(node);
	if (goes_on)
		prev = race_slot_take(&slots[0]);
	length = prev ? length + 1 : 1;
	dma_fence_chain_init(node, prev,
			     dice_below(&me->dice, 3) ? fresh_plain(me) : fresh_array(me),
			     prev ? prev->seqno + 1 + dice_below(&me->dice, 3) : 1);
	old = race_slot_replace(&slots[0], &node->base);
	if (!goes_on && old) {
		signal_chain(old);
		/* Somebody else's signal may still be on its way to us. */
		ck_assert_int_gt(dma_fence_wait_timeout(old, false, 5000 * MS), 0);
		ck_assert_ptr_null(dma_fence_chain_walk(dma_fence_get(old)));
	}
	dma_fence_put(old);
	race_dawdle(me, 500);
}

/* From the newest to somewhere in the middle. */
static void signal_part(struct racer *me)
{
	struct dma_fence *node, *head = race_slot_take(&slots[0]);

	dma_fence_chain_for_each(node, head) {
		if (dice_below(&me->dice, 2))
			signal_members(dma_fence_chain_contained(node));
		if (dice_below(&me->dice, 10) == 0) {
			dma_fence_put(node);
			break;
		}
	}
	dma_fence_put(head);
}

static void find_some(struct racer *me)
{
	struct dma_fence *head = race_slot_take(&slots[0]), *found;
	uint64_t context, wanted;

	if (!head)
		return;
	context = head->context;
	wanted = 1 + dice_below(&me->dice, (unsigned int)head->seqno);
	found = dma_fence_get(head);
	ck_assert_int_eq(dma_fence_chain_find_seqno(&found, wanted), 0);
	if (found && found->context == context)
		ck_assert_uint_lt(to_dma_fence_chain(found)->prev_seqno, wanted);
	if (found && dice_below(&me->dice, 2))
		race_callback_life(me, found);
	if (found && dma_fence_is_signaled(found)) {
		/* Then the point is over: so says whoever asks anew. */
		dma_fence_put(found);
		found = dma_fence_get(head);
		ck_assert_int_eq(dma_fence_chain_find_seqno(&found, wanted), 0);
		ck_assert(!found || dma_fence_is_signaled(found));
	}
	dma_fence_put(found);
	dma_fence_put(head);
}

static void wait_for_chain(struct racer *me)
{
	struct dma_fence *head = race_slot_take(&slots[0]);

	if (!head)
		return;
	race_callback_life(me, head);
	if (dma_fence_test_signaled_flag(head)) {
		ck_assert(members_done(dma_fence_chain_contained(head), false));
		ck_assert_ptr_null(dma_fence_chain_walk(dma_fence_get(head)));
	}
	dma_fence_put(head);
}

/* spec: fence.md 5: signalled with all earlier nodes; walks collect; find_seqno; release of what others walk over */
TEST(chains_grow_and_end_under_their_readers)
{

	race_slot_init(&slots[0]);
	race_all(lengthen, signal_part, find_some, wait_for_chain);
	if (slots[0].fence)
		signal_chain(slots[0].fence);
	dma_fence_put(slots[0].fence);
	ck_assert_uint_eq(mock_released, race_sum(&made));
}
