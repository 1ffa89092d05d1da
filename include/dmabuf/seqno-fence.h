/* SPDX-License-Identifier: MIT */
/**
 * DOC: Seqno fences
 *
 * A fence whose progress is a number in a buffer, for devices that can wait for memory by themselves: they put the wait
 * into their own queue and need no processor. Historic (Linux 3.17 to 5.19); the library adds no more than the kernel did:
 * it keeps the buffer alive and passes everything else on to the creator's ops. It does not look at the number.
 */
#ifndef DMABUF_SEQNO_FENCE_H
#define DMABUF_SEQNO_FENCE_H

#include <dmabuf/dma-buf.h>
#include <dmabuf/dma-fence.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum seqno_fence_condition - when the operation is done */
enum seqno_fence_condition {
	SEQNO_FENCE_WAIT_GEQUAL,	/* the number has reached the seqno; compared as signed distance of 32 bits */
	SEQNO_FENCE_WAIT_NONZERO,	/* the number is not 0 */
};

/**
 * struct seqno_fence - a fence that is also visible in memory
 * @base: the fence
 * @ops: behaviour given by the creator
 * @sync_buf: buffer that holds the number; has a reference
 * @seqno_ofs: where, in bytes from the start of @sync_buf
 * @condition: how to compare
 */
struct seqno_fence {
	struct dma_fence base;
	const struct dma_fence_ops *ops;
	struct dma_buf *sync_buf;
	uint32_t seqno_ofs;
	enum seqno_fence_condition condition;
};

/**
 * seqno_fence_init() - make a fence whose progress is in a buffer
 * @fence: memory of the caller, as for dma_fence_init()
 * @lock: lock of the fence
 * @sync_buf: buffer that holds the number
 * @context: from dma_fence_context_alloc()
 * @seqno_ofs: where the number is
 * @seqno: number of this fence
 * @cond: how to compare
 * @ops: names, enable_signaling and wait must be there; signaled and release may
 *
 * The buffer may outlive the fence. Use one buffer for many fences: mapping it is what costs. Signal it before the last
 * reference goes, because the number wraps.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes a reference to @sync_buf for the life of the fence. The caller holds the first reference to the fence.
 * Units: @seqno_ofs in bytes.
 * Across: the buffer may be shared; the fence is of this process.
 * Return: nothing. A missing argument or op is fatal.
 * Source: Linux 4.19 include/linux/seqno-fence.h; differs: none.
 */
DMABUF_API void seqno_fence_init(struct seqno_fence *fence, struct dmabuf_spinlock *lock, struct dma_buf *sync_buf,
				 uint32_t context, uint32_t seqno_ofs, uint32_t seqno, enum seqno_fence_condition cond,
				 const struct dma_fence_ops *ops);

/**
 * to_seqno_fence() - the seqno fence of a fence
 * @fence: fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: one process.
 * Return: the seqno fence, NULL if it is none.
 * Source: Linux 4.19 include/linux/seqno-fence.h; differs: none.
 */
DMABUF_API struct seqno_fence *to_seqno_fence(struct dma_fence *fence);

#ifdef __cplusplus
}
#endif

#endif
