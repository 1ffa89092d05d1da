/* SPDX-License-Identifier: MIT */
/*
 * The ways in which several locks are taken, each under contention: by several threads, in both kinds of classes, with and
 * without failures on purpose. _i: bit 0 wound-wait, bit 1 failures.
 */
#include <dmabuf/ww-mutex.h>

#include "test.h"
#include "threads.h"

enum {
	NUM_THREADS = 4,
	NUM_LOCKS = 10,
	LIST_LENGTH = 7,
	ROUNDS = 250
};

static DEFINE_WD_CLASS(die_class);
static DEFINE_WW_CLASS(wound_class);

struct node {
	struct ww_mutex lock;
	int inside; /* threads that hold it; plain, so that TSan sees a hole too */
	int next[2]; /* a graph for whoever walks one; changes under the lock */
};

static struct ww_class *class;
static struct node nodes[NUM_LOCKS];

struct worker {
	struct actor actor;
	struct dice dice;
};

/* What a round has locked. */
struct held {
	struct node *node[NUM_LOCKS];
	int num;
};

static void hold(struct held *held, struct node *node)
{
	ck_assert_int_lt(held->num, NUM_LOCKS);
	held->node[held->num++] = node;
}

static void release(struct held *held)
{
	while (held->num)
		ww_mutex_unlock(&held->node[--held->num]->lock);
}

/* All of them at once are ours alone. */
static void use(struct held *held)
{
	int i;

	for (i = 0; i < held->num; i++)
		ck_assert_int_eq(++held->node[i]->inside, 1);
	for (i = 0; i < held->num; i++)
		held->node[i]->inside--;
}

static struct node *some_node(struct worker *w)
{
	return &nodes[dice_below(&w->dice, NUM_LOCKS)];
}

/* 1: a list that stays as it is; the contended lock is remembered and skipped. A lock may be in it twice. */
static void lock_fixed_list(struct node **list, struct ww_acquire_ctx *ctx, struct held *held)
{
	struct node *reserved = NULL;
	int i = 0, ret;

	while (i < LIST_LENGTH) {
		ret = list[i] == reserved ? -EALREADY : ww_mutex_lock(&list[i]->lock, ctx);
		if (ret == 0)
			hold(held, list[i]);
		if (ret == 0 || ret == -EALREADY) {
			i++;
			continue;
		}
		ck_assert_int_eq(ret, -EDEADLK);
		reserved = list[i];
		release(held);
		ww_mutex_lock_slow(&reserved->lock, ctx);
		hold(held, reserved);
		i = 0;
	}
}

static long work_on_a_fixed_list(void *data)
{
	struct node *list[LIST_LENGTH];
	struct ww_acquire_ctx ctx;
	struct held held = { 0 };
	struct worker *w = data;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < LIST_LENGTH; i++)
			list[i] = some_node(w);
		ww_acquire_init(&ctx, class);
		lock_fixed_list(list, &ctx, &held);
		ww_acquire_done(&ctx);
		use(&held);
		release(&held);
		ww_acquire_fini(&ctx);
	}
	return round;
}

/* 2: a list that may be put in another order: the contended lock moves to its head. */
static void lock_movable_list(struct node **list, int length, struct ww_acquire_ctx *ctx,
			      struct held *held)
{
	int i = 0, ret;

	while (i < length) {
		struct node *node = list[i];

		ret = ww_mutex_lock(&node->lock, ctx);
		if (ret == -EDEADLK) {
			release(held);
			ww_mutex_lock_slow(&node->lock, ctx);
			memmove(list + 1, list, i * sizeof(*list));
			list[0] = node;
			i = 0;
			ret = 0;
		}
		ck_assert_int_eq(ret, 0);
		hold(held, node);
		i++;
	}
}

static long work_on_a_movable_list(void *data)
{
	struct node *list[NUM_LOCKS], *swap;
	struct ww_acquire_ctx ctx;
	struct held held = { 0 };
	struct worker *w = data;
	int round, i, j;

	for (i = 0; i < NUM_LOCKS; i++)
		list[i] = &nodes[i];
	for (round = 0; round < ROUNDS; round++) {
		for (i = NUM_LOCKS - 1; i > 0; i--) {
			j = dice_below(&w->dice, i + 1);
			swap = list[i];
			list[i] = list[j];
			list[j] = swap;
		}
		ww_acquire_init(&ctx, class);
		lock_movable_list(list, 1 + dice_below(&w->dice, NUM_LOCKS), &ctx, &held);
		use(&held);
		release(&held);
		ww_acquire_fini(&ctx);
	}
	return round;
}

/* 3: what has to be locked is found while locking: two steps from node to node, then back to the start if need be. */
static int lock_one_of_the_graph(struct node *node, struct ww_acquire_ctx *ctx, struct held *held)
{
	int ret = ww_mutex_lock(&node->lock, ctx);

	if (ret == 0)
		hold(held, node);
	if (ret == -EDEADLK) {
		release(held);
		ww_mutex_lock_slow(&node->lock, ctx);
		hold(held, node);
	}
	return ret;
}

static int lock_graph_once(struct node *root, struct ww_acquire_ctx *ctx, struct held *held)
{
	struct node *node = root;
	int i, side;

	if (lock_one_of_the_graph(root, ctx, held) == -EDEADLK)
		return -EDEADLK;
	for (i = 0; i < 3; i++) {
		for (side = 0; side < 2; side++) {
			if (lock_one_of_the_graph(&nodes[node->next[side]], ctx, held) == -EDEADLK)
				return -EDEADLK;
		}
		node = &nodes[node->next[i % 2]];
	}
	return 0;
}

static long work_on_a_graph(void *data)
{
	struct ww_acquire_ctx ctx;
	struct held held = { 0 };
	struct worker *w = data;
	struct node *root;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		root = some_node(w);
		ww_acquire_init(&ctx, class);
		while (lock_graph_once(root, &ctx, &held) == -EDEADLK)
			;
		use(&held);
		for (i = 0; i < held.num; i++)
			held.node[i]->next[dice_below(&w->dice, 2)] =
				dice_below(&w->dice, NUM_LOCKS);
		release(&held);
		ww_acquire_fini(&ctx);
	}
	return round;
}

/* 4: one lock needs no ticket. */
static long work_on_single_locks(void *data)
{
	struct worker *w = data;
	struct held held = { 0 };
	int round;

	for (round = 0; round < 10 * ROUNDS; round++) {
		hold(&held, some_node(w));
		ck_assert_int_eq(ww_mutex_lock(&held.node[0]->lock, NULL), 0);
		use(&held);
		release(&held);
	}
	return round / 10;
}

typedef long (*work_fn)(void *worker);

/* Thread i works in the way work[i % num]. */
static void work_together(int kind, const work_fn *work, int num)
{
	struct worker worker[NUM_THREADS];
	int i;

	class = kind & 1 ? &wound_class : &die_class;
	for (i = 0; i < NUM_LOCKS; i++) {
		ww_mutex_init(&nodes[i].lock, class);
		nodes[i].next[0] = (i + 1) % NUM_LOCKS;
		nodes[i].next[1] = (3 * i + 5) % NUM_LOCKS;
	}
	dmabuf_ww_inject(kind & 2);
	for (i = 0; i < NUM_THREADS; i++) {
		dice_init(&worker[i].dice, i);
		actor_start(&worker[i].actor);
	}
	for (i = 0; i < NUM_THREADS; i++)
		actor_go(&worker[i].actor, work[i % num], &worker[i]);
	for (i = 0; i < NUM_THREADS; i++) {
		ck_assert_int_eq(actor_result(&worker[i].actor), ROUNDS);
		actor_stop(&worker[i].actor);
	}
	dmabuf_ww_inject(false);
	for (i = 0; i < NUM_LOCKS; i++)
		ww_mutex_destroy(&nodes[i].lock);
}

/* spec: resv.md 6.5 pattern 1, 9 V6 */
TEST_EACH(a_fixed_list_is_locked_with_the_contended_lock_remembered, 0, 4)
{
	const work_fn work[] = { work_on_a_fixed_list };

	work_together(_i, work, 1);
}

/* spec: resv.md 6.5 pattern 2, 9 V6 */
TEST_EACH(a_movable_list_is_locked_with_the_contended_lock_first, 0, 4)
{
	const work_fn work[] = { work_on_a_movable_list };

	work_together(_i, work, 1);
}

/* spec: resv.md 6.5 pattern 3 */
TEST_EACH(a_graph_is_locked_while_it_is_discovered, 0, 4)
{
	const work_fn work[] = { work_on_a_graph };

	work_together(_i, work, 1);
}

/* spec: resv.md 6.5 pattern 4 */
TEST_EACH(a_single_lock_needs_no_ticket, 0, 4)
{
	const work_fn work[] = { work_on_single_locks };

	work_together(_i, work, 1);
}

/* spec: resv.md 6.5, 6.6 injection: all patterns at once on the same locks */
TEST_EACH(all_patterns_go_together, 0, 4)
{
	const work_fn work[] = { work_on_a_fixed_list, work_on_a_movable_list, work_on_a_graph,
				 work_on_single_locks };

	work_together(_i, work, 4);
}
