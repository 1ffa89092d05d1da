/* SPDX-License-Identifier: MIT */
/* A fence passed to another process: what is known there, when, and that the two never disagree. */
#include <fcntl.h>
#include <poll.h>

#include <dmabuf/dma-heap.h>
#include <dmabuf/dma-resv.h>
#include <dmabuf/sync-file.h>

#include "mock-fence.h"
#include "puppet.h"
#include "resv.h"
#include "threads.h"

#define SOON (300 * MS)	/* far less than the second after which a sleeper looks by itself */

static struct puppet p;

static void start_with_timeline(void)
{
	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
}

/* --- state --- */

/* spec: share.h dmabuf_timeline_advance "the other processes see it at once" */
TEST(a_passed_fence_is_pending_until_its_owner_advances)
{
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert(!dma_fence_is_signaled(f));
	ck_assert_int_eq(dma_fence_get_status(f), 0);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 "TIMELINE slots", order within a timeline */
TEST(an_advance_signals_every_fence_up_to_its_seqno_and_none_beyond)
{
	struct dma_fence *f[8];

	start_with_timeline();
	for (int i = 0; i < 8; i++)
		f[i] = next_fence(&p, 0);
	ask_ok(&p, far_advance, 0, 5);
	for (int i = 7; i >= 0; i--)
		ck_assert_int_eq(dma_fence_is_signaled(f[i]), i < 5);
	ask_ok(&p, far_advance, 0, 8);
	for (int i = 0; i < 8; i++) {
		ck_assert(dma_fence_is_signaled(f[i]));
		dma_fence_put(f[i]);
	}
	puppet_end(&p);
}

/* spec: design-sharing.md 1: a timeline's progress says nothing about another's */
TEST(timelines_advance_independently)
{
	struct dma_fence *a, *b;

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	a = next_fence(&p, 0);
	b = next_fence(&p, 1);
	ask_ok(&p, far_advance, 1, 1);
	ck_assert(!dma_fence_is_signaled(a));
	ck_assert(dma_fence_is_signaled(b));
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(dma_fence_is_signaled(a));
	put_fences(a, b);
	puppet_end(&p);
}

static const int errors[] = { -EIO, -ECANCELED, -ETIMEDOUT, -1, -4095 };

/* spec: share.h dmabuf_timeline_fail "the other processes see the same error" */
TEST_EACH(a_failed_timeline_gives_its_error_to_the_other_process, 0, 5)
{
	struct dma_fence *seen, *waited, *done;

	start_with_timeline();
	done = next_fence(&p, 0);
	seen = next_fence(&p, 0);
	waited = next_fence(&p, 0);
	ask_ok(&p, far_advance, 0, 1);
	ask_ok(&p, far_fail, 0, errors[_i]);
	ck_assert_int_eq(dma_fence_get_status(done), 1);
	ck_assert_int_eq(dma_fence_get_status(seen), errors[_i]);
	ck_assert_int_eq(dma_fence_wait_timeout(waited, false, SOON) > 0, 1);
	ck_assert_int_eq(dma_fence_get_status(waited), errors[_i]);
	ck_assert_int_eq(waited->error, errors[_i]);
	put_fences(seen, waited, done);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 "the last four {seqno, error, time}": a success before them stays one */
TEST(what_was_done_long_before_a_failure_stays_a_success)
{
	struct dma_fence *f[12];

	start_with_timeline();
	for (int i = 0; i < 12; i++) {
		f[i] = next_fence(&p, 0);
		if (i < 10)
			ask_ok(&p, far_advance, 0, i + 1);
	}
	ask_ok(&p, far_fail, 0, -EIO);
	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(dma_fence_get_status(f[i]), i < 10 ? 1 : -EIO);
		dma_fence_put(f[i]);
	}
	puppet_end(&p);
}

/* spec: share.h dmabuf_timeline_destroy "what was issued and is not done ends with -ECANCELED" */
TEST(a_destroyed_timeline_cancels_what_it_still_owed)
{
	struct dma_fence *done, *owed;

	start_with_timeline();
	done = next_fence(&p, 0);
	owed = next_fence(&p, 0);
	ask_ok(&p, far_advance, 0, 1);
	ask_ok(&p, far_destroy, 0, 0);
	ck_assert_int_eq(dma_fence_get_status(done), 1);
	ck_assert_int_eq(dma_fence_get_status(owed), -ECANCELED);
	put_fences(done, owed);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "of a timeline of this process, or signalled" */
TEST(a_fence_that_is_done_when_it_is_sent_arrives_done)
{
	struct dma_fence *f;

	start_with_timeline();
	ask(&p, far_issue, 0, 0);
	ask_ok(&p, far_advance, 0, 1);
	ask_ok(&p, far_send_last, 0, 0);
	f = receive_fence(&p);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	ck_assert_int_gt(dma_fence_wait_timeout(f, true, 0), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "of a timeline of this process, or signalled"; errors go with it */
TEST(a_fence_that_has_failed_when_it_is_sent_arrives_failed)
{
	struct dma_fence *f;

	start_with_timeline();
	ask(&p, far_issue, 0, 0);
	ask_ok(&p, far_fail, 0, -EIO);
	ask_ok(&p, far_send_last, 0, 0);
	f = receive_fence(&p);
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 "recycle only when all is signalled": two ends of one number never differ */
TEST(what_one_process_calls_done_is_done_in_the_other)
{
	struct dice dice;
	struct dma_fence *f[64];
	long reached = 0;

	dice_init(&dice, 0);
	start_with_timeline();
	for (int i = 0; i < 64; i++)
		f[i] = next_fence(&p, 0);
	while (reached < 64) {
		reached += dice_below(&dice, 9);
		if (reached > 64)
			reached = 64;
		ask_ok(&p, far_advance, 0, reached);
		for (int i = 0; i < 64; i++)
			ck_assert_int_eq(dma_fence_is_signaled(f[i]), i < reached);
	}
	for (int i = 0; i < 64; i++)
		dma_fence_put(f[i]);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "-EOPNOTSUPP a fence or buffer of another kind"; "on failure nothing was sent" */
TEST(a_fence_of_another_kind_is_not_sent_until_it_has_signalled)
{
	struct dma_fence *mine = mock_fence(), *remote;
	struct dmabuf_share_msg msg = { .num_fences = 2 };
	struct dma_fence *both[2];

	start_with_timeline();
	remote = next_fence(&p, 0);
	ck_assert_int_eq(send_fence(p.share, mine), -EOPNOTSUPP);
	ck_assert_int_eq(send_fence(p.share, remote), -EOPNOTSUPP);
	dma_fence_signal(mine);
	both[0] = mine;
	both[1] = remote;
	msg.fences = both;
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), -EOPNOTSUPP);
	ck_assert_int_eq(send_fence(p.share, mine), 0);
	ask_ok(&p, far_fence_receive, 0, 0);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 1);
	ck_assert_int_eq(ask(&p, far_fence_receive, 0, 0), -ETIMEDOUT);
	put_fences(mine, remote);
	puppet_end(&p);
}

/* spec: share.h: both sides of a connection are equal */
TEST(fences_travel_both_ways)
{
	struct dmabuf_timeline *mine;
	struct dma_fence *f, *theirs;

	start_with_timeline();
	mine = dmabuf_timeline_create("near");
	expect_ptr(mine);
	f = dmabuf_timeline_fence(mine);
	expect_ptr(f);
	ck_assert_int_eq(send_fence(p.share, f), 0);
	ask_ok(&p, far_fence_receive, 0, 0);
	theirs = next_fence(&p, 0);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(mine, 1), 0);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 1);
	ck_assert(!dma_fence_is_signaled(theirs));
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(dma_fence_is_signaled(theirs));
	put_fences(f, theirs);
	dmabuf_timeline_destroy(mine);
	puppet_end(&p);
}

/* --- contexts and order --- */

/* spec: design-sharing.md 1 "a remote context is mapped to a fresh local context" */
TEST(fences_of_one_timeline_share_a_context_and_of_two_do_not)
{
	uint64_t before = dma_fence_context_alloc(1);
	struct dma_fence *a1, *a2, *b1;

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	a1 = next_fence(&p, 0);
	b1 = next_fence(&p, 1);
	a2 = next_fence(&p, 0);
	ck_assert_uint_eq(a1->context, a2->context);
	ck_assert_uint_ne(a1->context, b1->context);
	ck_assert_uint_gt(a1->context, before);
	ck_assert_uint_lt(a1->context, dma_fence_context_alloc(1));
	put_fences(a1, a2, b1);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 "by (board inode, remote ctx), never by a claimed id" */
TEST(two_processes_with_equal_numbers_get_different_contexts)
{
	struct puppet two[2];
	struct dma_fence *a, *b;

	puppets_start(two, 2);
	ask_ok(&two[0], far_create, 0, 0);
	ask_ok(&two[1], far_create, 0, 0);
	a = next_fence(&two[0], 0);
	b = next_fence(&two[1], 0);
	ck_assert_uint_ne(a->context, b->context);
	ask_ok(&two[0], far_advance, 0, 1);
	ck_assert(dma_fence_is_signaled(a));
	ck_assert(!dma_fence_is_signaled(b));
	put_fences(a, b);
	puppets_end(two, 2);
}

/* spec: design-sharing.md 1 "by (board inode, remote ctx)": the board is the process's, not the connection's */
TEST(a_timeline_has_one_context_whichever_connection_it_comes_by)
{
	struct dmabuf_share *second;
	struct dma_fence *a, *b = NULL;

	start_with_timeline();
	second = puppet_connect(&p);
	ask(&p, far_pass, 0, 0);
	ck_assert_int_eq(share_receive(second, NULL, &b, 1000 * MS), 0);
	ask_ok(&p, far_close, 0, 0);
	a = next_fence(&p, 0);
	ck_assert_uint_eq(a->context, b->context);
	put_fences(a, b);
	dmabuf_share_close(second);
	puppet_end(&p);
}

/* spec: dma-fence.h dma_fence_is_later "the order within a context is the same in every process" */
TEST(the_order_of_a_timeline_is_the_same_in_both_processes)
{
	struct dma_fence *a, *b;

	start_with_timeline();
	a = next_fence(&p, 0);
	b = next_fence(&p, 0);
	ck_assert(dma_fence_is_later(b, a));
	ck_assert(!dma_fence_is_later(a, b));
	ck_assert(!dma_fence_is_later(a, a));
	ck_assert_uint_eq(a->seqno, 1);
	ck_assert_uint_eq(b->seqno, 2);
	put_fences(a, b);
	puppet_end(&p);
}

/* spec: fence.md 2 driver and timeline names never NULL; share.h: reports name the process */
TEST(a_passed_fence_names_its_owner)
{
	struct dma_fence *f;
	char name[32];

	start_with_timeline();
	f = next_fence(&p, 0);
	snprintf(name, sizeof(name), "pid %d", p.pid);
	ck_assert_str_eq(f->ops->get_timeline_name(f), name);
	ck_assert_str_eq(f->ops->get_driver_name(f), "dmabuf-remote");
	dma_fence_put(f);
	puppet_end(&p);
}

/* --- waits --- */

/* spec: fence.md 4: a ready fence gives the timeout back, at least 1 */
TEST(a_wait_for_a_done_fence_does_not_sleep)
{
	struct dmabuf_share_stats stats;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 1000 * MS), 1000 * MS);
	dmabuf_share_get_stats(p.share, &stats);
	ck_assert_uint_eq(stats.waits_slept, 0);
	ck_assert_uint_eq(stats.waits_ready, 1);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 1);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 4 timeout 0 looks once */
TEST(a_wait_without_time_only_looks)
{
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 0);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 1);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 Sleeping */
TEST_EACH(a_sleeping_wait_ends_when_the_owner_advances, 0, 2)
{
	struct dmabuf_share_stats stats;
	struct dma_fence *f;
	signed long left;

	start_with_timeline();
	f = next_fence(&p, 0);
	tell(&p, far_advance_soon, 0, 1);
	left = dma_fence_wait_timeout(f, _i, SOON);
	ck_assert_int_eq(answer(&p), 0);
	ck_assert_int_gt(left, 0);
	ck_assert_int_le(left, SOON - 10 * MS);
	dmabuf_share_get_stats(p.share, &stats);
	ck_assert_uint_eq(stats.waits_slept, 1);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 4 MAX_SCHEDULE_TIMEOUT; dma_fence_wait() */
TEST(a_wait_without_limit_ends_with_the_fence)
{
	struct dma_fence *f, *g;
	int64_t start;

	start_with_timeline();
	f = next_fence(&p, 0);
	g = next_fence(&p, 0);
	tell(&p, far_advance_soon, 0, 1);
	start = now_ns();
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, MAX_SCHEDULE_TIMEOUT), MAX_SCHEDULE_TIMEOUT);
	ck_assert_int_lt(now_ns() - start, SOON);
	ck_assert_int_eq(answer(&p), 0);
	tell(&p, far_advance_soon, 0, 2);
	ck_assert_int_eq(dma_fence_wait(g, true), 0);
	ck_assert_int_eq(answer(&p), 0);
	put_fences(f, g);
	puppet_end(&p);
}

/* spec: fence.md 4: 0 when the time is over, not before */
TEST(a_wait_that_runs_out_of_time_returns_zero)
{
	struct dma_fence *f;
	int64_t start;

	start_with_timeline();
	f = next_fence(&p, 0);
	start = now_ns();
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 40 * MS), 0);
	ck_assert_int_ge(now_ns() - start, 40 * MS);
	ck_assert_int_lt(now_ns() - start, 40 * MS + SOON);
	ck_assert(!dma_fence_is_signaled(f));
	ask_ok(&p, far_advance, 0, 1);
	ck_assert_int_gt(dma_fence_wait_timeout(f, true, 40 * MS), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 4 intr: -ERESTARTSYS; design.md D3 */
TEST_EACH(a_signal_ends_an_interruptible_wait, 0, 2)
{
	struct dma_fence *f;
	struct pest pest;
	int64_t start;

	start_with_timeline();
	f = next_fence(&p, 0);
	catch_signals(_i ? SA_RESTART : 0);
	pest_start(&pest);
	start = now_ns();
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, MAX_SCHEDULE_TIMEOUT), -ERESTARTSYS);
	ck_assert_int_lt(now_ns() - start, SOON);
	pest_stop(&pest);
	ck_assert_int_gt(signals_caught(), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 4 intr: without it signals do not end the wait */
TEST(a_signal_does_not_end_an_uninterruptible_wait)
{
	struct dma_fence *f;
	struct pest pest;

	start_with_timeline();
	f = next_fence(&p, 0);
	catch_signals(0);
	pest_start(&pest);
	ck_assert_int_eq(dma_fence_wait_timeout(f, false, 50 * MS), 0);
	tell(&p, far_advance_soon, 0, 1);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	pest_stop(&pest);
	ck_assert_int_gt(signals_caught(), 2);
	ck_assert_int_eq(answer(&p), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

static long wait_soon(void *data)
{
	return dma_fence_wait_timeout(data, false, SOON);
}

/* spec: design-sharing.md 1 Sleeping: one word, any number of sleepers */
TEST(all_sleepers_of_a_connection_are_woken)
{
	struct actor actors[4];
	struct dma_fence *f[4];

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	for (int i = 0; i < 4; i++) {
		f[i] = next_fence(&p, i % 2);
		actor_start(&actors[i]);
		actor_go(&actors[i], wait_soon, f[i]);
	}
	sleep_ms(20);
	ask_ok(&p, far_advance, 0, 2);
	ask_ok(&p, far_advance, 1, 2);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(actor_result(&actors[i]), 0);
		actor_stop(&actors[i]);
		dma_fence_put(f[i]);
	}
	puppet_end(&p);
}

/* --- callbacks --- */

struct thread_cb {
	struct dma_fence_cb base;
	char thread[32];
	bool ran;	/* atomic */
};

static void note_thread(struct dma_fence *fence, struct dma_fence_cb *base)
{
	struct thread_cb *cb = (struct thread_cb *)base;

	(void)fence;
	pthread_getname_np(pthread_self(), cb->thread, sizeof(cb->thread));
	__atomic_store_n(&cb->ran, true, __ATOMIC_RELEASE);
}

/* spec: share.h dmabuf_share_connect "the service thread, which ... runs callbacks of their fences" */
TEST(a_callback_runs_on_the_service_thread)
{
	struct thread_cb cb = { .ran = false };
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(dma_fence_add_callback(f, &cb.base, note_thread), 0);
	sleep_ms(5);
	ck_assert(!__atomic_load_n(&cb.ran, __ATOMIC_ACQUIRE));
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(EVENTUALLY(__atomic_load_n(&cb.ran, __ATOMIC_ACQUIRE)));
	ck_assert_str_eq(cb.thread, "dmabuf-service");
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 3 add_callback: -ENOENT once signalled, remove says whether it was still there */
TEST(a_callback_runs_once_or_is_refused_or_is_removed)
{
	struct mock_cb early, late, removed;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(f, &early), 0);
	ck_assert_int_eq(mock_cb_add(f, &removed), 0);
	ck_assert(dma_fence_remove_callback(f, &removed.base));
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(EVENTUALLY(mock_cb_ran(&early)));
	ck_assert_int_eq(early.status, 1);
	ck_assert(!early.unlocked);
	ck_assert_int_eq(mock_cb_add(f, &late), -ENOENT);
	ck_assert(!dma_fence_remove_callback(f, &early.base));
	sleep_ms(5);
	ck_assert_uint_eq(mock_cb_ran(&early), 1);
	ck_assert_uint_eq(mock_cb_ran(&late), 0);
	ck_assert_uint_eq(mock_cb_ran(&removed), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: fence.md 3 add_callback "-ENOENT", also where nobody has looked yet */
TEST(a_callback_for_a_fence_that_is_done_unseen_is_refused)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ask_ok(&p, far_fail, 0, -EIO);
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h dmabuf_timeline_fail; fence.md 3.4 the error is there when the callback runs */
TEST(a_callback_sees_the_error)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	ask_ok(&p, far_fail, 0, -EIO);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	ck_assert_int_eq(cb.status, -EIO);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: design-sharing.md 1: more fences pending than a wake says; none is forgotten, none runs early */
TEST(callbacks_of_many_fences_run_as_their_owner_advances)
{
	struct mock_cb cbs[32];
	struct dma_fence *f[32];

	start_with_timeline();
	for (int i = 0; i < 32; i++) {
		f[i] = next_fence(&p, 0);
		ck_assert_int_eq(mock_cb_add(f[i], &cbs[i]), 0);
	}
	for (int i = 0; i < 32; i++) {
		ask_ok(&p, far_advance, 0, i + 1);
		ck_assert(EVENTUALLY(mock_cb_ran(&cbs[i])));
		ck_assert_uint_eq(cbs[i].order, i);
		if (i < 31)
			ck_assert_uint_eq(mock_cb_ran(&cbs[i + 1]), 0);
	}
	for (int i = 0; i < 32; i++)
		dma_fence_put(f[i]);
	puppet_end(&p);
}

/* spec: fence.md 3: a fence with callbacks pending is kept by whoever will call them */
TEST(a_callback_runs_though_the_last_reference_is_gone)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	dma_fence_put(f);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	puppet_end(&p);
}

/* --- times --- */

static long far_timestamp(long t, long unused)
{
	(void)unused;
	return dma_fence_timestamp(far_last[t]);
}

enum learnt { BY_WAIT, BY_SLEEP, BY_CALLBACK, BY_LOOKING };

/* spec: dma-fence.h dma_fence_timestamp "for a fence of another process, the time at which its owner signalled" */
TEST_EACH(the_time_of_a_fence_is_its_owners, BY_WAIT, BY_LOOKING + 1)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	if (_i == BY_CALLBACK)
		ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	tell(&p, far_advance_soon, 0, 1);
	if (_i == BY_SLEEP)
		ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	ck_assert_int_eq(answer(&p), 0);
	sleep_ms(2);
	if (_i == BY_WAIT)
		ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	if (_i == BY_CALLBACK)
		ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	if (_i == BY_LOOKING)
		ck_assert(dma_fence_is_signaled(f));
	ck_assert_int_eq(dma_fence_timestamp(f), ask(&p, far_timestamp, 0, 0));
	dma_fence_put(f);
	puppet_end(&p);
}

/* --- sync_file, reservations --- */

/* spec: design.md D8 sync_file; design-sharing.md 1 */
TEST(a_sync_file_of_a_passed_fence_polls_ready_when_it_is_done)
{
	struct dma_fence *f;
	struct sync_file *file;
	struct pollfd pfd = { .events = POLLIN };

	start_with_timeline();
	f = next_fence(&p, 0);
	file = sync_file_create(f);
	ck_assert_ptr_nonnull(file);
	pfd.fd = dmabuf_sync_file_install(file);
	ck_assert_int_eq(poll(&pfd, 1, 20), 0);
	tell(&p, far_advance_soon, 0, 1);
	ck_assert_int_eq(poll(&pfd, 1, SOON / MS), 1);
	ck_assert(pfd.revents & POLLIN);
	ck_assert_int_eq(answer(&p), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	close(pfd.fd);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: resv.md dma_resv_wait_timeout, dma_resv_test_signaled; design-sharing.md "a remote fence is a dma_fence" */
TEST(a_reservation_waits_for_a_passed_fence)
{
	struct dma_resv resv;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	dma_resv_init(&resv);
	resv_add(&resv, f, DMA_RESV_USAGE_WRITE);
	ck_assert(!dma_resv_test_signaled(&resv, DMA_RESV_USAGE_WRITE));
	ck_assert_int_eq(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_WRITE, true, 20 * MS), 0);
	tell(&p, far_advance_soon, 0, 1);
	ck_assert_int_gt(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_WRITE, true, SOON), 0);
	ck_assert_int_eq(answer(&p), 0);
	ck_assert(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_WRITE));
	dma_resv_fini(&resv);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: resv.md add_fence: a later fence of the same context takes the place of the earlier */
TEST(a_later_fence_of_the_same_timeline_replaces_the_earlier_in_a_reservation)
{
	struct dma_resv resv;
	struct dma_fence *a, *b, *other;

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	a = next_fence(&p, 0);
	b = next_fence(&p, 0);
	other = next_fence(&p, 1);
	dma_resv_init(&resv);
	resv_add(&resv, a, DMA_RESV_USAGE_READ);
	resv_add(&resv, other, DMA_RESV_USAGE_READ);
	resv_add(&resv, b, DMA_RESV_USAGE_READ);
	expect_resv(&resv, { b, DMA_RESV_USAGE_READ }, { other, DMA_RESV_USAGE_READ });
	dma_resv_fini(&resv);
	put_fences(a, b, other);
	puppet_end(&p);
}

/* spec: buf.md begin_cpu_access waits for the buffer's fences */
TEST(begin_cpu_access_waits_for_a_passed_fence)
{
	struct dma_buf *buf;
	struct dma_fence *f;
	int64_t start;

	start_with_timeline();
	buf = dma_heap_buffer_alloc(dma_heap_find("system"), 4096, O_RDWR, 0);
	expect_ptr(buf);
	f = next_fence(&p, 0);
	resv_add(buf->resv, f, DMA_RESV_USAGE_WRITE);
	start = now_ns();
	tell(&p, far_advance_soon, 0, 1);
	ck_assert_int_eq(dma_buf_begin_cpu_access(buf, DMA_FROM_DEVICE), 0);
	ck_assert_int_ge(now_ns() - start, 20 * MS);
	ck_assert_int_lt(now_ns() - start, SOON);
	ck_assert(dma_fence_is_signaled(f));
	ck_assert_int_eq(dma_buf_end_cpu_access(buf, DMA_FROM_DEVICE), 0);
	ck_assert_int_eq(answer(&p), 0);
	dma_buf_put(buf);
	dma_fence_put(f);
	puppet_end(&p);
}

/* --- after the connection --- */

/* spec: share.h dmabuf_share_close "buffers and fences that came through it live on" */
TEST(a_fence_outlives_the_receivers_end_of_the_connection)
{
	struct mock_cb cb;
	struct dma_fence *f, *g;

	start_with_timeline();
	f = next_fence(&p, 0);
	g = next_fence(&p, 0);
	dmabuf_share_close(p.share);
	p.share = NULL;
	ck_assert(!dma_fence_is_signaled(f));
	ck_assert_int_eq(mock_cb_add(g, &cb), 0);
	tell(&p, far_advance_soon, 0, 2);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	ck_assert_int_eq(answer(&p), 0);
	put_fences(f, g);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_close "fences passed before go on signalling": a sleeper is woken */
TEST(a_sleeper_is_woken_though_the_owner_closed_the_connection)
{
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ask_ok(&p, far_close, 0, 0);
	tell(&p, far_advance_soon, 0, 1);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, SOON), 0);
	ck_assert_int_eq(answer(&p), 0);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_close "fences passed before go on signalling": a callback runs */
TEST(a_callback_runs_though_the_owner_closed_the_connection)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	ask_ok(&p, far_close, 0, 0);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	dma_fence_put(f);
	puppet_end(&p);
}
