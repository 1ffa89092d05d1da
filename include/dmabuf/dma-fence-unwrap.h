/* SPDX-License-Identifier: MIT */
/**
 * DOC: Taking containers apart
 *
 * A fence that comes from elsewhere may be an array, a chain, or a chain of arrays. These functions show the plain fences
 * inside it, and make one fence out of several without ever putting a container into a container.
 */
#ifndef DMABUF_DMA_FENCE_UNWRAP_H
#define DMABUF_DMA_FENCE_UNWRAP_H

#include <dmabuf/dma-fence.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct dma_fence_unwrap - where an unwrapping loop is
 * @chain: current node; has a reference, which a break leaves to the caller
 * @array: the fence of that node; no reference
 * @index: current member, if @array is an array
 */
struct dma_fence_unwrap {
	struct dma_fence *chain;
	struct dma_fence *array;
	unsigned int index;
};

/**
 * dma_fence_unwrap_first() - begin of dma_fence_unwrap_for_each()
 * @head: fence, or NULL
 * @cursor: of the loop; initialised here
 *
 * Context: Any; may run callbacks.
 * Locks: none.
 * Owns: the cursor gets a reference to @head; the result has none of its own.
 * Units: none.
 * Across: one process.
 * Return: the first plain fence, NULL if there is none.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-unwrap.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_unwrap_first(struct dma_fence *head, struct dma_fence_unwrap *cursor);

/**
 * dma_fence_unwrap_next() - step of dma_fence_unwrap_for_each()
 * @cursor: of the loop
 *
 * Context: Any; may run callbacks.
 * Locks: none.
 * Owns: the reference of the cursor moves on, and is gone with the last fence.
 * Units: none.
 * Across: one process.
 * Return: the next plain fence, NULL behind the last one.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-unwrap.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_unwrap_next(struct dma_fence_unwrap *cursor);

/**
 * define dma_fence_unwrap_for_each - all plain fences inside @head
 *
 * Nodes from newest to oldest, members of an array in their order. Older nodes that are signalled are left out. After a
 * break the caller puts @cursor->chain.
 */
#define dma_fence_unwrap_for_each(fence, cursor, head) \
	for (fence = dma_fence_unwrap_first(head, cursor); fence; fence = dma_fence_unwrap_next(cursor))

/**
 * __dma_fence_unwrap_merge() - one fence for all that is inside several
 * @num_fences: how many
 * @fences: fences or containers; each may be NULL
 * @cursors: room for as many; not used afterwards
 *
 * What is signalled is left out, and of each context only the newest stays. See dma_fence_unwrap_merge().
 *
 * Context: Allocates; may run callbacks.
 * Locks: none.
 * Owns: the caller keeps its references and gains one to the result.
 * Units: none.
 * Across: one process.
 * Return: that one fence if only one is left; an array over all of them, in the order of their contexts, if there
 *	are more; a
 *	signalled fence with the time of the last of them if none is; NULL without memory.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-unwrap.c; differs: none.
 */
DMABUF_API struct dma_fence *__dma_fence_unwrap_merge(unsigned int num_fences, struct dma_fence **fences,
						      struct dma_fence_unwrap *cursors);

/**
 * dma_fence_dedup_array() - only the newest fence of each context
 * @fences: fences, one reference each
 * @num: how many; 0 gives 0
 *
 * Sorts them by context.
 *
 * Context: May allocate.
 * Locks: none.
 * Owns: gives back the references of those that are dropped.
 * Units: fences.
 * Across: one process.
 * Return: how many are left.
 * Source: Linux 6.16 drivers/dma-buf/dma-fence-unwrap.c; differs: none.
 */
DMABUF_API int dma_fence_dedup_array(struct dma_fence **fences, int num);

/** define dma_fence_unwrap_merge - __dma_fence_unwrap_merge() of its arguments: fences, containers or NULL */
#define dma_fence_unwrap_merge(...) \
	__extension__({ \
		struct dma_fence *dmabuf_all_[] = { __VA_ARGS__ }; \
		struct dma_fence_unwrap dmabuf_at_[sizeof(dmabuf_all_) / sizeof(dmabuf_all_[0])]; \
		\
		__dma_fence_unwrap_merge(sizeof(dmabuf_at_) / sizeof(dmabuf_at_[0]), dmabuf_all_, dmabuf_at_); \
	})

#ifdef __cplusplus
}
#endif

#endif
