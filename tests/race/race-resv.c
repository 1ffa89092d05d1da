/* SPDX-License-Identifier: MIT */
/*
 * A reservation that is written to under its lock while others read it without: an unsignalled fence that stays in it all
 * the time is seen by every reader, once.
 */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-resv.h>

#include "race.h"

#define OBJS	 2
#define CONTEXTS 5
#define KEPT	 2 /* fences that stay: one KERNEL, one READ */

static struct dma_resv objs[OBJS];
static struct dma_fence *kept[OBJS][KEPT];
static struct race_slot latest[CONTEXTS];
static uint64_t first_context, seqnos[CONTEXTS]; /* atomic */
static struct race_count made, seen;

static bool is_kept(const struct dma_fence *f, int of)
{
	return f == kept[of][0] || f == kept[of][1];
}

/* A later fence of a context; the one before it ends. The reference is the caller's. */
static struct dma_fence *fresh_fence(struct racer *me)
{
	unsigned int ctx = dice_below(&me->dice, CONTEXTS);
	uint64_t seqno = __atomic_add_fetch(&seqnos[ctx], 1, __ATOMIC_RELAXED);
	struct dma_fence *f = mock_fence_at(first_context + ctx, seqno);

	race_add(&made, 1);
	/* Not with the lock held: whoever signals must not need it, but may. */
	mock_signal_and_put(race_slot_replace(&latest[ctx], dma_fence_get(f)));
	return f;
}

/* obj held */
static void change(struct racer *me, struct dma_resv *obj, struct dma_fence *fresh)
{
	if (dice_below(&me->dice, 8) == 0) {
		dma_resv_replace_fences(obj, fresh->context, fresh, dice_below(&me->dice, 4));
		return;
	}
	ck_assert_int_eq(dma_resv_reserve_fences(obj, 1 + dice_below(&me->dice, 6)), 0);
	dma_resv_add_fence(obj, fresh, dice_below(&me->dice, 4));
}

static void write_one(struct racer *me)
{
	struct dma_fence *fresh = fresh_fence(me);
	struct dma_resv *obj = &objs[dice_below(&me->dice, OBJS)];

	ck_assert_int_eq(dma_resv_lock(obj, NULL), 0);
	change(me, obj, fresh);
	dma_resv_unlock(obj);
	dma_fence_put(fresh);
	race_dawdle(me, 200);
}

/* Both under one ticket, in any order. */
static void write_both(struct racer *me)
{
	struct dma_fence *fresh = fresh_fence(me);
	int first = (int)dice_below(&me->dice, 2), busy = -1, i;
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &reservation_ww_class);
	for (;;) {
		if (busy >= 0) {
			first = busy;
			dma_resv_lock_slow(&objs[first], &ctx);
		} else {
			ck_assert_int_eq(dma_resv_lock(&objs[first], &ctx), 0);
		}
		busy = 1 - first;
		if (dma_resv_lock(&objs[busy], &ctx) == 0)
			break;
		dma_resv_unlock(&objs[first]);
	}
	ww_acquire_done(&ctx);
	for (i = 0; i < OBJS; i++)
		change(me, &objs[i], fresh);
	for (i = 0; i < OBJS; i++)
		dma_resv_unlock(&objs[i]);
	ww_acquire_fini(&ctx);
	dma_fence_put(fresh);
}

static void iterate(int of, enum dma_resv_usage usage)
{
	unsigned int found = 0, wanted = usage >= DMA_RESV_USAGE_READ ? 2 : 1;
	struct dma_resv_iter cursor;
	struct dma_fence *f;

	dma_resv_iter_begin(&cursor, &objs[of], usage);
	dma_resv_for_each_fence_unlocked(&cursor, f) {
		if (dma_resv_iter_is_restarted(&cursor))
			found = 0;
		found += is_kept(f, of);
		ck_assert_uint_gt(fence_refs(f), 0);
		ck_assert_int_le(dma_resv_iter_usage(&cursor), usage);
		race_add(&seen, 1);
	}
	dma_resv_iter_end(&cursor);
	ck_assert_msg(found == wanted, "%u fences that stay were seen %u times", wanted, found);
}

static void get_all(int of, enum dma_resv_usage usage)
{
	unsigned int found = 0, wanted = usage >= DMA_RESV_USAGE_READ ? 2 : 1, num, i;
	struct dma_fence **all;

	ck_assert_int_eq(dma_resv_get_fences(&objs[of], usage, &num, &all), 0);
	for (i = 0; i < num; i++) {
		found += is_kept(all[i], of);
		dma_fence_put(all[i]);
	}
	free(all);
	ck_assert_uint_eq(found, wanted);
}

static void get_one(int of, enum dma_resv_usage usage)
{
	unsigned int found = 0, wanted = usage >= DMA_RESV_USAGE_READ ? 2 : 1, i;
	struct dma_fence *all, *f;

	ck_assert_int_eq(dma_resv_get_singleton(&objs[of], usage, &all), 0);
	ck_assert_ptr_nonnull(all);
	dma_fence_array_for_each(f, i, all)
		found += is_kept(f, of);
	ck_assert_uint_eq(found, wanted);
	ck_assert(!dma_fence_is_signaled(all));
	dma_fence_put(all);
}

static void copy_all(int of)
{
	struct dma_resv copy;

	dma_resv_init(&copy);
	ck_assert_int_eq(dma_resv_lock(&copy, NULL), 0);
	ck_assert_int_eq(dma_resv_copy_fences(&copy, &objs[of]), 0);
	dma_resv_unlock(&copy);
	ck_assert(!dma_resv_test_signaled(&copy, DMA_RESV_USAGE_KERNEL));
	dma_resv_fini(&copy);
}

static void read_one(struct racer *me)
{
	int of = (int)dice_below(&me->dice, OBJS);
	enum dma_resv_usage usage = dice_below(&me->dice, 4);

	switch (dice_below(&me->dice, 6)) {
	case 0:
		get_all(of, usage);
		break;
	case 1:
		get_one(of, usage);
		break;
	case 2:
		copy_all(of);
		break;
	case 3:
		ck_assert(!dma_resv_test_signaled(&objs[of], usage));
		ck_assert_int_eq(dma_resv_wait_timeout(&objs[of], usage, false,
						       dice_below(&me->dice, 2) * 10000),
				 0);
		break;
	default:
		iterate(of, usage);
	}
}

static void begin(void)
{
	int i, k;

	first_context = dma_fence_context_alloc(CONTEXTS);
	for (i = 0; i < CONTEXTS; i++) {
		race_slot_init(&latest[i]);
		latest[i].fence = mock_fence_at(first_context + i, 0);
		race_add(&made, 1);
	}
	for (i = 0; i < OBJS; i++) {
		dma_resv_init(&objs[i]);
		dma_resv_lock(&objs[i], NULL);
		for (k = 0; k < KEPT; k++) {
			kept[i][k] = mock_fence();
			race_add(&made, 1);
			ck_assert_int_eq(dma_resv_reserve_fences(&objs[i], 1), 0);
			dma_resv_add_fence(&objs[i], kept[i][k],
					   k ? DMA_RESV_USAGE_READ : DMA_RESV_USAGE_KERNEL);
		}
		dma_resv_unlock(&objs[i]);
	}
}

static void end(void)
{
	int i, k;

	for (i = 0; i < CONTEXTS; i++)
		mock_signal_and_put(latest[i].fence);
	for (i = 0; i < OBJS; i++) {
		ck_assert(!dma_resv_test_signaled(&objs[i], DMA_RESV_USAGE_KERNEL));
		for (k = 0; k < KEPT; k++)
			mock_signal_and_put(kept[i][k]);
		ck_assert(dma_resv_test_signaled(&objs[i], DMA_RESV_USAGE_BOOKKEEP));
		dma_resv_fini(&objs[i]);
	}
	ck_assert_uint_eq(mock_released, race_sum(&made));
}

/* spec: resv.md 4.1, 4.2, 4.4 unlocked iteration; 9 V2: a reader without the lock misses nothing that is unsignalled */
TEST(readers_without_the_lock_see_what_stays)
{

	begin();
	race_all(write_one, write_both, read_one, read_one);
	ck_assert_uint_gt(race_sum(&seen), 0);
	end();
}

static void read_and_wait(struct racer *me)
{
	static const enum dma_resv_usage usage[] = { DMA_RESV_USAGE_WRITE,
						     DMA_RESV_USAGE_BOOKKEEP };
	struct dma_resv_iter cursor;
	struct dma_fence *f;

	if (dice_below(&me->dice, 2)) {
		ck_assert_int_ge(dma_resv_wait_timeout(&objs[0], usage[dice_below(&me->dice, 2)],
						       false, 50000),
				 0);
		return;
	}
	dma_resv_iter_begin(&cursor, &objs[0], DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, f)
		race_callback_life(me, f);
	dma_resv_iter_end(&cursor);
}

/* spec: resv.md 4.3, 4.4; fence.md 3.2: the fences of a cursor live as long as it stands on them */
TEST(fences_end_under_the_cursor)
{

	begin();
	race_all(write_one, write_one, read_and_wait, read_and_wait);
	end();
}
