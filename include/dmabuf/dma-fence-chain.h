/* SPDX-License-Identifier: MIT */
/**
 * DOC: Fence chains
 *
 * A timeline as a linked list of fences. Each node holds one fence and the node before it; it is signalled when its own
 * fence and those of all earlier nodes are. The newest node stands for the whole timeline, and
 *	dma_fence_chain_find_seqno()
 * finds the node that gates an earlier point of it.
 *
 * What has been signalled drops out of a chain when somebody walks over it. The number of nodes has no limit: nothing here
 * calls itself, and a point is found in steps that grow with the logarithm of the length.
 */
#ifndef DMABUF_DMA_FENCE_CHAIN_H
#define DMABUF_DMA_FENCE_CHAIN_H

#include <dmabuf/dma-fence.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct dma_fence_chain - node of a chain
 * @base: signalled when @fence and all earlier nodes are
 * @prev: the node before, or the plain fence the chain began with; NULL if there is none or all of it is signalled.
 *	Changes under RCU; dma_fence_chain_walk() gives it with a reference
 * @prev_seqno: seqno of the node before when this one was made; 0 for none, or one of another context
 * @fence: the fence of this node
 * @cb: callback with the fence that is waited for at the moment
 * @lock: lock of @base
 */
struct dma_fence_chain {
	struct dma_fence base;
	struct dma_fence *prev;
	uint64_t prev_seqno;
	struct dma_fence *fence;
	union {
		struct dma_fence_cb cb;
		/* private: */
		void *work[3];			/* struct base_work, once the callback ran */
	};
	struct dmabuf_spinlock lock;
	/* private: index of the timeline, see src/fence/chain-index.h */
	uint32_t indexed;			/* some node may point here, or this one points to another */
	struct dma_fence_chain *jump;		/* an earlier node; no reference; NULL for none */
	struct dma_fence_chain *jumpers;	/* first of the nodes whose jump points here */
	struct dma_fence_chain *next_jumper;	/* next with the same jump as this one */
	struct dma_fence_chain **jump_link;	/* what points to this one in that list */
	uint64_t depth;				/* nodes of this context before this one when it was made */
};

/**
 * dma_fence_chain_alloc() - memory for a node
 *
 * Context: Allocates.
 * Locks: none.
 * Owns: the caller; dma_fence_chain_free() as long as it is not initialised.
 * Units: none.
 * Across: one process.
 * Return: memory for dma_fence_chain_init(), NULL if there is none.
 * Source: Linux 6.12 include/linux/dma-fence-chain.h; differs: none.
 */
DMABUF_API struct dma_fence_chain *dma_fence_chain_alloc(void);

/**
 * dma_fence_chain_free() - give back a node that was never initialised
 * @chain: from dma_fence_chain_alloc(), or NULL
 *
 * After dma_fence_chain_init() only dma_fence_put() ends a node.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes the memory.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-fence-chain.h; differs: none.
 */
DMABUF_API void dma_fence_chain_free(struct dma_fence_chain *chain);

/**
 * dma_fence_chain_init() - add a node to a chain
 * @chain: from dma_fence_chain_alloc()
 * @prev: newest node so far, or a plain fence, or NULL
 * @fence: the fence of the new point
 * @seqno: number of the new point
 *
 * If @prev is a node and @seqno is greater than that of @prev, the timeline goes on in the same context. Otherwise a new
 * context begins, and if @prev is a node the new one gets the greater of both numbers.
 *
 * Context: Any.
 * Locks: none that the caller must hold.
 * Owns: takes one reference of @prev and one of @fence. The caller holds the first reference to the node.
 * Units: none.
 * Across: one process.
 * Return: nothing. A @fence that is itself a node gives a warning.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-chain.c; differs: none.
 */
DMABUF_API void dma_fence_chain_init(struct dma_fence_chain *chain, struct dma_fence *prev, struct dma_fence *fence,
				     uint64_t seqno);

/**
 * to_dma_fence_chain() - the node of a fence
 * @fence: fence, or NULL
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: the node, NULL if it is none.
 * Source: Linux 6.12 include/linux/dma-fence-chain.h; differs: none.
 */
DMABUF_API struct dma_fence_chain *to_dma_fence_chain(struct dma_fence *fence);

/**
 * dma_fence_chain_contained() - the fence inside a node
 * @fence: fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: the fence of the node; @fence itself if it is no node.
 * Source: Linux 6.12 include/linux/dma-fence-chain.h; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_chain_contained(struct dma_fence *fence);

/**
 * dma_fence_chain_walk() - one step back in time
 * @fence: where one is, or NULL
 *
 * Earlier nodes whose own fence is signalled are taken out of the chain in passing.
 *
 * Context: Any; may run callbacks.
 * Locks: none.
 * Owns: takes the reference to @fence; the caller gets one to the result.
 * Units: none.
 * Across: one process.
 * Return: the node (or plain fence) before; NULL at the end, and for a fence that is no node.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-chain.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_chain_walk(struct dma_fence *fence);

/**
 * dma_fence_chain_find_seqno() - which node gates this point?
 * @pfence: in: newest node, with a reference; out: the node found
 * @seqno: point asked for
 *
 * The result may be older than the point asked for: when the nodes between are signalled and gone, what is left is still
 * to be waited for.
 *
 * Context: Any; may run callbacks.
 * Locks: none.
 * Owns: on success and @seqno not 0, the reference to the old *@pfence is taken and the caller gets one to the new.
 * Units: none.
 * Across: one process.
 * Return: 0, with *@pfence NULL if all up to @seqno is signalled, and unchanged for @seqno 0; -EINVAL, *@pfence unchanged,
 *	if it is no node or has not come to @seqno yet.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-chain.c; differs: nodes between the newest and the one found are
 *	skipped, not walked, and stay in the chain even if signalled.
 */
DMABUF_API int dma_fence_chain_find_seqno(struct dma_fence **pfence, uint64_t seqno);

/** define dma_fence_chain_for_each - newest to oldest; @iter has a reference, which a break leaves to the caller */
#define dma_fence_chain_for_each(iter, head) \
	for (iter = dma_fence_get(head); iter; iter = dma_fence_chain_walk(iter))

#ifdef __cplusplus
}
#endif

#endif
