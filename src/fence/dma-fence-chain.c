/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Chains: timelines as linked lists of fences, newest first.
 *
 * Called by: implementers of timelines, and by dma-fence-unwrap.c; counterpart of the kernel's
 * drivers/dma-buf/dma-fence-chain.c.
 *
 * Invariant: a node holds one reference to its prev and one to its fence. prev only ever moves to an earlier place, over
 * nodes whose own fence is signalled. Nothing here calls itself: the end of a million nodes is a loop, and a node whose
 * fence signals goes on from the work queue of the thread.
 */
#include "src/base/alloc.h"
#include "src/base/pool.h"
#include "src/base/rcu.h"
#include "src/base/task.h"
#include "src/fence/chain-index.h"
#include "src/fence/fence-internal.h"

_Static_assert(sizeof(((struct dma_fence_chain *)0)->work) >= sizeof(struct base_work), "room for the work");

static const char *driver_name(struct dma_fence *fence)
{
	(void)fence;
	return "dma_fence_chain";
}

static const char *timeline_name(struct dma_fence *fence)
{
	(void)fence;
	return "unbound";
}

static struct base_work *work_of(struct dma_fence_chain *chain)
{
	return (struct base_work *)(void *)chain->work;
}

struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence)
{
	return fence && fence_is_chain(fence) ? chain_of(fence)->fence : fence;
}

/* The prev of a node, with a reference. */
static struct dma_fence *get_prev(struct dma_fence_chain *chain)
{
	struct dma_fence *prev;

	if (!rcu_read(chain->prev))
		return NULL;
	dmabuf_base_rcu_read_lock();
	prev = dma_fence_get_rcu_safe(&chain->prev);
	dmabuf_base_rcu_read_unlock();
	return prev;
}

/* Take the signalled @prev out from between @chain and what comes before @prev. */
static void collect(struct dma_fence_chain *chain, struct dma_fence *prev)
{
	struct dma_fence *before = fence_is_chain(prev) ? get_prev(chain_of(prev)) : NULL;
	struct dma_fence *expected = prev, *unused = before;

	/* Pairs with the acquire of other walkers. Our reference to @before becomes the node's, its own to @prev ours. */
	if (__atomic_compare_exchange_n(&chain->prev, &expected, before, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		unused = prev;
	dma_fence_put(unused);
}

/* What of the past of @chain is still to be waited for, with a reference. */
static struct dma_fence *unsignaled_before(struct dma_fence_chain *chain)
{
	struct dma_fence *prev;

	while ((prev = get_prev(chain)) && dma_fence_is_signaled(dma_fence_chain_contained(prev))) {
		collect(chain, prev);
		dma_fence_put(prev);
	}
	return prev;
}

struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence)
{
	struct dma_fence *before = NULL;

	if (fence && fence_is_chain(fence))
		before = unsignaled_before(chain_of(fence));
	dma_fence_put(fence);
	return before;
}

/* Is @fence on the timeline @context, and are there points before it that are not below @seqno? */
static bool is_too_new(struct dma_fence *fence, uint64_t context, uint64_t seqno)
{
	return fence->context == context && chain_of(fence)->prev_seqno >= seqno;
}

/* The node to wait for, with a reference, which may be NULL; takes the one to @head. */
static struct dma_fence *find_gate(struct dma_fence_chain *head, uint64_t seqno)
{
	uint64_t context = head->base.context;
	struct dma_fence *gate = &head->base;
	struct dma_fence_chain *near;

	if (!is_too_new(gate, context, seqno))
		return gate;
	near = dma_fence_chain_index_seek(head, seqno);
	if (near) {
		dma_fence_put(gate);
		gate = &near->base;
		if (near != head && dma_fence_is_signaled(near->fence))
			gate = dma_fence_chain_walk(gate);
	}
	/* All that is left of the way, if the index did not lead to the end of it. */
	while (gate && is_too_new(gate, context, seqno))
		gate = dma_fence_chain_walk(gate);
	return gate;
}

int dma_fence_chain_find_seqno(struct dma_fence **pfence, uint64_t seqno)
{
	struct dma_fence *newest = *pfence;

	if (seqno == 0)
		return 0;
	if (!newest || !fence_is_chain(newest) || newest->seqno < seqno)
		return -EINVAL;
	*pfence = find_gate(chain_of(newest), seqno);
	return 0;
}

static void go_on(struct base_work *work);

/* A fence we listened to is done, its lock held: see later what is next. The reference to the node goes with the work. */
static void fence_is_done(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct dma_fence_chain *chain = base_container(cb, struct dma_fence_chain, cb);

	*work_of(chain) = (struct base_work) { .func = go_on };
	dmabuf_base_work_queue(work_of(chain));
	dma_fence_put(fence);
}

/*
 * Listen to the newest fence of @chain and its past that is not signalled; both it and the node get a reference for that.
 * False if all of them are.
 */
static bool listen(struct dma_fence_chain *chain)
{
	struct dma_fence *node;

	dma_fence_get(&chain->base);
	dma_fence_chain_for_each(node, &chain->base) {
		struct dma_fence *fence = dma_fence_get(dma_fence_chain_contained(node));

		if (dma_fence_add_callback(fence, &chain->cb, fence_is_done) == 0) {
			dma_fence_put(node);
			return true;
		}
		dma_fence_put(fence);
	}
	dma_fence_put(&chain->base);
	return false;
}

static void go_on(struct base_work *work)
{
	struct dma_fence_chain *chain = base_container((void *)work, struct dma_fence_chain, work);

	if (!listen(chain))
		dma_fence_signal(&chain->base);
	dma_fence_put(&chain->base);
}

static bool enable_signaling(struct dma_fence *fence)
{
	return listen(chain_of(fence));
}

static bool is_done(struct dma_fence *fence)
{
	struct dma_fence *before;

	if (!dma_fence_is_signaled(chain_of(fence)->fence))
		return false;
	before = unsignaled_before(chain_of(fence));
	dma_fence_put(before);
	return !before;
}

static void free_node(struct dmabuf_rcu_head *rcu)
{
	dmabuf_base_free(base_container(rcu, struct dma_fence_chain, base.rcu));
}

/*
 * The end of a node is often the end of the one before it, and so on. prev keeps its value: readers of the index that are
 * still here may follow it until their section ends, and what it points to is freed after that.
 */
static void release(struct dma_fence *fence)
{
	struct dma_fence *prev;

	do {
		struct dma_fence_chain *chain = chain_of(fence);

		prev = chain->prev;
		dma_fence_chain_index_remove(chain);
		dma_fence_put(chain->fence);
		dmabuf_base_pool_put(POOL_CHAIN, chain, &fence->rcu, free_node);
		if (!prev || !fence_is_chain(prev)) {
			dma_fence_put(prev);
			break;
		}
		fence = prev;
	} while (dma_fence_put_is_last(prev));
}

static void set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dma_fence *node;

	dma_fence_chain_for_each(node, fence)
		dma_fence_set_deadline(dma_fence_chain_contained(node), deadline_ns);
}

const struct dma_fence_ops dma_fence_chain_ops = {
	.use_64bit_seqno = true,
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = is_done,
	.release = release,
	.set_deadline = set_deadline,
};

struct dma_fence_chain *dma_fence_chain_alloc(void)
{
	return dmabuf_base_pool_get(POOL_CHAIN, sizeof(struct dma_fence_chain));
}

void dma_fence_chain_free(struct dma_fence_chain *chain)
{
	dmabuf_base_free(chain);
}

void dma_fence_chain_init(struct dma_fence_chain *chain, struct dma_fence *prev, struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence_chain *before = as_chain(prev);
	bool continues = before && seqno > before->base.seqno;

	warn_if(fence && fence_is_chain(fence), "dma_fence_chain_init: the fence of a node is itself a node");
	if (before && !continues && before->base.seqno > seqno)
		seqno = before->base.seqno;
	chain->prev = prev;
	chain->prev_seqno = continues ? before->base.seqno : 0;
	chain->fence = fence;
	dmabuf_spinlock_init(&chain->lock);
	chain_index_init(chain);
	dma_fence_init(&chain->base, &dma_fence_chain_ops, &chain->lock,
		       continues ? before->base.context : dma_fence_context_alloc(1), seqno);
	if (continues)
		dma_fence_chain_index_add(chain, before);
}

bool dma_fence_is_chain(struct dma_fence *fence)
{
	return fence_is_chain(fence);
}

bool dma_fence_is_container(struct dma_fence *fence)
{
	return fence_is_array(fence) || fence_is_chain(fence);
}

struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence)
{
	return as_chain(fence);
}
