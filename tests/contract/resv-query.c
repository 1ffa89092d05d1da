/* SPDX-License-Identifier: MIT */
/* What the kernel promises about the fences of a reservation object as an array, as one fence, as text. */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/seq.h>

#include "mock-fence.h"
#include "no-memory.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define KERNEL	 DMA_RESV_USAGE_KERNEL
#define WRITE	 DMA_RESV_USAGE_WRITE
#define READ	 DMA_RESV_USAGE_READ
#define BOOKKEEP DMA_RESV_USAGE_BOOKKEEP

static struct dma_resv obj;
static struct dma_fence *f[4]; /* added as BOOKKEEP, READ, WRITE, KERNEL */

static void begin(void)
{
	int i;

	dma_resv_init(&obj);
	for (i = 0; i < 4; i++)
		resv_add(&obj, f[i] = mock_fence(), 3 - i);
}

static void end(void)
{
	int i;

	dma_resv_fini(&obj);
	for (i = 0; i < 4; i++) {
		dma_fence_signal(f[i]);
		dmabuf_barrier();
		ck_assert_uint_eq(fence_refs(f[i]), 1);
		dma_fence_put(f[i]);
	}
}

static void put_all(unsigned int num, struct dma_fence **fences)
{
	unsigned int i;

	for (i = 0; i < num; i++)
		dma_fence_put(fences[i]);
	free(fences);
}

/* --- get_fences --- */

/* spec: resv.md 4 dma_resv_get_fences, 2 U1; selftests.md 4 test_get_fences. _i: usage asked */
TEST_EACH(get_fences_gives_the_usage_and_stronger_ones_with_references, 0, 4)
{
	struct dma_fence **got;
	unsigned int num, i;

	begin();
	ck_assert_int_eq(dma_resv_get_fences(&obj, _i, &num, &got), 0);
	ck_assert_uint_eq(num, _i + 1);
	for (i = 0; i < num; i++) {
		ck_assert_ptr_eq(got[i], f[3 - _i + i]);
		ck_assert_uint_eq(fence_refs(got[i]), 3);
	}
	put_all(num, got);
	end();
}

/* spec: resv.md 4 dma_resv_get_fences "unsignalled ones only" */
TEST(get_fences_leaves_the_signaled_out)
{
	struct dma_fence **got;
	unsigned int num;

	begin();
	dma_fence_signal(f[0]);
	mock_of(f[2])->done = true; /* nobody has noticed yet */
	ck_assert_int_eq(dma_resv_get_fences(&obj, BOOKKEEP, &num, &got), 0);
	ck_assert_uint_eq(num, 2);
	ck_assert_ptr_eq(got[0], f[1]);
	ck_assert_ptr_eq(got[1], f[3]);
	put_all(num, got);
	end();
}

/* spec: resv.md 4 dma_resv_get_fences "nothing found: num = 0, array NULL"; _i: no list, all signalled, other usage */
TEST_EACH(get_fences_of_nothing_gives_no_array, 0, 3)
{
	struct dma_fence **got = (struct dma_fence **)&obj, *fence = mock_fence();
	unsigned int num = 77;

	dma_resv_init(&obj);
	if (_i)
		resv_add(&obj, fence, BOOKKEEP);
	if (_i == 1)
		dma_fence_signal(fence);
	ck_assert_int_eq(dma_resv_get_fences(&obj, READ, &num, &got), 0);
	ck_assert_uint_eq(num, 0);
	ck_assert_ptr_null(got);
	dma_resv_fini(&obj);
	mock_signal_and_put(fence);
}

/* spec: resv.md 4 dma_resv_get_fences "any": with and without the lock; _i: held */
TEST_EACH(get_fences_needs_no_lock, 0, 2)
{
	struct dma_fence **got;
	unsigned int num;

	begin();
	if (_i)
		dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_get_fences(&obj, BOOKKEEP, &num, &got), 0);
	if (_i)
		dma_resv_unlock(&obj);
	ck_assert_uint_eq(num, 4);
	put_all(num, got);
	end();
}

/* spec: resv.md 4 dma_resv_get_fences "-ENOMEM (then num 0, array NULL)" */
TEST(get_fences_without_memory_gives_nothing)
{
	struct dma_fence **got = (struct dma_fence **)&obj;
	unsigned int num = 77;
	int ret;

	begin();
	no_memory(0);
	ret = dma_resv_get_fences(&obj, BOOKKEEP, &num, &got);
	ck_assert(memory_again());
	ck_assert_int_eq(ret, -ENOMEM);
	ck_assert_uint_eq(num, 0);
	ck_assert_ptr_null(got);
	end();
}

static struct dma_fence *lasting[6];
static int stop; /* atomic */

static long keep_adding(void *data)
{
	struct dma_fence *recent[8] = { 0 }, *fence;
	unsigned int i;

	(void)data;
	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_ACQUIRE); i++) {
		fence = mock_fence();
		dma_resv_lock(&obj, NULL);
		ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1 + i % 40), 0);
		dma_resv_add_fence(&obj, fence, i % 4);
		dma_resv_unlock(&obj);
		if (recent[i % 8])
			mock_signal_and_put(recent[i % 8]);
		recent[i % 8] = fence;
	}
	for (i = 0; i < 8; i++) {
		if (recent[i])
			mock_signal_and_put(recent[i]);
	}
	return 0;
}

/* spec: resv.md 5 "consumers that collect must discard what they have": each lasting fence once, whatever restarts */
TEST(get_fences_during_adds_gives_every_lasting_fence_once)
{
	int64_t until = now_ns() + 300 * MS;
	unsigned int num, i, j, seen;
	struct dma_fence **got;
	struct actor adder;

	actor_start(&adder);
	dma_resv_init(&obj);
	for (i = 0; i < 6; i++)
		resv_add(&obj, lasting[i] = mock_fence(), i % 4);
	actor_go(&adder, keep_adding, NULL);
	while (now_ns() < until) {
		ck_assert_int_eq(dma_resv_get_fences(&obj, BOOKKEEP, &num, &got), 0);
		for (i = 0; i < 6; i++) {
			for (j = 0, seen = 0; j < num; j++)
				seen += got[j] == lasting[i];
			ck_assert_uint_eq(seen, 1);
		}
		put_all(num, got);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	actor_result(&adder);
	dma_resv_fini(&obj);
	for (i = 0; i < 6; i++) {
		ck_assert_uint_eq(fence_refs(lasting[i]), 1);
		mock_signal_and_put(lasting[i]);
	}
	actor_stop(&adder);
}

/* A fence that lets the list of @obj grow when it is asked for the first time, in the middle of somebody's walk. */
static bool grown;

static bool grow_when_asked(struct dma_fence *fence)
{
	(void)fence;
	if (!grown) {
		grown = true;
		ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1000), 0);
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

/* spec: resv.md 5 "consumers that collect must discard what they have when is_restarted is true" */
TEST(get_fences_drops_what_it_had_when_the_walk_starts_over)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence_with(&grower_ops, 5, 1),
			 *c = mock_fence(), **got;
	unsigned int num;

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	resv_add(&obj, b, READ);
	grown = true;
	resv_add(&obj, c, READ);
	grown = false;
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_get_fences(&obj, READ, &num, &got), 0);
	dma_resv_unlock(&obj);
	ck_assert(grown);
	ck_assert_uint_eq(num, 3);
	ck_assert_ptr_eq(got[0], a);
	ck_assert_ptr_eq(got[1], b);
	ck_assert_ptr_eq(got[2], c);
	ck_assert_uint_eq(fence_refs(a), 3);
	put_all(num, got);
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
}

/* --- get_singleton --- */

/* spec: resv.md 4 dma_resv_get_singleton "0 fences: NULL" */
TEST(singleton_of_nothing_is_null)
{
	struct dma_fence *got = (struct dma_fence *)&obj;

	dma_resv_init(&obj);
	ck_assert_int_eq(dma_resv_get_singleton(&obj, BOOKKEEP, &got), 0);
	ck_assert_ptr_null(got);
	dma_resv_fini(&obj);
}

/* spec: resv.md 4 dma_resv_get_singleton "1: that fence itself", "carries a ref" */
TEST(singleton_of_one_is_the_fence)
{
	struct dma_fence *got;

	begin();
	ck_assert_int_eq(dma_resv_get_singleton(&obj, KERNEL, &got), 0);
	ck_assert_ptr_eq(got, f[3]);
	ck_assert_uint_eq(fence_refs(f[3]), 3);
	dma_fence_put(got);
	dma_fence_signal(f[1]);
	dma_fence_signal(f[2]);
	dma_fence_signal(f[3]);
	ck_assert_int_eq(dma_resv_get_singleton(&obj, BOOKKEEP, &got), 0);
	ck_assert_ptr_eq(got, f[0]);
	dma_fence_put(got);
	end();
}

/* spec: resv.md 4 dma_resv_get_singleton "more: a new array (fresh context, seqno 1, waits for all)" */
TEST(singleton_of_many_is_an_array_that_waits_for_all)
{
	uint64_t before = dma_fence_context_alloc(1);
	struct dma_fence *got, *member;
	unsigned int index, num = 0;

	begin();
	ck_assert_int_eq(dma_resv_get_singleton(&obj, READ, &got), 0);
	expect_ptr(got);
	ck_assert_ptr_nonnull(to_dma_fence_array(got));
	ck_assert_uint_gt(got->context, before);
	ck_assert_uint_eq(got->seqno, 1);
	ck_assert_uint_eq(fence_refs(got), 1);
	dma_fence_array_for_each(member, index, got)
		ck_assert_ptr_eq(member, f[1 + num++]);
	ck_assert_uint_eq(num, 3);
	ck_assert_uint_eq(fence_refs(f[1]), 3);
	dma_fence_signal(f[1]);
	dma_fence_signal(f[3]);
	ck_assert(!dma_fence_is_signaled(got));
	dma_fence_signal(f[2]);
	ck_assert_int_gt(dma_fence_wait_timeout(got, false, 2000 * MS), 0);
	dma_fence_put(got);
	end();
}

/* spec: resv.md 4 dma_resv_get_singleton: each array has a context of its own */
TEST(singletons_have_contexts_of_their_own)
{
	struct dma_fence *got, *again;

	begin();
	ck_assert_int_eq(dma_resv_get_singleton(&obj, READ, &got), 0);
	ck_assert_int_eq(dma_resv_get_singleton(&obj, READ, &again), 0);
	ck_assert_ptr_ne(got, again);
	ck_assert_uint_ne(got->context, again->context);
	dma_fence_put(got);
	dma_fence_put(again);
	end();
}

/* spec: resv.md 4 dma_resv_get_singleton "-ENOMEM"; _i: allocations that succeed before */
TEST_EACH(singleton_without_memory_gives_enomem_and_leaks_nothing, 0, 2)
{
	struct dma_fence *got = NULL;
	int ret;

	begin();
	no_memory(_i);
	ret = dma_resv_get_singleton(&obj, BOOKKEEP, &got);
	ck_assert(memory_again());
	ck_assert_int_eq(ret, -ENOMEM);
	ck_assert_ptr_null(got);
	end();
}

/* spec: resv.md 4.2 last row: a container is told, and added all the same */
TEST(adding_a_container_warns_and_adds_it)
{
	struct dma_fence *got;

	begin();
	ck_assert_int_eq(dma_resv_get_singleton(&obj, WRITE, &got), 0);
	expect_no_warning();
	dma_resv_lock(&obj, NULL);
	resv_push(&obj, got, READ);
	dma_resv_unlock(&obj);
	expect_warning(NULL);
	expect_resv(&obj, { f[0], BOOKKEEP }, { f[1], READ }, { f[2], WRITE }, { f[3], KERNEL },
		    { got, READ });
	dma_fence_put(got);
	end();
}

/* --- set_deadline --- */

struct dated {
	struct mock_fence mock; /* first */
	int64_t deadline_ns;
	unsigned int calls;
};

static void set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dated *d = (struct dated *)fence;

	d->deadline_ns = deadline_ns;
	d->calls++;
}

static const char *name(struct dma_fence *fence)
{
	(void)fence;
	return "dated";
}

static const struct dma_fence_ops dated_ops = {
	.get_driver_name = name,
	.get_timeline_name = name,
	.set_deadline = set_deadline,
};

static struct dated *dated(void)
{
	struct dated *d = calloc(1, sizeof(*d));

	dmabuf_spinlock_init(&d->mock.lock);
	dma_fence_init(&d->mock.base, &dated_ops, &d->mock.lock, dma_fence_context_alloc(1), 1);
	return d;
}

/* spec: resv.md 4 dma_resv_set_deadline "on each unsignalled fence" of the usage; _i: usage asked */
TEST_EACH(deadline_reaches_the_unsignaled_of_the_usage_only, 0, 4)
{
	struct dated *d[4];
	int i;

	dma_resv_init(&obj);
	for (i = 0; i < 4; i++)
		resv_add(&obj, &(d[i] = dated())->mock.base, i);
	dma_fence_signal(&d[1]->mock.base);
	dma_resv_set_deadline(&obj, _i, 123456789);
	for (i = 0; i < 4; i++) {
		bool reached = i <= _i && i != 1;

		ck_assert_uint_eq(d[i]->calls, reached);
		ck_assert_int_eq(d[i]->deadline_ns, reached ? 123456789 : 0);
		ck_assert_uint_eq(fence_refs(&d[i]->mock.base), 2);
	}
	dma_resv_fini(&obj);
	for (i = 0; i < 4; i++)
		mock_signal_and_put(&d[i]->mock.base);
}

/* spec: resv.md 4 dma_resv_set_deadline: a fence without the op is passed over, with the lock held or not */
TEST_EACH(deadline_passes_over_fences_that_have_no_use_for_it, 0, 2)
{
	begin();
	if (_i)
		dma_resv_lock(&obj, NULL);
	dma_resv_set_deadline(&obj, BOOKKEEP, 1);
	if (_i)
		dma_resv_unlock(&obj);
	ck_assert_uint_eq(mock_of(f[0])->enables, 0);
	end();
}

/* --- describe --- */

/* spec: resv.md 4 dma_resv_describe: tab, usage, " fence:", then dma_fence_describe(); usage <= READ, signalled ones too */
TEST(describe_writes_a_line_for_each_fence_up_to_read)
{
	char text[1024], want[1024] = "", line[256];
	static const char *const usages[] = { "bookkeep", "read", "write", "kernel" };
	struct dmabuf_seq seq = { text, sizeof(text), 0 }, one;
	int i;

	begin();
	dma_fence_signal(f[2]);
	for (i = 1; i < 4; i++) {
		one = (struct dmabuf_seq){ line, sizeof(line), 0 };
		dma_fence_describe(f[i], &one);
		ck_assert(!dmabuf_seq_overflowed(&one));
		sprintf(want + strlen(want), "\t%s fence:%s", usages[i], line);
	}
	ck_assert_ptr_nonnull(strstr(want, "\twrite fence:"));
	dma_resv_lock(&obj, NULL);
	dma_resv_describe(&obj, &seq);
	dma_resv_unlock(&obj);
	ck_assert_str_eq(text, want);
	end();
}

/* spec: resv.md 4 dma_resv_describe with dma_fence_describe() of 6.12, word for word */
TEST(describe_reads_as_in_the_kernel)
{
	struct dma_fence *a = mock_fence_at(8, 41), *b = mock_fence_at(9, 7);
	char text[1024];
	struct dmabuf_seq seq = { text, sizeof(text), 0 };

	dma_resv_init(&obj);
	resv_add(&obj, a, WRITE);
	resv_add(&obj, b, READ);
	dma_fence_signal(b);
	dma_resv_lock(&obj, NULL);
	dma_resv_describe(&obj, &seq);
	dma_resv_unlock(&obj);
	ck_assert_str_eq(text, "\twrite fence:mock queue seq 41 unsignalled\n"
			       "\tread fence:mock queue seq 7 signalled\n");
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: resv.md 4 dma_resv_describe "R" */
TEST(describe_without_the_lock_warns)
{
	char text[1024] = "";
	struct dmabuf_seq seq = { text, sizeof(text), 0 };

	begin();
	dma_resv_describe(&obj, &seq);
	expect_warning("not held");
	end();
}

/* spec: resv.md 4 dma_resv_describe of an empty object */
TEST(describe_of_nothing_writes_nothing)
{
	char text[16] = "before";
	struct dmabuf_seq seq = { text, sizeof(text), 0 };

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	dma_resv_describe(&obj, &seq);
	dma_resv_unlock(&obj);
	ck_assert_uint_eq(seq.count, 0);
	dma_resv_fini(&obj);
}
