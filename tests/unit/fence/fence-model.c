/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a graph of plain fences, arrays, chains and merges against a model of it that follows fence.md word
 * for word. After every step each fence has to be as signalled as the model says, and each callback to have run as often.
 *
 * The model leaves open what the contract leaves open: whether somebody has already looked at a container that is done,
 * but to which nobody listens. Only for those it reads the signalled bit back.
 *
 * DMABUF_TEST_SEED is the seed, DMABUF_TEST_LOOPS how many graphs each run makes.
 */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>
#include <dmabuf/dma-fence-unwrap.h>

#include "mock-fence.h"
#include "test.h"

/* libcheck notes each assertion that holds in a file; these are too many. */
#define _mark_point(file, line) ((void)0)

enum {
	NODES = 3000,
	CONTEXTS = 5,
	CBS = 2,
	FLAT_MAX = 4 * NODES,
	NONE = -1
};

enum kind {
	PLAIN,
	ARRAY,
	CHAIN,
	ANY
};

struct node {
	struct dma_fence *fence;
	enum kind kind;
	bool held; /* we have a reference */
	bool signaled; /* the bit */
	bool enabled;
	int error; /* what the status will show */
	int64_t timestamp; /* of a plain one, once signalled */
	/* array */
	int *members;
	int num_members, pending;
	/* chain; a plain one stands for itself */
	int prev, contained;
	uint64_t prev_seqno;
	struct mock_cb cb[CBS];
	bool queued[CBS];
	unsigned int ran[CBS];
};

static struct node nodes[NODES];
static int num_nodes, num_plain;
static uint64_t first_context, seqnos[CONTEXTS];
static struct dice dice;

/* --- the model: what the state is --- */

static bool is_done(int n);

/* fence.md 5: what of the past of a node is not over; found again faster the next time, since what is done stays done. */
static int before(int n)
{
	int p = nodes[n].prev;

	while (p != NONE && is_done(nodes[p].contained))
		p = nodes[p].prev;
	nodes[n].prev = p;
	return p;
}

/* fence.md 4 "before signalling was enabled ... polling each" */
static bool enough_members(const struct node *array)
{
	int i, wanted = array->pending;

	for (i = 0; i < array->num_members; i++)
		wanted -= nodes[array->members[i]].signaled;
	return wanted <= 0;
}

/* Would it say so if it were asked? */
static bool is_done(int n)
{
	struct node *node = &nodes[n];

	if (node->signaled || node->kind == PLAIN)
		return node->signaled;
	if (node->kind == ARRAY)
		return !node->enabled && enough_members(node);
	return is_done(node->contained) && before(n) == NONE;
}

static int status(int n)
{
	if (!is_done(n))
		return 0;
	return nodes[n].error ? nodes[n].error : 1;
}

/* --- the model: what happens --- */

static void set_signaled(int n)
{
	int i;

	nodes[n].signaled = true;
	for (i = 0; i < CBS; i++) {
		nodes[n].ran[i] += nodes[n].queued[i];
		nodes[n].queued[i] = false;
	}
}

/* fence.md 4: the first error counts; true if that was the member that counts. */
static bool member_ended(struct node *array, const struct node *member)
{
	if (!array->error)
		array->error = member->error;
	return --array->pending == 0;
}

static void enable(int n);

/* fence.md 5: on the first that is not over; what follows is listened to in its turn. */
static void listen(int n)
{
	int at = n;

	do {
		enable(nodes[at].contained);
		if (!nodes[nodes[at].contained].signaled)
			return;
		at = nodes[at].kind == CHAIN ? before(at) : NONE;
	} while (at != NONE);
	set_signaled(n);
}

static void enable(int n)
{
	struct node *node = &nodes[n];
	int i;

	if (node->signaled || node->enabled)
		return;
	node->enabled = true;
	if (node->kind == CHAIN)
		listen(n);
	if (node->kind != ARRAY)
		return;
	for (i = 0; i < node->num_members; i++) {
		if (nodes[node->members[i]].signaled &&
		    member_ended(node, &nodes[node->members[i]])) {
			set_signaled(n);
			return;
		}
	}
}

static void tell_array(int n, int plain)
{
	struct node *array = &nodes[n];
	int i;

	for (i = 0; i < array->num_members; i++) {
		if (array->members[i] == plain && member_ended(array, &nodes[plain]))
			set_signaled(n);
	}
}

static void signal_plain(int n)
{
	int i;

	set_signaled(n);
	for (i = 0; i < num_nodes; i++) {
		if (nodes[i].kind == ARRAY && nodes[i].enabled && !nodes[i].signaled)
			tell_array(i, n);
	}
	for (i = 0; i < num_nodes; i++) {
		if (nodes[i].kind == CHAIN && nodes[i].enabled && !nodes[i].signaled)
			listen(i);
	}
}

/* Somebody asked it: a container that is done without anybody listening ends without its members' errors. */
static void poll_one(int n)
{
	if (!nodes[n].signaled && is_done(n))
		set_signaled(n);
}

/* What the library was free to look at on its way. */
static void learn(void)
{
	int i;

	for (i = 0; i < num_nodes; i++) {
		if (nodes[i].held && !nodes[i].signaled &&
		    dma_fence_test_signaled_flag(nodes[i].fence)) {
			ck_assert_msg(is_done(i), "fence %d, kind %d, is signalled too early", i,
				      nodes[i].kind);
			ck_assert_msg(!nodes[i].enabled,
				      "fence %d was listened to and ended unexpectedly", i);
			poll_one(i);
		}
	}
}

static void check(void)
{
	int i, c;

	learn();
	for (i = 0; i < num_nodes; i++) {
		if (!nodes[i].held)
			continue;
		if (nodes[i].signaled)
			ck_assert_msg(dma_fence_test_signaled_flag(nodes[i].fence),
				      "fence %d, kind %d, has not ended", i, nodes[i].kind);
		for (c = 0; c < CBS; c++)
			ck_assert_msg(mock_cb_ran(&nodes[i].cb[c]) == nodes[i].ran[c],
				      "callback %d of fence %d ran %u times instead of %u", c, i,
				      mock_cb_ran(&nodes[i].cb[c]), nodes[i].ran[c]);
	}
}

/* --- what is inside, fence.md 6 --- */

static int flat[FLAT_MAX], num_flat;

static void flatten_contained(int n)
{
	int i, num = nodes[n].kind == ARRAY ? nodes[n].num_members : 1;

	ck_assert_int_le(num_flat + num, FLAT_MAX);
	for (i = 0; i < num; i++)
		flat[num_flat++] = nodes[n].kind == ARRAY ? nodes[n].members[i] : n;
}

static void flatten(int n)
{
	do {
		flatten_contained(nodes[n].contained);
		n = nodes[n].kind == CHAIN ? before(n) : NONE;
	} while (n != NONE);
}

/* fence.md 3.5 */
static bool is_later(int a, int b)
{
	uint64_t sa = nodes[a].fence->seqno, sb = nodes[b].fence->seqno;

	if (nodes[a].fence->ops->use_64bit_seqno)
		return sa > sb;
	return (int32_t)((uint32_t)sa - (uint32_t)sb) > 0;
}

/* Of flat[] the newest of each context, in the order of contexts. */
static void keep_newest(void)
{
	int i, at, kept = 0;

	for (i = 0; i < num_flat; i++) {
		int n = flat[i];

		for (at = 0; at < kept && nodes[flat[at]].fence->context < nodes[n].fence->context;
		     at++)
			;
		if (at == kept || nodes[flat[at]].fence->context != nodes[n].fence->context) {
			memmove(&flat[at + 1], &flat[at], (size_t)(kept - at) * sizeof(flat[0]));
			flat[at] = n;
			kept++;
		} else if (is_later(n, flat[at])) {
			flat[at] = n;
		}
	}
	num_flat = kept;
}

/* Leave out what is signalled; the time of the last of those. */
static int64_t drop_signaled(void)
{
	int64_t last = 0;
	int i, kept = 0;

	for (i = 0; i < num_flat; i++) {
		if (!nodes[flat[i]].signaled)
			flat[kept++] = flat[i];
		else if (nodes[flat[i]].timestamp > last)
			last = nodes[flat[i]].timestamp;
	}
	num_flat = kept;
	return last;
}

/* --- making fences --- */

static bool have_room(void)
{
	return num_nodes < NODES;
}

static int add_node(struct dma_fence *fence, enum kind kind)
{
	struct node *node = &nodes[num_nodes];

	memset(node, 0, sizeof(*node));
	node->fence = fence;
	node->kind = kind;
	node->held = true;
	node->prev = NONE;
	node->contained = num_nodes;
	return num_nodes++;
}

/* In one of a few contexts, the last one of the 64-bit kind, or in one of its own. */
static int make_plain(void)
{
	unsigned int ctx = dice_below(&dice, CONTEXTS + 2);
	struct dma_fence *f;

	if (ctx >= CONTEXTS)
		f = mock_fence();
	else
		f = mock_fence_with(ctx == CONTEXTS - 1 ? &mock_64bit_ops : &mock_ops,
				    first_context + ctx,
				    0xfffffff0 + (seqnos[ctx] += 1 + dice_below(&dice, 3)));
	num_plain++;
	return add_node(f, PLAIN);
}

static int pick(enum kind kind)
{
	int tries, n;

	for (tries = 0; num_nodes && tries < 20; tries++) {
		n = (int)dice_below(&dice, (unsigned int)num_nodes);
		/* The newer ones are more often of interest. */
		if (dice_below(&dice, 2) && num_nodes > 20)
			n = num_nodes - 1 - (int)dice_below(&dice, 20);
		if (nodes[n].held && (kind == ANY || nodes[n].kind == kind))
			return n;
	}
	return NONE;
}

static int pick_plain(void)
{
	int n = dice_below(&dice, 3) ? pick(PLAIN) : NONE;

	return n == NONE && have_room() ? make_plain() : n;
}

static void make_array(void)
{
	int wanted = 1 + (int)dice_below(&dice, dice_below(&dice, 8) ? 5 : 48), num = 0, n;
	struct dma_fence **fences = calloc((size_t)wanted, sizeof(struct dma_fence *));
	int *members = calloc((size_t)wanted, sizeof(*members));
	bool on_any = dice_below(&dice, 3) == 0;
	struct dma_fence_array *array;

	ck_assert(fences && members);
	while (num < wanted && (n = pick_plain()) != NONE) {
		fences[num] = dma_fence_get(nodes[n].fence);
		members[num++] = n;
	}
	if (!num || !have_room()) {
		while (num)
			dma_fence_put(fences[--num]);
		free(fences);
		free(members);
		return;
	}
	array = dma_fence_array_create(num, fences, dma_fence_context_alloc(1), 1, on_any);
	ck_assert_ptr_nonnull(array);
	n = add_node(&array->base, ARRAY);
	nodes[n].members = members;
	nodes[n].num_members = num;
	nodes[n].pending = on_any ? 1 : num;
}

/* fence.md 5 dma_fence_chain_init */
static void expect_chain_init(int n, int prev, uint64_t asked)
{
	struct dma_fence_chain *chain = to_dma_fence_chain(nodes[n].fence);
	struct dma_fence *p = prev == NONE ? NULL : nodes[prev].fence;
	bool after_chain = p && nodes[prev].kind == CHAIN,
	     goes_on = after_chain && asked > p->seqno;

	ck_assert_uint_eq(chain->base.seqno, after_chain && p->seqno > asked ? p->seqno : asked);
	ck_assert_uint_eq(chain->prev_seqno, goes_on ? p->seqno : 0);
	if (goes_on)
		ck_assert_uint_eq(chain->base.context, p->context);
	else if (p)
		ck_assert_uint_ne(chain->base.context, p->context);
	nodes[n].prev_seqno = goes_on ? p->seqno : 0;
}

static void make_chain(void)
{
	int contained = dice_below(&dice, 3) ? pick_plain() : pick(ARRAY), n;
	int prev = dice_below(&dice, 12) ? pick(dice_below(&dice, 8) ? CHAIN : ANY) : NONE;
	struct dma_fence_chain *chain;
	uint64_t seqno = 1 + dice_below(&dice, 5);

	if (contained == NONE || !have_room())
		return;
	if (prev != NONE && nodes[prev].kind == CHAIN)
		seqno = dice_below(&dice, 20) ? nodes[prev].fence->seqno + seqno :
						nodes[prev].fence->seqno / seqno;
	chain = dma_fence_chain_alloc();
	ck_assert_ptr_nonnull(chain);
	dma_fence_chain_init(chain, prev == NONE ? NULL : dma_fence_get(nodes[prev].fence),
			     dma_fence_get(nodes[contained].fence), seqno);
	n = add_node(&chain->base, CHAIN);
	nodes[n].prev = prev;
	nodes[n].contained = contained;
	expect_chain_init(n, prev, seqno);
}

static void expect_members(struct dma_fence *result)
{
	struct dma_fence *member;
	unsigned int i;

	ck_assert(dma_fence_is_array(result));
	ck_assert_int_eq(to_dma_fence_array(result)->num_fences, num_flat);
	dma_fence_array_for_each(member, i, result)
		ck_assert_msg(member == nodes[flat[i]].fence, "member %u of a merge is wrong", i);
}

/* fence.md 6 dma_fence_unwrap_merge */
static void expect_merged(struct dma_fence *result)
{
	int64_t last = drop_signaled();
	int n;

	ck_assert_ptr_nonnull(result);
	keep_newest();
	if (num_flat == 0) {
		ck_assert(dma_fence_is_signaled(result) && !dma_fence_is_container(result));
		ck_assert_int_eq(dma_fence_timestamp(result), last);
	} else if (num_flat == 1) {
		ck_assert_ptr_eq(result, nodes[flat[0]].fence);
	} else {
		expect_members(result);
	}
	if (num_flat <= 1 || !have_room()) {
		dma_fence_put(result);
		return;
	}
	n = add_node(result, ARRAY);
	nodes[n].num_members = nodes[n].pending = num_flat;
	nodes[n].members = malloc((size_t)num_flat * sizeof(flat[0]));
	ck_assert_ptr_nonnull(nodes[n].members);
	memcpy(nodes[n].members, flat, (size_t)num_flat * sizeof(flat[0]));
}

static void merge(void)
{
	enum {
		MAX = 5
	};
	struct dma_fence_unwrap cursors[MAX];
	struct dma_fence *fences[MAX];
	unsigned int num = 1 + dice_below(&dice, MAX), i;

	num_flat = 0;
	for (i = 0; i < num; i++) {
		int n = dice_below(&dice, 6) ? pick(dice_below(&dice, 3) ? ARRAY : ANY) : NONE;

		fences[i] = n == NONE ? NULL : nodes[n].fence;
		if (n != NONE)
			flatten(n);
	}
	expect_merged(__dma_fence_unwrap_merge(num, fences, cursors));
}

/* fence.md 6 dma_fence_dedup_array */
static void dedup(void)
{
	int num = (int)dice_below(&dice, 40), i;
	struct dma_fence *fences[40];

	num_flat = 0;
	for (i = 0; i < num; i++) {
		int n = pick(PLAIN);

		if (n == NONE)
			break;
		fences[i] = dma_fence_get(nodes[n].fence);
		flat[num_flat++] = n;
	}
	num = dma_fence_dedup_array(fences, i);
	keep_newest();
	ck_assert_int_eq(num, num_flat);
	for (i = 0; i < num; i++) {
		ck_assert_ptr_eq(fences[i], nodes[flat[i]].fence);
		dma_fence_put(fences[i]);
	}
}

/* --- using them --- */

static void signal_some(void)
{
	static const int errors[] = { 0, 0, 0, -EIO, -ETIME, -ENOMEM };
	int n = pick(PLAIN), error;

	if (n == NONE)
		return;
	if (nodes[n].signaled) {
		ck_assert_int_eq(dma_fence_signal(nodes[n].fence), -EINVAL);
		return;
	}
	error = errors[dice_below(&dice, sizeof(errors) / sizeof(errors[0]))];
	if (error)
		dma_fence_set_error(nodes[n].fence, error);
	if (dice_below(&dice, 4) == 0 && nodes[n].fence->ops->signaled) {
		mock_of(nodes[n].fence)->done = true;
		ck_assert(dma_fence_is_signaled(nodes[n].fence));
	} else {
		ck_assert_int_eq(dma_fence_signal(nodes[n].fence), 0);
	}
	nodes[n].error = error;
	nodes[n].timestamp = dma_fence_timestamp(nodes[n].fence);
	signal_plain(n);
}

static void add_callback(int n)
{
	unsigned int c = dice_below(&dice, CBS);
	int ret;

	if (nodes[n].queued[c])
		return;
	ret = mock_cb_add(nodes[n].fence, &nodes[n].cb[c]);
	enable(n);
	poll_one(n);
	nodes[n].ran[c] = 0;
	nodes[n].queued[c] = !nodes[n].signaled;
	ck_assert_msg(ret == (nodes[n].signaled ? -ENOENT : 0), "add to fence %d, kind %d, gave %d",
		      n, nodes[n].kind, ret);
}

static void remove_callback(int n)
{
	unsigned int c = dice_below(&dice, CBS);

	if (!nodes[n].queued[c] && !nodes[n].ran[c])
		return;
	ck_assert_int_eq(dma_fence_remove_callback(nodes[n].fence, &nodes[n].cb[c].base),
			 nodes[n].queued[c]);
	nodes[n].queued[c] = false;
}

/* fence.md 3.7: also with timeout 0 signalling is turned on */
static void wait_one(int n)
{
	long timeout = is_done(n) ? dice_below(&dice, 2) * 1000 * MS : 0;
	long ret = dma_fence_wait_timeout(nodes[n].fence, dice_below(&dice, 2), timeout);

	enable(n);
	poll_one(n);
	if (timeout)
		ck_assert_int_gt(ret, 0);
	else
		ck_assert_int_eq(ret, nodes[n].signaled);
}

static void wait_any(void)
{
	struct dma_fence *fences[4];
	unsigned int num = 1 + dice_below(&dice, 4), i, first;
	uint32_t idx = 77;
	int n[4];

	first = num;
	for (i = 0; i < num; i++) {
		n[i] = pick(ANY);
		if (n[i] == NONE)
			return;
		fences[i] = nodes[n[i]].fence;
		if (first == num && is_done(n[i]))
			first = i;
	}
	ck_assert_int_eq(dma_fence_wait_any_timeout(fences, num, true, 0, &idx), first < num);
	ck_assert_uint_eq(idx, first < num ? first : 77);
}

static void ask(int n)
{
	switch (dice_below(&dice, 3)) {
	case 0:
		ck_assert_int_eq(dma_fence_is_signaled(nodes[n].fence), is_done(n));
		break;
	case 1:
		ck_assert_int_eq(dma_fence_get_status(nodes[n].fence), status(n));
		break;
	default:
		dma_fence_enable_sw_signaling(nodes[n].fence);
		enable(n);
	}
	poll_one(n);
}

/* fence.md 5 dma_fence_chain_find_seqno */
static int model_find(int n, uint64_t seqno)
{
	int at = n;

	while (at != NONE && nodes[at].fence->context == nodes[n].fence->context &&
	       nodes[at].prev_seqno >= seqno)
		at = before(at);
	return at;
}

static void find(int n)
{
	struct dma_fence *f = dma_fence_get(nodes[n].fence);
	uint64_t seqno =
		dice_below(&dice, (f->seqno < 100000 ? (unsigned int)f->seqno : 100000) + 3);
	int ret, want = n, want_ret = 0;

	if (seqno && (nodes[n].kind != CHAIN || f->seqno < seqno))
		want_ret = -EINVAL;
	else if (seqno)
		want = model_find(n, seqno);
	ret = dma_fence_chain_find_seqno(&f, seqno);
	ck_assert_int_eq(ret, want_ret);
	ck_assert_msg(f == (want == NONE ? NULL : nodes[want].fence),
		      "find %" PRIu64 " from fence %d", seqno, n);
	dma_fence_put(f);
}

/* fence.md 5 dma_fence_chain_walk, 6 dma_fence_unwrap_for_each */
static void walk(int n)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *f;
	int i = 0, at = n;

	num_flat = 0;
	flatten(n);
	dma_fence_unwrap_for_each(f, &cursor, nodes[n].fence) {
		ck_assert_int_lt(i, num_flat);
		ck_assert_ptr_eq(f, nodes[flat[i++]].fence);
	}
	ck_assert_int_eq(i, num_flat);
	dma_fence_chain_for_each(f, nodes[n].fence) {
		ck_assert_ptr_eq(f, nodes[at].fence);
		at = nodes[at].kind == CHAIN ? before(at) : NONE;
	}
	ck_assert_int_eq(at, NONE);
}

static void compare(void)
{
	int a = pick(PLAIN), b = pick(PLAIN), later;

	if (a == NONE || b == NONE || nodes[a].fence->context != nodes[b].fence->context)
		return;
	later = is_later(a, b) ? a : b;
	ck_assert_int_eq(dma_fence_is_later(nodes[a].fence, nodes[b].fence), is_later(a, b));
	ck_assert_int_eq(dma_fence_is_later_or_same(nodes[a].fence, nodes[b].fence),
			 a == b || is_later(a, b));
	ck_assert_ptr_eq(dma_fence_later(nodes[a].fence, nodes[b].fence),
			 nodes[later].signaled ? NULL : nodes[later].fence);
}

/* Others may still hold it. A plain one stays ours until it is signalled: that is our job. */
static void drop(int n)
{
	int c;

	for (c = 0; c < CBS; c++) {
		if (nodes[n].queued[c])
			return;
	}
	if (!nodes[n].held || (nodes[n].kind == PLAIN && !nodes[n].signaled))
		return;
	nodes[n].held = false;
	dma_fence_put(nodes[n].fence);
}

static void use(void)
{
	int n = pick(ANY);

	if (n == NONE)
		return;
	switch (dice_below(&dice, 10)) {
	case 0:
	case 1:
		add_callback(n);
		break;
	case 2:
		remove_callback(n);
		break;
	case 3:
		wait_one(n);
		break;
	case 4:
		find(n);
		break;
	case 5:
		walk(n);
		break;
	case 6:
		drop(n);
		break;
	default:
		ask(n);
	}
}

static void step(void)
{
	switch (dice_below(&dice, 12)) {
	case 0:
		if (have_room())
			make_plain();
		break;
	case 1:
		make_array();
		break;
	case 2:
	case 3:
		make_chain();
		break;
	case 4:
		merge();
		break;
	case 5:
	case 6:
		signal_some();
		break;
	case 7:
		if (dice_below(&dice, 2))
			wait_any();
		else
			dice_below(&dice, 2) ? dedup() : compare();
		break;
	default:
		use();
	}
}

static void begin(unsigned int stream)
{
	int i;

	dice_init(&dice, stream);
	num_nodes = num_plain = 0;
	mock_released = 0;
	first_context = dma_fence_context_alloc(CONTEXTS);
	for (i = 0; i < CONTEXTS; i++)
		seqnos[i] = 0;
}

/* Everything ends, everybody is told, and nothing is left. */
static void end(void)
{
	int i;

	for (i = 0; i < num_nodes; i++) {
		if (nodes[i].kind == PLAIN && nodes[i].held && !nodes[i].signaled) {
			ck_assert_int_eq(dma_fence_signal(nodes[i].fence), 0);
			signal_plain(i);
		}
	}
	check();
	for (i = 0; i < num_nodes; i++) {
		if (!nodes[i].held)
			continue;
		ck_assert(dma_fence_is_signaled(nodes[i].fence));
		dma_fence_put(nodes[i].fence);
	}
	for (i = 0; i < num_nodes; i++)
		free(nodes[i].members);
	ck_assert_int_eq(mock_released, num_plain);
}

static unsigned int loops(void)
{
	const char *env = getenv("DMABUF_TEST_LOOPS");

	return env ? (unsigned int)atoi(env) : 1;
}

/* spec: fence.md 3.3 to 3.7, 4, 5, 6; _i: run */
TEST_EACH(random_graphs_agree_with_the_model, 0, 24)
{
	unsigned int loop, i, steps = TEST_UNDER_TSAN ? 500 : 2000;

	for (loop = 0; loop < loops(); loop++) {
		begin((unsigned int)_i + 1000 * loop);
		for (i = 0; i < steps; i++) {
			learn();
			step();
			check();
		}
		end();
	}
}

/* A chain of plain fences that grows at any of its last few nodes; all but every tenth node is given away. */
static void grow_chain(unsigned int length)
{
	unsigned int i;

	for (i = 0; i < length; i++) {
		make_chain();
		if (num_nodes > 40 && dice_below(&dice, 10))
			drop(num_nodes - 40 + (int)dice_below(&dice, 20));
	}
}

/* spec: fence.md 5 dma_fence_chain_find_seqno: long, with branches, signalled in any order; _i: run */
TEST_EACH(points_of_long_chains_agree_with_the_model, 0, 6)
{
	unsigned int loop, i, size = TEST_UNDER_TSAN ? 300 : 1200;
	int n;

	for (loop = 0; loop < loops(); loop++) {
		begin(500 + (unsigned int)_i + 1000 * loop);
		grow_chain(size);
		for (i = 0; i < size; i++) {
			learn();
			if (dice_below(&dice, 2))
				signal_some();
			n = pick(CHAIN);
			if (n != NONE)
				find(n);
			if (n != NONE && dice_below(&dice, 30) == 0)
				dice_below(&dice, 2) ? walk(n) : drop(n);
		}
		end();
	}
}
