/* SPDX-License-Identifier: MIT */
/* Unwrapping and merging: which fences come out, in which order, and who holds them. */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>
#include <dmabuf/dma-fence-unwrap.h>

#include "mock-fence.h"
#include "test.h"

static struct dma_fence *array_of(int num, struct dma_fence **fences)
{
	struct dma_fence **list = malloc(num * sizeof(*list));
	struct dma_fence_array *array;

	for (int i = 0; i < num; i++)
		list[i] = dma_fence_get(fences[i]);
	array = dma_fence_array_create(num, list, dma_fence_context_alloc(1), 1, false);
	expect_ptr(array);
	return &array->base;
}

/* Takes both references. */
static struct dma_fence *chain_of(struct dma_fence *prev, struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	dma_fence_chain_init(chain, prev, fence, seqno);
	return &chain->base;
}

static void expect_inside(struct dma_fence *head, int num, struct dma_fence **fences)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *f;
	int i = 0;

	expect_ptr(head);
	dma_fence_unwrap_for_each(f, &cursor, head) {
		ck_assert_int_lt(i, num);
		ck_assert_ptr_eq(f, fences[i]);
		i++;
	}
	ck_assert_int_eq(i, num);
	ck_assert_ptr_null(cursor.chain);
}

/* spec: fence.md 6 cursor */
TEST(unwrap_shows_chains_newest_first_and_arrays_in_order)
{
	struct dma_fence *f[4], *head;

	for (int i = 0; i < 4; i++)
		f[i] = mock_fence();
	expect_inside(f[0], 1, f);
	head = chain_of(dma_fence_get(f[3]), dma_fence_get(f[2]), 1);
	head = chain_of(head, array_of(2, f), 2);
	expect_inside(head, 4, f);
	dma_fence_put(head);
	ck_assert_ptr_null(dma_fence_unwrap_first(NULL, &(struct dma_fence_unwrap) { 0 }));
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(fence_refs(f[i]), 1);
		dma_fence_put(f[i]);
	}
}

/* spec: fence.md 6 merge 4; selftests.md 3 */
TEST(merge_of_one_is_that_one)
{
	struct dma_fence *f = mock_fence(), *m = dma_fence_unwrap_merge(f, NULL, f);

	ck_assert_ptr_eq(m, f);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_fence_put(m);
	dma_fence_put(f);
}

/* spec: fence.md 6 merge 2 */
TEST(merge_of_nothing_is_signaled_at_the_latest_time)
{
	struct dma_fence *f[2] = { mock_fence(), mock_fence() }, *m;

	dma_fence_signal_timestamp(f[0], 2000);
	dma_fence_signal_timestamp(f[1], 1000);
	m = dma_fence_unwrap_merge(f[0], f[1]);
	ck_assert(dma_fence_test_signaled_flag(m));
	ck_assert_int_eq(dma_fence_timestamp(m), 2000);
	dma_fence_put(m);
	m = dma_fence_unwrap_merge(NULL);
	ck_assert_int_eq(dma_fence_timestamp(m), 0);
	dma_fence_put(m);
	dma_fence_put(f[0]);
	dma_fence_put(f[1]);
}

/* spec: selftests.md 3 unwrap_merge_seqno, unwrap_merge_complex_seqno */
TEST(merge_keeps_the_newest_of_each_context_in_order)
{
	uint64_t ctx = dma_fence_context_alloc(2);
	struct dma_fence *a1 = mock_fence_at(ctx, 1), *a2 = mock_fence_at(ctx, 2);
	struct dma_fence *b1 = mock_fence_at(ctx + 1, 1), *b2 = mock_fence_at(ctx + 1, 2);
	struct dma_fence *x = array_of(2, (struct dma_fence *[]) { a2, b1 });
	struct dma_fence *y = array_of(2, (struct dma_fence *[]) { a1, b2 });
	struct dma_fence *m = dma_fence_unwrap_merge(b1, b2, a1), *n = dma_fence_unwrap_merge(x, y);

	expect_inside(m, 2, (struct dma_fence *[]) { a1, b2 });
	expect_inside(n, 2, (struct dma_fence *[]) { a2, b2 });
	ck_assert_uint_eq(m->seqno, 1);
	ck_assert(dma_fence_is_array(m));
	dma_fence_put(n);
	dma_fence_put(m);
	dma_fence_put(x);
	dma_fence_put(y);
	ck_assert_uint_eq(fence_refs(a1), 1);
	dma_fence_put(a1);
	dma_fence_put(a2);
	dma_fence_put(b1);
	dma_fence_put(b2);
}

/* spec: fence.md 6 dma_fence_dedup_array */
TEST(dedup_drops_and_puts_the_older)
{
	uint64_t ctx = dma_fence_context_alloc(2);
	struct dma_fence *f[3] = { mock_fence_at(ctx + 1, 1), mock_fence_at(ctx, 1), mock_fence_at(ctx + 1, 2) };
	struct dma_fence *older = f[0], *first = f[1], *newer = f[2];

	ck_assert_int_eq(dma_fence_dedup_array(NULL, 0), 0);
	dma_fence_get(older);
	ck_assert_int_eq(dma_fence_dedup_array(f, 3), 2);
	ck_assert_ptr_eq(f[0], first);
	ck_assert_ptr_eq(f[1], newer);
	ck_assert_uint_eq(fence_refs(older), 1);
	dma_fence_put(older);
	dma_fence_put(first);
	dma_fence_put(newer);
}

enum { TIMELINES = 120, ROUNDS = 400 };

/* A model of what is merged: the newest seqno per timeline. Contents, order and references agree with it. */
TEST_EACH(random_merges_agree_with_a_simple_model, 0, 6)
{
	uint64_t ctx = dma_fence_context_alloc(TIMELINES);
	unsigned int newest[TIMELINES] = { 0 }, num = 0;
	struct dma_fence *held[TIMELINES] = { NULL }, *acc = NULL, *last[4] = { NULL };
	struct dice dice;

	dice_init(&dice, _i);
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		unsigned int t = _i & 1 ? dice_below(&dice, TIMELINES) : round % TIMELINES;
		struct dma_fence *f = mock_fence_with(&mock_plain_ops, ctx + t, round), *m;
		struct dma_fence *expect[TIMELINES];

		/* Now and then one of the old ones is done, and the merge begins anew from a chain. */
		if (_i & 2 && dice_below(&dice, 10) == 0 && held[(t + 1) % TIMELINES])
			dma_fence_signal(held[(t + 1) % TIMELINES]);
		if (_i & 4 && dice_below(&dice, 10) == 0 && acc)
			m = chain_of(NULL, acc, 1);
		else
			m = dma_fence_get(acc), dma_fence_put(acc);
		acc = dma_fence_unwrap_merge(dice_below(&dice, 2) ? m : f, m, f);
		expect_ptr(acc);
		dma_fence_put(last[round % 4]); /* Older results live on for a while and share what they hold. */
		last[round % 4] = m;
		dma_fence_put(held[t]);
		held[t] = f;
		newest[t] = round;
		num = 0;
		for (unsigned int i = 0; i < TIMELINES; i++) {
			if (!newest[i] || dma_fence_is_signaled(held[i]))
				continue;
			expect[num++] = held[i];
			ck_assert_uint_ge(fence_refs(held[i]), 2);	/* ours and one for the result */
		}
		expect_inside(acc, num, expect);
	}
	dma_fence_put(acc);
	for (int i = 0; i < 4; i++)
		dma_fence_put(last[i]);
	for (unsigned int i = 0; i < TIMELINES; i++) {
		if (held[i])
			ck_assert_uint_eq(fence_refs(held[i]), 1);
		dma_fence_put(held[i]);
	}
	ck_assert_uint_eq(mock_released, ROUNDS);
}

/* An array made by merging that outlives the one it was made from still holds everything. */
TEST(large_merge_outlives_its_inputs)
{
	enum { NUM = 200 };
	struct dma_fence *f[NUM], *acc = NULL;

	for (int i = 0; i < NUM; i++) {
		struct dma_fence *m;

		f[i] = mock_fence();
		m = dma_fence_unwrap_merge(acc, f[i]);
		dma_fence_put(acc);
		dma_fence_put(f[i]);
		acc = m;
	}
	ck_assert_uint_eq(mock_released, 0);
	expect_inside(acc, NUM, f);
	dma_fence_enable_sw_signaling(acc);
	for (int i = 0; i < NUM; i++)
		dma_fence_signal(f[i]);
	ck_assert(dma_fence_test_signaled_flag(acc));
	dma_fence_put(acc);
	ck_assert_uint_eq(mock_released, NUM);
}
