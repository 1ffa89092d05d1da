/* SPDX-License-Identifier: MIT */
/**
 * DOC: Historic names
 *
 * Until Linux 4.10 a fence was a struct fence, until 5.4 a reservation was a struct reservation_object with one exclusive
 * and several shared fences. Code of that time compiles unchanged with this header, included after all others of the
 * library. It defines macros and inline functions only: no historic name is ever a symbol of the library.
 *
 * An exclusive fence is one of usage WRITE, a shared one of usage READ. Two things have no counterpart: the list behind
 * reservation_object_get_list(), and a fence's status member, which is called error now.
 */
#ifndef DMABUF_HISTORIC_NAMES_H
#define DMABUF_HISTORIC_NAMES_H

#include <stdlib.h>

#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence.h>
#include <dmabuf/dma-resv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As fence_is_later() was: by unsigned distance, so that equal seqnos counted as later. */
static inline bool dmabuf_historic_is_later(struct dma_fence *f1, struct dma_fence *f2)
{
	return f1->context == f2->context && (uint32_t)f1->seqno - (uint32_t)f2->seqno < (uint32_t)INT_MAX;
}

/* A reader or writer of then asks for a usage of now. */
static inline enum dma_resv_usage dmabuf_historic_usage(bool all)
{
	return all ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_WRITE;
}

static inline int dmabuf_historic_reserve_shared(struct dma_resv *obj)
{
	return dma_resv_reserve_fences(obj, 1);
}

static inline void dmabuf_historic_add_shared(struct dma_resv *obj, struct dma_fence *fence)
{
	dma_resv_add_fence(obj, fence, DMA_RESV_USAGE_READ);
}

/* The first fence of usage WRITE, lock held, no reference; NULL if there is none. */
static inline struct dma_fence *dmabuf_historic_get_excl(struct dma_resv *obj)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, obj, DMA_RESV_USAGE_WRITE, fence) {
		if (dma_resv_iter_usage(&cursor) == DMA_RESV_USAGE_WRITE && !dma_fence_is_signaled(fence))
			return fence;
	}
	return NULL;
}

/* The same without the lock, with a reference. */
static inline struct dma_fence *dmabuf_historic_get_excl_rcu(struct dma_resv *obj)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, obj, DMA_RESV_USAGE_WRITE);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_usage(&cursor) == DMA_RESV_USAGE_WRITE)
			break;
	}
	fence = dma_fence_get(fence);
	dma_resv_iter_end(&cursor);
	return fence;
}

/*
 * Lock held: @fence, which waits for all before it, is all there is now; NULL: nothing is. Every READ and WRITE entry
 * becomes the stub, whose place is free for the next. The first exclusive fence of an object makes its own room.
 */
static inline void dmabuf_historic_add_excl(struct dma_resv *obj, struct dma_fence *fence)
{
	struct dma_fence *stub = dma_fence_get_stub(), *old;
	struct dma_resv_iter cursor;

	dma_resv_for_each_fence(&cursor, obj, DMA_RESV_USAGE_READ, old) {
		enum dma_resv_usage usage = dma_resv_iter_usage(&cursor);

		if (usage != DMA_RESV_USAGE_KERNEL && old != stub)
			dma_resv_replace_fences(obj, old->context, stub, usage);
	}
	if (fence && dma_resv_reserve_fences(obj, 1) == 0)
		dma_resv_add_fence(obj, fence, DMA_RESV_USAGE_WRITE);
	dma_fence_put(stub);
}

static inline long dmabuf_historic_wait(struct dma_resv *obj, bool wait_all, bool intr, unsigned long timeout)
{
	return dma_resv_wait_timeout(obj, dmabuf_historic_usage(wait_all), intr, timeout);
}

static inline bool dmabuf_historic_test(struct dma_resv *obj, bool test_all)
{
	return dma_resv_test_signaled(obj, dmabuf_historic_usage(test_all));
}

/* All READ fences in an array for free(3), the WRITE fence in @pexcl, or in the array if @pexcl is NULL. */
static inline int dmabuf_historic_get_fences(struct dma_resv *obj, struct dma_fence **pexcl, unsigned int *count,
					     struct dma_fence ***shared)
{
	struct dma_fence *excl = pexcl ? dmabuf_historic_get_excl_rcu(obj) : NULL;
	unsigned int kept = 0;
	int ret = dma_resv_get_fences(obj, DMA_RESV_USAGE_READ, count, shared);

	if (ret < 0) {
		dma_fence_put(excl);
		return ret;
	}
	for (unsigned int i = 0; i < *count; i++) {
		if (excl && (*shared)[i] == excl)
			dma_fence_put(excl);
		else
			(*shared)[kept++] = (*shared)[i];
	}
	if (!kept) {
		free(*shared);
		*shared = NULL;
	}
	*count = kept;
	if (pexcl)
		*pexcl = excl;
	return 0;
}

#ifdef __cplusplus
}
#endif

/* Linux 4.9 include/linux/fence.h */
#define fence dma_fence
#define fence_ops dma_fence_ops
#define fence_cb dma_fence_cb
#define fence_func_t dma_fence_func_t
#define fence_flag_bits dma_fence_flag_bits
#define FENCE_FLAG_SIGNALED_BIT DMA_FENCE_FLAG_SIGNALED_BIT
#define FENCE_FLAG_ENABLE_SIGNAL_BIT DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT
#define FENCE_FLAG_USER_BITS DMA_FENCE_FLAG_USER_BITS
#define fence_init dma_fence_init
#define fence_release dma_fence_release
#define fence_free dma_fence_free
#define fence_get dma_fence_get
#define fence_get_rcu dma_fence_get_rcu
#define fence_put dma_fence_put
#define fence_signal dma_fence_signal
#define fence_signal_locked dma_fence_signal_locked
#define fence_default_wait dma_fence_default_wait
#define fence_add_callback dma_fence_add_callback
#define fence_remove_callback dma_fence_remove_callback
#define fence_enable_sw_signaling dma_fence_enable_sw_signaling
#define fence_is_signaled dma_fence_is_signaled
#define fence_is_signaled_locked dma_fence_is_signaled_locked
#define fence_is_later dmabuf_historic_is_later
#define fence_later dma_fence_later
#define fence_wait dma_fence_wait
#define fence_wait_timeout dma_fence_wait_timeout
#define fence_wait_any_timeout(fences, count, intr, timeout) \
	dma_fence_wait_any_timeout(fences, count, intr, timeout, NULL)
#define fence_context_alloc dma_fence_context_alloc
#define fence_array dma_fence_array
#define fence_array_create dma_fence_array_create
#define to_fence_array to_dma_fence_array

/* Linux 5.3 include/linux/reservation.h */
#define reservation_object dma_resv
#define reservation_object_init dma_resv_init
#define reservation_object_fini dma_resv_fini
#define reservation_object_lock dma_resv_lock
#define reservation_object_lock_interruptible dma_resv_lock_interruptible
#define reservation_object_trylock dma_resv_trylock
#define reservation_object_unlock dma_resv_unlock
#define reservation_object_held dma_resv_held
#define reservation_object_assert_held dma_resv_assert_held
#define reservation_object_get_excl dmabuf_historic_get_excl
#define reservation_object_get_excl_rcu dmabuf_historic_get_excl_rcu
#define reservation_object_reserve_shared dmabuf_historic_reserve_shared
#define reservation_object_add_shared_fence dmabuf_historic_add_shared
#define reservation_object_add_excl_fence dmabuf_historic_add_excl
#define reservation_object_copy_fences dma_resv_copy_fences
#define reservation_object_get_fences_rcu dmabuf_historic_get_fences
#define reservation_object_wait_timeout_rcu dmabuf_historic_wait
#define reservation_object_test_signaled_rcu dmabuf_historic_test

#endif
