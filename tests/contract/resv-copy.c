/* SPDX-License-Identifier: MIT */
/* What the kernel promises about replacing the fences of a context, copying between objects, and about lack of memory. */
#include "mock-fence.h"
#include "no-memory.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define KERNEL	 DMA_RESV_USAGE_KERNEL
#define WRITE	 DMA_RESV_USAGE_WRITE
#define READ	 DMA_RESV_USAGE_READ
#define BOOKKEEP DMA_RESV_USAGE_BOOKKEEP

static struct dma_resv obj, src;

/* --- replace --- */

static void replace(uint64_t context, struct dma_fence *fence, enum dma_resv_usage usage)
{
	dma_resv_lock(&obj, NULL);
	dma_resv_replace_fences(&obj, context, fence, usage);
	dma_resv_unlock(&obj);
}

/* spec: resv.md 4.3 "every entry whose fence has that context becomes replacement with the new usage" */
TEST(replace_takes_every_entry_of_the_context)
{
	struct dma_fence *a = mock_fence_at(8, 1), *b = mock_fence_at(9, 1),
			 *c = mock_fence_at(8, 2), *d = mock_fence_at(10, 7);

	dma_resv_init(&obj);
	resv_add(&obj, a, WRITE);
	resv_add(&obj, b, READ);
	resv_add(&obj, c, BOOKKEEP);
	replace(8, d, KERNEL);
	expect_resv(&obj, { d, KERNEL }, { b, READ }, { d, KERNEL });
	ck_assert_uint_eq(fence_refs(a), 1);
	ck_assert_uint_eq(fence_refs(b), 2);
	ck_assert_uint_eq(fence_refs(c), 1);
	ck_assert_uint_eq(fence_refs(d), 3);
	dma_resv_fini(&obj);
	ck_assert_uint_eq(fence_refs(d), 1);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.3 "whatever its usage"; _i = old usage * 4 + new usage */
TEST_EACH(replace_changes_any_usage_into_any, 0, 16)
{
	struct dma_fence *a = mock_fence_at(8, 1), *d = mock_fence_at(9, 1);

	dma_resv_init(&obj);
	resv_add(&obj, a, _i / 4);
	replace(8, d, _i % 4);
	expect_resv(&obj, { d, _i % 4 });
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.3 "signalled or not" */
TEST(replace_takes_signaled_entries_too)
{
	struct dma_fence *a = mock_fence_at(8, 1), *d = mock_fence_at(9, 1);

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	dma_fence_signal(a);
	replace(8, d, READ);
	expect_resv(&obj, { d, READ });
	ck_assert_uint_eq(fence_refs(a), 1);
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.3: a replacement of the same context, and older, is not compared with what it replaces */
TEST(replace_does_not_compare_seqnos)
{
	struct dma_fence *a = mock_fence_at(8, 5), *d = mock_fence_at(8, 3);

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	replace(8, d, BOOKKEEP);
	expect_resv(&obj, { d, BOOKKEEP });
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.3 "no match: no effect and no error" */
TEST(replace_without_a_match_changes_nothing)
{
	struct dma_fence *a = mock_fence_at(8, 1), *d = mock_fence_at(9, 1);

	dma_resv_init(&obj);
	replace(8, d, READ); /* not even a list */
	ck_assert_ptr_null(obj.fences);
	resv_add(&obj, a, READ);
	replace(7, d, READ);
	expect_resv(&obj, { a, READ });
	ck_assert_uint_eq(fence_refs(d), 1);
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(d);
}

/* spec: resv.md 4 dma_resv_replace_fences "cannot fail": it needs no room */
TEST(replace_needs_no_room_and_no_memory)
{
	struct dma_fence *a = mock_fence_at(8, 1), *d = mock_fence_at(9, 1);

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	no_memory(0);
	replace(8, d, READ);
	memory_again();
	expect_resv(&obj, { d, READ });
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(d);
}

/* spec: resv.md 4 dma_resv_replace_fences "R" */
TEST(replace_without_the_lock_warns)
{
	struct dma_fence *d = mock_fence_at(9, 1);

	dma_resv_init(&obj);
	dma_resv_replace_fences(&obj, 8, d, READ);
	expect_warning("not held");
	dma_resv_fini(&obj);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.3, 5: readers see the old or the new fence and the walk does not start over */
TEST(walk_goes_on_when_a_context_is_replaced)
{
	struct dma_fence *a = mock_fence_at(8, 1), *b = mock_fence_at(9, 1),
			 *d = mock_fence_at(10, 1);
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	resv_add(&obj, b, READ);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), a);
	replace(9, d, READ);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), d);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_null(dma_resv_iter_next_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(d);
}

/* --- copy --- */

static int copy(void)
{
	int ret;

	dma_resv_lock(&obj, NULL);
	ret = dma_resv_copy_fences(&obj, &src);
	dma_resv_unlock(&obj);
	return ret;
}

static void begin(void)
{
	dma_resv_init(&obj);
	dma_resv_init(&src);
}

static void end(void)
{
	dma_resv_fini(&obj);
	dma_resv_fini(&src);
}

/* spec: resv.md 4 dma_resv_copy_fences "replaces the whole content", "unsignalled fences and their usages", "refs each" */
TEST(copy_takes_the_unsignaled_with_their_usages)
{
	struct dma_fence *f[5], *old = mock_fence(), *older = mock_fence();
	int i;

	begin();
	for (i = 0; i < 5; i++)
		resv_add(&src, f[i] = mock_fence(), i % 4);
	dma_fence_signal(f[2]);
	resv_add(&obj, old, WRITE);
	resv_add(&obj, older, KERNEL);
	ck_assert_int_eq(copy(), 0);
	expect_resv(&obj, { f[0], KERNEL }, { f[1], WRITE }, { f[3], BOOKKEEP }, { f[4], KERNEL });
	expect_resv(&src, { f[0], KERNEL }, { f[1], WRITE }, { f[3], BOOKKEEP }, { f[4], KERNEL });
	ck_assert_uint_eq(fence_refs(f[0]), 3);
	ck_assert_uint_eq(fence_refs(f[2]), 2);
	ck_assert_uint_eq(fence_refs(old), 1);
	ck_assert_uint_eq(fence_refs(older), 1);
	end();
	for (i = 0; i < 5; i++) {
		ck_assert_uint_eq(fence_refs(f[i]), 1);
		mock_signal_and_put(f[i]);
	}
	mock_signal_and_put(old);
	mock_signal_and_put(older);
}

static const unsigned int amounts[] = { 1, 4, 5, 9, 40, 500 };

/* spec: resv.md 4 dma_resv_copy_fences, any number of them */
TEST_EACH(copy_takes_any_number, 0, 6)
{
	struct dma_fence *f[500];
	struct resv_entry got[501];
	unsigned int i, n = amounts[_i];

	begin();
	for (i = 0; i < n; i++)
		resv_add(&src, f[i] = mock_fence(), i % 4);
	ck_assert_int_eq(copy(), 0);
	ck_assert_uint_eq(resv_list(&obj, BOOKKEEP, got, 501), n);
	for (i = 0; i < n; i++) {
		ck_assert_ptr_eq(got[i].fence, f[i]);
		ck_assert_int_eq(got[i].usage, i % 4);
		ck_assert_uint_eq(fence_refs(f[i]), 3);
	}
	end();
	for (i = 0; i < n; i++)
		mock_signal_and_put(f[i]);
}

/* spec: resv.md 4 dma_resv_copy_fences "empty src: dst list becomes NULL"; _i: no list, an empty one, all signalled */
TEST_EACH(copy_of_nothing_leaves_no_list, 0, 3)
{
	struct dma_fence *old = mock_fence(), *done = mock_fence();

	begin();
	resv_add(&obj, old, READ);
	if (_i == 1) {
		dma_resv_lock(&src, NULL);
		ck_assert_int_eq(dma_resv_reserve_fences(&src, 2), 0);
		dma_resv_unlock(&src);
	}
	if (_i == 2)
		resv_add(&src, done, READ);
	dma_fence_signal(done);
	ck_assert_int_eq(copy(), 0);
	ck_assert_ptr_null(obj.fences);
	ck_assert_uint_eq(fence_refs(old), 1);
	end();
	mock_signal_and_put(old);
	mock_signal_and_put(done);
}

static void add_to_locked(void *fence)
{
	dma_resv_add_fence(&obj, fence, READ);
}

/* Room was reserved and then the content copied. */
static void reserve_and_copy(struct dma_fence *content)
{
	begin();
	if (content)
		resv_add(&src, content, READ);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	ck_assert_int_eq(dma_resv_copy_fences(&obj, &src), 0);
}

static void add_after_a_copy(void *content)
{
	reserve_and_copy(content);
	add_to_locked(mock_fence());
}

/* spec: resv.md 4 dma_resv_copy_fences "needs a new reserve"; _i: nothing copied, one copied */
TEST_EACH(add_after_a_copy_needs_a_new_reserve, 0, 2)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();

	expect_fatal(add_after_a_copy, _i ? f : NULL);
	reserve_and_copy(_i ? f : NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1), 0);
	dma_resv_add_fence(&obj, g, READ);
	dma_resv_unlock(&obj);
	ck_assert_uint_eq(fence_refs(g), 2);
	end();
	mock_signal_and_put(f);
	mock_signal_and_put(g);
}

/* spec: resv.md 4 dma_resv_copy_fences "R on dst, any on src" */
TEST_EACH(copy_needs_the_lock_of_the_destination_only, 0, 2)
{
	struct ww_acquire_ctx ctx;
	struct dma_fence *f = mock_fence();

	begin();
	resv_add(&src, f, READ);
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	if (_i)
		ck_assert_int_eq(dma_resv_lock(&src, &ctx), 0);
	ck_assert_int_eq(dma_resv_copy_fences(&obj, &src), 0);
	expect_no_warning();
	if (_i)
		dma_resv_unlock(&src);
	dma_resv_unlock(&obj);
	ww_acquire_fini(&ctx);
	expect_resv(&obj, { f, READ });
	dma_resv_copy_fences(&obj, &src);
	expect_warning("not held");
	end();
	mock_signal_and_put(f);
}

/* spec: resv.md 4 dma_resv_copy_fences onto itself: what has signalled is gone */
TEST(copy_onto_itself_drops_the_signaled)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();

	begin();
	resv_add(&obj, f, READ);
	resv_add(&obj, g, WRITE);
	dma_fence_signal(f);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_copy_fences(&obj, &obj), 0);
	dma_resv_unlock(&obj);
	expect_resv(&obj, { g, WRITE });
	ck_assert_uint_eq(fence_refs(f), 1);
	ck_assert_uint_eq(fence_refs(g), 2);
	end();
	mock_signal_and_put(f);
	mock_signal_and_put(g);
}

/* A fence that lets the list of @src grow when it is asked for the first time, in the middle of somebody's walk. */
static bool grown;

static bool grow_when_asked(struct dma_fence *fence)
{
	(void)fence;
	if (!grown) {
		grown = true;
		ck_assert_int_eq(dma_resv_reserve_fences(&src, 1000), 0);
	}
	return false;
}

static const char *grower_name(struct dma_fence *fence)
{
	(void)fence;
	return "grower";
}

static const struct dma_fence_ops grower_ops = {
	.get_driver_name = grower_name,
	.get_timeline_name = grower_name,
	.signaled = grow_when_asked,
};

/* spec: resv.md 5 "consumers that collect must discard what they have when is_restarted is true", 9 V8 */
TEST(copy_drops_what_it_had_when_the_walk_starts_over)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence_with(&grower_ops, 5, 1),
			 *c = mock_fence();
	struct ww_acquire_ctx ctx;

	begin();
	resv_add(&src, a, READ);
	resv_add(&src, b, WRITE);
	grown = true;
	resv_add(&src, c, BOOKKEEP);
	grown = false;
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	ck_assert_int_eq(dma_resv_lock(&src, &ctx), 0);
	ck_assert_int_eq(dma_resv_copy_fences(&obj, &src), 0);
	dma_resv_unlock(&src);
	dma_resv_unlock(&obj);
	ww_acquire_fini(&ctx);
	ck_assert(grown);
	expect_resv(&obj, { a, READ }, { b, WRITE }, { c, BOOKKEEP });
	ck_assert_uint_eq(fence_refs(a), 3);
	end();
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
}

static struct dma_fence *lasting[6];
static int stop; /* atomic */

/* Adds to src and signals, all the time. */
static long keep_adding(void *data)
{
	struct dma_fence *recent[8] = { 0 }, *f;
	unsigned int i;

	(void)data;
	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
		f = mock_fence();
		dma_resv_lock(&src, NULL);
		ck_assert_int_eq(dma_resv_reserve_fences(&src, 1 + i % 40), 0);
		dma_resv_add_fence(&src, f, i % 4);
		dma_resv_unlock(&src);
		if (recent[i % 8])
			mock_signal_and_put(recent[i % 8]);
		recent[i % 8] = f;
	}
	for (i = 0; i < 8; i++) {
		if (recent[i])
			mock_signal_and_put(recent[i]);
	}
	return 0;
}

static unsigned int count_fence(const struct resv_entry *got, unsigned int n, struct dma_fence *f,
				int usage)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++) {
		if (got[i].fence == f) {
			ck_assert_int_eq(got[i].usage, usage);
			count++;
		}
	}
	return count;
}

/* spec: resv.md 9 V8 */
TEST(copy_during_adds_misses_no_lasting_fence)
{
	int64_t until = now_ns() + 300 * MS;
	struct resv_entry got[256];
	struct actor adder;
	unsigned int n, i;

	actor_start(&adder);
	begin();
	for (i = 0; i < 6; i++)
		resv_add(&src, lasting[i] = mock_fence(), i % 4);
	actor_go(&adder, keep_adding, NULL);
	while (now_ns() < until) {
		ck_assert_int_eq(copy(), 0);
		n = resv_list(&obj, BOOKKEEP, got, 256);
		for (i = 0; i < 6; i++)
			ck_assert_uint_eq(count_fence(got, n, lasting[i], i % 4), 1);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	actor_result(&adder);
	ck_assert_int_eq(copy(), 0);
	ck_assert_uint_eq(resv_list(&obj, BOOKKEEP, got, 256), 6);
	end();
	for (i = 0; i < 6; i++)
		mock_signal_and_put(lasting[i]);
	actor_stop(&adder);
}

/* --- no memory --- */

/* spec: resv.md 4 dma_resv_copy_fences "-ENOMEM (dst unchanged)"; _i: allocations that succeed before */
TEST_EACH(copy_without_memory_leaves_the_destination, 0, 3)
{
	struct dma_fence *f[20], *old = mock_fence();
	int i;

	begin();
	for (i = 0; i < 20; i++) /* more than one step of growth */
		resv_add(&src, f[i] = mock_fence(), READ);
	resv_add(&obj, old, WRITE);
	no_memory(_i);
	i = copy();
	if (memory_again())
		ck_assert_int_eq(i, -ENOMEM);
	else
		ck_assert_int_eq(i, 0);
	if (i == -ENOMEM) {
		expect_resv(&obj, { old, WRITE });
		for (i = 0; i < 20; i++)
			ck_assert_uint_eq(fence_refs(f[i]), 2);
	} else {
		ck_assert_int_gt(_i, 0);
	}
	end();
	for (i = 0; i < 20; i++) {
		ck_assert_uint_eq(fence_refs(f[i]), 1);
		mock_signal_and_put(f[i]);
	}
	mock_signal_and_put(old);
}

/* spec: resv.md 4 dma_resv_reserve_fences "-ENOMEM": unchanged; _i: first list, growth */
TEST_EACH(reserve_without_memory_changes_nothing, 0, 2)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();
	struct dma_resv_list *before;

	dma_resv_init(&obj);
	if (_i)
		resv_add(&obj, f, READ);
	dma_resv_lock(&obj, NULL);
	before = obj.fences;
	no_memory(0);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1000), -ENOMEM);
	ck_assert(memory_again());
	ck_assert_ptr_eq(obj.fences, before);
	if (_i)
		expect_resv(&obj, { f, READ });
	expect_fatal(add_to_locked, g);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1000), 0);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
	mock_signal_and_put(g);
}

/* spec: resv.md 4 dma_resv_reserve_fences: more than can be counted is no memory */
TEST_EACH(reserve_of_a_huge_number_gives_enomem, 0, 2)
{
	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, _i ? UINT_MAX : UINT_MAX / 2), -ENOMEM);
	ck_assert_ptr_null(obj.fences);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
}

/* spec: resv.md 4.1 "used + wanted <= capacity: returns 0 at once": no memory is asked for */
TEST(reserve_within_the_room_there_is_asks_for_no_memory)
{
	struct dma_resv_list *before;
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1), 0);
	before = obj.fences;
	dma_resv_unlock(&obj);
	dma_resv_lock(&obj, NULL);
	no_memory(0);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4),
			 0); /* the first list has four at least */
	dma_resv_add_fence(&obj, f, READ); /* never allocates */
	ck_assert(!memory_again());
	ck_assert_ptr_eq(obj.fences, before);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}
