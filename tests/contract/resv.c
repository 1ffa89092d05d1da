/* SPDX-License-Identifier: MIT */
/* What the kernel promises about reservation objects. Each row of the tables of the specification is a test. */
#include "mock-fence.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define KERNEL	   DMA_RESV_USAGE_KERNEL
#define WRITE	   DMA_RESV_USAGE_WRITE
#define READ	   DMA_RESV_USAGE_READ
#define BOOKKEEP   DMA_RESV_USAGE_BOOKKEEP
#define NUM_USAGES 4

static struct dma_resv obj;

/* --- usages and lock --- */

/* spec: resv.md 2 constants */
TEST(usages_are_ordered_and_fit_in_two_bits)
{
	ck_assert_int_eq(KERNEL, 0);
	ck_assert_int_eq(WRITE, 1);
	ck_assert_int_eq(READ, 2);
	ck_assert_int_eq(BOOKKEEP, 3);
}

/* spec: resv.md 2 U3 dma_resv_usage_rw */
TEST(usage_rw_says_what_to_wait_for)
{
	ck_assert_int_eq(dma_resv_usage_rw(true), READ);
	ck_assert_int_eq(dma_resv_usage_rw(false), WRITE);
}

/* spec: resv.md 3 dma_resv_init "empty list", 4 dma_resv_test_signaled "empty object: true" */
TEST(new_object_is_empty_and_unlocked)
{
	struct resv_entry none[1];
	int usage;

	memset(&obj, 0xa5, sizeof(obj));
	dma_resv_init(&obj);
	ck_assert_ptr_null(obj.fences);
	ck_assert(!ww_mutex_is_locked(&obj.lock));
	ck_assert(!dma_resv_held(&obj));
	for (usage = KERNEL; usage <= BOOKKEEP; usage++) {
		ck_assert(dma_resv_test_signaled(&obj, usage));
		ck_assert_uint_eq(resv_list(&obj, usage, none, 1), 0);
	}
	dma_resv_fini(&obj);
}

/* spec: selftests.md 4 sanitycheck */
TEST(lock_and_unlock_an_object)
{
	dma_resv_init(&obj);
	ck_assert_int_eq(dma_resv_lock(&obj, NULL), 0);
	ck_assert(ww_mutex_is_locked(&obj.lock));
	dma_resv_unlock(&obj);
	ck_assert(!ww_mutex_is_locked(&obj.lock));
	dma_resv_fini(&obj);
}

static long ask_held(void *data)
{
	return dma_resv_held(data);
}

/* spec: resv.md 3 dma_resv_held "should track the owner and make the assert real" */
TEST(held_is_true_for_the_holder_only)
{
	struct actor other;

	actor_start(&other);
	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert(dma_resv_held(&obj));
	ck_assert_int_eq(actor_do(&other, ask_held, &obj), false);
	dma_resv_unlock(&obj);
	ck_assert(!dma_resv_held(&obj));
	dma_resv_fini(&obj);
	actor_stop(&other);
}

/* spec: resv.md 3 dma_resv_lock "-EALREADY (only with ctx)" */
TEST(lock_with_a_ticket_twice_gives_ealready)
{
	struct ww_acquire_ctx ctx;

	dma_resv_init(&obj);
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), -EALREADY);
	dma_resv_unlock(&obj);
	ww_acquire_fini(&ctx);
	dma_resv_fini(&obj);
}

/* spec: resv.md 1 reservation_ww_class */
TEST(reservation_class_is_wait_die)
{
	ck_assert(reservation_ww_class.is_wait_die);
}

/* --- references --- */

/* spec: resv.md 9 V2, 4 dma_resv_add_fence "takes its own ref" */
TEST(add_and_fini_leave_the_reference_count_as_it_was)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_resv_fini(&obj);
	ck_assert_uint_eq(fence_refs(f), 1);
	mock_signal_and_put(f);
}

/* spec: resv.md 3 dma_resv_fini */
TEST(fini_drops_every_fence_signaled_or_not)
{
	struct dma_fence *f[5];
	int i;

	dma_resv_init(&obj);
	for (i = 0; i < 5; i++) {
		f[i] = mock_fence();
		resv_add(&obj, f[i], i % NUM_USAGES);
	}
	dma_fence_signal(f[1]);
	for (i = 0; i < 5; i++)
		dma_fence_put(f[i]);
	ck_assert_uint_eq(mock_released, 0);
	dma_resv_fini(&obj);
	ck_assert_uint_eq(mock_released, 5);
}

/* spec: resv.md 4.2 "the overwritten fence's reference is dropped" */
TEST(overwritten_fence_loses_its_reference)
{
	struct dma_fence *f5 = mock_fence_at(8, 5), *f6 = mock_fence_at(8, 6);

	dma_resv_init(&obj);
	resv_add(&obj, f5, READ);
	resv_add(&obj, f6, READ);
	ck_assert_uint_eq(fence_refs(f5), 1);
	ck_assert_uint_eq(fence_refs(f6), 2);
	dma_resv_fini(&obj);
	mock_signal_and_put(f5);
	mock_signal_and_put(f6);
}

/* --- reserve --- */

/* spec: resv.md 4 dma_resv_reserve_fences "-EINVAL + warning for 0" */
TEST(reserve_none_warns_and_gives_einval)
{
	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 0), -EINVAL);
	expect_warning(NULL);
	ck_assert_ptr_null(obj.fences);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
}

static const unsigned int amounts[] = { 1, 3, 4, 5, 8, 9, 100, 1000 };

/* spec: resv.md 4.1 first rule, 9 V5 */
TEST_EACH(reserve_guarantees_that_many_adds, 0, 8)
{
	unsigned int n = amounts[_i], i;
	struct dma_fence **f = calloc(n, sizeof(*f));

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, n), 0);
	for (i = 0; i < n; i++) {
		f[i] = mock_fence();
		dma_resv_add_fence(&obj, f[i], BOOKKEEP);
	}
	dma_resv_unlock(&obj);
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(fence_refs(f[i]), 2);
	dma_resv_fini(&obj);
	for (i = 0; i < n; i++)
		mock_signal_and_put(f[i]);
	free(f);
}

/* spec: resv.md 9 V5 "also after signalled entries vanish" */
TEST(reserve_counts_from_what_is_left_after_signals)
{
	struct dma_fence *f[20];
	int i;

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	for (i = 0; i < 4; i++)
		dma_resv_add_fence(&obj, f[i] = mock_fence(), READ);
	dma_fence_signal(f[0]);
	dma_fence_signal(f[2]);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 16), 0);
	for (i = 4; i < 20; i++)
		dma_resv_add_fence(&obj, f[i] = mock_fence(), READ);
	dma_resv_unlock(&obj);
	for (i = 4; i < 20; i++)
		ck_assert_uint_eq(fence_refs(f[i]), 2);
	dma_resv_fini(&obj);
	for (i = 0; i < 20; i++)
		mock_signal_and_put(f[i]);
}

/* spec: resv.md 4.1 "two reserves in a row do not add up: counted from the current fill" */
TEST(second_reserve_counts_from_the_current_fill)
{
	struct dma_fence *f[9];
	int i;

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	for (i = 0; i < 3; i++)
		dma_resv_add_fence(&obj, f[i] = mock_fence(), READ);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 6), 0);
	for (; i < 9; i++)
		dma_resv_add_fence(&obj, f[i] = mock_fence(), READ);
	dma_resv_unlock(&obj);
	ck_assert(!dma_resv_test_signaled(&obj, READ));
	for (i = 0; i < 9; i++)
		mock_signal_and_put(f[i]);
	ck_assert(dma_resv_test_signaled(&obj, READ));
	dma_resv_fini(&obj);
}

/* spec: resv.md 4.1 "already signalled fences are dropped, the others keep their order" */
TEST(growth_drops_signaled_fences_and_keeps_the_order)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *c = mock_fence(), *d = mock_fence();

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	dma_resv_add_fence(&obj, a, READ);
	dma_resv_add_fence(&obj, b, WRITE);
	dma_resv_add_fence(&obj, c, KERNEL);
	dma_resv_add_fence(&obj, d, BOOKKEEP);
	dma_fence_signal(b);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1000), 0);
	ck_assert_uint_eq(fence_refs(b), 1);
	ck_assert_uint_eq(fence_refs(a), 2);
	expect_resv(&obj, { a, READ }, { c, KERNEL }, { d, BOOKKEEP });
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
	mock_signal_and_put(d);
}

static void add_to_locked(void *fence)
{
	dma_resv_add_fence(&obj, fence, READ);
}

/* spec: resv.md 4.2 "missing slot is a fatal bug" */
TEST(add_without_reserve_is_fatal)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	expect_fatal(add_to_locked, f);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 3 dma_resv_unlock "unused reserved slots are lost" */
TEST(add_after_unlock_needs_a_new_reserve)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 4), 0);
	dma_resv_unlock(&obj);
	dma_resv_lock(&obj, NULL);
	expect_fatal(add_to_locked, f);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 4.2: only appending needs a slot */
TEST(replacing_needs_no_reserved_slot)
{
	struct dma_fence *f5 = mock_fence_at(8, 5), *f6 = mock_fence_at(8, 6);

	dma_resv_init(&obj);
	resv_add(&obj, f5, READ);
	dma_resv_lock(&obj, NULL);
	dma_resv_add_fence(&obj, f6, READ);
	dma_resv_unlock(&obj);
	expect_resv(&obj, { f6, READ });
	dma_resv_fini(&obj);
	mock_signal_and_put(f5);
	mock_signal_and_put(f6);
}

/* spec: resv.md 4 "R": caller holds the lock */
TEST(reserve_without_the_lock_warns)
{
	dma_resv_init(&obj);
	dma_resv_reserve_fences(&obj, 1);
	expect_warning(NULL);
	dma_resv_fini(&obj);
	forget_warnings();
}

/* spec: resv.md 4 "R": caller holds the lock */
TEST(add_without_the_lock_warns)
{
	struct dma_fence *f5 = mock_fence_at(8, 5), *f6 = mock_fence_at(8, 6);

	dma_resv_init(&obj);
	resv_add(&obj, f5, READ);
	dma_resv_add_fence(&obj, f6, READ);
	expect_warning(NULL);
	dma_resv_fini(&obj);
	forget_warnings();
	mock_signal_and_put(f5);
	mock_signal_and_put(f6);
}

/* --- add: the table of 4.2 --- */

struct pair {
	struct dma_fence *old, *new;
};

static struct pair add_pair(uint64_t ctx1, uint64_t seq1, enum dma_resv_usage usage1, uint64_t ctx2,
			    uint64_t seq2, enum dma_resv_usage usage2)
{
	struct pair p = { mock_fence_at(ctx1, seq1), mock_fence_at(ctx2, seq2) };

	dma_resv_init(&obj);
	resv_add(&obj, p.old, usage1);
	resv_add(&obj, p.new, usage2);
	return p;
}

static void end_pair(struct pair p)
{
	dma_resv_fini(&obj);
	mock_signal_and_put(p.old);
	mock_signal_and_put(p.new);
}

/* spec: resv.md 4.2 table row 1 */
TEST(later_fence_of_the_context_replaces)
{
	struct pair p = add_pair(8, 5, READ, 8, 6, READ);

	expect_resv(&obj, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 4.2 table row 2, 2 U2 */
TEST(later_fence_with_a_stronger_usage_replaces)
{
	struct pair p = add_pair(8, 5, READ, 8, 6, WRITE);

	expect_resv(&obj, { p.new, WRITE });
	end_pair(p);
}

/* spec: resv.md 4.2 table row 3, 2 U2 "never demoted" */
TEST(later_fence_with_a_weaker_usage_is_appended)
{
	struct pair p = add_pair(8, 5, WRITE, 8, 6, READ);

	expect_resv(&obj, { p.old, WRITE }, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 4.2 table row 4 */
TEST(same_fence_with_the_same_usage_stays_one_entry)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	resv_add(&obj, f, WRITE);
	resv_add(&obj, f, WRITE);
	expect_resv(&obj, { f, WRITE });
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_resv_fini(&obj);
	ck_assert_uint_eq(fence_refs(f), 1);
	mock_signal_and_put(f);
}

/* spec: resv.md 2 U2 "promoted (re-added with a lower usage)" */
TEST(same_fence_with_a_stronger_usage_is_promoted)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	resv_add(&obj, f, BOOKKEEP);
	resv_add(&obj, f, WRITE);
	expect_resv(&obj, { f, WRITE });
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 2 U2 "re-adding with a higher usage appends a second entry" */
TEST(same_fence_with_a_weaker_usage_gets_a_second_entry)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	resv_add(&obj, f, WRITE);
	resv_add(&obj, f, READ);
	expect_resv(&obj, { f, WRITE }, { f, READ });
	ck_assert_uint_eq(fence_refs(f), 3);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 4.2 table row 5 "older never replaces newer" */
TEST(earlier_fence_of_the_context_is_appended)
{
	struct pair p = add_pair(8, 5, READ, 8, 4, READ);

	expect_resv(&obj, { p.old, READ }, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 4.2 dma_fence_is_later_or_same: equal seqnos of two fences are neither */
TEST(other_fence_with_an_equal_seqno_is_appended)
{
	struct pair p = add_pair(8, 5, READ, 8, 5, READ);

	expect_resv(&obj, { p.old, READ }, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 4.2 "same context" */
TEST(fence_of_another_context_is_appended)
{
	struct pair p = add_pair(8, 5, READ, 9, 6, READ);

	expect_resv(&obj, { p.old, READ }, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 4.2 table row 6 */
TEST_EACH(slot_of_a_signaled_fence_is_reused, 0, 16)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *c = mock_fence(), *d = mock_fence();

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 3), 0);
	dma_resv_add_fence(&obj, a, BOOKKEEP);
	dma_resv_add_fence(&obj, b, _i / 4);
	dma_resv_add_fence(&obj, c, BOOKKEEP);
	dma_resv_unlock(&obj);
	dma_fence_signal(b);
	dma_resv_lock(&obj, NULL);
	dma_resv_add_fence(&obj, d, _i % 4);
	dma_resv_unlock(&obj);
	ck_assert_uint_eq(fence_refs(b), 1);
	expect_resv(&obj, { a, BOOKKEEP }, { d, _i % 4 }, { c, BOOKKEEP });
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
	mock_signal_and_put(d);
}

/* spec: resv.md 4.2 "overwrites the first entry for which": one, even if more would match */
TEST(add_overwrites_one_entry_only)
{
	struct dma_fence *w5 = mock_fence_at(8, 5), *r6 = mock_fence_at(8, 6),
			 *k7 = mock_fence_at(8, 7);

	dma_resv_init(&obj);
	resv_add(&obj, w5, WRITE);
	resv_add(&obj, r6, READ);
	resv_add(&obj, k7, KERNEL);
	expect_resv(&obj, { k7, KERNEL }, { r6, READ });
	dma_resv_fini(&obj);
	mock_signal_and_put(w5);
	mock_signal_and_put(r6);
	mock_signal_and_put(k7);
}

/* spec: resv.md 4.2 "walks the list in order": the rows hold in the middle of a list too */
TEST(replacement_keeps_the_place_in_the_list)
{
	struct dma_fence *a = mock_fence(), *b5 = mock_fence_at(90, 5), *c = mock_fence(),
			 *b6 = mock_fence_at(90, 6);

	dma_resv_init(&obj);
	resv_add(&obj, a, READ);
	resv_add(&obj, b5, READ);
	resv_add(&obj, c, READ);
	resv_add(&obj, b6, READ);
	expect_resv(&obj, { a, READ }, { b6, READ }, { c, READ });
	dma_resv_fini(&obj);
	mock_signal_and_put(a);
	mock_signal_and_put(b5);
	mock_signal_and_put(c);
	mock_signal_and_put(b6);
}

/* spec: resv.md 4.2, fence.md 3.5: order of 32-bit seqnos wraps */
TEST(wrapped_seqno_replaces_the_one_before)
{
	struct pair p = add_pair(8, 0xffffffff, READ, 8, 0, READ);

	expect_resv(&obj, { p.new, READ });
	end_pair(p);
}

/* spec: resv.md 9 V4 */
TEST(many_fences_of_one_context_stay_one_entry_per_usage_chain)
{
	struct dma_fence *f, *last[2] = { NULL, NULL };
	unsigned int i, num;
	struct resv_entry got[4];

	dma_resv_init(&obj);
	for (i = 1; i <= 100000; i++) {
		f = mock_fence_with(&mock_plain_ops, 8, i);
		resv_add(&obj, f, i == 50000 ? WRITE : READ);
		dma_fence_put(last[i % 2]);
		last[i % 2] = f;
	}
	num = resv_list(&obj, BOOKKEEP, got, 4);
	ck_assert_uint_eq(num, 2);
	ck_assert_uint_eq(got[0].fence->seqno, 50000);
	ck_assert_int_eq(got[0].usage, WRITE);
	ck_assert_uint_eq(got[1].fence->seqno, 100000);
	ck_assert_int_eq(got[1].usage, READ);
	dma_resv_fini(&obj);
	dma_fence_put(last[0]);
	dma_fence_put(last[1]);
	ck_assert_uint_eq(mock_released, 100000);
}

/* --- test_signaled --- */

/* spec: resv.md 2 U1, 4 dma_resv_test_signaled; _i = usage added * 4 + usage asked */
TEST_EACH(pending_fence_shows_for_its_usage_and_weaker, 0, 16)
{
	struct dma_fence *f = mock_fence();
	int added = _i / 4, asked = _i % 4;
	struct resv_entry got[1];

	dma_resv_init(&obj);
	resv_add(&obj, f, added);
	ck_assert_int_eq(dma_resv_test_signaled(&obj, asked), asked < added);
	ck_assert_uint_eq(resv_list(&obj, asked, got, 1), asked >= added);
	dma_fence_signal(f);
	ck_assert(dma_resv_test_signaled(&obj, asked));
	ck_assert_uint_eq(resv_list(&obj, asked, got, 1), 0);
	dma_resv_fini(&obj);
	dma_fence_put(f);
}

/* spec: resv.md 9 V3 */
TEST_EACH(nothing_pending_holds_for_stronger_usages_too, 0, 16)
{
	struct dma_fence *f[4];
	int usage, before = 1;

	dma_resv_init(&obj);
	for (usage = KERNEL; usage <= BOOKKEEP; usage++) {
		f[usage] = mock_fence();
		resv_add(&obj, f[usage], usage);
		if (_i & (1 << usage))
			dma_fence_signal(f[usage]);
	}
	for (usage = KERNEL; usage <= BOOKKEEP; usage++) {
		before = before && (_i & (1 << usage));
		ck_assert_int_eq(dma_resv_test_signaled(&obj, usage), before);
	}
	dma_resv_fini(&obj);
	for (usage = KERNEL; usage <= BOOKKEEP; usage++)
		mock_signal_and_put(f[usage]);
}

/* spec: resv.md 4 dma_resv_test_signaled "may signal fences as a side effect (uses is_signaled)" */
TEST(test_signaled_asks_the_fence)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	resv_add(&obj, f, WRITE);
	ck_assert(!dma_resv_test_signaled(&obj, WRITE));
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	mock_of(f)->done = true;
	ck_assert(dma_resv_test_signaled(&obj, WRITE));
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	dma_resv_fini(&obj);
	dma_fence_put(f);
}

static long test_bookkeep(void *data)
{
	return dma_resv_test_signaled(data, BOOKKEEP);
}

/* spec: resv.md 9 V1, 4 dma_resv_test_signaled "any": readers need no lock */
TEST(readers_see_an_added_fence_while_the_lock_is_held)
{
	struct dma_fence *f = mock_fence();
	struct actor reader;

	actor_start(&reader);
	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	resv_push(&obj, f, BOOKKEEP);
	ck_assert_int_eq(actor_do(&reader, test_bookkeep, &obj), false);
	dma_fence_signal(f);
	ck_assert_int_eq(actor_do(&reader, test_bookkeep, &obj), true);
	dma_resv_unlock(&obj);
	dma_resv_fini(&obj);
	dma_fence_put(f);
	actor_stop(&reader);
}

/* --- wait --- */

/* spec: resv.md 4.4 "1 if timeout is 0", polls */
TEST(wait_polls_with_timeout_zero)
{
	struct dma_fence *f = mock_fence();

	dma_resv_init(&obj);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, BOOKKEEP, false, 0), 1);
	resv_add(&obj, f, READ);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, BOOKKEEP, true, 0), 0);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, WRITE, true, 0), 1);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, BOOKKEEP, true, 0), 1);
	dma_resv_fini(&obj);
	dma_fence_put(f);
}

/* spec: resv.md 4.4 "ret starts as timeout" */
TEST(wait_on_an_idle_object_gives_the_whole_timeout)
{
	dma_resv_init(&obj);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, BOOKKEEP, true, 12345), 12345);
	ck_assert_int_gt(dma_resv_wait_timeout(&obj, BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT), 0);
	dma_resv_fini(&obj);
}

/* spec: resv.md 4.4 usage selects what is waited for; _i = usage added * 4 + usage asked */
TEST_EACH(wait_obeys_its_usage_and_stronger_ones_only, 0, 16)
{
	struct dma_fence *f = mock_fence();
	int added = _i / 4, asked = _i % 4;

	dma_resv_init(&obj);
	resv_add(&obj, f, added);
	if (added <= asked)
		ck_assert_int_eq(dma_resv_wait_timeout(&obj, asked, false, 2 * MS), 0);
	else
		ck_assert_int_eq(dma_resv_wait_timeout(&obj, asked, false, 2 * MS), 2 * MS);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 4.4 "each wait's remaining time becomes the budget of the next one" */
TEST(wait_spends_one_budget_on_all_fences)
{
	struct dma_fence *f = mock_fence(), *never = mock_fence();
	int64_t start, took;
	struct later later;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	resv_add(&obj, never, READ);
	signal_later(&later, 100, f);
	start = now_ns();
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, READ, true, 200 * MS), 0);
	took = now_ns() - start;
	ck_assert_int_ge(took, 200 * MS);
	ck_assert_int_lt(took, 290 * MS);
	later_join(&later);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
	mock_signal_and_put(never);
}

/* spec: resv.md 4.4 "> 0 = done": the time that is left */
TEST(wait_gives_what_is_left_of_the_budget)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();
	struct later first, second;
	long left;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	resv_add(&obj, g, WRITE);
	signal_later(&first, 20, f);
	signal_later(&second, 50, g);
	left = dma_resv_wait_timeout(&obj, READ, false, 5000 * MS);
	ck_assert_int_gt(left, 0);
	ck_assert_int_lt(left, 4955 * MS);
	later_join(&first);
	later_join(&second);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_resv_fini(&obj);
	dma_fence_put(f);
	dma_fence_put(g);
}

/* spec: resv.md 4 dma_resv_wait_timeout "-ERESTARTSYS (intr and signal)" */
TEST(interrupted_wait_gives_erestartsys_and_drops_its_reference)
{
	struct dma_fence *f = mock_fence();
	struct pest pest;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	catch_signals(SA_RESTART);
	pest_start(&pest);
	ck_assert_int_eq(dma_resv_wait_timeout(&obj, READ, true, MAX_SCHEDULE_TIMEOUT),
			 -ERESTARTSYS);
	pest_stop(&pest);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 4.4, 7.1 D1 "legal with the lock held" */
TEST(wait_under_the_lock_is_legal)
{
	struct dma_fence *f = mock_fence();
	struct later later;

	dma_resv_init(&obj);
	dma_resv_lock(&obj, NULL);
	resv_push(&obj, f, KERNEL);
	signal_later(&later, 10, f);
	ck_assert_int_gt(dma_resv_wait_timeout(&obj, BOOKKEEP, false, 5000 * MS), 0);
	dma_resv_unlock(&obj);
	later_join(&later);
	dma_resv_fini(&obj);
	dma_fence_put(f);
}

/* --- unlocked walk --- */

/* spec: resv.md 5 properties: usage, not signalled, list order, is_restarted at the first fence of a pass */
TEST(walk_gives_unsignaled_fences_in_list_order)
{
	struct dma_fence *f[4], *got;
	struct dma_resv_iter cursor;
	int i;

	dma_resv_init(&obj);
	for (i = 0; i < 4; i++)
		resv_add(&obj, f[i] = mock_fence(), 3 - i);
	dma_fence_signal(f[2]);
	dma_resv_iter_begin(&cursor, &obj, READ);
	got = dma_resv_iter_first_unlocked(&cursor);
	ck_assert_ptr_eq(got, f[1]);
	ck_assert_int_eq(dma_resv_iter_usage(&cursor), READ);
	ck_assert(dma_resv_iter_is_restarted(&cursor));
	ck_assert_uint_ge(cursor.num_fences, 2);
	got = dma_resv_iter_next_unlocked(&cursor);
	ck_assert_ptr_eq(got, f[3]);
	ck_assert_int_eq(dma_resv_iter_usage(&cursor), KERNEL);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_null(dma_resv_iter_next_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_fini(&obj);
	for (i = 0; i < 4; i++)
		mock_signal_and_put(f[i]);
}

/* spec: resv.md 5 "reference on the returned fence: held by the cursor until the next step / end" */
TEST(cursor_holds_a_reference_on_the_current_fence)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	resv_add(&obj, g, READ);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_uint_eq(fence_refs(f), 2);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f);
	ck_assert_uint_eq(fence_refs(f), 3);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), g);
	ck_assert_uint_eq(fence_refs(f), 2);
	ck_assert_uint_eq(fence_refs(g), 3);
	dma_resv_iter_end(&cursor);
	ck_assert_uint_eq(fence_refs(g), 2);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
	mock_signal_and_put(g);
}

/* spec: resv.md 5 restart condition (a) */
TEST(walk_starts_over_when_the_list_is_replaced)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence(), *h = mock_fence();
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	resv_add(&obj, g, READ);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), g);
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1000), 0);
	dma_resv_add_fence(&obj, h, READ);
	dma_resv_unlock(&obj);
	dmabuf_barrier(); /* the list under the cursor is gone now */
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), f);
	ck_assert(dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), g);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), h);
	ck_assert_ptr_null(dma_resv_iter_next_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
	mock_signal_and_put(g);
	mock_signal_and_put(h);
}

/* spec: resv.md 5 "in-place replacement of an entry does not restart" */
TEST(walk_goes_on_when_an_entry_is_replaced)
{
	struct dma_fence *f5 = mock_fence_at(8, 5), *g = mock_fence(), *f6 = mock_fence_at(8, 6);
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, f5, READ);
	resv_add(&obj, g, READ);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f5);
	dma_resv_lock(&obj, NULL);
	dma_resv_add_fence(&obj, f6, READ);
	dma_resv_unlock(&obj);
	ck_assert_ptr_eq(dma_resv_iter_next_unlocked(&cursor), g);
	ck_assert(!dma_resv_iter_is_restarted(&cursor));
	ck_assert_ptr_null(dma_resv_iter_next_unlocked(&cursor));
	dma_resv_iter_end(&cursor);
	dma_resv_fini(&obj);
	mock_signal_and_put(f5);
	mock_signal_and_put(f6);
	mock_signal_and_put(g);
}

/* spec: resv.md 5 "first" starts a pass whenever it is called */
TEST(walk_can_be_started_over_by_the_caller)
{
	struct dma_fence *f = mock_fence();
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	resv_add(&obj, f, READ);
	dma_resv_iter_begin(&cursor, &obj, READ);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f);
	ck_assert_ptr_eq(dma_resv_iter_first_unlocked(&cursor), f);
	ck_assert(dma_resv_iter_is_restarted(&cursor));
	ck_assert_uint_eq(fence_refs(f), 3);
	dma_resv_iter_end(&cursor);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_resv_fini(&obj);
	mock_signal_and_put(f);
}

/* spec: resv.md 5 "end" without a step is fine */
TEST(walk_may_end_before_it_began)
{
	struct dma_resv_iter cursor;

	dma_resv_init(&obj);
	dma_resv_iter_begin(&cursor, &obj, BOOKKEEP);
	dma_resv_iter_end(&cursor);
	dma_resv_fini(&obj);
}

static struct dma_fence *fixtures[8];
static int stop_reading; /* atomic */

/* Returns the number of passes in which the promise did not hold. */
static long read_all_the_time(void *data)
{
	struct resv_entry got[128];
	unsigned int n, i, j;
	long wrong = 0;

	while (!__atomic_load_n(&stop_reading, __ATOMIC_ACQUIRE)) {
		n = resv_list(data, BOOKKEEP, got, 128);
		for (i = 0; i < 8; i++) {
			unsigned int seen = 0;

			for (j = 0; j < n; j++)
				seen += got[j].fence == fixtures[i];
			wrong += seen != 1;
		}
	}
	return wrong;
}

/* spec: resv.md 9 V7 */
TEST(reader_sees_every_lasting_fence_once_while_the_list_changes)
{
	int64_t end = now_ns() + 200 * MS;
	struct actor reader;
	struct dma_fence *f;
	int i;

	actor_start(&reader);
	while (now_ns() < end) {
		dma_resv_init(&obj);
		__atomic_store_n(&stop_reading, 0, __ATOMIC_RELEASE);
		for (i = 0; i < 8; i++)
			resv_add(&obj, fixtures[i] = mock_fence(), i % 4);
		actor_go(&reader, read_all_the_time, &obj);
		for (i = 0; i < 60; i++) {
			dma_resv_lock(&obj, NULL);
			ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1 + i), 0);
			f = mock_fence();
			dma_resv_add_fence(&obj, f, i % 4);
			dma_resv_unlock(&obj);
			if (i % 3)
				dma_fence_signal(f);
			dma_fence_put(f);
		}
		__atomic_store_n(&stop_reading, 1, __ATOMIC_RELEASE);
		ck_assert_int_eq(actor_result(&reader), 0);
		dma_resv_fini(&obj);
		for (i = 0; i < 8; i++)
			mock_signal_and_put(fixtures[i]);
	}
	actor_stop(&reader);
}
