/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. Looking at a reservation without its lock: the walk, and the test and wait built on it.
 *
 * Called by: importers, buf for implicit waits.
 *
 * Invariant: the fence a cursor stands on is referenced; one whose count has fallen to zero, or a list that was replaced,
 * makes the walk start over.
 */
#include "src/base/rcu.h"
#include "src/base/warn.h"
#include "src/resv/resv-internal.h"

void dma_resv_iter_begin(struct dma_resv_iter *cursor, struct dma_resv *obj, enum dma_resv_usage usage)
{
	cursor->obj = obj;
	cursor->usage = usage;
	cursor->fence = NULL;
}

void dma_resv_iter_end(struct dma_resv_iter *cursor)
{
	dma_fence_put(cursor->fence);
	cursor->fence = NULL;
}

bool dma_resv_iter_is_restarted(struct dma_resv_iter *cursor)
{
	return cursor->is_restarted;
}

enum dma_resv_usage dma_resv_iter_usage(struct dma_resv_iter *cursor)
{
	return cursor->fence_usage;
}

/* RCU read lock held: stand before the first entry of the list as it is now. */
static void restart(struct dma_resv_iter *cursor)
{
	cursor->index = 0;
	cursor->num_fences = 0;
	cursor->fences = rcu_read(cursor->obj->fences);
	if (cursor->fences)
		cursor->num_fences = __atomic_load_n(&cursor->fences->num_fences, __ATOMIC_ACQUIRE);
	cursor->is_restarted = true;
}

/* Is this the fence to stop at? It is referenced; the reference is dropped if not. */
static bool is_wanted(struct dma_resv_iter *cursor, struct dma_fence *fence)
{
	if (cursor->fence_usage <= cursor->usage && !dma_fence_is_signaled(fence))
		return true;
	dma_fence_put(fence);
	return false;
}

/* RCU read lock held: go on to the next wanted fence of this list. True to start over: an entry was dying. */
static bool advance(struct dma_resv_iter *cursor)
{
	cursor->fence = NULL;
	while (cursor->index < cursor->num_fences) {
		struct dma_fence *fence = resv_entry(cursor->fences, cursor->index++, &cursor->fence_usage);

		if (!dma_fence_get_rcu(fence))
			return true;
		if (is_wanted(cursor, fence)) {
			cursor->fence = fence;
			return false;
		}
	}
	return false;
}

/* One step, from the start if @from_start or if the list is no longer the object's. */
static struct dma_fence *step(struct dma_resv_iter *cursor, bool from_start)
{
	dma_fence_put(cursor->fence);
	cursor->fence = NULL;
	dmabuf_base_rcu_read_lock();
	cursor->is_restarted = false;
	if (from_start || cursor->fences != rcu_read(cursor->obj->fences))
		restart(cursor);
	while (advance(cursor) || cursor->fences != rcu_read(cursor->obj->fences)) {
		dma_fence_put(cursor->fence);
		restart(cursor);
	}
	dmabuf_base_rcu_read_unlock();
	return cursor->fence;
}

struct dma_fence *dma_resv_iter_first_unlocked(struct dma_resv_iter *cursor)
{
	return step(cursor, true);
}

struct dma_fence *dma_resv_iter_next_unlocked(struct dma_resv_iter *cursor)
{
	return step(cursor, false);
}

/* Lock held: the next entry of a usage that is wanted. The cursor keeps no fence, since it has no reference of one. */
static struct dma_fence *next_locked(struct dma_resv_iter *cursor)
{
	warn_if(!dma_resv_held(cursor->obj), "dma_resv_iter: the reservation lock is not held by the caller");
	while (cursor->index < cursor->num_fences) {
		struct dma_fence *fence = resv_entry(cursor->fences, cursor->index++, &cursor->fence_usage);

		if (cursor->fence_usage <= cursor->usage)
			return fence;
	}
	return NULL;
}

struct dma_fence *dma_resv_iter_first(struct dma_resv_iter *cursor)
{
	restart(cursor);
	return next_locked(cursor);
}

struct dma_fence *dma_resv_iter_next(struct dma_resv_iter *cursor)
{
	cursor->is_restarted = false;
	return next_locked(cursor);
}

bool dma_resv_test_signaled(struct dma_resv *obj, enum dma_resv_usage usage)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, obj, usage);
	fence = dma_resv_iter_first_unlocked(&cursor);
	dma_resv_iter_end(&cursor);
	return !fence;
}

long dma_resv_wait_timeout(struct dma_resv *obj, enum dma_resv_usage usage, bool intr, unsigned long timeout)
{
	long ret = timeout > (unsigned long)MAX_SCHEDULE_TIMEOUT ? MAX_SCHEDULE_TIMEOUT : (long)timeout;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	if (timeout == 0)
		ret = 1;
	dma_resv_iter_begin(&cursor, obj, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		ret = dma_fence_wait_timeout(fence, intr, timeout ? ret : 0);
		if (ret <= 0)
			break;
	}
	dma_resv_iter_end(&cursor);
	return ret;
}
