/* SPDX-License-Identifier: MIT */
/**
 * DOC: Reservation objects
 *
 * A reservation object belongs to one buffer and records the fences of the operations that still use it, each with what
 * it does to the buffer (enum dma_resv_usage). Its lock serialises changes to that record; readers need no lock.
 *
 * Adding takes three steps under one hold of the lock: reserve room, which may fail, submit the work, add the fence,
 * which cannot fail. Asking for a usage gives every fence of that usage *and of the stronger ones*: a reader of the
 * buffer asks for WRITE, a writer for READ.
 */
#ifndef DMABUF_DMA_RESV_H
#define DMABUF_DMA_RESV_H

#include <dmabuf/dma-fence.h>
#include <dmabuf/ww-mutex.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_resv_list;
struct dmabuf_seq;

/** struct dma_resv - who still uses a buffer; @fences is NULL until something was reserved */
struct dma_resv {
	struct ww_mutex lock;
	struct dma_resv_list *fences;	/* published by pointer, read under RCU */
};

/** enum dma_resv_usage - what an operation does to the buffer, strongest first; asking for one includes those above it */
enum dma_resv_usage {
	DMA_RESV_USAGE_KERNEL,		/* memory management: moves and clears; everybody waits for it */
	DMA_RESV_USAGE_WRITE,		/* writes; implicit readers and writers wait for it */
	DMA_RESV_USAGE_READ,		/* reads; implicit writers wait for it */
	DMA_RESV_USAGE_BOOKKEEP,	/* must end before the memory goes; takes no part in implicit waiting */
};

/** var reservation_ww_class - the wait-die class of all reservation locks */
extern DMABUF_API struct ww_class reservation_ww_class;

/**
 * struct dma_resv_iter - a walk over the fences; opaque
 * @obj: what is walked
 * @usage: weakest usage wanted
 * @fence: current fence; in the walk without the lock a reference is held
 * @fence_usage: usage of @fence
 * @index: next entry
 * @fences: list that is walked
 * @num_fences: entries in it when the walk (re)started
 * @is_restarted: @fence is the first of a pass
 */
struct dma_resv_iter {
	struct dma_resv *obj;
	enum dma_resv_usage usage;
	struct dma_fence *fence;
	enum dma_resv_usage fence_usage;
	unsigned int index;
	struct dma_resv_list *fences;
	unsigned int num_fences;
	bool is_restarted;
};

/**
 * dma_resv_init() - make a reservation object usable
 * @obj: memory of the caller
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing; dma_resv_fini() ends it.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API void dma_resv_init(struct dma_resv *obj);

/**
 * dma_resv_fini() - end its life
 * @obj: object nobody uses any more
 *
 * Context: Any; may run release ops of fences.
 * Locks: not held by anyone.
 * Owns: drops the reference of every fence in it; the memory is the caller's again.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API void dma_resv_fini(struct dma_resv *obj);

/**
 * dma_resv_lock() - take the lock
 * @obj: object
 * @ctx: ticket of class reservation_ww_class when several objects are locked, NULL for one
 *
 * Context: Sleeps. Never on a path that is needed to signal a fence: a waiter may hold this lock.
 * Locks: takes @obj.
 * Owns: on 0 the caller holds the lock.
 * Units: none.
 * Across: one process; the object of a buffer that came from another process is this process's own.
 * Return: 0; with @ctx also -EDEADLK and -EALREADY, see ww_mutex_lock().
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API int dma_resv_lock(struct dma_resv *obj, struct ww_acquire_ctx *ctx);

/**
 * dma_resv_lock_interruptible() - dma_resv_lock() that a signal ends
 * @obj: object
 * @ctx: ticket of class reservation_ww_class, or NULL
 *
 * Context: Sleeps. Never on a path that is needed to signal a fence.
 * Locks: takes @obj.
 * Owns: on 0 the caller holds the lock.
 * Units: none.
 * Across: one process.
 * Return: as dma_resv_lock(), or -EINTR.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API int dma_resv_lock_interruptible(struct dma_resv *obj, struct ww_acquire_ctx *ctx);

/**
 * dma_resv_lock_slow() - after -EDEADLK: wait for the contended object, alone
 * @obj: the object that gave -EDEADLK
 * @ctx: ticket, which holds no lock
 *
 * Context: Sleeps. Never on a path that is needed to signal a fence.
 * Locks: takes @obj; all others of @ctx released before.
 * Owns: the caller holds the lock.
 * Units: none.
 * Across: one process.
 * Return: nothing: it cannot fail.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API void dma_resv_lock_slow(struct dma_resv *obj, struct ww_acquire_ctx *ctx);

/**
 * dma_resv_lock_slow_interruptible() - dma_resv_lock_slow() that a signal ends
 * @obj: the object that gave -EDEADLK
 * @ctx: ticket, which holds no lock
 *
 * Context: Sleeps. Never on a path that is needed to signal a fence.
 * Locks: takes @obj; all others of @ctx released before.
 * Owns: on 0 the caller holds the lock.
 * Units: none.
 * Across: one process.
 * Return: 0, or -EINTR.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API int dma_resv_lock_slow_interruptible(struct dma_resv *obj, struct ww_acquire_ctx *ctx);

/**
 * dma_resv_trylock() - take the lock if it is free
 * @obj: object
 *
 * Takes no ticket. Legal while others of the class are held; what a shrinker uses.
 *
 * Context: Any.
 * Locks: takes @obj or nothing.
 * Owns: on true the caller holds the lock.
 * Units: none.
 * Across: one process.
 * Return: true if taken.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API bool dma_resv_trylock(struct dma_resv *obj);

/**
 * dma_resv_is_locked() - does anyone hold the lock?
 * @obj: object
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true if held by anyone; may be out of date at once.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API bool dma_resv_is_locked(struct dma_resv *obj);

/**
 * dma_resv_locking_ctx() - the holder's ticket
 * @obj: object that is known to be locked
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing; valid only while the holder keeps the lock.
 * Units: none.
 * Across: one process.
 * Return: the ticket, or NULL if the holder has none.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API struct ww_acquire_ctx *dma_resv_locking_ctx(struct dma_resv *obj);

/**
 * dma_resv_unlock() - release the lock
 * @obj: object locked by the calling thread
 *
 * Room that was reserved and not used is lost.
 *
 * Context: Any.
 * Locks: releases @obj.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: unused room is always lost, as in a debug kernel.
 */
DMABUF_API void dma_resv_unlock(struct dma_resv *obj);

/**
 * dma_resv_held() - do I hold the lock?
 * @obj: object
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true if the calling thread holds @obj.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: exact; the kernel knows it only with its lock checker.
 */
DMABUF_API bool dma_resv_held(struct dma_resv *obj);

/**
 * dma_resv_assert_held() - warn unless I hold the lock
 * @obj: object
 *
 * Context: Any.
 * Locks: @obj held by the caller.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing; not held is warned about.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: always on.
 */
DMABUF_API void dma_resv_assert_held(struct dma_resv *obj);

/**
 * dma_resv_reset_max_fences() - give up the room that was reserved
 * @obj: object
 *
 * dma_resv_unlock() does it; by itself a way to catch an add that nobody reserved for.
 *
 * Context: Any.
 * Locks: @obj held by the caller (asserted).
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: always on.
 */
DMABUF_API void dma_resv_reset_max_fences(struct dma_resv *obj);

/**
 * dma_resv_reserve_fences() - make room before adding fences
 * @obj: object
 * @num_fences: how many adds must succeed, at least one
 *
 * The next @num_fences calls of dma_resv_add_fence() under this hold of the lock cannot fail. Fences that have signalled
 * are dropped when the list grows. Two calls do not add up: each counts from what is in the list now.
 *
 * Context: May allocate. Never waits for a fence.
 * Locks: @obj held by the caller (asserted).
 * Owns: takes no references; the room is lost when @obj is unlocked.
 * Units: @num_fences in fences.
 * Across: one process.
 * Return: 0; -ENOMEM with @obj unchanged; -EINVAL for 0, with a warning.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API int dma_resv_reserve_fences(struct dma_resv *obj, unsigned int num_fences);

/**
 * dma_resv_add_fence() - record an operation that uses the buffer
 * @obj: object
 * @fence: its fence; signals in finite time without needing user space; a container is added with a warning
 * @usage: what it does: WRITE if it writes, READ if it only reads
 *
 * Takes the first entry that has signalled, or that is an earlier fence of the same context with the same or a weaker
 * usage; else a reserved one. Never weakens an entry: an added READ leaves an earlier WRITE of its context in place.
 *
 * Context: Any; never allocates.
 * Locks: @obj held by the caller (asserted).
 * Owns: takes its own reference.
 * Units: none.
 * Across: one process; fences of other processes may be added.
 * Return: nothing. Without a reserved entry: fatal, as in the kernel.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API void dma_resv_add_fence(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage);

/**
 * dma_resv_replace_fences() - let one fence stand for all of a context
 * @obj: object
 * @context: context of the fences that go
 * @replacement: signals only when none of them can touch the buffer any more
 * @usage: what @replacement does to the buffer
 *
 * For a fence that a later one of another context makes superfluous, as a page-table update does a preemption. Every entry
 * of @context, whatever its usage, becomes @replacement; one fence may then stand in several entries.
 *
 * Context: Any; never allocates.
 * Locks: @obj held by the caller (asserted).
 * Owns: takes a reference of @replacement for each entry, drops those of the old fences.
 * Units: none.
 * Across: one process.
 * Return: nothing; without an entry of @context nothing changes.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API void dma_resv_replace_fences(struct dma_resv *obj, uint64_t context, struct dma_fence *replacement,
					enum dma_resv_usage usage);

/**
 * dma_resv_get_fences() - the unsignalled fences as an array
 * @obj: object
 * @usage: weakest usage that counts
 * @ret_num: how many
 * @ret_fences: array for free(3), NULL if there are none
 *
 * Context: Allocates.
 * Locks: none needed, may be held.
 * Owns: the caller gains a reference of each fence, and the array.
 * Units: none.
 * Across: one process.
 * Return: 0; -ENOMEM with nothing found.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API int dma_resv_get_fences(struct dma_resv *obj, enum dma_resv_usage usage, unsigned int *ret_num,
				   struct dma_fence ***ret_fences);

/**
 * dma_resv_get_singleton() - all unsignalled fences as one
 * @obj: object
 * @usage: weakest usage that counts
 * @ret_fence: NULL if there are none, the fence if there is one, else an array that waits for all
 *
 * The result must not be added to a reservation object: those hold no containers.
 *
 * Context: Allocates.
 * Locks: none needed, may be held.
 * Owns: the caller gains a reference.
 * Units: none.
 * Across: one process.
 * Return: 0; -ENOMEM.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API int dma_resv_get_singleton(struct dma_resv *obj, enum dma_resv_usage usage, struct dma_fence **ret_fence);

/**
 * dma_resv_copy_fences() - make one object's fences those of another
 * @dst: object whose fences are replaced
 * @src: object whose unsignalled fences are taken, with their usages
 *
 * Context: Allocates.
 * Locks: @dst held by the caller (asserted); @src held for a set of one single moment.
 * Owns: takes references of the copied, drops those of the replaced.
 * Units: none.
 * Across: one process.
 * Return: 0; -ENOMEM with @dst unchanged.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API int dma_resv_copy_fences(struct dma_resv *dst, struct dma_resv *src);

/**
 * dma_resv_set_deadline() - hint by when the buffer is wanted
 * @obj: object
 * @usage: weakest usage that counts
 * @deadline_ns: CLOCK_MONOTONIC
 *
 * Handed to every unsignalled fence.
 *
 * Context: Any.
 * Locks: none needed, may be held.
 * Owns: takes no lasting references.
 * Units: nanoseconds.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API void dma_resv_set_deadline(struct dma_resv *obj, enum dma_resv_usage usage, int64_t deadline_ns);

/**
 * dma_resv_describe() - the fences as text
 * @obj: object
 * @seq: where to write
 *
 * A line for each fence of usage READ and stronger, signalled ones too: a tab, the usage, and what dma_fence_describe() says.
 *
 * Context: Any.
 * Locks: @obj held by the caller (asserted).
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: writes to a struct dmabuf_seq.
 */
DMABUF_API void dma_resv_describe(struct dma_resv *obj, struct dmabuf_seq *seq);

/**
 * dma_resv_iter_begin() - prepare a walk
 * @cursor: memory of the caller
 * @obj: object to walk
 * @usage: yields fences of this and every stronger usage
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing yet; dma_resv_iter_end() is due afterwards, also after leaving early.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API void dma_resv_iter_begin(struct dma_resv_iter *cursor, struct dma_resv *obj, enum dma_resv_usage usage);

/**
 * dma_resv_iter_end() - end a walk
 * @cursor: cursor
 *
 * Context: Any.
 * Locks: none.
 * Owns: drops the reference of the current fence.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API void dma_resv_iter_end(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_first_unlocked() - start over: the first unsignalled fence
 * @cursor: cursor from dma_resv_iter_begin()
 *
 * Context: Any; the loop body may sleep.
 * Locks: none needed, may be held.
 * Owns: the cursor holds a reference on the fence until the next step or the end.
 * Units: none.
 * Across: one process.
 * Return: the fence, or NULL.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_resv_iter_first_unlocked(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_next_unlocked() - the next unsignalled fence
 * @cursor: cursor
 *
 * Starts over when the list was replaced meanwhile; dma_resv_iter_is_restarted() is true then, and whoever collects drops
 * what it has.
 *
 * Context: Any; the loop body may sleep.
 * Locks: none needed, may be held.
 * Owns: the cursor holds a reference on the fence until the next step or the end.
 * Units: none.
 * Across: one process.
 * Return: the fence, or NULL at the end.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_resv_iter_next_unlocked(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_first() - start over: the first fence, with the lock held
 * @cursor: cursor from dma_resv_iter_begin()
 *
 * Unlike the walk without the lock it yields signalled fences too, and no references.
 *
 * Context: Any; the loop body may sleep.
 * Locks: the object held by the caller for the whole walk (asserted).
 * Owns: no reference; valid while the lock is held.
 * Units: none.
 * Across: one process.
 * Return: the fence, or NULL.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_resv_iter_first(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_next() - the next fence, with the lock held
 * @cursor: cursor
 *
 * Context: Any; the loop body may sleep.
 * Locks: the object held by the caller for the whole walk (asserted).
 * Owns: no reference; valid while the lock is held.
 * Units: none.
 * Across: one process.
 * Return: the fence, or NULL at the end.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API struct dma_fence *dma_resv_iter_next(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_is_restarted() - is this the first fence of a pass?
 * @cursor: cursor
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true at the first fence of every pass.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API bool dma_resv_iter_is_restarted(struct dma_resv_iter *cursor);

/**
 * dma_resv_iter_usage() - usage of the current fence
 * @cursor: cursor that stands on a fence
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: the usage under which the fence was added.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API enum dma_resv_usage dma_resv_iter_usage(struct dma_resv_iter *cursor);

/** define dma_resv_for_each_fence_unlocked - walk; dma_resv_iter_begin() before, dma_resv_iter_end() after */
#define dma_resv_for_each_fence_unlocked(cursor, fence) \
	for (fence = dma_resv_iter_first_unlocked(cursor); fence; fence = dma_resv_iter_next_unlocked(cursor))

/** define dma_resv_for_each_fence - walk with the lock held; begins by itself and needs no end */
#define dma_resv_for_each_fence(cursor, obj, usage, fence) \
	for (dma_resv_iter_begin(cursor, obj, usage), fence = dma_resv_iter_first(cursor); fence; \
	     fence = dma_resv_iter_next(cursor))

/**
 * dma_resv_test_signaled() - is nothing of this usage pending?
 * @obj: object
 * @usage: weakest usage that counts
 *
 * Context: Any; may run callbacks of fences found to be done.
 * Locks: none needed, may be held.
 * Owns: takes no lasting references.
 * Units: none.
 * Across: fences of other processes are read from shared memory.
 * Return: true if no fence of @usage or stronger is unsignalled.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API bool dma_resv_test_signaled(struct dma_resv *obj, enum dma_resv_usage usage);

/**
 * dma_resv_wait_timeout() - wait until nothing of this usage is pending
 * @obj: object
 * @usage: weakest usage that counts
 * @intr: end the wait when a signal handler ran
 * @timeout: nanoseconds for all fences together, 0 to look once, MAX_SCHEDULE_TIMEOUT for no limit
 *
 * Context: Sleeps, unless @timeout is 0.
 * Locks: may be held: eviction waits under the lock.
 * Owns: holds a reference on the fence it waits for.
 * Units: nanoseconds.
 * Across: as dma_fence_wait_timeout().
 * Return: above 0 all done (the time left, at least 1); 0 out of time; -ERESTARTSYS interrupted.
 * Source: Linux 6.12 drivers/dma-buf/dma-resv.c; differs: none.
 */
DMABUF_API long dma_resv_wait_timeout(struct dma_resv *obj, enum dma_resv_usage usage, bool intr,
				      unsigned long timeout);

/**
 * dma_resv_usage_rw() - what must an access wait for?
 * @write: the access writes
 *
 * A *query* usage, not the one to add: a writer waits for readers and writers, so it asks for READ; a reader waits for
 * writers, so it asks for WRITE.
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: DMA_RESV_USAGE_READ for a write, DMA_RESV_USAGE_WRITE for a read.
 * Source: Linux 6.12 include/linux/dma-resv.h; differs: none.
 */
DMABUF_API enum dma_resv_usage dma_resv_usage_rw(bool write);

#ifdef __cplusplus
}
#endif

#endif
