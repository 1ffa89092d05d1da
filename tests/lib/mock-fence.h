/* SPDX-License-Identifier: MIT */
/*
 * A fence of the tests: own lock, own context unless told otherwise, and it counts what the library asks of it. All
 * calls hand out a struct dma_fence; mock_of() gives the counters.
 */
#ifndef TESTS_MOCK_FENCE_H
#define TESTS_MOCK_FENCE_H

#include <dmabuf/dma-fence.h>

struct mock_fence {
	struct dma_fence base; /* first: dma_fence_free() frees the whole */
	struct dmabuf_spinlock lock;
	/* what the ops answer */
	bool enable_fails;
	int enable_error; /* set by a failing enable_signaling, if not 0 */
	bool done; /* answer of the signaled op */
	int done_error; /* set by the signaled op with the answer true, if not 0 */
	signed long wait_result;
	/* what they were asked; atomic */
	unsigned int enables;
	unsigned int asked;
	unsigned int waits;
	bool enabled_unlocked; /* enable_signaling ran without the lock */
};

extern const struct dma_fence_ops mock_plain_ops; /* both names and release, nothing optional */
extern const struct dma_fence_ops mock_ops; /* also enable_signaling and signaled */
extern const struct dma_fence_ops mock_64bit_ops; /* as plain, 64-bit seqnos */
extern const struct dma_fence_ops mock_wait_ops; /* as plain, own wait */

/* How often a release op of a mock ran; atomic. */
extern unsigned int mock_released;

/* One reference for the caller. mock_fence(): mock_ops, a fresh context, seqno 1. */
struct dma_fence *mock_fence(void);
struct dma_fence *mock_fence_at(uint64_t context, uint64_t seqno);
struct dma_fence *mock_fence_with(const struct dma_fence_ops *ops, uint64_t context,
				  uint64_t seqno);
struct mock_fence *mock_of(struct dma_fence *fence);

/* Signals it and gives the caller's reference back. */
void mock_signal_and_put(struct dma_fence *fence);

/* References held by anybody. */
unsigned int fence_refs(struct dma_fence *fence);
bool fence_flag(struct dma_fence *fence, int bit);

/* A callback that counts. */
struct mock_cb {
	struct dma_fence_cb base;
	unsigned int ran; /* atomic */
	int status; /* error of the fence when it ran, 1 for none */
	unsigned int order; /* how many had run before, in this process */
	bool linked; /* the node was not empty when it ran */
	bool unlocked; /* the fence's lock was free when it ran */
};

void mock_cb_func(struct dma_fence *fence, struct dma_fence_cb *cb);
int mock_cb_add(struct dma_fence *fence, struct mock_cb *cb);
unsigned int mock_cb_ran(struct mock_cb *cb);

#endif
