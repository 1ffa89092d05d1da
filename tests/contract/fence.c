/* SPDX-License-Identifier: MIT */
/* What the kernel promises about a fence's life: creation, references, signalling, questions, callbacks. */
#include <time.h>

#include "mock-fence.h"
#include "test.h"
#include "threads.h"

/* --- contexts --- */

/* spec: fence.md 3.1 dma_fence_context_alloc */
TEST(first_context_is_one)
{
	ck_assert_uint_eq(dma_fence_context_alloc(1), 1);
}

/* spec: fence.md 3.1 dma_fence_context_alloc */
TEST(context_alloc_hands_out_consecutive_numbers)
{
	uint64_t first = dma_fence_context_alloc(7);

	ck_assert_uint_eq(dma_fence_context_alloc(1), first + 7);
	ck_assert_uint_eq(dma_fence_context_alloc(1), first + 8);
}

/* spec: fence.md 3.1 dma_fence_context_alloc */
TEST(context_alloc_of_none_warns_and_takes_nothing)
{
	uint64_t next = dma_fence_context_alloc(1) + 1;

	ck_assert_uint_eq(dma_fence_context_alloc(0), next);
	expect_warning(NULL);
	ck_assert_uint_eq(dma_fence_context_alloc(1), next);
}

/* --- init --- */

/* spec: fence.md 3.1 dma_fence_init */
TEST(init_makes_an_unsignaled_fence_with_one_reference)
{
	struct dma_fence *f = mock_fence_at(77, 5);

	ck_assert_uint_eq(fence_refs(f), 1);
	ck_assert_uint_eq(f->flags, 0);
	ck_assert_int_eq(f->error, 0);
	ck_assert_uint_eq(f->context, 77);
	ck_assert_uint_eq(f->seqno, 5);
	ck_assert_ptr_eq(f->ops, &mock_ops);
	ck_assert_ptr_eq(f->lock, &mock_of(f)->lock);
	ck_assert_ptr_eq(f->cb_list.next, &f->cb_list);
	ck_assert_ptr_eq(f->cb_list.prev, &f->cb_list);
	ck_assert(!dma_fence_is_signaled(f));
	mock_signal_and_put(f);
}

static const char *some_name(struct dma_fence *fence)
{
	(void)fence;
	return "name";
}

static const struct dma_fence_ops no_driver_name = { .get_timeline_name = some_name };
static const struct dma_fence_ops no_timeline_name = { .get_driver_name = some_name };
static const struct dma_fence_ops both_names = { .get_driver_name = some_name,
						 .get_timeline_name = some_name };
static struct dmabuf_spinlock some_lock;

static struct bad_init {
	const struct dma_fence_ops *ops;
	struct dmabuf_spinlock *lock;
} bad_inits[] = {
	{ NULL, &some_lock },
	{ &both_names, NULL },
	{ &no_driver_name, &some_lock },
	{ &no_timeline_name, &some_lock },
};

static void init_badly(void *data)
{
	struct bad_init *bad = data;
	static struct dma_fence fence;

	dma_fence_init(&fence, bad->ops, bad->lock, 1, 1);
}

/* spec: fence.md 3.1 dma_fence_init */
TEST_EACH(init_without_ops_lock_or_names_is_fatal, 0, 4)
{
	expect_fatal(init_badly, &bad_inits[_i]);
}

/* spec: fence.md 2.4 release (NULL: dma_fence_free) */
TEST(fence_without_optional_ops_lives_and_dies)
{
	struct dma_fence *f = calloc(1, sizeof(*f));

	dma_fence_init(f, &both_names, &some_lock, dma_fence_context_alloc(1), 1);
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, 0), 0);
	ck_assert_int_eq(dma_fence_signal(f), 0);
	dma_fence_put(f);
}

/* spec: fence.md 2.1 lock (may be shared by many fences) */
TEST(fences_may_share_a_lock)
{
	struct dma_fence *f[3];
	int i;

	for (i = 0; i < 3; i++) {
		f[i] = calloc(1, sizeof(*f[i]));
		dma_fence_init(f[i], &both_names, &some_lock, 9, i + 1);
	}
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(dma_fence_signal(f[i]), 0);
		ck_assert(i == 2 || !dma_fence_is_signaled(f[i + 1]));
	}
	for (i = 0; i < 3; i++)
		dma_fence_put(f[i]);
}

/* --- references --- */

/* spec: fence.md 3.2 dma_fence_get, dma_fence_put */
TEST(get_returns_the_fence_and_put_undoes_it)
{
	struct dma_fence *f = mock_fence();

	ck_assert_ptr_eq(dma_fence_get(f), f);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_fence_put(f);
	ck_assert_uint_eq(fence_refs(f), 1);
	ck_assert_uint_eq(mock_released, 0);
	mock_signal_and_put(f);
	ck_assert_uint_eq(mock_released, 1);
}

/* spec: fence.md 3.2 dma_fence_get, dma_fence_put */
TEST(get_and_put_take_null)
{
	ck_assert_ptr_null(dma_fence_get(NULL));
	dma_fence_put(NULL);
}

/* spec: fence.md 3.2 dma_fence_get_rcu */
TEST(get_rcu_takes_a_reference_of_a_live_fence)
{
	struct dma_fence *f = mock_fence();

	ck_assert_ptr_eq(dma_fence_get_rcu(f), f);
	ck_assert_uint_eq(fence_refs(f), 2);
	dma_fence_put(f);
	mock_signal_and_put(f);
}

static struct dma_fence *got_while_dying = (struct dma_fence *)-1;
static unsigned int refs_while_dying = 99;

static void release_tries_get_rcu(struct dma_fence *fence)
{
	got_while_dying = dma_fence_get_rcu(fence);
	refs_while_dying = fence_refs(fence);
	dma_fence_free(fence);
}

/* spec: fence.md 3.2 dma_fence_get_rcu */
TEST(get_rcu_of_a_dying_fence_gives_null)
{
	static const struct dma_fence_ops ops = {
		.get_driver_name = some_name,
		.get_timeline_name = some_name,
		.release = release_tries_get_rcu,
	};

	mock_signal_and_put(mock_fence_with(&ops, 1, 1));
	ck_assert_ptr_null(got_while_dying);
	ck_assert_uint_eq(refs_while_dying, 0);
}

/* spec: fence.md 3.2 dma_fence_release */
TEST(last_put_of_an_unsignaled_fence_without_callbacks_is_quiet)
{
	dma_fence_put(mock_fence());
	expect_no_warning();
	ck_assert_uint_eq(mock_released, 1);
}

/* spec: fence.md 3.2 dma_fence_release */
TEST(last_put_with_callbacks_pending_warns_and_signals_edeadlk)
{
	struct dma_fence *f = mock_fence_at(0xabc123, 0x2a);
	struct mock_cb cb[2];

	ck_assert_int_eq(mock_cb_add(f, &cb[0]), 0);
	ck_assert_int_eq(mock_cb_add(f, &cb[1]), 0);
	dma_fence_put(f);
	expect_warning("mock:queue:abc123:2a");
	ck_assert_uint_eq(cb[0].ran, 1);
	ck_assert_uint_eq(cb[1].ran, 1);
	ck_assert_int_eq(cb[0].status, -EDEADLK);
	ck_assert_int_eq(cb[1].status, -EDEADLK);
	ck_assert_uint_eq(mock_released, 1);
}

/* --- signalling --- */

/* spec: fence.md 3.3 dma_fence_signal */
TEST(signal_returns_zero_the_first_time)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(dma_fence_signal(f), 0);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	dma_fence_put(f);
}

/* spec: fence.md 3.3 dma_fence_signal */
TEST(signal_twice_returns_einval)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(dma_fence_signal(f), 0);
	ck_assert_int_eq(dma_fence_signal(f), -EINVAL);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.3 dma_fence_signal */
TEST(signal_null_returns_einval)
{
	ck_assert_int_eq(dma_fence_signal(NULL), -EINVAL);
	forget_warnings();
}

/* spec: fence.md 3.3 dma_fence_signal_locked */
TEST(signal_locked_works_under_the_fence_lock)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	dmabuf_spinlock_lock(f->lock);
	ck_assert_int_eq(dma_fence_signal_locked(f), 0);
	ck_assert_uint_eq(cb.ran, 1);
	ck_assert_int_eq(dma_fence_signal_locked(f), -EINVAL);
	dmabuf_spinlock_unlock(f->lock);
	ck_assert_uint_eq(cb.ran, 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 dma_fence_signal_timestamp_locked */
TEST(signal_timestamp_stores_the_given_time_once)
{
	struct dma_fence *f = mock_fence();

	dmabuf_spinlock_lock(f->lock);
	ck_assert_int_eq(dma_fence_signal_timestamp_locked(f, 12345), 0);
	ck_assert_int_eq(dma_fence_signal_timestamp_locked(f, 99999), -EINVAL);
	dmabuf_spinlock_unlock(f->lock);
	ck_assert_int_eq(dma_fence_timestamp(f), 12345);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.3 step 3 */
TEST(signal_stores_the_monotonic_time)
{
	struct dma_fence *f = mock_fence();
	int64_t before = now_ns(), after;

	dma_fence_signal(f);
	after = now_ns();
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_TIMESTAMP_BIT));
	ck_assert_int_ge(dma_fence_timestamp(f), before);
	ck_assert_int_le(dma_fence_timestamp(f), after);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 "every further signal attempt has no effect" */
TEST(second_signal_changes_neither_time_nor_callbacks)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;
	int64_t time;

	mock_cb_add(f, &cb);
	dma_fence_signal(f);
	time = dma_fence_timestamp(f);
	sleep_ms(2);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_timestamp(f), time);
	ck_assert_uint_eq(cb.ran, 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_timestamp */
TEST(timestamp_of_an_unsignaled_fence_warns_and_is_now)
{
	struct dma_fence *f = mock_fence();
	int64_t before = now_ns(), time = dma_fence_timestamp(f);

	expect_warning(NULL);
	ck_assert_int_ge(time, before);
	ck_assert_int_le(time, now_ns());
	mock_signal_and_put(f);
}

/* --- callbacks --- */

/* spec: fence.md 3.6 dma_fence_add_callback */
TEST(callback_runs_once_when_the_fence_signals)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	ck_assert_uint_eq(cb.ran, 0);
	dma_fence_signal(f);
	ck_assert_uint_eq(cb.ran, 1);
	ck_assert_int_eq(cb.status, 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_add_callback */
TEST(add_callback_to_a_signaled_fence_returns_enoent_and_never_calls)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	dma_fence_signal(f);
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	dma_fence_signal(f);
	ck_assert_uint_eq(cb.ran, 0);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_add_callback "node is initialised empty" */
TEST(remove_after_enoent_is_harmless)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	dma_fence_signal(f);
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	ck_assert_ptr_eq(cb.base.node.next, &cb.base.node);
	ck_assert_ptr_eq(cb.base.node.prev, &cb.base.node);
	ck_assert(!dma_fence_remove_callback(f, &cb.base));
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_add_callback */
TEST(add_callback_without_fence_or_func_warns_and_returns_einval)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	ck_assert_int_eq(dma_fence_add_callback(NULL, &cb.base, mock_cb_func), -EINVAL);
	expect_warning(NULL);
	ck_assert_int_eq(dma_fence_add_callback(f, &cb.base, NULL), -EINVAL);
	expect_warning(NULL);
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.3 step 4 "in registration order (FIFO)" */
TEST(callbacks_run_in_the_order_they_were_added)
{
	enum {
		N = 100
	};
	struct dma_fence *f = mock_fence();
	struct mock_cb cb[N];
	unsigned int i;

	for (i = 0; i < N; i++)
		ck_assert_int_eq(mock_cb_add(f, &cb[i]), 0);
	dma_fence_signal(f);
	for (i = 0; i < N; i++)
		ck_assert_uint_eq(cb[i].order, i);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 step 4 "re-initialise its node, then call" */
TEST(node_is_empty_when_the_callback_runs)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb[3];
	int i;

	for (i = 0; i < 3; i++)
		mock_cb_add(f, &cb[i]);
	dma_fence_signal(f);
	for (i = 0; i < 3; i++)
		ck_assert_msg(!cb[i].linked, "callback %d was still linked", i);
	dma_fence_put(f);
}

/* spec: fence.md 3.3 "callbacks run with fence->lock held" */
TEST(callback_runs_under_the_fence_lock)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	dma_fence_signal(f);
	ck_assert(!cb.unlocked);
	dma_fence_put(f);
}

static void free_container(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	(void)fence;
	memset(cb, 0xff, sizeof(*cb));
	free(cb);
}

/* spec: fence.md 3.3 "a callback may free its own container" */
TEST(callback_may_free_its_container)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb first, last;
	int i;

	mock_cb_add(f, &first);
	for (i = 0; i < 10; i++)
		ck_assert_int_eq(dma_fence_add_callback(f, calloc(1, sizeof(struct dma_fence_cb)),
							free_container),
				 0);
	mock_cb_add(f, &last);
	dma_fence_signal(f);
	ck_assert_uint_eq(first.ran, 1);
	ck_assert_uint_eq(last.ran, 1);
	dma_fence_put(f);
}

static struct dma_fence *next_fence;

static void signal_next(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	(void)fence;
	(void)cb;
	ck_assert_int_eq(dma_fence_signal(next_fence), 0);
}

/* spec: fence.md 3.3 "must not take that lock again": another fence's lock is fine */
TEST(callback_may_signal_a_fence_with_another_lock)
{
	struct dma_fence *f = mock_fence();
	struct dma_fence_cb cb;
	struct mock_cb seen;

	next_fence = mock_fence();
	ck_assert_int_eq(dma_fence_add_callback(f, &cb, signal_next), 0);
	mock_cb_add(next_fence, &seen);
	dma_fence_signal(f);
	ck_assert_uint_eq(seen.ran, 1);
	dma_fence_put(next_fence);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_remove_callback */
TEST(removed_callback_never_runs)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb, other;

	mock_cb_add(f, &cb);
	mock_cb_add(f, &other);
	ck_assert(dma_fence_remove_callback(f, &cb.base));
	dma_fence_signal(f);
	ck_assert_uint_eq(cb.ran, 0);
	ck_assert_uint_eq(other.ran, 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_remove_callback */
TEST(remove_twice_is_false_the_second_time)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	ck_assert(dma_fence_remove_callback(f, &cb.base));
	ck_assert(!dma_fence_remove_callback(f, &cb.base));
	mock_signal_and_put(f);
}

/* spec: fence.md 3.6 dma_fence_remove_callback */
TEST(remove_after_signal_is_false)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	dma_fence_signal(f);
	ck_assert(!dma_fence_remove_callback(f, &cb.base));
	ck_assert_uint_eq(cb.ran, 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 "any number of callbacks per fence", cb may be used again */
TEST(removed_callback_can_be_added_again)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	ck_assert(dma_fence_remove_callback(f, &cb.base));
	ck_assert_int_eq(mock_cb_add(g, &cb), 0);
	mock_signal_and_put(f);
	ck_assert_uint_eq(cb.ran, 0);
	mock_signal_and_put(g);
	ck_assert_uint_eq(cb.ran, 1);
}

struct slow_cb {
	struct dma_fence_cb base;
	int started, finished; /* atomic */
};

static void slow_callback(struct dma_fence *fence, struct dma_fence_cb *base)
{
	struct slow_cb *cb = (struct slow_cb *)base;

	(void)fence;
	__atomic_store_n(&cb->started, 1, __ATOMIC_RELEASE);
	sleep_ms(40);
	__atomic_store_n(&cb->finished, 1, __ATOMIC_RELEASE);
}

/* spec: fence.md 3.6 dma_fence_remove_callback "after false the callback has finished" */
TEST(remove_waits_for_a_running_callback)
{
	struct dma_fence *f = mock_fence();
	struct slow_cb cb = { .started = 0 };
	struct later later;

	ck_assert_int_eq(dma_fence_add_callback(f, &cb.base, slow_callback), 0);
	signal_later(&later, 0, f);
	ck_assert(EVENTUALLY(__atomic_load_n(&cb.started, __ATOMIC_ACQUIRE)));
	ck_assert(!dma_fence_remove_callback(f, &cb.base));
	ck_assert_int_eq(__atomic_load_n(&cb.finished, __ATOMIC_ACQUIRE), 1);
	later_join(&later);
	dma_fence_put(f);
}

/* --- enabling --- */

/* spec: fence.md 3.6 dma_fence_add_callback "enables signalling" */
TEST(first_callback_enables_signaling_under_the_lock)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	ck_assert(!fence_flag(f, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	mock_cb_add(f, &cb);
	ck_assert_uint_eq(mock_of(f)->enables, 1);
	ck_assert(!mock_of(f)->enabled_unlocked);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	mock_signal_and_put(f);
}

/* spec: fence.md 2.4 enable_signaling "called at most once" */
TEST(enable_signaling_is_called_at_most_once)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb[2];

	dma_fence_enable_sw_signaling(f);
	dma_fence_enable_sw_signaling(f);
	mock_cb_add(f, &cb[0]);
	mock_cb_add(f, &cb[1]);
	dma_fence_wait_timeout(f, false, 0);
	ck_assert_uint_eq(mock_of(f)->enables, 1);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.6 dma_fence_enable_sw_signaling "if not signalled" */
TEST(enable_signaling_is_not_called_on_a_signaled_fence)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	dma_fence_signal(f);
	dma_fence_enable_sw_signaling(f);
	mock_cb_add(f, &cb);
	dma_fence_wait(f, false);
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	dma_fence_put(f);
}

/* spec: fence.md 2.4 enable_signaling "false: the core then signals the fence at once" */
TEST(enable_signaling_false_signals_at_once)
{
	struct dma_fence *f = mock_fence();

	mock_of(f)->enable_fails = true;
	dma_fence_enable_sw_signaling(f);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
}

/* spec: fence.md 2.4 enable_signaling "error may be set here, only together with false" */
TEST(enable_signaling_false_may_set_an_error)
{
	struct dma_fence *f = mock_fence();

	mock_of(f)->enable_fails = true;
	mock_of(f)->enable_error = -ENODEV;
	dma_fence_enable_sw_signaling(f);
	ck_assert_int_eq(dma_fence_get_status(f), -ENODEV);
	dma_fence_put(f);
}

/* spec: fence.md 3.6 dma_fence_add_callback "or became so while enabling" */
TEST(add_callback_returns_enoent_when_enabling_fails)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_of(f)->enable_fails = true;
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	ck_assert_uint_eq(cb.ran, 0);
	ck_assert(!dma_fence_remove_callback(f, &cb.base));
	dma_fence_put(f);
}

/* --- questions --- */

/* spec: fence.md 3.4 dma_fence_is_signaled "does not enable signalling" */
TEST(is_signaled_asks_the_op_and_does_not_enable)
{
	struct dma_fence *f = mock_fence();

	ck_assert(!dma_fence_is_signaled(f));
	ck_assert_uint_ge(mock_of(f)->asked, 1);
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	ck_assert(!fence_flag(f, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	mock_signal_and_put(f);
}

/* spec: fence.md 3.4 dma_fence_is_signaled "calls dma_fence_signal() and returns true" */
TEST(is_signaled_signals_when_the_op_says_so)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	mock_of(f)->done = true;
	ck_assert_uint_eq(cb.ran, 0);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_uint_eq(cb.ran, 1);
	ck_assert_int_eq(dma_fence_signal(f), -EINVAL);
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_is_signaled "true if bit set" */
TEST(is_signaled_does_not_ask_the_op_of_a_signaled_fence)
{
	struct dma_fence *f = mock_fence();

	dma_fence_signal(f);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_uint_eq(mock_of(f)->asked, 0);
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_get_status */
TEST(status_is_zero_before_and_one_after)
{
	struct dma_fence *f = mock_fence();

	ck_assert_int_eq(dma_fence_get_status(f), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_get_status_locked (as is_signaled), 2.4 signaled "may set error" */
TEST(status_asks_the_op_and_sees_its_error)
{
	struct dma_fence *f = mock_fence();

	mock_of(f)->done = true;
	mock_of(f)->done_error = -EIO;
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_set_error */
TEST(error_shows_in_the_status_after_the_signal_only)
{
	struct dma_fence *f = mock_fence();
	struct mock_cb cb;

	mock_cb_add(f, &cb);
	dma_fence_set_error(f, -EIO);
	ck_assert_int_eq(dma_fence_get_status(f), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	ck_assert_int_eq(cb.status, -EIO);
	ck_assert(dma_fence_is_signaled(f));
	dma_fence_put(f);
}

/* spec: fence.md 3.4 dma_fence_set_error "warns if already signalled" */
TEST(set_error_after_the_signal_warns)
{
	struct dma_fence *f = mock_fence();

	dma_fence_signal(f);
	dma_fence_set_error(f, -EIO);
	expect_warning(NULL);
	ck_assert_int_eq(f->error, -EIO);
	dma_fence_put(f);
}

static const struct {
	int error;
	bool warns;
} errors[] = { { -1, false }, { -4095, false }, { -4096, true },
	       { 0, true },   { 1, true },	{ EIO, true } };

/* spec: fence.md 3.4 dma_fence_set_error "if error >= 0 or < -4095; stores in any case" */
TEST_EACH(set_error_warns_outside_the_errno_range_and_stores, 0, 6)
{
	struct dma_fence *f = mock_fence();

	dma_fence_set_error(f, errors[_i].error);
	if (errors[_i].warns)
		expect_warning(NULL);
	expect_no_warning();
	ck_assert_int_eq(f->error, errors[_i].error);
	mock_signal_and_put(f);
}

/* --- order --- */

static const struct {
	uint64_t f1, f2;
	bool later_32, later_64;
} orders[] = {
	{ 2, 1, true, true },
	{ 1, 2, false, false },
	{ 5, 5, false, false },
	{ 0, 0xffffffff, true, false },
	{ 1, 0xfffffffe, true, false },
	{ 0xfffffffe, 1, false, true },
	{ 0x100000000, 0xffffffff, true, true },
	{ 0x100000001, 2, false, true },
	{ 2, 0x100000001, true, false },
	{ 0x7fffffff, 0, true, true },
	{ 0x80000001, 0, false, true },
	{ UINT64_MAX, 1, false, true },
};

static void check_order(const struct dma_fence_ops *ops, int i, bool later)
{
	struct dma_fence *f1 = mock_fence_with(ops, 3, orders[i].f1),
			 *f2 = mock_fence_with(ops, 3, orders[i].f2);

	ck_assert_int_eq(dma_fence_is_later(f1, f2), later);
	ck_assert_int_eq(dma_fence_is_later_or_same(f1, f2), later);
	mock_signal_and_put(f1);
	mock_signal_and_put(f2);
}

/* spec: fence.md 3.5 __dma_fence_is_later "32-bit kind" */
TEST_EACH(later_compares_lower_32_bits_with_wrap, 0, 12)
{
	check_order(&mock_plain_ops, _i, orders[_i].later_32);
}

/* spec: fence.md 3.5 __dma_fence_is_later "64-bit kind" */
TEST_EACH(later_compares_64_bits_if_the_ops_say_so, 0, 12)
{
	check_order(&mock_64bit_ops, _i, orders[_i].later_64);
}

/* spec: fence.md 3.5 dma_fence_is_later "contexts differ: warn, false" */
TEST(later_over_contexts_warns_and_is_false)
{
	struct dma_fence *f1 = mock_fence_at(1, 2), *f2 = mock_fence_at(2, 1);

	ck_assert(!dma_fence_is_later(f1, f2));
	expect_warning(NULL);
	ck_assert(!dma_fence_is_later(f2, f1));
	expect_warning(NULL);
	mock_signal_and_put(f1);
	mock_signal_and_put(f2);
}

/* spec: fence.md 3.5 dma_fence_is_later_or_same */
TEST(later_or_same_holds_for_the_same_fence_only)
{
	struct dma_fence *f1 = mock_fence_at(1, 2), *f2 = mock_fence_at(1, 2);

	ck_assert(dma_fence_is_later_or_same(f1, f1));
	ck_assert(!dma_fence_is_later_or_same(f1, f2));
	ck_assert(!dma_fence_is_later(f1, f1));
	mock_signal_and_put(f1);
	mock_signal_and_put(f2);
}

/* --- stub --- */

/* spec: fence.md 3.1 dma_fence_get_stub */
TEST(stub_is_one_signaled_fence)
{
	struct dma_fence *stub = dma_fence_get_stub();
	int i;

	ck_assert_ptr_nonnull(stub);
	ck_assert(fence_flag(stub, DMA_FENCE_FLAG_SIGNALED_BIT));
	ck_assert(fence_flag(stub, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT));
	ck_assert_int_eq(dma_fence_get_status(stub), 1);
	ck_assert_uint_eq(stub->context, 0);
	ck_assert_uint_eq(stub->seqno, 0);
	ck_assert_str_eq(stub->ops->get_driver_name(stub), "stub");
	ck_assert_str_eq(stub->ops->get_timeline_name(stub), "stub");
	for (i = 0; i < 63; i++)
		ck_assert_ptr_eq(dma_fence_get_stub(), stub);
	for (i = 0; i < 64; i++)
		dma_fence_put(stub);
	ck_assert(dma_fence_is_signaled(stub));
}

/* spec: fence.md 3.1 dma_fence_get_stub "returns +1 reference" */
TEST(stub_counts_references)
{
	struct dma_fence *stub = dma_fence_get_stub();
	unsigned int refs = fence_refs(stub);

	dma_fence_get_stub();
	ck_assert_uint_eq(fence_refs(stub), refs + 1);
	dma_fence_put(stub);
	dma_fence_put(stub);
}

/* spec: fence.md 3.1 dma_fence_get_stub "timestamp = first call" */
TEST(stub_has_the_time_of_the_first_call)
{
	int64_t before = now_ns();
	struct dma_fence *stub = dma_fence_get_stub();
	int64_t time = dma_fence_timestamp(stub);

	ck_assert_int_ge(time, before);
	ck_assert_int_le(time, now_ns());
	dma_fence_put(stub);
}
