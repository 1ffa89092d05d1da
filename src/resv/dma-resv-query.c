/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. The fences of a reservation as an array, as one fence, as text.
 *
 * Called by: importers that hand fences on, reports.
 *
 * Invariant: everything that walks without the lock drops what it has when the walk starts over.
 */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/seq.h>

#include "src/base/alloc.h"
#include "src/resv/resv-internal.h"

/* A growing array of referenced fences. */
struct bag {
	struct dma_fence **fences;
	unsigned int num, room;
};

static void empty(struct bag *bag)
{
	while (bag->num)
		dma_fence_put(bag->fences[--bag->num]);
}

static void discard(struct bag *bag)
{
	empty(bag);
	dmabuf_base_free(bag->fences);
	bag->fences = NULL;
	bag->room = 0;
}

/* Room for at least @wanted in all. */
static bool make_room(struct bag *bag, unsigned int wanted)
{
	unsigned int room = bag->room ? 2 * bag->room : 4;
	struct dma_fence **fences;

	if (wanted <= bag->room)
		return true;
	if (room < wanted)
		room = wanted;
	fences = dmabuf_base_alloc(room * sizeof(struct dma_fence *));
	if (!fences)
		return false;
	for (unsigned int i = 0; i < bag->num; i++)
		fences[i] = bag->fences[i];
	dmabuf_base_free(bag->fences);
	bag->fences = fences;
	bag->room = room;
	return true;
}

int dma_resv_get_fences(struct dma_resv *obj, enum dma_resv_usage usage, unsigned int *ret_num,
			struct dma_fence ***ret_fences)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	struct bag bag = { 0 };
	int ret = 0;

	dma_resv_iter_begin(&cursor, obj, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_is_restarted(&cursor))
			empty(&bag);
		if (!make_room(&bag, bag.num ? bag.num + 1 : cursor.num_fences)) {
			ret = -ENOMEM;
			break;
		}
		bag.fences[bag.num++] = dma_fence_get(fence);
	}
	dma_resv_iter_end(&cursor);
	if (ret < 0 || !bag.num)
		discard(&bag);
	*ret_num = bag.num;
	*ret_fences = bag.fences;
	return ret;
}

int dma_resv_get_singleton(struct dma_resv *obj, enum dma_resv_usage usage, struct dma_fence **ret_fence)
{
	struct dma_fence_array *array;
	struct bag bag = { 0 };
	int ret = dma_resv_get_fences(obj, usage, &bag.num, &bag.fences);

	if (ret < 0)
		return ret;
	if (bag.num <= 1) {
		*ret_fence = bag.num ? bag.fences[0] : NULL;
		dmabuf_base_free(bag.fences);
		return 0;
	}
	array = dma_fence_array_create((int)bag.num, bag.fences, dma_fence_context_alloc(1), 1, false);
	if (!array) {
		discard(&bag);
		return -ENOMEM;
	}
	*ret_fence = &array->base;
	return 0;
}

void dma_resv_set_deadline(struct dma_resv *obj, enum dma_resv_usage usage, int64_t deadline_ns)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, obj, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		dma_fence_set_deadline(fence, deadline_ns);
	dma_resv_iter_end(&cursor);
}

static const char *const usage_names[] = { "kernel", "write", "read", "bookkeep" };

void dma_resv_describe(struct dma_resv *obj, struct dmabuf_seq *seq)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, obj, DMA_RESV_USAGE_READ, fence) {
		dmabuf_seq_printf(seq, "\t%s fence:", usage_names[dma_resv_iter_usage(&cursor)]);
		dma_fence_describe(fence, seq);
	}
}
