/* SPDX-License-Identifier: MIT */
/* What the files of the resv layer share with each other. */
#ifndef DMABUF_SRC_RESV_INTERNAL_H
#define DMABUF_SRC_RESV_INTERNAL_H

#include <dmabuf/dma-resv.h>

#define USAGE_MASK 3ul

/* Entries of a reservation, published by pointer; an entry is a fence pointer with its usage in the two low bits. */
struct dma_resv_list {
	struct dmabuf_rcu_head rcu;
	uint32_t num_fences;	/* entries that readers may look at */
	uint32_t max_fences;	/* entries that may be filled under this hold of the lock */
	uint32_t capacity;	/* entries there are */
	uintptr_t table[];
};

/* Read one entry; pairs with resv_entry_set(). */
static inline struct dma_fence *resv_entry(struct dma_resv_list *list, unsigned int index, enum dma_resv_usage *ret_usage)
{
	uintptr_t entry = __atomic_load_n(&list->table[index], __ATOMIC_ACQUIRE);

	*ret_usage = (enum dma_resv_usage)(entry & USAGE_MASK);
	return (struct dma_fence *)(entry & ~USAGE_MASK);
}

/* Fill one entry; a reader that sees it sees the fence initialised. */
static inline void resv_entry_set(struct dma_resv_list *list, unsigned int index, struct dma_fence *fence,
				  enum dma_resv_usage usage)
{
	__atomic_store_n(&list->table[index], (uintptr_t)fence | (uintptr_t)usage, __ATOMIC_RELEASE);
}

#endif
