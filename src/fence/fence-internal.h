/* SPDX-License-Identifier: MIT */
/* What the files of the fence layer share with each other. */
#ifndef DMABUF_SRC_FENCE_INTERNAL_H
#define DMABUF_SRC_FENCE_INTERNAL_H

#include <dmabuf/dma-fence.h>

#include "src/base/list.h"
#include "src/base/spinlock.h"
#include "src/base/warn.h"

static inline bool fence_flag_is_set(const struct dma_fence *fence, unsigned int bit)
{
	/* Pairs with fence_flag_set(): what was written before the bit is seen by whoever sees the bit. */
	return __atomic_load_n(&fence->flags, __ATOMIC_ACQUIRE) & (1UL << bit);
}

/* Set a bit; true if it was set before. Sequentially consistent: see fence_enable_locked(). */
static inline bool fence_flag_set(struct dma_fence *fence, unsigned int bit)
{
	return __atomic_fetch_or(&fence->flags, 1UL << bit, __ATOMIC_SEQ_CST) & (1UL << bit);
}

/* Turn signalling on, lock held. False if the fence is signalled, by now or before. */
bool dma_fence_enable_locked(struct dma_fence *fence);

#endif
