/* SPDX-License-Identifier: MIT */
/* The short forms of tests/lib/resv.h. */
#include "resv.h"
#include "test.h"

void resv_push(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage)
{
	ck_assert_int_eq(dma_resv_reserve_fences(obj, 1), 0);
	dma_resv_add_fence(obj, fence, usage);
}

void resv_add(struct dma_resv *obj, struct dma_fence *fence, enum dma_resv_usage usage)
{
	ck_assert_int_eq(dma_resv_lock(obj, NULL), 0);
	resv_push(obj, fence, usage);
	dma_resv_unlock(obj);
}

unsigned int resv_list(struct dma_resv *obj, enum dma_resv_usage usage,
		       struct resv_entry *ret_entries, unsigned int max)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	unsigned int num = 0;

	dma_resv_iter_begin(&cursor, obj, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_is_restarted(&cursor))
			num = 0;
		ck_assert_uint_lt(num, max);
		ret_entries[num].fence = fence;
		ret_entries[num++].usage = dma_resv_iter_usage(&cursor);
	}
	dma_resv_iter_end(&cursor);
	return num;
}

void expect_resv_at(struct dma_resv *obj, const struct resv_entry *want, unsigned int num,
		    const char *file, int line)
{
	struct resv_entry got[64];
	unsigned int i, found = resv_list(obj, DMA_RESV_USAGE_BOOKKEEP, got, 64);

	ck_assert_msg(found == num, "%s:%d: %u fences instead of %u", file, line, found, num);
	for (i = 0; i < num; i++) {
		ck_assert_msg(got[i].fence == want[i].fence, "%s:%d: entry %u is %p instead of %p",
			      file, line, i, (void *)got[i].fence, (void *)want[i].fence);
		ck_assert_msg(got[i].usage == want[i].usage,
			      "%s:%d: entry %u has usage %d instead of %d", file, line, i,
			      got[i].usage, want[i].usage);
	}
}
