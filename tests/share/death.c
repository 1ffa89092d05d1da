/* SPDX-License-Identifier: MIT */
/* kill -9 of the owner of a fence: whatever waits ends with -EOWNERDEAD, and what was published before counts. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <dmabuf/dma-resv.h>
#include <dmabuf/sync-file.h>

#include "mock-fence.h"
#include "puppet.h"
#include "resv.h"
#include "threads.h"

#define IN_TIME (1000 * MS)

static struct puppet p;

static void start_with_timeline(void)
{
	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
}

static void kill_owner(void *unused)
{
	(void)unused;
	kill(p.pid, SIGKILL);
}

static bool is_owner_dead(struct dma_fence *fence)
{
	return dma_fence_get_status(fence) == -EOWNERDEAD;
}

/* --- what waits --- */

/* spec: design-sharing.md 3 owner of a timeline: "-EOWNERDEAD in every process that holds them; waiters wake" */
TEST(a_sleeping_wait_ends_with_the_owner)
{
	struct dma_fence *f;
	struct later death;

	start_with_timeline();
	f = next_fence(&p, 0);
	later_start(&death, 30, kill_owner, NULL);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, IN_TIME), 0);
	ck_assert_int_eq(dma_fence_get_status(f), -EOWNERDEAD);
	ck_assert_int_eq(f->error, -EOWNERDEAD);
	later_join(&death);
	puppet_kill(&p);
	dma_fence_put(f);
	puppet_end(&p);
}

static long wait_in_time(void *data)
{
	return dma_fence_wait_timeout(data, false, IN_TIME);
}

/* spec: design-sharing.md 3: all of them, on whichever timeline */
TEST(all_sleepers_wake_when_the_owner_dies)
{
	struct actor actors[4];
	struct dma_fence *f[4];

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	for (int i = 0; i < 4; i++) {
		f[i] = next_fence(&p, i % 2);
		actor_start(&actors[i]);
		actor_go(&actors[i], wait_in_time, f[i]);
	}
	sleep_ms(20);
	puppet_kill(&p);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(actor_result(&actors[i]), 0);
		actor_stop(&actors[i]);
		ck_assert(is_owner_dead(f[i]));
		dma_fence_put(f[i]);
	}
	puppet_end(&p);
}

/* spec: design-sharing.md 3; fence.md 3 callbacks see the error */
TEST(pending_callbacks_run_when_the_owner_dies)
{
	struct mock_cb cbs[8];
	struct dma_fence *f[8];
	int64_t start;

	start_with_timeline();
	for (int i = 0; i < 8; i++) {
		f[i] = next_fence(&p, 0);
		ck_assert_int_eq(mock_cb_add(f[i], &cbs[i]), 0);
	}
	start = now_ns();
	puppet_kill(&p);
	for (int i = 0; i < 8; i++) {
		ck_assert(EVENTUALLY(mock_cb_ran(&cbs[i])));
		ck_assert_int_eq(cbs[i].status, -EOWNERDEAD);
		dma_fence_put(f[i]);
	}
	ck_assert_int_lt(now_ns() - start, IN_TIME);
	puppet_end(&p);
}

/* spec: design-sharing.md 3; design.md D8: the reader of a sync_file learns of it */
TEST(a_polled_sync_file_is_ready_when_the_owner_dies)
{
	struct pollfd pfd = { .events = POLLIN };
	struct dma_fence *f;
	struct later death;

	start_with_timeline();
	f = next_fence(&p, 0);
	pfd.fd = dmabuf_sync_file_install(sync_file_create(f));
	later_start(&death, 30, kill_owner, NULL);
	ck_assert_int_eq(poll(&pfd, 1, IN_TIME / MS), 1);
	ck_assert(pfd.revents & POLLIN);
	ck_assert_int_eq(dma_fence_get_status(f), -EOWNERDEAD);
	later_join(&death);
	puppet_kill(&p);
	close(pfd.fd);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: design-sharing.md 3; resv.md wait */
TEST(a_reservation_is_free_of_a_dead_owners_fence)
{
	struct dma_resv resv;
	struct dma_fence *f;
	struct later death;

	start_with_timeline();
	f = next_fence(&p, 0);
	dma_resv_init(&resv);
	resv_add(&resv, f, DMA_RESV_USAGE_WRITE);
	later_start(&death, 20, kill_owner, NULL);
	ck_assert_int_gt(dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, true, IN_TIME), 0);
	ck_assert(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_READ));
	later_join(&death);
	puppet_kill(&p);
	dma_resv_fini(&resv);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h "everything it still owed ends with -EOWNERDEAD", also for those who only look */
TEST(looking_at_a_fence_tells_that_the_owner_is_dead)
{
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	puppet_kill(&p);
	ck_assert(EVENTUALLY(dma_fence_is_signaled(f)));
	ck_assert_int_eq(dma_fence_get_status(f), -EOWNERDEAD);
	ck_assert_int_eq(dma_fence_wait_timeout(f, true, 0), 1);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h add_callback after the end */
TEST(a_callback_for_a_dead_owners_fence_is_refused)
{
	struct mock_cb cb;
	struct dma_fence *f, *g;

	start_with_timeline();
	f = next_fence(&p, 0);
	g = next_fence(&p, 0);
	puppet_kill(&p);
	ck_assert(EVENTUALLY(is_owner_dead(g)));
	ck_assert_int_eq(mock_cb_add(f, &cb), -ENOENT);
	ck_assert_int_eq(f->error, -EOWNERDEAD);
	put_fences(f, g);
	puppet_end(&p);
}

/* --- what was published before --- */

/* spec: remote fences "what the owner managed to publish counts"; design-sharing.md 3 "its unsignalled fences" */
TEST(what_was_done_before_the_death_is_done)
{
	struct dma_fence *f[5];

	start_with_timeline();
	for (int i = 0; i < 5; i++)
		f[i] = next_fence(&p, 0);
	ask_ok(&p, far_advance, 0, 3);
	puppet_kill(&p);
	ck_assert(EVENTUALLY(is_owner_dead(f[4])));
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(dma_fence_get_status(f[i]), i < 3 ? 1 : -EOWNERDEAD);
		dma_fence_put(f[i]);
	}
	puppet_end(&p);
}

/* spec: design-sharing.md 3: an error that was published stays what it is */
TEST(what_failed_before_the_death_keeps_its_error)
{
	struct dma_fence *f, *owed;

	start_with_timeline();
	ask_ok(&p, far_create, 1, 0);
	f = next_fence(&p, 0);
	owed = next_fence(&p, 1);
	ask_ok(&p, far_fail, 0, -EIO);
	puppet_kill(&p);
	ck_assert(EVENTUALLY(is_owner_dead(owed)));
	ck_assert_int_eq(dma_fence_get_status(f), -EIO);
	put_fences(f, owed);
	puppet_end(&p);
}

static long far_exit(long code, long unused)
{
	(void)unused;
	exit((int)code);
}

/* spec: design-sharing.md 3: an end is an end; a process that exits owes what it owed */
TEST(an_owner_that_just_exits_is_dead_too)
{
	struct mock_cb cb;
	struct dma_fence *f;

	start_with_timeline();
	f = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(f, &cb), 0);
	tell(&p, far_exit, 0, 0);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	ck_assert_int_eq(cb.status, -EOWNERDEAD);
	puppet_kill(&p);
	dma_fence_put(f);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_close, and design-sharing.md 3: the death is noticed without a connection */
TEST_EACH(a_death_after_the_connection_was_closed_is_noticed, 0, 2)
{
	struct dma_fence *f, *g;
	struct mock_cb cb;

	start_with_timeline();
	f = next_fence(&p, 0);
	g = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(g, &cb), 0);
	if (_i) {
		ask_ok(&p, far_close, 0, 0);
	} else {
		dmabuf_share_close(p.share);
		p.share = NULL;
	}
	puppet_kill(&p);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, IN_TIME), 0);
	ck_assert(is_owner_dead(f));
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	put_fences(f, g);
	puppet_end(&p);
}

static long far_fork_idle(long unused, long unused2)
{
	pid_t pid = fork();

	(void)unused;
	(void)unused2;
	if (pid == 0) {
		sleep_ms(10000);
		_exit(0);
	}
	return pid;
}

/* spec: design-sharing.md 3 "owner death is the pidfd": a child that lives on, with all files, does not hide it */
TEST(a_child_of_the_owner_does_not_keep_its_fences_alive)
{
	struct dma_fence *f;
	long child;

	start_with_timeline();
	f = next_fence(&p, 0);
	child = ask(&p, far_fork_idle, 0, 0);
	ck_assert_int_gt(child, 0);
	puppet_kill(&p);
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, IN_TIME), 0);
	ck_assert(is_owner_dead(f));
	kill((pid_t)child, SIGKILL);
	dma_fence_put(f);
	puppet_end(&p);
}

/* --- others --- */

/* spec: design-sharing.md 3: one process's death is nothing to another's fences */
TEST(the_death_of_one_owner_leaves_the_others_fences_alone)
{
	struct puppet two[2];
	struct dma_fence *a, *b;

	puppets_start(two, 2);
	ask_ok(&two[0], far_create, 0, 0);
	ask_ok(&two[1], far_create, 0, 0);
	a = next_fence(&two[0], 0);
	b = next_fence(&two[1], 0);
	puppet_kill(&two[0]);
	ck_assert(EVENTUALLY(is_owner_dead(a)));
	ck_assert(!dma_fence_is_signaled(b));
	ask_ok(&two[1], far_advance, 0, 1);
	ck_assert_int_eq(dma_fence_get_status(b), 1);
	put_fences(a, b);
	puppets_end(two, 2);
}

/* spec: design-sharing.md 3 importer dies; "delay us beyond a bound" */
TEST(the_owner_goes_on_when_the_receiver_dies)
{
	struct dmabuf_timeline *mine;
	struct dma_fence *f;

	puppet_start(&p);
	mine = dmabuf_timeline_create("near");
	expect_ptr(mine);
	f = dmabuf_timeline_fence(mine);
	expect_ptr(f);
	ck_assert_int_eq(send_fence(p.share, f), 0);
	ask_ok(&p, far_fence_receive, 0, 0);
	tell(&p, far_fence_wait, MAX_SCHEDULE_TIMEOUT, 0);
	sleep_ms(20);
	puppet_kill(&p);
	ck_assert_int_eq(dmabuf_timeline_advance(mine, 1), 0);
	ck_assert_int_eq(dma_fence_get_status(f), 1);
	dma_fence_put(f);
	f = dmabuf_timeline_fence(mine);
	expect_ptr(f);
	ck_assert_int_eq(send_fence(p.share, f), -EPIPE);
	ck_assert_int_eq(dmabuf_timeline_advance(mine, 2), 0);
	dma_fence_put(f);
	dmabuf_timeline_destroy(mine);
	puppet_end(&p);
}

/* --- at any step --- */

/* Issue, pass and advance as fast as it goes. */
static long far_work_for_ever(long unused, long unused2)
{
	(void)unused;
	for (;;) {
		long seqno = far_issue(0, unused2);

		if (seqno < 0)
			return seqno;
		send_fence(far_share(), far_last[0]);
		far_advance(0, seqno - 1);
	}
}

/* spec: style.md 6 "share/: kill -9 at each step" */
TEST_EACH(a_kill_at_any_moment_leaves_no_fence_pending, 0, 30)
{
	struct dma_fence *f[256];
	struct mock_cb cbs[256];
	struct later death;
	struct dice dice;
	int num = 0;

	dice_init(&dice, (unsigned int)_i);
	start_with_timeline();
	tell(&p, far_work_for_ever, 0, 0);
	later_start(&death, (int)dice_below(&dice, 6), kill_owner, NULL);
	while (num < 256 && share_receive(p.share, NULL, &f[num], 100 * MS) == 0) {
		if (mock_cb_add(f[num], &cbs[num]) < 0)
			__atomic_store_n(&cbs[num].ran, 1, __ATOMIC_RELAXED);
		num++;
	}
	later_join(&death);
	puppet_kill(&p);
	for (int i = 0; i < num; i++) {
		ck_assert_int_gt(dma_fence_wait_timeout(f[i], false, IN_TIME), 0);
		ck_assert(EVENTUALLY(mock_cb_ran(&cbs[i])));
		/* Done, then dead, in the order of their numbers. */
		if (dma_fence_get_status(f[i]) != 1)
			ck_assert_int_eq(dma_fence_get_status(f[i]), -EOWNERDEAD);
		if (i && dma_fence_get_status(f[i]) == 1)
			ck_assert_int_eq(dma_fence_get_status(f[i - 1]), 1);
	}
	for (int i = 0; i < num; i++)
		dma_fence_put(f[i]);
	puppet_end(&p);
}

static long far_connect_for_ever(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	dmabuf_share_connect(far_sock, 1000 * MS);
	sleep_ms(1000);
	return 0;
}

/* spec: share.h dmabuf_share_connect "-ECONNRESET it went away", or the connection stands and then ends */
TEST_EACH(a_kill_during_the_handshake_is_survived, 0, 20)
{
	struct dmabuf_share *share;
	struct later death;
	int socks[2];

	puppet_start(&p);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	puppet_give_socket(&p, socks[1]);
	close(socks[1]);
	tell(&p, far_connect_for_ever, 0, 0);
	later_start(&death, _i / 10, kill_owner, NULL);
	share = dmabuf_share_connect(socks[0], IN_TIME);
	if (dmabuf_is_err(share)) {
		ck_assert_int_eq(dmabuf_ptr_err(share), -ECONNRESET);
		close(socks[0]);
	} else {
		struct dmabuf_share_msg msg = { .size = 0 };

		ck_assert_int_eq(dmabuf_share_recv(share, &msg, IN_TIME), -ECONNRESET);
		dmabuf_share_close(share);
	}
	later_join(&death);
	puppet_kill(&p);
	puppet_end(&p);
}
