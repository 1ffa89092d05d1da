// SPDX-License-Identifier: MIT
/*
 * Rows about fences made of fences: arrays, merges and chains. Called by
 * bench-run.c.
 *
 * Invariant: the members are pending, each of a context of its own, and in
 * static memory: none is ever put to zero.
 */
#include <stdlib.h>

#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>
#include <dmabuf/dma-fence-unwrap.h>

#include "bench-fence.h"

#define MEMBERS 1024
#define FEW	64

static struct dmabuf_spinlock lock;
static struct dma_fence members[MEMBERS];
static uint64_t context; /* of the arrays */
static struct dma_fence *array; /* of FEW members */
static struct dma_fence *head; /* of a chain over all members: seqnos 1 to MEMBERS */

static void init_members(void)
{
	uint64_t first = dma_fence_context_alloc(MEMBERS);
	unsigned int i;

	for (i = 0; i < MEMBERS; i++)
		dma_fence_init(&members[i], &bench_fence_ops, &lock, first + i, 1);
}

static void prepare_members(const struct bench *bench)
{
	(void)bench;
	context = dma_fence_context_alloc(1);
	init_members();
}

static struct dma_fence *make_array(unsigned int num)
{
	struct dma_fence **list = bench_must_ptr(malloc(num * sizeof(*list)), "no list");
	struct dma_fence_array *made;
	unsigned int i;

	for (i = 0; i < num; i++)
		list[i] = dma_fence_get(&members[i]);
	made = bench_must_ptr(dma_fence_array_create(num, list, context, 1, false), "no array");
	return &made->base;
}

static int64_t measure_array_2(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, dma_fence_put(make_array(2)));
}

static int64_t measure_array_64(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, dma_fence_put(make_array(FEW)));
}

static void on_signal(struct dma_fence *any, struct dma_fence_cb *cb)
{
	(void)any;
	(void)cb;
}

static int64_t signal_members(void)
{
	struct dma_fence *whole = make_array(FEW);
	struct dma_fence_cb cb;
	int64_t spent;

	bench_must(dma_fence_add_callback(whole, &cb, on_signal), "no callback");
	spent = BENCH_TIME(i, FEW, dma_fence_signal(&members[i]));
	dma_fence_put(whole);
	return spent;
}

static int64_t measure_array_signal(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;

	while (count--) {
		prepare_members(bench);
		spent += signal_members();
	}
	return spent;
}

static void merge_and_put(struct dma_fence *a, struct dma_fence *b)
{
	dma_fence_put(bench_must_ptr(dma_fence_unwrap_merge(a, b), "cannot merge"));
}

static int64_t measure_merge_2(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, merge_and_put(&members[0], &members[1]));
}

static int64_t measure_merge_same(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, merge_and_put(&members[0], &members[0]));
}

static void prepare_array(const struct bench *bench)
{
	prepare_members(bench);
	array = make_array(FEW);
}

static void iterate(void)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *fence;

	dma_fence_unwrap_for_each(fence, &cursor, array)
		bench_keep(fence);
}

static int64_t measure_iterate(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, iterate());
}

static int64_t measure_merge_65(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, merge_and_put(array, &members[FEW]));
}

/* As sync files are merged: the result with the next one, and the old result is closed. */
static struct dma_fence *merge_all(void)
{
	struct dma_fence *all = dma_fence_get(&members[0]), *next;
	unsigned int i;

	for (i = 1; i < MEMBERS; i++) {
		next = bench_must_ptr(dma_fence_unwrap_merge(all, &members[i]), "cannot merge");
		dma_fence_put(all);
		all = next;
	}
	return all;
}

static int64_t measure_merge_all(const struct bench *bench, uint64_t count)
{
	struct dma_fence *all = NULL;
	int64_t spent = 0;

	(void)bench;
	while (count--) {
		spent += BENCH_TIME(i, 1, all = merge_all());
		dma_fence_put(all);
		dmabuf_barrier();
	}
	return spent;
}

static struct dma_fence *make_node(struct dma_fence *prev, struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence_chain *node = bench_must_ptr(dma_fence_chain_alloc(), "no node");

	dma_fence_chain_init(node, prev, dma_fence_get(fence), seqno);
	return &node->base;
}

static int64_t measure_chain(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, dma_fence_put(make_node(NULL, &members[0], 1)));
}

static void prepare_chain(const struct bench *bench)
{
	unsigned int i;

	prepare_members(bench);
	for (i = 0; i < MEMBERS; i++)
		head = make_node(head, &members[i], i + 1);
}

static void find_and_put(uint64_t seqno)
{
	struct dma_fence *fence = dma_fence_get(head);

	bench_must(dma_fence_chain_find_seqno(&fence, seqno), "not found");
	dma_fence_put(fence);
}

static int64_t measure_find_head(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, find_and_put(MEMBERS));
}

static int64_t measure_find_middle(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, find_and_put(MEMBERS / 2));
}

static int64_t measure_find_tail(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, find_and_put(1));
}

static void walk(void)
{
	struct dma_fence *node;

	dma_fence_chain_for_each(node, head)
		bench_keep(node);
}

static int64_t measure_walk(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, walk());
}

#define ROW(row_name, what, function)                                            \
	{                                                                        \
		.name = row_name, .prepare = prepare_##what, .measure = function \
	}

static const struct bench rows[] = {
	ROW("array_create2_put", members, measure_array_2),
	ROW("array_create64_put", members, measure_array_64),
	ROW("array64_signal_all(total)", members, measure_array_signal),
	ROW("unwrap_merge2_put", members, measure_merge_2),
	ROW("unwrap_merge_same_put", members, measure_merge_same),
	ROW("unwrap_iter64", array, measure_iterate),
	ROW("unwrap_merge_64+1_put", array, measure_merge_65),
	ROW("unwrap_merge_1024_one_by_one(total)", members, measure_merge_all),
	ROW("chain_alloc_init_put", members, measure_chain),
	ROW("chain_find_seqno_head", chain, measure_find_head),
	ROW("chain_find_seqno_mid_of_1024(total)", chain, measure_find_middle),
	ROW("chain_find_seqno_tail_of_1024(total)", chain, measure_find_tail),
	ROW("chain_walk_1024(total)", chain, measure_walk),
};

const struct bench_group bench_container_rows = BENCH_GROUP(rows);
