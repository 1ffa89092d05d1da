/* SPDX-License-Identifier: MIT */
/* Chains: the node found is the one a walk would find, whatever was signalled, collected or branched; and no recursion. */
#include <dmabuf/dma-fence-chain.h>

#include "mock-fence.h"
#include "test.h"
#include "threads.h"

static struct dma_fence *link_up(struct dma_fence *prev, struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	expect_ptr(chain);
	dma_fence_chain_init(chain, prev, fence, seqno);
	return &chain->base;
}

enum { NODES = 300 };

static struct dma_fence *inner[NODES + 1];	/* inner[i] is the fence of the node with seqno i; has a reference */

/* Nodes 1..@num over plain mocks; a reference to the newest. */
static struct dma_fence *make_chain(unsigned int num)
{
	struct dma_fence *tail = NULL;

	for (unsigned int i = 1; i <= num; i++) {
		inner[i] = mock_fence_with(&mock_plain_ops, dma_fence_context_alloc(1), 1);
		tail = link_up(tail, dma_fence_get(inner[i]), i);
	}
	return tail;
}

static void put_chain(struct dma_fence *tail, unsigned int num)
{
	dma_fence_put(tail);
	for (unsigned int i = 1; i <= num; i++)
		dma_fence_put(inner[i]);
	ck_assert_uint_eq(mock_released, num);
}

/* What find_seqno has to give from the node @head, by the rules: 0 for NULL. */
static unsigned int expected(unsigned int head, unsigned int seqno)
{
	if (seqno == head)
		return head;
	while (seqno > 0 && dma_fence_is_signaled(inner[seqno]))
		seqno--;
	return seqno;
}

static unsigned int find(struct dma_fence *head, uint64_t seqno)
{
	struct dma_fence *fence = dma_fence_get(head);
	unsigned int found;

	ck_assert_int_eq(dma_fence_chain_find_seqno(&fence, seqno), 0);
	found = fence ? fence->seqno : 0;
	dma_fence_put(fence);
	return found;
}

/* spec: fence.md 5 dma_fence_chain_find_seqno */
TEST(find_gives_each_node)
{
	struct dma_fence *tail = make_chain(NODES), *f = tail;

	for (unsigned int i = 1; i <= NODES; i++)
		ck_assert_uint_eq(find(tail, i), i);
	ck_assert_int_eq(dma_fence_chain_find_seqno(&f, 0), 0);
	ck_assert_ptr_eq(f, tail);
	ck_assert_int_eq(dma_fence_chain_find_seqno(&f, NODES + 1), -EINVAL);
	ck_assert_ptr_eq(f, tail);
	ck_assert_int_eq(dma_fence_chain_find_seqno(&inner[1], 1), -EINVAL);
	f = NULL;
	ck_assert_int_eq(dma_fence_chain_find_seqno(&f, 1), -EINVAL);
	put_chain(tail, NODES);
}

/* spec: fence.md 5 "may become NULL with return 0", "a smaller seqno than asked" */
TEST_EACH(find_agrees_with_the_rules_in_any_order_of_signals, 0, 4)
{
	struct dma_fence *tail = make_chain(NODES), *at;
	struct dice dice;

	dice_init(&dice, _i);
	for (int round = 0; round < 4000; round++) {
		unsigned int seqno = 1 + dice_below(&dice, NODES);

		if (dice_below(&dice, 8) == 0)
			dma_fence_signal(inner[1 + dice_below(&dice, _i ? NODES : 1 + (unsigned int)round * NODES / 4000)]);
		if (_i >= 2 && dice_below(&dice, 64) == 0) { /* collect what is signalled */
			dma_fence_chain_for_each(at, tail)
				;
		}
		ck_assert_uint_eq(find(tail, seqno), expected(NODES, seqno));
	}
	put_chain(tail, NODES);
}

/* Every jump from a node of the chain ends at an older node of the chain that is alive, or is NULL. */
static void check_jumps(struct dma_fence *tail)
{
	struct dma_fence *at;

	dma_fence_chain_for_each(at, tail) {
		struct dma_fence_chain *jump = to_dma_fence_chain(at)->jump;

		if (jump) {
			ck_assert_uint_gt(fence_refs(&jump->base), 0);
			ck_assert_uint_lt(jump->base.seqno, at->seqno);
			ck_assert(jump->base.context == at->context);
			ck_assert_ptr_eq(to_dma_fence_chain(&jump->base)->fence, inner[jump->base.seqno]);
		}
	}
}

/* src/fence/chain-index.h */
TEST_EACH(jumps_never_lead_to_a_node_that_ended, 0, 3)
{
	struct dma_fence *tail = make_chain(NODES);
	struct dice dice;

	dice_init(&dice, _i);
	for (unsigned int i = 1; i <= NODES; i++) {
		unsigned int next[] = { i, NODES + 1 - i, 1 + dice_below(&dice, NODES) };

		dma_fence_signal(inner[next[_i]]);
		check_jumps(tail); /* whose walk collects */
		check_jumps(tail);
	}
	put_chain(tail, NODES);
}

/* src/fence/chain-index.h: a search reads each node on its way once, and there are few of them */
TEST(search_takes_steps_in_proportion_to_the_logarithm)
{
	enum { LONG_ENOUGH = 4096 };
	struct dma_fence *f = mock_fence(), *tail = NULL;

	for (unsigned int i = 1; i <= LONG_ENOUGH; i++)
		tail = link_up(tail, dma_fence_get(f), i);
	for (unsigned int target = 1; target <= LONG_ENOUGH; target += 37) {
		struct dma_fence_chain *at = to_dma_fence_chain(tail);
		unsigned int steps = 0;

		while (at->base.seqno > target) {
			if (at->jump && at->jump->base.seqno >= target)
				at = at->jump;
			else
				at = to_dma_fence_chain(at->prev);
			steps++;
		}
		ck_assert_uint_le(steps, 3 * 12);
	}
	dma_fence_put(tail);
	dma_fence_put(f);
}

/* spec: fence.md 5: a node in the middle is a head of its own, and several may continue one node */
TEST(find_stays_on_its_branch)
{
	enum { TRUNK = 100, BRANCH = 60 };
	struct dma_fence *trunk = make_chain(TRUNK), *branch[2];

	for (int b = 0; b < 2; b++) {
		branch[b] = dma_fence_get(trunk);
		for (unsigned int i = 1; i <= BRANCH; i++)
			branch[b] = link_up(branch[b], dma_fence_get_stub(), TRUNK + 10 * (b + 1) * i);
		ck_assert(branch[b]->context == trunk->context);
	}
	for (unsigned int i = 1; i <= TRUNK; i++) {
		ck_assert_uint_eq(find(branch[0], i), i);
		ck_assert_uint_eq(find(branch[1], i), i);
	}
	/* All of a branch is signalled but its head: the trunk's newest gates it. */
	ck_assert_uint_eq(find(branch[1], TRUNK + 20), TRUNK);
	dma_fence_put(branch[0]);
	for (unsigned int i = 1; i <= TRUNK; i++)
		ck_assert_uint_eq(find(branch[1], i), i);
	dma_fence_put(branch[1]);
	put_chain(trunk, TRUNK);
}

/* spec: fence.md 5 dma_fence_chain_init */
TEST(seqno_that_does_not_grow_begins_a_new_context)
{
	struct dma_fence *tail = make_chain(5), *f;
	struct dma_fence_chain *chain;

	f = link_up(dma_fence_get(tail), dma_fence_get_stub(), 3);
	chain = to_dma_fence_chain(f);
	ck_assert(f->context != tail->context);
	ck_assert_uint_eq(f->seqno, 5);
	ck_assert_uint_eq(chain->prev_seqno, 0);
	ck_assert_uint_eq(find(f, 3), 5);
	dma_fence_put(f);
	f = link_up(dma_fence_get(tail), dma_fence_get_stub(), 6);
	ck_assert(f->context == tail->context);
	ck_assert_uint_eq(to_dma_fence_chain(f)->prev_seqno, 5);
	dma_fence_put(f);
	put_chain(tail, 5);
}

/* spec: fence.md 5 dma_fence_chain_walk */
TEST(walk_goes_back_and_collects)
{
	struct dma_fence *tail = make_chain(10), *at;
	unsigned int next = 10;

	dma_fence_chain_for_each(at, tail)
		ck_assert_uint_eq(at->seqno, next--);
	ck_assert_uint_eq(next, 0);
	for (unsigned int i = 1; i < 10; i++)
		dma_fence_signal(inner[i]);
	ck_assert_ptr_null(dma_fence_chain_walk(dma_fence_get(tail)));
	ck_assert_uint_eq(fence_refs(inner[5]), 1);
	ck_assert_ptr_null(dma_fence_chain_walk(dma_fence_get(inner[5])));
	ck_assert_ptr_null(dma_fence_chain_walk(NULL));
	put_chain(tail, 10);
}

/* spec: selftests.md 2 signal_forward, signal_backward */
TEST_EACH(node_is_signaled_with_all_before_it, 0, 4)
{
	enum { NUM = 64 };
	struct dma_fence *tail = make_chain(NUM), *node[NUM + 1];
	bool backward = _i & 1, listen = _i & 2;

	for (unsigned int i = 1; i <= NUM; i++) {
		node[i] = dma_fence_get(tail);
		ck_assert_int_eq(dma_fence_chain_find_seqno(&node[i], i), 0);
		if (listen)
			dma_fence_enable_sw_signaling(node[i]);
	}
	for (unsigned int i = 1; i <= NUM; i++) {
		dma_fence_signal(inner[backward ? NUM + 1 - i : i]);
		for (unsigned int k = 1; k <= NUM; k++) {
			bool done = backward ? i == NUM : k <= i;

			if (!listen)
				dma_fence_is_signaled(node[k]);
			ck_assert_int_eq(dma_fence_test_signaled_flag(node[k]), done);
		}
	}
	for (unsigned int i = 1; i <= NUM; i++)
		dma_fence_put(node[i]);
	put_chain(tail, NUM);
}

/* spec: fence.md 5 "Errors of contained fences are not copied"; design.md D3 */
TEST(chain_never_signals_under_the_lock_of_its_fence)
{
	struct dma_fence *tail = make_chain(2);
	struct mock_cb cb;

	mock_cb_add(tail, &cb);
	dma_fence_signal(inner[1]);
	dmabuf_spinlock_lock(inner[2]->lock);
	inner[2]->error = -EIO;
	dma_fence_signal_locked(inner[2]);
	ck_assert_uint_eq(mock_cb_ran(&cb), 0);
	dmabuf_spinlock_unlock(inner[2]->lock);
	ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	ck_assert_int_eq(dma_fence_get_status(tail), 1);
	put_chain(tail, 2);
}

static struct dma_fence *race_tail;
static int race_stop; /* atomic */

static long find_all_the_time(void *data)
{
	struct dice *dice = data;
	long finds = 0;

	while (!__atomic_load_n(&race_stop, __ATOMIC_ACQUIRE)) {
		unsigned int seqno = 1 + dice_below(dice, NODES);
		struct dma_fence *f = dma_fence_get(race_tail), *again;

		ck_assert_int_eq(dma_fence_chain_find_seqno(&f, seqno), 0);
		if (f) {
			ck_assert_uint_le(f->seqno, seqno == NODES ? NODES : seqno);
			again = dma_fence_get(f);
			ck_assert_int_eq(dma_fence_chain_find_seqno(&again, f->seqno), 0);
			ck_assert_ptr_eq(again, f);
			dma_fence_put(again);
		}
		dma_fence_put(f);
		if (dice_below(dice, 4) == 0) {
			dma_fence_chain_for_each(f, race_tail)
				;
		}
		finds++;
	}
	return finds;
}

/* spec: selftests.md 2 find_race */
TEST(finders_and_collectors_agree)
{
	struct actor finder[2];
	struct dice dice[3];

	race_tail = make_chain(NODES);
	for (int i = 0; i < 3; i++)
		dice_init(&dice[i], i);
	for (int i = 0; i < 2; i++) {
		actor_start(&finder[i]);
		actor_go(&finder[i], find_all_the_time, &dice[i]);
	}
	for (int i = 0; i < NODES; i++) {
		dma_fence_signal(inner[1 + dice_below(&dice[2], NODES)]);
		sleep_ms(1);
	}
	__atomic_store_n(&race_stop, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_gt(actor_result(&finder[i]), 0);
		actor_stop(&finder[i]);
	}
	put_chain(race_tail, NODES);
}

#if TEST_UNDER_TSAN || defined(__SANITIZE_ADDRESS__)
enum { LONG = 100000, STACK = 1 << 20 };
#else
enum { LONG = 1000000, STACK = 64 << 10 };
#endif

/* A chain of LONG links over one fence, made, asked for, signalled or not, and released. */
static void *live_long(void *data)
{
	struct dma_fence *f = mock_fence(), *tail = NULL, *at;
	int *how = data;

	for (int i = 1; i <= LONG; i++)
		tail = link_up(tail, dma_fence_get(f), i);
	at = dma_fence_get(tail);
	ck_assert_int_eq(dma_fence_chain_find_seqno(&at, LONG / 3), 0);
	ck_assert_uint_eq(at->seqno, LONG / 3);
	dma_fence_put(at);
	if (*how == 2)
		dma_fence_enable_sw_signaling(tail);
	if (*how)
		dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_is_signaled(tail), *how != 0);
	dma_fence_put(tail);
	ck_assert_uint_eq(fence_refs(f), 1);
	dma_fence_put(f);
	return data;
}

/* spec: fence.md 5 "Release unlinks long chains iteratively" */
TEST_EACH(a_million_links_fit_a_small_stack, 0, 3)
{
	size_t smallest = (size_t)sysconf(_SC_THREAD_STACK_MIN);
	pthread_attr_t attr;
	pthread_t thread;
	void *result;

	pthread_attr_init(&attr);
	/* Some machines have no threads with stacks that small: then the smallest there is. */
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, STACK > smallest ? STACK : smallest), 0);
	ck_assert_int_eq(pthread_create(&thread, &attr, live_long, &_i), 0);
	pthread_join(thread, &result);
	ck_assert_ptr_eq(result, &_i);
}
