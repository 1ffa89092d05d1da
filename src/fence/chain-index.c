/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. The jumps of chain-index.h.
 *
 * Called by: dma-fence-chain.c when a node begins, when it ends, and to find a point.
 *
 * Invariant: under the lock of a timeline, every jump points to a node that has not been removed, and stands in that node's
 * list of jumpers. Who reads a jump without the lock does so in an RCU read section: the node was removed, if at all, after
 * the section began, and is freed after it ends.
 */
#include "src/base/rcu.h"
#include "src/fence/chain-index.h"
#include "src/fence/fence-internal.h"

#define NUM_LOCKS 64

/* Timelines share locks by their context; nothing else is taken while one is held. */
static struct {
	struct dmabuf_spinlock lock;
	char apart[60];		/* a cache line each */
} locks[NUM_LOCKS] __attribute__((aligned(64)));

static struct dmabuf_spinlock *lock_of(const struct dma_fence_chain *chain)
{
	return &locks[chain->base.context % NUM_LOCKS].lock;
}

/* The node before @chain on the same timeline, or NULL. */
static struct dma_fence_chain *node_before(struct dma_fence_chain *chain)
{
	struct dma_fence *prev = rcu_read(chain->prev);

	if (!prev || !fence_is_chain(prev) || prev->context != chain->base.context)
		return NULL;
	return chain_of(prev);
}

/* Point @chain to @target and enter it there; lock held. */
static void link_to(struct dma_fence_chain *chain, struct dma_fence_chain *target)
{
	chain->next_jumper = target->jumpers;
	chain->jump_link = &target->jumpers;
	if (target->jumpers)
		target->jumpers->jump_link = &chain->next_jumper;
	target->jumpers = chain;
	rcu_publish(chain->jump, target); /* Pairs with step(). */
	/* Not written again: one that is not held by the caller may be looking at it on its way out. */
	if (!chain->indexed)
		chain->indexed = 1;
	if (!target->indexed)
		target->indexed = 1;
}

/* Two equal digits at the end of the counter become one of the next order: jump over both. */
static struct dma_fence_chain *target_for(struct dma_fence_chain *prev)
{
	struct dma_fence_chain *near = prev->jump, *far = near ? near->jump : NULL;

	return far && prev->depth - near->depth == near->depth - far->depth ? far : prev;
}

void dma_fence_chain_index_add(struct dma_fence_chain *chain, struct dma_fence_chain *prev)
{
	chain->depth = prev->depth + 1;
	spin_lock(lock_of(chain));
	link_to(chain, target_for(prev));
	spin_unlock(lock_of(chain));
}

static void unlink_jump(struct dma_fence_chain *chain)
{
	if (!chain->jump)
		return;
	*chain->jump_link = chain->next_jumper;
	if (chain->next_jumper)
		chain->next_jumper->jump_link = chain->jump_link;
}

void dma_fence_chain_index_remove(struct dma_fence_chain *chain)
{
	struct dma_fence_chain *older, *jumper, *next;

	/* Whoever set it held a reference to the chain, or to one that held it, and has put that before we came here. */
	if (!chain->indexed)
		return;
	older = node_before(chain);
	spin_lock(lock_of(chain));
	unlink_jump(chain);
	for (jumper = chain->jumpers; jumper; jumper = next) {
		next = jumper->next_jumper;
		if (older)
			link_to(jumper, older);
		else
			rcu_publish(jumper->jump, NULL);
	}
	spin_unlock(lock_of(chain));
}

/* One step from @chain that does not go below @seqno; NULL if there is none. */
static struct dma_fence_chain *step(struct dma_fence_chain *chain, uint64_t seqno)
{
	struct dma_fence_chain *next = rcu_read(chain->jump);

	if (!next || next->base.seqno < seqno)
		next = node_before(chain);
	return next && next->base.seqno >= seqno ? next : NULL;
}

struct dma_fence_chain *dma_fence_chain_index_seek(struct dma_fence_chain *head, uint64_t seqno)
{
	struct dma_fence_chain *at = head, *next;
	struct dma_fence *found;

	dmabuf_base_rcu_read_lock();
	while (at->prev_seqno >= seqno && (next = step(at, seqno)))
		at = next;
	found = dma_fence_get_rcu(&at->base);
	dmabuf_base_rcu_read_unlock();
	return found ? at : NULL;
}
