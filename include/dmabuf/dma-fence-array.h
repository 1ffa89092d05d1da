/* SPDX-License-Identifier: MIT */
/**
 * DOC: Fence arrays
 *
 * One fence that stands for several: signalled with the last of them or, if asked for, with the first. Members are plain
 * fences; what is itself an array or a chain is taken apart first, see dma_fence_unwrap_for_each().
 *
 * An array listens to its members only after somebody listens to the array. Until then it looks at them when it is asked.
 * It never signals while a member's lock is held: the signalling thread does it as soon as it holds no fence's lock.
 */
#ifndef DMABUF_DMA_FENCE_ARRAY_H
#define DMABUF_DMA_FENCE_ARRAY_H

#include <dmabuf/dma-fence.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_fence_array;
struct dmabuf_fence_refs;

/**
 * struct dma_fence_array_cb - what an array leaves with a member
 * @cb: the callback
 * @array: whose it is
 */
struct dma_fence_array_cb {
	struct dma_fence_cb cb;
	struct dma_fence_array *array;
};

/**
 * struct dma_fence_array - a fence for several fences
 * @base: what others wait for
 * @lock: lock of @base
 * @num_fences: members
 * @num_pending: members that have still to signal before @base does; atomic, may become negative
 * @fences: the members, not to be changed
 */
struct dma_fence_array {
	struct dma_fence base;
	struct dmabuf_spinlock lock;
	unsigned int num_fences;
	int num_pending;
	struct dma_fence **fences;
	/* private: */
	struct dma_fence_array_cb *callbacks;	/* one for each member */
	struct dmabuf_fence_refs *refs;		/* holds the members; NULL: the array itself holds one reference to each */
	void *block;				/* freed with the array, or NULL */
	void *work[3];				/* struct base_work */
	bool pooled;				/* the memory is from a pool */
};

/**
 * dma_fence_array_alloc() - memory for an array
 * @num_fences: members it will have at most
 *
 * The half of dma_fence_array_create() that may fail, for callers that must not fail later.
 *
 * Context: Allocates.
 * Locks: none.
 * Owns: the caller frees it with free() as long as it is not initialised.
 * Units: @num_fences in fences.
 * Across: one process.
 * Return: memory for dma_fence_array_init(), NULL if there is none.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API struct dma_fence_array *dma_fence_array_alloc(int num_fences);

/**
 * dma_fence_array_init() - make an array without allocating
 * @array: from dma_fence_array_alloc()
 * @num_fences: members, at least one and not more than there is room for
 * @fences: their references, in a block from malloc()
 * @context: from dma_fence_context_alloc()
 * @seqno: place in @context
 * @signal_on_any: signal with the first member and not with the last
 *
 * The first member's error that is noticed becomes the error of the array. That is noticed by callbacks: an array that
 * nobody waited for or listened to ends without an error even if a member failed.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes one reference of each member and the block @fences; both go with the last reference to the array.
 * Units: @num_fences in fences.
 * Across: one process.
 * Return: nothing. No members, no block, or a member that is a container give a warning.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API void dma_fence_array_init(struct dma_fence_array *array, int num_fences, struct dma_fence **fences, uint64_t context,
				     unsigned int seqno, bool signal_on_any);

/**
 * dma_fence_array_create() - one fence for several
 * @num_fences: members, at least one
 * @fences: their references, in a block from malloc()
 * @context: from dma_fence_context_alloc()
 * @seqno: place in @context
 * @signal_on_any: signal with the first member and not with the last
 *
 * dma_fence_array_alloc() and dma_fence_array_init() in one.
 *
 * Context: Allocates.
 * Locks: none.
 * Owns: as dma_fence_array_init(); without memory the caller still owns all.
 * Units: @num_fences in fences.
 * Across: one process.
 * Return: the array, whose base has one reference, held by the caller; NULL without memory.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API struct dma_fence_array *dma_fence_array_create(int num_fences, struct dma_fence **fences, uint64_t context,
							  unsigned int seqno, bool signal_on_any);

/**
 * to_dma_fence_array() - the array of a fence
 * @fence: fence, or NULL
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: the array, NULL if it is none.
 * Source: Linux 6.12 include/linux/dma-fence-array.h; differs: none.
 */
DMABUF_API struct dma_fence_array *to_dma_fence_array(struct dma_fence *fence);

/**
 * dma_fence_array_first() - begin of dma_fence_array_for_each()
 * @head: fence, or NULL
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: the first member of an array, NULL if it has none; @head itself if it is no array.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_array_first(struct dma_fence *head);

/**
 * dma_fence_array_next() - step of dma_fence_array_for_each()
 * @head: fence
 * @index: place of a member
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: that member; NULL behind the last one, or if @head is no array.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_array_next(struct dma_fence *head, unsigned int index);

/** define dma_fence_array_for_each - all members of an array, or the fence itself; declare @index beside @fence */
#define dma_fence_array_for_each(fence, index, head) \
	for (index = 0, fence = dma_fence_array_first(head); fence; fence = dma_fence_array_next(head, ++(index)))

#ifdef __cplusplus
}
#endif

#endif
