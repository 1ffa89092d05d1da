/* SPDX-License-Identifier: MIT */
/**
 * DOC: What a fence is
 *
 * A fence is the one-shot completion marker of one asynchronous device operation. It starts unsignalled, is signalled
 * exactly once, and stays signalled; an operation that failed signals too, with an error set before.
 *
 * Every fence belongs to a *context*, a 64-bit number from dma_fence_context_alloc(). Fences of one context complete in
 * the order of their seqno; contexts know nothing of each other.
 *
 * Whoever waits, or adds a callback, holds a reference. Whoever will signal holds one too, until it has signalled.
 */
#ifndef DMABUF_DMA_FENCE_H
#define DMABUF_DMA_FENCE_H

#include <dmabuf/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_fence;
struct dma_fence_cb;
struct dma_fence_ops;
struct dmabuf_seq;

/**
 * struct dma_fence - completion of one operation
 * @lock: given by the creator, may be shared by all fences of a timeline; protects the callback list and the change to
 *	signalled
 * @ops: never NULL after dma_fence_init()
 * @cb_list: callbacks, in the order they run; valid only while unsignalled
 * @timestamp: CLOCK_MONOTONIC nanoseconds of signalling; valid once DMA_FENCE_FLAG_TIMESTAMP_BIT is set
 * @rcu: used by dma_fence_free()
 * @context: which timeline this fence belongs to
 * @seqno: place on that timeline
 * @flags: bits of enum dma_fence_flag_bits, changed by atomic operations only
 * @refcount: see dma_fence_get() and dma_fence_put()
 * @error: 0 or a negative errno; written before signalling, meaningful after
 */
struct dma_fence {
	struct dmabuf_spinlock *lock;
	const struct dma_fence_ops *ops;
	union {
		struct dmabuf_list cb_list;
		int64_t timestamp;
		struct dmabuf_rcu_head rcu;
	};
	uint64_t context;
	uint64_t seqno;
	unsigned long flags;
	struct dmabuf_kref refcount;
	int error;
};

/**
 * enum dma_fence_flag_bits - bits of dma_fence.flags, numbered as in Linux 6.12
 *
 * The implementer of the ops has the bits from DMA_FENCE_FLAG_USER_BITS to 55. The eight highest are the library's own;
 * the 64-bit mark of Linux 6.17 is among them, so that it moves none of the bits of 6.12.
 */
enum dma_fence_flag_bits {
	DMA_FENCE_FLAG_SIGNALED_BIT,		/* signalled; never cleared */
	DMA_FENCE_FLAG_TIMESTAMP_BIT,		/* the timestamp is stored */
	DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT,	/* somebody asked for signalling; enable_signaling may have run */
	DMA_FENCE_FLAG_USER_BITS,		/* first bit for the implementer of the ops */
	DMA_FENCE_FLAG_SEQNO64_BIT = 62,	/* all 64 bits of the seqno count; see dma_fence_init64() */
};

typedef void (*dma_fence_func_t)(struct dma_fence *fence, struct dma_fence_cb *cb);

/**
 * struct dma_fence_cb - one registered callback; embed it to carry data
 * @node: link in the fence's list; empty once the callback is about to run
 * @func: what to call
 */
struct dma_fence_cb {
	struct dmabuf_list node;
	dma_fence_func_t func;
};

/**
 * struct dma_fence_ops - what the implementer of a fence supplies
 * @use_64bit_seqno: compare seqnos with 64 bits; otherwise the lower 32 bits are compared and may wrap
 * @get_driver_name: mandatory; atomic
 * @get_timeline_name: mandatory; atomic
 * @enable_signaling: optional; called once at most, with the fence's lock held, when somebody first waits or adds a
 *	callback. True: the fence will be signalled. False: it has passed already or cannot be armed, and the core signals
 *	it at once; only then may it set an error. A callee that arms something takes its own reference.
 * @signaled: optional peek, with or without the lock; once true, true for ever
 * @wait: optional replacement of dma_fence_default_wait(); returns as that does
 * @release: optional; must end in dma_fence_free() for memory from the library's allocator, or free the memory a grace
 *	period later. May run in atomic context.
 * @fence_value_str: optional text of this fence
 * @timeline_value_str: optional text of the timeline's current value
 * @set_deadline: optional hint, absolute CLOCK_MONOTONIC nanoseconds
 */
struct dma_fence_ops {
	bool use_64bit_seqno;
	const char *(*get_driver_name)(struct dma_fence *fence);
	const char *(*get_timeline_name)(struct dma_fence *fence);
	bool (*enable_signaling)(struct dma_fence *fence);
	bool (*signaled)(struct dma_fence *fence);
	signed long (*wait)(struct dma_fence *fence, bool intr, signed long timeout);
	void (*release)(struct dma_fence *fence);
	void (*fence_value_str)(struct dma_fence *fence, char *str, int size);
	void (*timeline_value_str)(struct dma_fence *fence, char *str, int size);
	void (*set_deadline)(struct dma_fence *fence, int64_t deadline_ns);
};

/**
 * dma_fence_context_alloc() - reserve fence contexts
 * @num: how many consecutive numbers
 *
 * A driver takes one per queue that completes in order. Numbers start at 1; context 0 is the stub's.
 *
 * Context: Any.
 * Locks: none.
 * Owns: the numbers are never given back.
 * Units: @num in contexts.
 * Across: numbers are unique in one process; a fence of another process appears under a number of this one.
 * Return: the first number. For @num 0: a warning, and the next number without taking it.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API uint64_t dma_fence_context_alloc(unsigned int num);

/**
 * dma_fence_init() - make a fence out of the caller's memory
 * @fence: memory of at least sizeof(struct dma_fence), freed by @ops->release or dma_fence_free()
 * @ops: behaviour; both name ops must be there
 * @lock: lock for this fence, alive as long as the fence
 * @context: from dma_fence_context_alloc()
 * @seqno: greater than that of every earlier fence of @context
 *
 * Unsignalled, no error, one reference, held by the caller.
 *
 * Context: Any.
 * Locks: none; @lock need not be held.
 * Owns: the caller holds the first reference.
 * Units: none.
 * Across: one process; see dmabuf_timeline_fence() for a fence that other processes can wait for.
 * Return: nothing. A NULL argument or a missing name op is fatal, as in the kernel.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API void dma_fence_init(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
			       uint64_t context, uint64_t seqno);

/**
 * dma_fence_init64() - dma_fence_init() for a fence whose seqno never wraps
 * @fence: as for dma_fence_init()
 * @ops: as for dma_fence_init()
 * @lock: as for dma_fence_init()
 * @context: as for dma_fence_init()
 * @seqno: compared with all of its 64 bits
 *
 * Says for one fence what &dma_fence_ops.use_64bit_seqno says for all fences of a driver.
 *
 * Context: Any.
 * Locks: none; @lock need not be held.
 * Owns: the caller holds the first reference.
 * Units: none.
 * Across: one process.
 * Return: nothing; fatal as dma_fence_init().
 * Source: Linux 6.17 drivers/dma-buf/dma-fence.c; differs: the mark is bit 62, so that the others stay as in 6.12.
 */
DMABUF_API void dma_fence_init64(struct dma_fence *fence, const struct dma_fence_ops *ops, struct dmabuf_spinlock *lock,
				 uint64_t context, uint64_t seqno);

/**
 * dma_fence_get() - take a reference
 * @fence: fence, or NULL
 *
 * Context: Any.
 * Locks: none.
 * Owns: the caller gains one reference, to be given back by dma_fence_put().
 * Units: none.
 * Across: one process.
 * Return: @fence.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API inline struct dma_fence *dma_fence_get(struct dma_fence *fence)
{
	if (fence)
		__atomic_fetch_add(&fence->refcount.count, 1, __ATOMIC_RELAXED);
	return fence;
}

/**
 * dma_fence_get_rcu() - take a reference unless the fence is dying
 * @fence: fence found under the read lock of the library (a reservation's list)
 *
 * Context: Any, inside an RCU read section.
 * Locks: none.
 * Owns: the caller gains one reference if not NULL.
 * Units: none.
 * Across: one process.
 * Return: @fence, or NULL when its count had already fallen to zero.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API inline struct dma_fence *dma_fence_get_rcu(struct dma_fence *fence)
{
	uint32_t count = __atomic_load_n(&fence->refcount.count, __ATOMIC_RELAXED);

	/* Acquire pairs with the release in dma_fence_put() of whoever had it before us. */
	while (count && !__atomic_compare_exchange_n(&fence->refcount.count, &count, count + 1, true, __ATOMIC_ACQUIRE,
						     __ATOMIC_RELAXED))
		;
	return count ? fence : NULL;
}

/**
 * dma_fence_get_rcu_safe() - take a reference to whatever fence a pointer shows
 * @fencep: place that RCU protects and that others may change
 *
 * For places whose fences may be replaced, and their memory given to another fence, while one looks: the place is read
 * again once the reference is held, and what is no longer there is put back.
 *
 * Context: Any, inside an RCU read section.
 * Locks: none.
 * Owns: the caller gains one reference if not NULL.
 * Units: none.
 * Across: one process.
 * Return: the fence @fencep showed at some moment of the call; NULL only if it showed NULL.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_get_rcu_safe(struct dma_fence **fencep);

/**
 * dma_fence_release() - end of a fence whose last reference is gone
 * @kref: the reference count of the fence
 *
 * What dma_fence_put() calls. Exported for its inline form; never to be called by anybody else.
 *
 * Context: Any; runs &dma_fence_ops.release and, for an abandoned fence, callbacks.
 * Locks: the fence's lock must not be held.
 * Owns: takes the fence.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API void dma_fence_release(struct dmabuf_kref *kref);

/**
 * dma_fence_put() - give a reference back
 * @fence: fence, or NULL
 *
 * The last put ends the fence. One that still has callbacks and never signalled is warned about and signalled with
 * -EDEADLK first, so that nobody hangs.
 *
 * Context: Any; runs @fence->ops->release and, in the case above, callbacks.
 * Locks: the fence's lock must not be held if this may be the last reference.
 * Owns: takes one reference from the caller.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API inline void dma_fence_put(struct dma_fence *fence)
{
	/* Release: our use of the fence comes before its end. Acquire: everybody's. */
	if (fence && __atomic_sub_fetch(&fence->refcount.count, 1, __ATOMIC_ACQ_REL) == 0)
		dma_fence_release(&fence->refcount);
}

/**
 * dma_fence_free() - free a fence's memory a grace period from now
 * @fence: fence at the start of a block from malloc() or calloc(), nobody's any more
 *
 * What a release op ends with; the default when there is none.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes the memory.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API void dma_fence_free(struct dma_fence *fence);

/**
 * dma_fence_signal() - say that the operation is done
 * @fence: fence
 *
 * Sets the signalled bit, stores the time and runs the callbacks in the order they were added. Only the first call has
 * an effect.
 *
 * Context: Any; runs callbacks.
 * Locks: takes the fence's lock, callbacks run under it.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: none.
 * Across: one process; a timeline that others see is advanced by dmabuf_timeline_advance().
 * Return: 0; -EINVAL if it was signalled before, or for NULL.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_signal(struct dma_fence *fence);

/**
 * dma_fence_signal_locked() - dma_fence_signal() for a caller that holds the lock
 * @fence: fence, not NULL
 *
 * Context: Atomic; runs callbacks.
 * Locks: @fence->lock held by the caller.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: none.
 * Across: one process.
 * Return: 0, or -EINVAL if it was signalled before.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_signal_locked(struct dma_fence *fence);

/**
 * dma_fence_signal_timestamp_locked() - signal with the time at which the work was really done
 * @fence: fence, not NULL
 * @timestamp_ns: CLOCK_MONOTONIC
 *
 * Context: Atomic; runs callbacks.
 * Locks: @fence->lock held by the caller.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: nanoseconds.
 * Across: one process; used for fences whose signal came from another one.
 * Return: 0, or -EINVAL if it was signalled before.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_signal_timestamp_locked(struct dma_fence *fence, int64_t timestamp_ns);

/**
 * dma_fence_signal_timestamp() - dma_fence_signal() with the time at which the work was really done
 * @fence: fence
 * @timestamp_ns: CLOCK_MONOTONIC
 *
 * Context: Any; runs callbacks.
 * Locks: takes the fence's lock, callbacks run under it.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: nanoseconds.
 * Across: one process.
 * Return: 0; -EINVAL if it was signalled before, or for NULL.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_signal_timestamp(struct dma_fence *fence, int64_t timestamp_ns);

/**
 * dma_fence_check_and_signal() - signal, and learn whether somebody else had
 * @fence: fence, not NULL
 *
 * Context: Any; runs callbacks.
 * Locks: takes the fence's lock, callbacks run under it.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: none.
 * Across: one process.
 * Return: true if it was signalled already; false if this call did it. Of several such calls exactly one gets false.
 * Source: Linux 6.19 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API bool dma_fence_check_and_signal(struct dma_fence *fence);

/**
 * dma_fence_check_and_signal_locked() - dma_fence_check_and_signal() for a caller that holds the lock
 * @fence: fence, not NULL
 *
 * Context: Atomic; runs callbacks.
 * Locks: @fence->lock held by the caller.
 * Owns: takes no reference; the caller holds one across the call.
 * Units: none.
 * Across: one process.
 * Return: true if it was signalled already; false if this call did it.
 * Source: Linux 6.19 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API bool dma_fence_check_and_signal_locked(struct dma_fence *fence);

/**
 * dma_fence_test_signaled_flag() - is the signalled bit set?
 * @fence: fence
 *
 * Asks nobody and signals nothing: what dma_fence_is_signaled() begins with.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: says what this process has noticed; the owner may be ahead.
 * Return: true if signalled; all that was written before the signal is then visible.
 * Source: Linux 6.19 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API inline bool dma_fence_test_signaled_flag(struct dma_fence *fence)
{
	/* Pairs with the setting of the bit in dma_fence_signal_timestamp_locked(). */
	return __atomic_load_n(&fence->flags, __ATOMIC_ACQUIRE) & (1UL << DMA_FENCE_FLAG_SIGNALED_BIT);
}

/**
 * dma_fence_is_signaled() - has the operation finished?
 * @fence: fence
 *
 * Looks at the bit, then asks @fence->ops->signaled and, if that says yes, signals the fence. It never turns signalling
 * on: a fence of a driver without a signaled op may stay unsignalled here until somebody waits or adds a callback.
 *
 * Context: Any; may run callbacks.
 * Locks: takes the fence's lock only to signal it.
 * Owns: takes no reference.
 * Units: none.
 * Across: for a fence of another process reads shared memory; no request, no system call.
 * Return: true if signalled.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API inline bool dma_fence_is_signaled(struct dma_fence *fence)
{
	if (dma_fence_test_signaled_flag(fence))
		return true;
	if (!fence->ops->signaled || !fence->ops->signaled(fence))
		return false;
	dma_fence_signal(fence);
	return true;
}

/**
 * dma_fence_is_signaled_locked() - dma_fence_is_signaled() for a caller that holds the lock
 * @fence: fence
 *
 * Context: Atomic; may run callbacks.
 * Locks: @fence->lock held by the caller.
 * Owns: takes no reference.
 * Units: none.
 * Across: as dma_fence_is_signaled().
 * Return: true if signalled.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_signaled_locked(struct dma_fence *fence);

/**
 * dma_fence_get_status() - how did it end?
 * @fence: fence
 *
 * Context: Any; may run callbacks.
 * Locks: takes the fence's lock if @fence->ops->signaled has to be asked.
 * Owns: takes no reference.
 * Units: none.
 * Across: as dma_fence_is_signaled().
 * Return: 0 not signalled; 1 signalled; a negative errno: signalled with that error.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_get_status(struct dma_fence *fence);

/**
 * dma_fence_get_status_locked() - dma_fence_get_status() for a caller that holds the lock
 * @fence: fence
 *
 * Context: Atomic; may run callbacks.
 * Locks: @fence->lock held by the caller.
 * Owns: takes no reference.
 * Units: none.
 * Across: as dma_fence_is_signaled().
 * Return: 0 not signalled; 1 signalled; a negative errno: signalled with that error.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API int dma_fence_get_status_locked(struct dma_fence *fence);

/**
 * dma_fence_set_error() - note that the operation failed, before signalling
 * @fence: fence, not yet signalled
 * @error: -1 to -4095
 *
 * Context: Any.
 * Locks: none; the caller orders it before its own signal.
 * Owns: takes no reference.
 * Units: @error in negative errno numbers.
 * Across: one process; a timeline that others see fails by dmabuf_timeline_fail().
 * Return: nothing. A fence that is signalled, or a number outside the range, gives a warning; it is stored all the same.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API void dma_fence_set_error(struct dma_fence *fence, int error);

/**
 * dma_fence_timestamp() - when did it signal?
 * @fence: a signalled fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: nanoseconds of CLOCK_MONOTONIC.
 * Across: for a fence of another process, the time at which its owner signalled, where this process was told.
 * Return: the time; for an unsignalled fence a warning, and now.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API int64_t dma_fence_timestamp(struct dma_fence *fence);

/**
 * __dma_fence_is_later() - order of two seqnos of one timeline
 * @f1: seqno
 * @f2: seqno
 * @ops: of the timeline's fences; says how many bits count
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: the same in every process.
 * Return: true if @f1 comes after @f2; without use_64bit_seqno the lower halves are compared, by distance.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none. (Linux 6.17 takes a fence first.)
 */
DMABUF_API bool __dma_fence_is_later(uint64_t f1, uint64_t f2, const struct dma_fence_ops *ops);

/**
 * dma_fence_is_later() - order of two fences of one context
 * @f1: fence
 * @f2: fence of the same context
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no references.
 * Units: none.
 * Across: the order within a context is the same in every process.
 * Return: true if @f1 comes after @f2; false for equal seqnos; for different contexts a warning and false.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_later(struct dma_fence *f1, struct dma_fence *f2);

/**
 * dma_fence_is_later_or_same() - the same fence, or a later one?
 * @f1: fence
 * @f2: fence of the same context
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no references.
 * Units: none.
 * Across: as dma_fence_is_later().
 * Return: true if the pointers are equal or @f1 comes after @f2.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_later_or_same(struct dma_fence *f1, struct dma_fence *f2);

/**
 * dma_fence_later() - which of two fences is there to wait for?
 * @f1: fence
 * @f2: fence of the same context
 *
 * The later one ends last, so waiting for it is waiting for both.
 *
 * Context: Any; may run callbacks.
 * Locks: takes a fence's lock only to signal it.
 * Owns: takes no reference.
 * Units: none.
 * Across: as dma_fence_is_signaled().
 * Return: the later fence, @f2 for equal seqnos; NULL if that is signalled; for different contexts a warning and NULL.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_later(struct dma_fence *f1, struct dma_fence *f2);

/**
 * dma_fence_match_context() - is there nothing in it but fences of this context?
 * @fence: fence; an array is asked member by member
 * @context: context number
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: context numbers are those of this process.
 * Return: true if all members, or the fence itself, belong to @context.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence-array.c; differs: none.
 */
DMABUF_API bool dma_fence_match_context(struct dma_fence *fence, uint64_t context);

/**
 * dma_fence_is_array() - does it stand for several fences?
 * @fence: fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: none.
 * Return: true if it was made by dma_fence_array_init().
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_array(struct dma_fence *fence);

/**
 * dma_fence_is_chain() - is it a node of a chain?
 * @fence: fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: none.
 * Return: true if it was made by dma_fence_chain_init().
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_chain(struct dma_fence *fence);

/**
 * dma_fence_is_container() - array or chain?
 * @fence: fence
 *
 * What may not go into an array; dma_fence_unwrap_for_each() shows what is inside.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: none.
 * Return: true for an array and for a node of a chain.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: none.
 */
DMABUF_API bool dma_fence_is_container(struct dma_fence *fence);

/**
 * dma_fence_enable_sw_signaling() - ask for completion to be signalled as soon as it happens
 * @fence: fence
 *
 * Drivers that wait for each other in hardware never need it. Waiting and adding a callback do it by themselves.
 *
 * Context: Any; may run callbacks.
 * Locks: takes the fence's lock.
 * Owns: takes no reference.
 * Units: none.
 * Across: for a fence of another process, this process begins to watch the owner's board.
 * Return: nothing; calling it again changes nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API void dma_fence_enable_sw_signaling(struct dma_fence *fence);

/**
 * dma_fence_add_callback() - call me when it is done
 * @fence: fence
 * @cb: memory of the caller, unused by any other fence; initialised here
 * @func: runs once, with the fence's lock held: it must not sleep nor call back into this fence's lock
 *
 * Context: Any; may run callbacks (of a fence that turns out to be done), and @func may run before this returns.
 * Locks: takes the fence's lock.
 * Owns: @cb stays the caller's and must live until @func ran or it was removed; the caller keeps its reference so long.
 * Units: none.
 * Across: for a fence of another process @func runs on this process's service thread. If the owner dies, it runs with
 *	the fence's status -EOWNERDEAD.
 * Return: 0 queued; -ENOENT already signalled, @func is not called; -EINVAL for a NULL fence or func, with a warning.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API int dma_fence_add_callback(struct dma_fence *fence, struct dma_fence_cb *cb, dma_fence_func_t func);

/**
 * dma_fence_remove_callback() - do not call me after all
 * @fence: fence
 * @cb: callback that was given to dma_fence_add_callback() of this @fence
 *
 * Meant for recovery after a hang. After false the callback has finished, unless the caller is inside one.
 *
 * Context: Any.
 * Locks: takes the fence's lock; not from a callback of the same fence.
 * Owns: @cb is free for other use afterwards.
 * Units: none.
 * Across: one process.
 * Return: true: removed, will never run. False: it ran, or the fence is signalled.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API bool dma_fence_remove_callback(struct dma_fence *fence, struct dma_fence_cb *cb);

/**
 * dma_fence_wait_timeout() - sleep until done, interrupted or out of time
 * @fence: fence
 * @intr: end the wait when a signal handler ran
 * @timeout: nanoseconds, 0 to look once, MAX_SCHEDULE_TIMEOUT for no limit
 *
 * Turns signalling on, also for timeout 0. When several ends come together, running out of time wins, then the signal.
 *
 * Context: Sleeps.
 * Locks: none that the signaller needs. Waiting under a reservation lock is legal.
 * Owns: the caller holds a reference during the whole wait.
 * Units: @timeout and the result in nanoseconds.
 * Across: for a fence of another process sleeps on shared memory; ends with status -EOWNERDEAD when the owner dies.
 * Return: the time left, at least 1; 0 out of time; -ERESTARTSYS interrupted; -EINVAL for a negative timeout; other
 *	negative numbers only from an @ops->wait of the fence.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: a signal that arrives just before the sleep does not end it.
 */
DMABUF_API signed long dma_fence_wait_timeout(struct dma_fence *fence, bool intr, signed long timeout);

/**
 * dma_fence_wait() - sleep until done
 * @fence: fence
 * @intr: end the wait when a signal handler ran
 *
 * Context: Sleeps.
 * Locks: as dma_fence_wait_timeout().
 * Owns: as dma_fence_wait_timeout().
 * Units: none.
 * Across: as dma_fence_wait_timeout().
 * Return: 0 when signalled; -ERESTARTSYS; never a positive number.
 * Source: Linux 6.12 include/linux/dma-fence.h; differs: as dma_fence_wait_timeout().
 */
DMABUF_API signed long dma_fence_wait(struct dma_fence *fence, bool intr);

/**
 * dma_fence_default_wait() - the wait of every fence without a wait op
 * @fence: fence whose signalling is on
 * @intr: end the wait when a signal handler ran
 * @timeout: nanoseconds
 *
 * For wait ops that only add to it. Looks at the signalled bit alone.
 *
 * Context: Sleeps.
 * Locks: takes the fence's lock.
 * Owns: the caller holds a reference.
 * Units: nanoseconds.
 * Across: one process.
 * Return: as dma_fence_wait_timeout(); a signalled fence with timeout 0 gives 1.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: as dma_fence_wait_timeout().
 */
DMABUF_API signed long dma_fence_default_wait(struct dma_fence *fence, bool intr, signed long timeout);

/**
 * dma_fence_wait_any_timeout() - sleep until one of several is done
 * @fences: fences, none of them NULL
 * @count: how many, at least one
 * @intr: end the wait when a signal handler ran
 * @timeout: nanoseconds, 0 to look once, MAX_SCHEDULE_TIMEOUT for no limit
 * @idx: receives the place of the first signalled fence if the result is positive; may be NULL
 *
 * Turns signalling on for each fence, unless @timeout is 0. Goes by callbacks: a wait op of a fence is not used.
 *
 * Context: Sleeps. Allocates for more than a few fences.
 * Locks: takes each fence's lock; none that a signaller needs.
 * Owns: the caller holds a reference to every fence during the whole wait.
 * Units: @timeout and the result in nanoseconds.
 * Across: fences of other processes count as any other; they are watched by this process's service thread.
 * Return: the time left, at least 1; 0 out of time; -ERESTARTSYS interrupted; -ENOMEM; -EINVAL for a NULL array, no fences
 *	or a negative timeout, with a warning.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: as dma_fence_wait_timeout().
 */
DMABUF_API signed long dma_fence_wait_any_timeout(struct dma_fence **fences, uint32_t count, bool intr, signed long timeout,
						  uint32_t *idx);

/**
 * dma_fence_set_deadline() - say by when somebody would like it done
 * @fence: fence
 * @deadline_ns: absolute CLOCK_MONOTONIC; a time that is past means at once
 *
 * A hint, which a device may use to run faster and may ignore. It may be given several times and by several threads; the
 * earliest counts. An array passes it to its members, a node of a chain to everything that it waits for.
 *
 * Context: Any.
 * Locks: @fence->lock must not be held.
 * Owns: takes no reference.
 * Units: nanoseconds.
 * Across: one process; the owner of a fence of another process does not hear of it.
 * Return: nothing; a signalled fence and one whose ops take no deadline are left alone.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API void dma_fence_set_deadline(struct dma_fence *fence, int64_t deadline_ns);

/**
 * dma_fence_describe() - one line of text about a fence
 * @fence: fence
 * @seq: where to put the text
 *
 * ``driver timeline seq 7 unsignalled`` and a line feed, the number in decimal.
 *
 * Context: Any.
 * Locks: none.
 * Owns: takes no reference.
 * Units: none.
 * Across: names are those of the process that runs.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: the text goes to a struct dmabuf_seq.
 */
DMABUF_API void dma_fence_describe(struct dma_fence *fence, struct dmabuf_seq *seq);

/**
 * dma_fence_driver_name() - who will signal it
 * @fence: fence
 *
 * Context: Any. The name may be used inside the RCU read section in which it was asked for.
 * Locks: none.
 * Owns: the name stays the driver's.
 * Units: none.
 * Across: one process.
 * Return: the driver's name, or "detached-driver" once signalled: then the driver may be gone.
 * Source: Linux 6.17 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API const char *dma_fence_driver_name(struct dma_fence *fence);

/**
 * dma_fence_timeline_name() - on which timeline it is
 * @fence: fence
 *
 * Context: Any. The name may be used inside the RCU read section in which it was asked for.
 * Locks: none.
 * Owns: the name stays the driver's.
 * Units: none.
 * Across: one process.
 * Return: the name of the timeline, or "signaled-timeline" once signalled.
 * Source: Linux 6.17 drivers/dma-buf/dma-fence.c; differs: some 6.17 trees give the driver's name by mistake.
 */
DMABUF_API const char *dma_fence_timeline_name(struct dma_fence *fence);

/**
 * dma_fence_get_stub() - a fence that has always been signalled
 *
 * For interfaces that must hand out a fence when there is nothing to wait for. Context 0, seqno 0, both names "stub".
 *
 * Context: Any.
 * Locks: none.
 * Owns: the caller gains a reference.
 * Units: none.
 * Across: travels as "signalled".
 * Return: the fence; never fails.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_get_stub(void);

/**
 * dma_fence_allocate_private_stub() - a signalled fence of one's own
 * @timestamp_ns: CLOCK_MONOTONIC, when it is to have signalled
 *
 * As dma_fence_get_stub() with a time of the caller's choice: what is left of work that is long over.
 *
 * Context: Allocates.
 * Locks: none.
 * Owns: the caller holds the only reference.
 * Units: nanoseconds.
 * Across: travels as "signalled".
 * Return: the fence, NULL without memory.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_fence_allocate_private_stub(int64_t timestamp_ns);

/**
 * dma_fence_begin_signalling() - from here on the code must reach a signal
 *
 * Marks the code on the way to a dma_fence_signal() for the checker. Sections nest; dma_fence_signal() opens one itself.
 *
 * Context: Any.
 * Locks: counts as a read lock that every fence wait would take for writing; takes none.
 * Owns: the section, until dma_fence_end_signalling() gets the result.
 * Units: none.
 * Across: one thread.
 * Return: the cookie: false if this call opened the section; true if the thread was in one, or in atomic context.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: nothing is checked yet.
 */
DMABUF_API bool dma_fence_begin_signalling(void);

/**
 * dma_fence_end_signalling() - here the signal has been made
 * @cookie: what the matching dma_fence_begin_signalling() returned
 *
 * Context: Any.
 * Locks: none.
 * Owns: closes the section that @cookie opened; nothing happens for true.
 * Units: none.
 * Across: one thread.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: nothing is checked yet.
 */
DMABUF_API void dma_fence_end_signalling(bool cookie);

/**
 * __dma_fence_might_wait() - code here may wait for a fence
 *
 * For functions that wait only now and then, so that the checker learns it from every call. dma_fence_wait_timeout() calls
 * it.
 *
 * Context: Sleeps, as far as the caller is concerned.
 * Locks: as a fence wait.
 * Owns: nothing; an open section of the thread is open afterwards.
 * Units: none.
 * Across: one thread.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-fence.c; differs: nothing is recorded yet.
 */
DMABUF_API void __dma_fence_might_wait(void);

#ifdef __cplusplus
}
#endif

#endif
