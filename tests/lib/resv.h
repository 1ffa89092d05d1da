/* SPDX-License-Identifier: MIT */
/* Short forms for tests that fill and look at reservation objects. */
#ifndef TESTS_RESV_H
#define TESTS_RESV_H

#include <dmabuf/dma-resv.h>

/* The object must be held: reserve one slot, add. */
void resv_push(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage);
/* The same in a lock hold of its own. */
void resv_add(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage);

struct resv_entry {
	struct dma_fence *fence; /* no reference */
	enum dma_resv_usage usage;
};

/* The unsignalled fences of @usage in list order, at most @max; returns how many. */
unsigned int resv_list(struct dma_resv *obj, enum dma_resv_usage usage,
		       struct resv_entry *ret_entries, unsigned int max);

/* The unsignalled content is exactly this, in this order. */
#define expect_resv(obj, ...)                                                                     \
	do {                                                                                      \
		const struct resv_entry want_[] = { __VA_ARGS__ };                                \
		expect_resv_at(obj, want_, sizeof(want_) / sizeof(want_[0]), __FILE__, __LINE__); \
	} while (0)
void expect_resv_at(struct dma_resv *obj, const struct resv_entry *want, unsigned int num,
		    const char *file, int line);

#endif
