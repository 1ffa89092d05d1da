/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. The record of a buffer's fences: life, lock, reserve, add.
 *
 * Called by: exporters and importers; counterpart of the kernel's drivers/dma-buf/dma-resv.c. Readers: dma-resv-iter.c.
 *
 * Invariant: the list is changed under the lock only. A reader without the lock sees either the old list or the new one,
 * and in it every fence that was unsignalled all the time.
 */
#include "src/base/alloc.h"
#include "src/base/rcu.h"
#include "src/base/task.h"
#include "src/base/warn.h"
#include "src/resv/resv-internal.h"
#include "src/resv/ww-internal.h"

#define FIRST_FENCES 4u

DEFINE_WD_CLASS(reservation_ww_class);

void dma_resv_init(struct dma_resv *obj)
{
	ww_mutex_init(&obj->lock, &reservation_ww_class);
	obj->fences = NULL;
}

static void free_list_deferred(struct dmabuf_rcu_head *rcu)
{
	dmabuf_base_free((char *)rcu - offsetof(struct dma_resv_list, rcu));
}

/* Drop the references of a list that is going away. Readers that still walk it find fences that are dying, or alive. */
static void empty_list(struct dma_resv_list *list)
{
	enum dma_resv_usage usage;

	for (unsigned int i = 0; i < list->num_fences; i++)
		dma_fence_put(resv_entry(list, i, &usage));
}

void dma_resv_fini(struct dma_resv *obj)
{
	struct dma_resv_list *list = obj->fences;

	obj->fences = NULL;
	if (list) {
		empty_list(list);
		dmabuf_base_rcu_defer(&list->rcu, free_list_deferred);
	}
	ww_mutex_destroy(&obj->lock);
}

int dma_resv_lock(struct dma_resv *obj, struct ww_acquire_ctx *ctx)
{
	if (!ctx && ww_lock_fast(&obj->lock, task_id(), NULL))
		return 0;
	return ww_mutex_lock(&obj->lock, ctx);
}

bool dma_resv_is_locked(struct dma_resv *obj)
{
	return ww_mutex_is_locked(&obj->lock);
}

void dma_resv_lock_slow(struct dma_resv *obj, struct ww_acquire_ctx *ctx)
{
	ww_mutex_lock_slow(&obj->lock, ctx);
}

bool dma_resv_trylock(struct dma_resv *obj)
{
	return ww_mutex_trylock(&obj->lock, NULL);
}

int dma_resv_lock_slow_interruptible(struct dma_resv *obj, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock_slow_interruptible(&obj->lock, ctx);
}

struct ww_acquire_ctx *dma_resv_locking_ctx(struct dma_resv *obj)
{
	return __atomic_load_n(&obj->lock.ctx, __ATOMIC_RELAXED);
}

int dma_resv_lock_interruptible(struct dma_resv *obj, struct ww_acquire_ctx *ctx)
{
	return ww_mutex_lock_interruptible(&obj->lock, ctx);
}

static void drop_room(struct dma_resv *obj)
{
	if (obj->fences)
		obj->fences->max_fences = obj->fences->num_fences;
}

void dma_resv_unlock(struct dma_resv *obj)
{
	drop_room(obj);
	ww_mutex_unlock(&obj->lock);
}

bool dma_resv_held(struct dma_resv *obj)
{
	return ww_is_held_by(&obj->lock, task_id());
}

static void assert_held(struct dma_resv *obj, const char *function)
{
	warn_if(!dma_resv_held(obj), "%s: the reservation lock is not held by the caller", function);
}

void dma_resv_assert_held(struct dma_resv *obj)
{
	assert_held(obj, "dma_resv_assert_held");
}

void dma_resv_reset_max_fences(struct dma_resv *obj)
{
	assert_held(obj, "dma_resv_reset_max_fences");
	drop_room(obj);
}

enum dma_resv_usage dma_resv_usage_rw(bool write)
{
	return write ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_WRITE;
}

static struct dma_resv_list *alloc_list(unsigned int capacity)
{
	size_t header = offsetof(struct dma_resv_list, table);
	size_t size = dmabuf_base_good_size(header + (size_t)capacity * sizeof(uintptr_t));
	struct dma_resv_list *list = dmabuf_base_alloc(size);

	if (list)
		list->capacity = (uint32_t)((size - header) / sizeof(uintptr_t));
	return list;
}

static unsigned int round_up_pow2(unsigned int n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

/*
 * Copy what is unsignalled from @from to the front of @to, in order. What has signalled goes behind the last slot of
 * @to, where drop_signaled() finds it once no new reader can. Returns how many are unsignalled.
 */
static unsigned int copy_unsignaled(struct dma_resv_list *to, struct dma_resv_list *from)
{
	unsigned int kept = 0, dropped = to->capacity;

	for (unsigned int i = 0; i < from->num_fences; i++) {
		enum dma_resv_usage usage;
		struct dma_fence *fence = resv_entry(from, i, &usage);

		resv_entry_set(to, dma_fence_is_signaled(fence) ? --dropped : kept++, fence, usage);
	}
	return kept;
}

static void drop_signaled(struct dma_resv_list *list, unsigned int first)
{
	enum dma_resv_usage usage;

	for (unsigned int i = first; i < list->capacity; i++) {
		struct dma_fence *fence = resv_entry(list, i, &usage);

		resv_entry_set(list, i, NULL, DMA_RESV_USAGE_KERNEL);
		dma_fence_put(fence);
	}
}

/* Replace the list by one with room for @wanted entries. */
static int grow(struct dma_resv *obj, struct dma_resv_list *old, unsigned int wanted)
{
	struct dma_resv_list *list = alloc_list(wanted);
	unsigned int kept = 0, old_count = old ? old->num_fences : 0;

	if (!list)
		return -ENOMEM;
	if (old)
		kept = copy_unsignaled(list, old);
	list->num_fences = kept;
	rcu_publish(obj->fences, list);
	if (!old)
		return 0;
	drop_signaled(list, list->capacity - (old_count - kept));
	dmabuf_base_rcu_defer(&old->rcu, free_list_deferred);
	return 0;
}

int dma_resv_reserve_fences(struct dma_resv *obj, unsigned int num_fences)
{
	struct dma_resv_list *list = obj->fences;
	unsigned int used = list ? list->num_fences : 0;
	unsigned int wanted;
	int ret;

	if (warn_if(num_fences == 0, "dma_resv_reserve_fences: room for no fence asked for"))
		return -EINVAL;
	assert_held(obj, "dma_resv_reserve_fences");
	if (num_fences > UINT32_MAX / 4 - used)
		return -ENOMEM;
	if (!list || used + num_fences > list->capacity) {
		wanted = list ? 2 * list->capacity : round_up_pow2(num_fences > FIRST_FENCES ? num_fences : FIRST_FENCES);
		ret = grow(obj, list, used + num_fences > wanted ? used + num_fences : wanted);
		if (ret < 0)
			return ret;
	}
	list = obj->fences;
	if (list->max_fences < list->num_fences + num_fences)
		list->max_fences = list->num_fences + num_fences;
	return 0;
}

/* May @fence take the place of @old? */
static bool replaces(struct dma_fence *fence, enum dma_resv_usage usage, struct dma_fence *old,
		     enum dma_resv_usage old_usage)
{
	if (old->context == fence->context && old_usage >= usage && dma_fence_is_later_or_same(fence, old))
		return true;
	return dma_fence_is_signaled(old);
}

void dma_resv_add_fence(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage)
{
	struct dma_resv_list *list = obj->fences;
	enum dma_resv_usage old_usage;

	assert_held(obj, "dma_resv_add_fence");
	warn_if(dma_fence_is_container(fence), "dma_resv_add_fence: the fence is an array or a chain, add its members");
	for (unsigned int i = 0; list && i < list->num_fences; i++) {
		struct dma_fence *old = resv_entry(list, i, &old_usage);

		if (replaces(fence, usage, old, old_usage)) {
			resv_entry_set(list, i, dma_fence_get(fence), usage);
			dma_fence_put(old);
			return;
		}
	}
	if (!list || list->num_fences >= list->max_fences)
		dmabuf_base_bug("dma_resv_add_fence: no room was reserved, the fence would be lost");
	resv_entry_set(list, list->num_fences, dma_fence_get(fence), usage);
	/* Pairs with the read of num_fences in dma-resv-iter.c: whoever counts the entry sees it. */
	__atomic_store_n(&list->num_fences, list->num_fences + 1, __ATOMIC_RELEASE);
}

void dma_resv_replace_fences(struct dma_resv *obj, uint64_t context, struct dma_fence *replacement,
			     enum dma_resv_usage usage)
{
	struct dma_resv_list *list = obj->fences;
	enum dma_resv_usage old_usage;

	assert_held(obj, "dma_resv_replace_fences");
	for (unsigned int i = 0; list && i < list->num_fences; i++) {
		struct dma_fence *old = resv_entry(list, i, &old_usage);

		if (old->context != context)
			continue;
		resv_entry_set(list, i, dma_fence_get(replacement), usage);
		dma_fence_put(old);
	}
}

/* Nobody sees @list yet: add what @cursor yields. False: there is not enough room, the source has grown. */
static bool collect(struct dma_resv_list *list, struct dma_resv_iter *cursor)
{
	struct dma_fence *fence;

	dma_resv_for_each_fence_unlocked(cursor, fence) {
		if (dma_resv_iter_is_restarted(cursor)) {
			empty_list(list);
			list->num_fences = 0;
		}
		if (list->num_fences == list->capacity)
			return false;
		resv_entry_set(list, list->num_fences++, dma_fence_get(fence), dma_resv_iter_usage(cursor));
	}
	return true;
}

/* A list of what is unsignalled in @src. NULL: no memory. */
static struct dma_resv_list *copy_list(struct dma_resv *src)
{
	struct dma_resv_list *list = NULL;
	struct dma_resv_iter cursor;
	bool complete = false;

	dma_resv_iter_begin(&cursor, src, DMA_RESV_USAGE_BOOKKEEP);
	while (!complete) {
		unsigned int capacity = list ? 2 * list->capacity : FIRST_FENCES;

		if (list) {
			empty_list(list);
			dmabuf_base_free(list);
		}
		list = alloc_list(capacity);
		if (!list)
			break;
		complete = collect(list, &cursor);
	}
	dma_resv_iter_end(&cursor);
	return list;
}

int dma_resv_copy_fences(struct dma_resv *dst, struct dma_resv *src)
{
	struct dma_resv_list *old = dst->fences, *list;

	assert_held(dst, "dma_resv_copy_fences");
	list = copy_list(src);
	if (!list)
		return -ENOMEM;
	if (!list->num_fences) {
		dmabuf_base_free(list);
		list = NULL;
	}
	rcu_publish(dst->fences, list);
	if (old) {
		empty_list(old);
		dmabuf_base_rcu_defer(&old->rcu, free_list_deferred);
	}
	return 0;
}
