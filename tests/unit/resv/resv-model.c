/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a reservation object against a list that follows resv.md 4.1 and 4.2 word for word. After every
 * step content, order, usages, answers and reference counts have to agree.
 */
#include "mock-fence.h"
#include "resv.h"
#include "test.h"

enum {
	CONTEXTS = 4,
	MAX_ENTRIES = 60,
	MAX_FENCES = 400
};

struct model {
	struct resv_entry entry[MAX_ENTRIES];
	unsigned int num;
};

struct fence_info {
	struct dma_fence *fence;
	bool signaled;
};

static struct dma_resv obj;
static struct model model;
static struct fence_info fences[MAX_FENCES];
static unsigned int num_fences;

static bool is_done(const struct dma_fence *fence)
{
	unsigned int i;

	for (i = 0; i < num_fences; i++) {
		if (fences[i].fence == fence)
			return fences[i].signaled;
	}
	return false;
}

/* fence.md 3.5, 32-bit kind */
static bool later_or_same(const struct dma_fence *a, const struct dma_fence *b)
{
	return a == b || (int32_t)((uint32_t)a->seqno - (uint32_t)b->seqno) > 0;
}

/* resv.md 4.2 */
static void model_add(struct dma_fence *fence, enum dma_resv_usage usage)
{
	unsigned int i;

	for (i = 0; i < model.num; i++) {
		struct resv_entry *e = &model.entry[i];

		if (is_done(e->fence) || (e->fence->context == fence->context &&
					  e->usage >= usage && later_or_same(fence, e->fence)))
			break;
	}
	ck_assert_uint_lt(i, MAX_ENTRIES);
	if (i == model.num)
		model.num++;
	model.entry[i].fence = fence;
	model.entry[i].usage = usage;
}

/* resv.md 4.1: what growing does. The capacity is the library's, so growth is seen by the list pointer. */
static void model_grow(void)
{
	unsigned int i, kept = 0;

	for (i = 0; i < model.num; i++) {
		if (!is_done(model.entry[i].fence))
			model.entry[kept++] = model.entry[i];
	}
	model.num = kept;
}

static void check_content(void)
{
	struct resv_entry got[MAX_ENTRIES];
	unsigned int i, n, usage;

	for (usage = DMA_RESV_USAGE_KERNEL; usage <= DMA_RESV_USAGE_BOOKKEEP; usage++) {
		unsigned int found = resv_list(&obj, usage, got, MAX_ENTRIES);

		for (i = 0, n = 0; i < model.num; i++) {
			if (is_done(model.entry[i].fence) || model.entry[i].usage > usage)
				continue;
			ck_assert_uint_lt(n, found);
			ck_assert_ptr_eq(got[n].fence, model.entry[i].fence);
			ck_assert_int_eq(got[n].usage, model.entry[i].usage);
			n++;
		}
		ck_assert_uint_eq(found, n);
		ck_assert_int_eq(dma_resv_test_signaled(&obj, usage), n == 0);
		ck_assert_int_eq(dma_resv_wait_timeout(&obj, usage, false, 0), n == 0);
	}
}

static void check_references(void)
{
	unsigned int i, j;

	for (i = 0; i < num_fences; i++) {
		unsigned int want = 1;

		for (j = 0; j < model.num; j++)
			want += model.entry[j].fence == fences[i].fence;
		ck_assert_uint_eq(fence_refs(fences[i].fence), want);
	}
}

static struct dma_fence *some_fence(struct dice *dice)
{
	static uint64_t seqno[CONTEXTS];
	unsigned int ctx = dice_below(dice, CONTEXTS), back;

	if (num_fences && (num_fences == MAX_FENCES || dice_below(dice, 4) == 0))
		return fences[dice_below(dice, num_fences)].fence;
	back = dice_below(dice, 5) == 0 ? dice_below(dice, 3) : 0;
	fences[num_fences].fence = mock_fence_at(100 + ctx, 0xfffffff0 + ++seqno[ctx] - back);
	fences[num_fences].signaled = false;
	return fences[num_fences++].fence;
}

static void add_some(struct dice *dice)
{
	unsigned int n = 1 + dice_below(dice, 5), i;
	struct dma_resv_list *before = obj.fences;

	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, n), 0);
	if (obj.fences != before)
		model_grow();
	for (i = 0; i < n; i++) {
		struct dma_fence *fence = some_fence(dice);
		enum dma_resv_usage usage = dice_below(dice, 4);

		dma_resv_add_fence(&obj, fence, usage);
		model_add(fence, usage);
	}
	dma_resv_unlock(&obj);
}

static void signal_some(struct dice *dice)
{
	struct fence_info *info;

	if (!num_fences)
		return;
	info = &fences[dice_below(dice, num_fences)];
	ck_assert_int_eq(dma_fence_signal(info->fence), info->signaled ? -EINVAL : 0);
	info->signaled = true;
}

/* spec: resv.md 4.1, 4.2, 4 dma_resv_test_signaled, 4.4, 9 V2; _i: run */
TEST_EACH(random_adds_and_signals_agree_with_the_model, 0, 10)
{
	struct dice dice;
	unsigned int i;

	dice_init(&dice, _i);
	dma_resv_init(&obj);
	for (i = 0; i < 300; i++) {
		if (model.num < MAX_ENTRIES / 2 && dice_below(&dice, 2))
			add_some(&dice);
		else
			signal_some(&dice);
		check_content();
		check_references();
	}
	dma_resv_fini(&obj);
	for (i = 0; i < num_fences; i++) {
		ck_assert_uint_eq(fence_refs(fences[i].fence), 1);
		mock_signal_and_put(fences[i].fence);
	}
}
