/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Taking arrays and chains apart, and making one fence out of several.
 *
 * Called by: whoever gets fences from elsewhere; resv, sync files; counterpart of the kernel's
 * drivers/dma-buf/dma-fence-unwrap.c.
 *
 * Invariant: the result of a merge contains plain fences only, in the order of their contexts, one for each. What went
 * into a merge keeps its references; a large result shares those of the largest array that is in it whole, so that merging
 * fences one after the other counts each of them once.
 */
#include <dmabuf/dma-fence-unwrap.h>

#include "src/base/alloc.h"
#include "src/fence/fence-internal.h"

/* Arrays of so many members hold them by a set that later arrays can share. */
#define SHARE_MIN 32
/* Lists up to this length need no memory. */
#define ON_STACK 16

static struct dma_fence *open_node(struct dma_fence_unwrap *cursor)
{
	struct dma_fence *fence = NULL;

	/* A node over an empty array has nothing to show. */
	while (cursor->chain && !fence) {
		cursor->index = 0;
		cursor->array = dma_fence_chain_contained(cursor->chain);
		fence = dma_fence_array_first(cursor->array);
		if (!fence)
			cursor->chain = dma_fence_chain_walk(cursor->chain);
	}
	return fence;
}

struct dma_fence *dma_fence_unwrap_first(struct dma_fence *head, struct dma_fence_unwrap *cursor)
{
	cursor->chain = dma_fence_get(head);
	cursor->array = NULL;
	cursor->index = 0;
	return open_node(cursor);
}

struct dma_fence *dma_fence_unwrap_next(struct dma_fence_unwrap *cursor)
{
	struct dma_fence *array = cursor->array;

	if (array && fence_is_array(array) && ++cursor->index < array_of(array)->num_fences)
		return array_of(array)->fences[cursor->index];
	cursor->chain = dma_fence_chain_walk(cursor->chain);
	return open_node(cursor);
}

/* A list of fences that grows. */
struct fence_list {
	struct dma_fence **fences;
	unsigned int num, room;
	struct dma_fence *few[ON_STACK];
};

static void list_init(struct fence_list *list)
{
	list->fences = list->few;
	list->num = 0;
	list->room = ON_STACK;
}

static void list_fini(struct fence_list *list)
{
	if (list->fences != list->few)
		dmabuf_base_free(list->fences);
}

/* Room for @more; false without memory. */
static bool list_reserve(struct fence_list *list, unsigned int more)
{
	unsigned int room = list->room;
	struct dma_fence **fences;

	if (list->num + more <= room)
		return true;
	while (room < list->num + more)
		room *= 2;
	fences = dmabuf_base_alloc(room * sizeof(*fences));
	if (!fences)
		return false;
	__builtin_memcpy(fences, list->fences, list->num * sizeof(*fences));
	list_fini(list);
	list->fences = fences;
	list->room = room;
	return true;
}

/* What a merge has found so far. */
struct merge {
	struct fence_list found;	/* unsignalled, without references */
	struct fence_list held;		/* references to what is in chains, which may change; put in the end */
	int64_t last_signal;		/* latest time of the signalled ones */
};

/* Note @fence if it is there to wait for. */
static void take(struct merge *merge, struct dma_fence *fence)
{
	int64_t time;

	if (!dma_fence_is_signaled(fence)) {
		merge->found.fences[merge->found.num++] = fence;
		return;
	}
	time = dma_fence_timestamp(fence);
	if (time > merge->last_signal)
		merge->last_signal = time;
}

static bool take_from_chain(struct merge *merge, struct dma_fence *head, struct dma_fence_unwrap *cursor)
{
	struct dma_fence *fence;

	dma_fence_unwrap_for_each(fence, cursor, head) {
		if (!list_reserve(&merge->found, 1) || !list_reserve(&merge->held, 1)) {
			dma_fence_put(cursor->chain);
			return false;
		}
		merge->held.fences[merge->held.num++] = dma_fence_get(fence);
		take(merge, fence);
	}
	return true;
}

static bool take_all(struct merge *merge, struct dma_fence *head, struct dma_fence_unwrap *cursor)
{
	struct dma_fence_array *array;

	if (fence_is_chain(head))
		return take_from_chain(merge, head, cursor);
	array = as_array(head);
	if (!list_reserve(&merge->found, array ? array->num_fences : 1))
		return false;
	for (unsigned int i = 0; array && i < array->num_fences; i++)
		take(merge, array->fences[i]);
	if (!array)
		take(merge, head);
	return true;
}

/* Of sorted fences keep the first of each context; tell @drop of the others. Returns how many are left. */
static unsigned int keep_newest(struct dma_fence **fences, unsigned int num, void (*drop)(struct dma_fence *fence))
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < num; i++) {
		if (kept && fences[kept - 1]->context == fences[i]->context) {
			if (drop)
				drop(fences[i]);
		} else {
			fences[kept++] = fences[i];
		}
	}
	return kept;
}

/* The largest of the arrays whose references can be shared. */
static struct dma_fence_array *largest_shared(unsigned int num_fences, struct dma_fence **fences)
{
	struct dma_fence_array *largest = NULL;

	for (unsigned int i = 0; i < num_fences; i++) {
		struct dma_fence_array *array = as_array(fences[i]);

		if (array && array->refs && (!largest || array->num_fences > largest->num_fences))
			largest = array;
	}
	return largest;
}

/* Fill @own with those of @list that are not in @array; false if @array has others. Both are in order. */
static bool subtract(const struct fence_list *list, const struct dma_fence_array *array, struct dma_fence **own)
{
	unsigned int in_array = 0;

	for (unsigned int i = 0; i < list->num; i++) {
		if (in_array < array->num_fences && list->fences[i] == array->fences[in_array])
			in_array++;
		else if (i - in_array < list->num - array->num_fences)
			*own++ = list->fences[i];
		else
			return false;
	}
	return true;
}

/* A set that holds @list, together with that of @base (may be NULL), which it shares if it can. */
static struct dmabuf_fence_refs *make_refs(const struct fence_list *list, const struct dma_fence_array *base)
{
	unsigned int num = base && base->num_fences <= list->num ? list->num - base->num_fences : list->num;
	struct dmabuf_fence_refs *refs = dmabuf_base_alloc(sizeof(*refs) + num * sizeof(*refs->fences));

	if (!refs)
		return NULL;
	refs->count.count = 1;
	refs->num_fences = num;
	if (num == list->num) {
		__builtin_memcpy(refs->fences, list->fences, num * sizeof(*refs->fences));
	} else if (subtract(list, base, refs->fences)) {
		refs->older = base->refs;
		__atomic_fetch_add(&base->refs->count.count, 1, __ATOMIC_RELAXED);
	} else {
		dmabuf_base_free(refs);
		return make_refs(list, NULL);
	}
	for (unsigned int i = 0; i < num; i++)
		dma_fence_get(refs->fences[i]);
	return refs;
}

static struct dma_fence *make_small_array(const struct fence_list *list)
{
	struct dma_fence_array *array = dma_fence_array_wrap(list->num, list->fences, NULL);

	for (unsigned int i = 0; array && i < list->num; i++)
		dma_fence_get(list->fences[i]);
	return array ? &array->base : NULL;
}

static struct dma_fence *make_large_array(const struct fence_list *list, const struct dma_fence_array *base)
{
	struct dmabuf_fence_refs *refs = make_refs(list, base);
	struct dma_fence_array *array = refs ? dma_fence_array_wrap(list->num, list->fences, refs) : NULL;

	if (!array)
		dma_fence_refs_put(refs);
	return array ? &array->base : NULL;
}

/* One fence for all that was found. */
static struct dma_fence *conclude(struct merge *merge, unsigned int num_fences, struct dma_fence **fences)
{
	struct fence_list *found = &merge->found;

	if (found->num > 1) {
		dma_fence_sort(found->fences, found->num);
		found->num = keep_newest(found->fences, found->num, NULL);
	}
	if (found->num == 0)
		return dma_fence_allocate_private_stub(merge->last_signal);
	if (found->num == 1)
		return dma_fence_get(found->fences[0]);
	if (found->num < SHARE_MIN)
		return make_small_array(found);
	return make_large_array(found, largest_shared(num_fences, fences));
}

struct dma_fence *__dma_fence_unwrap_merge(unsigned int num_fences, struct dma_fence **fences,
					   struct dma_fence_unwrap *cursors)
{
	struct dma_fence *result = NULL;
	struct merge merge;
	bool complete = true;

	list_init(&merge.found);
	list_init(&merge.held);
	merge.last_signal = 0;
	for (unsigned int i = 0; i < num_fences && complete; i++) {
		if (fences[i])
			complete = take_all(&merge, fences[i], &cursors[i]);
	}
	if (complete)
		result = conclude(&merge, num_fences, fences);
	while (merge.held.num)
		dma_fence_put(merge.held.fences[--merge.held.num]);
	list_fini(&merge.held);
	list_fini(&merge.found);
	return result;
}

int dma_fence_dedup_array(struct dma_fence **fences, int num)
{
	if (num <= 0)
		return 0;
	dma_fence_sort(fences, (unsigned int)num);
	return (int)keep_newest(fences, (unsigned int)num, dma_fence_put);
}
