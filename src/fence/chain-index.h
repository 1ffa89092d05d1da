/* SPDX-License-Identifier: MIT */
/*
 * Finding a point of a timeline without walking: each node knows, beside the node before it, one that is further back.
 *
 * The jumps are those of a skew-binary counter: the node at depth d jumps over as many nodes as the counter's lowest digit
 * is worth, so that from any node any earlier one is O(log n) steps away, and adding a node looks at two others only.
 *
 * Jumps hold no references. A node that ends passes those who jump to it on to the node before it, which it still holds;
 * so a jump always ends at a node that has not ended, or is NULL. A jump over nodes that were collected is still a jump to
 * an earlier node of the same timeline, which is all that a search relies on. Readers need an RCU read section only.
 */
#ifndef DMABUF_SRC_FENCE_CHAIN_INDEX_H
#define DMABUF_SRC_FENCE_CHAIN_INDEX_H

#include <dmabuf/dma-fence-chain.h>

/* No jumps yet. */
static inline void chain_index_init(struct dma_fence_chain *chain)
{
	chain->indexed = 0;
	chain->jump = chain->jumpers = chain->next_jumper = NULL;
	chain->jump_link = NULL;
	chain->depth = 0;
}

/* @chain continues the timeline of @prev, to which the caller holds a reference. */
void dma_fence_chain_index_add(struct dma_fence_chain *chain, struct dma_fence_chain *prev);

/* @chain has no references left, and still holds the one to its prev. */
void dma_fence_chain_index_remove(struct dma_fence_chain *chain);

/*
 * The oldest node that the jumps and links from @head lead to, of those whose seqno is at least @seqno, which that of @head
 * is. With a reference; NULL if it ended in the meantime.
 */
struct dma_fence_chain *dma_fence_chain_index_seek(struct dma_fence_chain *head, uint64_t seqno);

#endif
