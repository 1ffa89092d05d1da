/* SPDX-License-Identifier: MIT */
/* What the files of the fence layer share with each other. */
#ifndef DMABUF_SRC_FENCE_INTERNAL_H
#define DMABUF_SRC_FENCE_INTERNAL_H

#include <dmabuf/dma-fence.h>
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>

#include "src/base/list.h"
#include "src/base/spinlock.h"
#include "src/base/warn.h"

extern const struct dma_fence_ops dma_fence_array_ops;
extern const struct dma_fence_ops dma_fence_chain_ops;

static inline bool fence_flag_is_set(const struct dma_fence *fence, unsigned int bit)
{
	/* Pairs with fence_flag_set(): what was written before the bit is seen by whoever sees the bit. */
	return __atomic_load_n(&fence->flags, __ATOMIC_ACQUIRE) & (1UL << bit);
}

/* Set a bit; true if it was set before. */
static inline bool fence_flag_set(struct dma_fence *fence, unsigned int bit)
{
	return __atomic_fetch_or(&fence->flags, 1UL << bit, __ATOMIC_SEQ_CST) & (1UL << bit);
}

static inline bool fence_is_array(const struct dma_fence *fence)
{
	return fence->ops == &dma_fence_array_ops;
}

static inline bool fence_is_chain(const struct dma_fence *fence)
{
	return fence->ops == &dma_fence_chain_ops;
}

/* The array, or the node, that @fence is known to be. */
static inline struct dma_fence_array *array_of(struct dma_fence *fence)
{
	return base_container(fence, struct dma_fence_array, base);
}

static inline struct dma_fence_chain *chain_of(struct dma_fence *fence)
{
	return base_container(fence, struct dma_fence_chain, base);
}

/* The same for any fence, or NULL: NULL if it is none. */
static inline struct dma_fence_array *as_array(struct dma_fence *fence)
{
	return fence && fence_is_array(fence) ? array_of(fence) : NULL;
}

static inline struct dma_fence_chain *as_chain(struct dma_fence *fence)
{
	return fence && fence_is_chain(fence) ? chain_of(fence) : NULL;
}

/* Turn signalling on, lock held. False if the fence is signalled, by now or before. */
bool dma_fence_enable_locked(struct dma_fence *fence);

/*
 * The end of a fence up to its release op: true if @fence was the last reference and the caller has to do what the release
 * op does. For release ops that would otherwise call themselves through dma_fence_put().
 */
bool dma_fence_put_is_last(struct dma_fence *fence);

/*
 * Arrays made by a merge share the references to what they have in common: a set holds one reference to each of its fences,
 * and keeps an older set alive that holds the others.
 */
struct dmabuf_fence_refs {
	struct dmabuf_kref count;
	unsigned int num_fences;
	struct dmabuf_fence_refs *older;	/* may be NULL */
	struct dma_fence *fences[];
};

void dma_fence_refs_put(struct dmabuf_fence_refs *refs);

/*
 * An array over a copy of @fences, which are no containers, in a fresh context. It takes over one reference to each of
 * them; or, with @refs, only that one. NULL without memory.
 */
struct dma_fence_array *dma_fence_array_wrap(unsigned int num_fences, struct dma_fence *const *fences,
					     struct dmabuf_fence_refs *refs);

/* By context, newest first within one. */
void dma_fence_sort(struct dma_fence **fences, unsigned int num);

/* Does @a stand before @b in that order, or are both in the same place? */
static inline bool fence_is_in_order(struct dma_fence *a, struct dma_fence *b)
{
	if (a->context != b->context)
		return a->context < b->context;
	return !dma_fence_is_later(b, a);
}

#endif
