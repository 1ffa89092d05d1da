/* SPDX-License-Identifier: MIT */
/*
 * What the kernel promises about fences beyond their first path: the rarer forms of signal and query, order, text, lack of
 * memory.
 */
#include <dmabuf/seq.h>

#include "mock-fence.h"
#include "no-memory.h"
#include "test.h"
#include "threads.h"

/* --- flags --- */

/* spec: fence.md 2.2 numbers of 6.12 */
TEST(flag_bits_are_numbered_as_in_the_kernel)
{
	ck_assert_int_eq(DMA_FENCE_FLAG_SIGNALED_BIT, 0);
	ck_assert_int_eq(DMA_FENCE_FLAG_TIMESTAMP_BIT, 1);
	ck_assert_int_eq(DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT, 2);
	ck_assert_int_eq(DMA_FENCE_FLAG_USER_BITS, 3);
}

/* spec: fence.md 2.2 USER_BITS "nobody else may interpret these" */
TEST(bits_of_the_implementer_are_left_alone)
{
	unsigned long mine = 5ul << DMA_FENCE_FLAG_USER_BITS;
	struct dma_fence *f = mock_fence();

	__atomic_fetch_or(&f->flags, mine, __ATOMIC_RELAXED);
	dma_fence_enable_sw_signaling(f);
	dma_fence_signal(f);
	ck_assert_uint_eq(f->flags & (~0ul << DMA_FENCE_FLAG_USER_BITS), mine);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
}

static struct dma_fence *watched;
static bool enabled_flag_seen;

static const char *some_name(struct dma_fence *fence)
{
	(void)fence;
	return "more";
}

static bool look_at_flags(struct dma_fence *fence)
{
	enabled_flag_seen = fence_flag(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT);
	ck_assert_ptr_eq(fence, watched);
	return true;
}

static const struct dma_fence_ops looking_ops = {
	.get_driver_name = some_name,
	.get_timeline_name = some_name,
	.enable_signaling = look_at_flags,
};

/* spec: fence.md 2.2 "ENABLE_SIGNAL is set first" */
TEST(enable_flag_is_set_before_the_op_is_called)
{
	watched = mock_fence_with(&looking_ops, 1, 1);
	ck_assert(!fence_flag(watched, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	dma_fence_enable_sw_signaling(watched);
	ck_assert(enabled_flag_seen);
	mock_signal_and_put(watched);
}

/* spec: fence.md 2.2 "after a signal completed, enable_signaling will never be called", flag set all the same */
TEST(enabling_a_signaled_fence_sets_the_flag_only)
{
	struct dma_fence *f = mock_fence();

	dma_fence_signal(f);
	dma_fence_enable_sw_signaling(f);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	dma_fence_put(f);
}

/* --- init, stub --- */

/* spec: fence.md 3.1 dma_fence_init64 */
TEST(init64_compares_all_bits)
{
	struct dmabuf_spinlock lock = { 0 };
	struct dma_fence a, b;

	dma_fence_init64(&a, &looking_ops, &lock, 7, 1ull << 33);
	dma_fence_init64(&b, &looking_ops, &lock, 7, 5);
	ck_assert(fence_flag(&a, DMA_FENCE_FLAG_SEQNO64_BIT));
	ck_assert(dma_fence_is_later(&a, &b));
	ck_assert(!dma_fence_is_later(&b, &a));
	dma_fence_init(&a, &looking_ops, &lock, 7, 1ull << 33);
	dma_fence_init(&b, &looking_ops, &lock, 7, 5);
	ck_assert(!dma_fence_is_later(&a, &b));
	ck_assert(dma_fence_is_later(&b, &a));
}

/* spec: fence.md 3.1 dma_fence_allocate_private_stub */
TEST(private_stub_is_signaled_at_the_given_time)
{
	struct dma_fence *stub = dma_fence_allocate_private_stub(4711), *other;

	expect_ptr(stub);
	ck_assert(fence_flag(stub, DMA_FENCE_FLAG_SIGNALED_BIT));
	ck_assert_int_eq(dma_fence_timestamp(stub), 4711);
	ck_assert_int_eq(dma_fence_get_status(stub), 1);
	ck_assert_str_eq(stub->ops->get_driver_name(stub), "stub");
	ck_assert_str_eq(stub->ops->get_timeline_name(stub), "stub");
	other = dma_fence_allocate_private_stub(4712);
	ck_assert_ptr_ne(stub, other);
	dma_fence_put(stub);
	dma_fence_put(other);
}

/* spec: fence.md 3.1 dma_fence_allocate_private_stub "NULL on no memory" */
TEST(private_stub_without_memory_is_null)
{
	struct dma_fence *stub;

	no_memory(0);
	stub = dma_fence_allocate_private_stub(1);
	ck_assert(memory_again());
	ck_assert_ptr_null(stub);
}

/* --- references --- */

/* spec: fence.md 3.2 dma_fence_get_rcu_safe */
TEST(get_rcu_safe_takes_a_reference_or_gives_null)
{
	struct dma_fence *f = mock_fence(), *place = f;

	ck_assert_ptr_eq(dma_fence_get_rcu_safe(&place), f);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_fence_put(f);
	place = NULL;
	ck_assert_ptr_null(dma_fence_get_rcu_safe(&place));
	mock_signal_and_put(f);
}

static struct dma_fence *changing;

static long get_changing(void *data)
{
	(void)data;
	return (long)dma_fence_get_rcu_safe(&changing);
}

/* spec: fence.md 3.2 dma_fence_get_rcu_safe: a count of zero is retried until the place shows something else */
TEST(get_rcu_safe_tries_again_while_the_fence_is_dying)
{
	struct dma_fence *dying = mock_fence(), *f = mock_fence();
	struct actor actor;

	actor_start(&actor);
	changing = dying;
	__atomic_store_n(&dying->refcount.count, 0, __ATOMIC_RELEASE);
	actor_go(&actor, get_changing, NULL);
	ck_assert(!actor_done(&actor, 20));
	__atomic_store_n(&changing, f, __ATOMIC_RELEASE);
	ck_assert_ptr_eq((void *)actor_result(&actor), f);
	ck_assert_uint_eq(fence_refs(f), 2);
	__atomic_store_n(&dying->refcount.count, 1, __ATOMIC_RELEASE);
	dma_fence_put(f);
	mock_signal_and_put(f);
	mock_signal_and_put(dying);
	actor_stop(&actor);
}

/* spec: fence.md 3.2 dma_fence_release: the warning names the fence */
TEST(abandoned_fence_is_named_in_the_warning)
{
	struct dma_fence *f = mock_fence_at(0xabc, 0x1f);
	struct mock_cb cb;

	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	dma_fence_put(f);
	ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	ck_assert_int_eq(cb.status, -EDEADLK);
	expect_warning("mock:queue:abc:1f");
}

/* --- signal and query --- */

/* spec: fence.md 3.3 dma_fence_signal_timestamp */
TEST(signal_timestamp_takes_the_lock_itself)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(dma_fence_signal_timestamp(f, 99), 0);
	ck_assert_int_eq(dma_fence_signal_timestamp(f, 100), -EINVAL);
	ck_assert_int_eq(dma_fence_timestamp(f), 99);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 dma_fence_signal_timestamp "-EINVAL if NULL" */
TEST(signal_timestamp_of_null_gives_einval)
{
	ck_assert_int_eq(dma_fence_signal_timestamp(NULL, 1), -EINVAL);
	forget_warnings();
}

/* spec: fence.md 3.3 dma_fence_check_and_signal, _locked; _i: locked */
TEST_EACH(check_and_signal_says_whether_it_was_signaled_before, 0, 2)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;
	int pass;

	mock_cb_add(f, &cb);
	for (pass = 0; pass < 3; pass++) {
		bool before;

		if (_i) {
			dmabuf_spinlock_lock(f->lock);
			before = dma_fence_check_and_signal_locked(f);
			dmabuf_spinlock_unlock(f->lock);
		} else {
			before = dma_fence_check_and_signal(f);
		}
		ck_assert_int_eq(before, pass > 0);
		ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	}
	dma_fence_put(f);
}

/* spec: fence.md 3.3 dma_fence_test_signaled_flag "only tests the bit" */
TEST(signaled_flag_is_read_without_asking)
{
	struct dma_fence *f = mock_fence();

	mock_of(f)->done = true;
	ck_assert(!dma_fence_test_signaled_flag(f));
	ck_assert_uint_eq(mock_of(f)->asked, 0);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert(dma_fence_test_signaled_flag(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_is_signaled_locked, dma_fence_get_status_locked */
TEST(locked_queries_work_under_the_lock)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	dmabuf_spinlock_lock(f->lock);
	ck_assert(!dma_fence_is_signaled_locked(f));
	ck_assert_int_eq(dma_fence_get_status_locked(f), 0);
	mock_of(f)->done = true;
	mock_of(f)->done_error = -EIO;
	ck_assert(dma_fence_is_signaled_locked(f));
	ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	ck_assert_int_eq(dma_fence_get_status_locked(f), -EIO);
	dmabuf_spinlock_unlock(f->lock);
	ck_assert_int_eq(cb.status, -EIO);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 "dma_fence_signal() itself opens and closes a signalling annotation"; 9.1 begin, end */
TEST(signalling_sections_nest_by_their_cookies)
{
	struct dma_fence *f = mock_fence();
	bool outer = dma_fence_begin_signalling(), inner = dma_fence_begin_signalling();

	ck_assert(!outer);
	ck_assert(inner);
	dma_fence_signal(f);
	dma_fence_end_signalling(inner);
	ck_assert(dma_fence_begin_signalling()); /* the outer one is still open */
	dma_fence_end_signalling(outer);
	outer = dma_fence_begin_signalling();
	ck_assert(!outer);
	__dma_fence_might_wait();
	ck_assert(dma_fence_begin_signalling());
	dma_fence_end_signalling(outer);
	dma_fence_put(f);
}

/* spec: fence.md 9.1 "true = in atomic context" */
TEST(signalling_section_under_a_spinlock_acquires_nothing)
{
	struct dmabuf_spinlock lock = { 0 };

	dmabuf_spinlock_lock(&lock);
	ck_assert(dma_fence_begin_signalling());
	dma_fence_end_signalling(true);
	dmabuf_spinlock_unlock(&lock);
	ck_assert(!dma_fence_begin_signalling());
	dma_fence_end_signalling(false);
}

/* --- order --- */

struct order {
	uint64_t s1, s2;
	bool later32, later64;
};

static const struct order orders[] = {
	{ 2, 1, true, true },		{ 1, 2, false, false },
	{ 5, 5, false, false },		{ 0, 0xffffffff, true, false },
	{ 0xffffffff, 0, false, true }, { 1ull << 32, 1, false, true },
	{ 0x80000000, 0, false, true }, { 0x7fffffff, 0, true, true },
};

/* spec: fence.md 3.5 __dma_fence_is_later both kinds, dma_fence_is_later "equal seqno: false" */
TEST_EACH(bare_seqnos_are_compared_as_fences_are, 0, 8)
{
	const struct order *o = &orders[_i];

	ck_assert_int_eq(__dma_fence_is_later(o->s1, o->s2, &mock_plain_ops), o->later32);
	ck_assert_int_eq(__dma_fence_is_later(o->s1, o->s2, &mock_64bit_ops), o->later64);
}

/* spec: fence.md 3.5 dma_fence_later */
TEST(later_gives_the_later_fence_unless_it_is_signaled)
{
	struct dma_fence *a = mock_fence_at(8, 1), *b = mock_fence_at(8, 2),
			 *same = mock_fence_at(8, 2);

	ck_assert_ptr_eq(dma_fence_later(a, b), b);
	ck_assert_ptr_eq(dma_fence_later(b, a), b);
	ck_assert_ptr_eq(dma_fence_later(b, same), same);
	ck_assert_ptr_eq(dma_fence_later(same, b), b);
	ck_assert_uint_eq(fence_refs(b), 1);
	dma_fence_signal(a);
	ck_assert_ptr_eq(dma_fence_later(a, b), b);
	mock_of(b)->done = true; /* the bit is not set yet */
	ck_assert_ptr_null(dma_fence_later(a, b));
	ck_assert_ptr_null(dma_fence_later(b, a));
	dma_fence_put(a);
	dma_fence_put(b);
	mock_signal_and_put(same);
}

/* spec: fence.md 3.5 dma_fence_later "contexts differ: warn, NULL" */
TEST(later_over_contexts_warns_and_gives_null)
{
	struct dma_fence *a = mock_fence_at(8, 1), *b = mock_fence_at(9, 2);

	ck_assert_ptr_null(dma_fence_later(a, b));
	expect_warning(NULL);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 3.6 dma_fence_enable_sw_signaling "idempotent" */
TEST(enabling_twice_asks_once)
{
	struct dma_fence *f = mock_fence();

	dma_fence_enable_sw_signaling(f);
	dma_fence_enable_sw_signaling(f);
	ck_assert_uint_eq(mock_of(f)->enables, 1);
	ck_assert(!mock_of(f)->enabled_unlocked);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7 dma_fence_wait_any_timeout "-ENOMEM": nothing is left behind */
TEST(any_of_many_without_memory_gives_enomem)
{
	struct dma_fence *many[100];
	uint32_t idx = 7;
	signed long ret;
	int i;

	for (i = 0; i < 100; i++)
		many[i] = mock_fence();
	no_memory(0);
	ret = dma_fence_wait_any_timeout(many, 100, false, 5 * MS, &idx);
	ck_assert(memory_again());
	ck_assert_int_eq(ret, -ENOMEM);
	ck_assert_uint_eq(idx, 7);
	for (i = 0; i < 100; i++) {
		ck_assert_ptr_eq(many[i]->cb_list.next, &many[i]->cb_list);
		mock_signal_and_put(many[i]);
	}
}

/* --- text --- */

/* spec: fence.md 3.9 dma_fence_describe of 6.12 */
TEST(describe_reads_as_in_the_kernel)
{
	char text[128];
	struct dmabuf_seq seq = { text, sizeof(text), 0 };
	struct dma_fence *f = mock_fence_at(8, 41);

	dma_fence_describe(f, &seq);
	ck_assert_str_eq(text, "mock queue seq 41 unsignalled\n");
	seq.count = 0;
	dma_fence_signal(f);
	dma_fence_describe(f, &seq);
	ck_assert_str_eq(text, "mock queue seq 41 signalled\n");
	dma_fence_put(f);
}

/* spec: fence.md 3.9 dma_fence_driver_name, dma_fence_timeline_name */
TEST(names_are_the_drivers_until_the_signal)
{
	struct dma_fence *f = mock_fence();

	ck_assert_str_eq(dma_fence_driver_name(f), "mock");
	ck_assert_str_eq(dma_fence_timeline_name(f), "queue");
	dma_fence_signal(f);
	ck_assert_str_eq(dma_fence_driver_name(f), "detached-driver");
	ck_assert_str_eq(dma_fence_timeline_name(f), "signaled-timeline");
	dma_fence_put(f);
}
