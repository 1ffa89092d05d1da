/* SPDX-License-Identifier: MIT */
/* A fork of a process that shares: the child reads, its parent goes on, and neither ends what is the other's. */
#include <signal.h>
#include <sys/socket.h>

#include <dmabuf/dma-heap.h>

#include "mock-fence.h"
#include "puppet.h"
#include "threads.h"

static struct puppet p;
static struct dmabuf_timeline *timeline;
static struct dma_fence *first, *second;

/* This process owns a timeline, whose two fences the puppet has; the second one as far_got. */
static void start_owner(void)
{
	puppet_start(&p);
	timeline = dmabuf_timeline_create("parent");
	expect_ptr(timeline);
	first = dmabuf_timeline_fence(timeline);
	second = dmabuf_timeline_fence(timeline);
	ck_assert_int_eq(send_fence(p.share, first), 0);
	ask_ok(&p, far_fence_receive, 0, 0);
	ask_ok(&p, far_fence_put, 0, 0);
	ck_assert_int_eq(send_fence(p.share, second), 0);
	ask_ok(&p, far_fence_receive, 0, 0);
}

static void end_owner(void)
{
	put_fences(first, second);
	dmabuf_timeline_destroy(timeline);
	puppet_end(&p);
}

/* --- what a child may do --- */

static int change_it(void *unused)
{
	struct dma_fence *fence = dmabuf_timeline_fence(timeline);

	(void)unused;
	if (!dmabuf_is_err(fence) || dmabuf_ptr_err(fence) != -EPERM)
		return 1;
	if (dmabuf_timeline_advance(timeline, 1) != -EPERM)
		return 2;
	if (dmabuf_timeline_fail(timeline, -EIO) != -EPERM)
		return 3;
	return 0;
}

/* spec: share.h "-EPERM: this is a fork's child"; design-sharing.md 1 "a forked child is an importer" */
TEST(a_child_cannot_change_its_parents_timeline)
{
	start_owner();
	ck_assert_int_eq(run_in_child(change_it, NULL), 0);
	ck_assert_int_eq(dma_fence_get_status(first), 0);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_eq(dma_fence_get_status(first), 1);
	end_owner();
}

static int parent_has_advanced(void *unused)
{
	(void)unused;
	if (dma_fence_is_signaled(second))
		return 1;
	if (!EVENTUALLY(dma_fence_is_signaled(first)))
		return 2;
	if (dma_fence_get_status(first) != 1 || dma_fence_get_status(second) != 0)
		return 3;
	if (!EVENTUALLY(dma_fence_is_signaled(second)))
		return 4;
	return dma_fence_get_status(second) == -EIO ? 0 : 5;
}

/* spec: design-sharing.md 1 "two mappings at the owner (read-only inherited over fork ...)" */
TEST(a_child_sees_its_parents_progress)
{
	pid_t child;

	start_owner();
	child = child_start(parent_has_advanced, NULL);
	sleep_ms(10);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	sleep_ms(10);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), 0);
	ck_assert_int_eq(child_end(child), 0);
	end_owner();
}

static int wait_for_parent(void *unused)
{
	(void)unused;
	if (dma_fence_wait_timeout(second, false, 5 * MS) != 0)
		return 1;
	if (dma_fence_wait_timeout(first, false, 2000 * MS) <= 0 || dma_fence_get_status(first) != 1)
		return 2;
	return dma_fence_wait(second, false) == 0 && dma_fence_get_status(second) == -EIO ? 0 : 3;
}

/* spec: design-sharing.md 1 "a forked child is an importer of its parent's board": it may wait, too */
TEST(a_child_can_wait_for_its_parents_timeline)
{
	pid_t child;

	start_owner();
	child = child_start(wait_for_parent, NULL);
	sleep_ms(30);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	sleep_ms(10);
	ck_assert_int_eq(dmabuf_timeline_fail(timeline, -EIO), 0);
	ck_assert_int_eq(child_end(child), 0);
	end_owner();
}

static int end_everything(void *unused)
{
	(void)unused;
	put_fences(first, second);
	dmabuf_timeline_destroy(timeline);
	dmabuf_share_close(p.share);
	return 0;
}

static int leave_by_exit(void *unused)
{
	(void)unused;
	exit(0);
}

static int be_killed(void *unused)
{
	(void)unused;
	raise(SIGKILL);
	return 1;
}

static int (*const ends[])(void *) = { end_everything, leave_by_exit, be_killed };

/* spec: design-sharing.md 1 fork; 3 "owner death is the pidfd": of the owner, not of its child */
TEST_EACH(the_end_of_a_child_does_not_touch_its_parents_fences, 0, 3)
{
	start_owner();
	run_in_child(ends[_i], NULL);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 0);
	tell(&p, far_fence_wait, 300 * MS, 0);
	sleep_ms(20);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 2), 0);
	ck_assert_int_gt(answer(&p), 0);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 1);
	end_owner();
}

static int own_timeline(void *unused)
{
	struct dmabuf_timeline *own = dmabuf_timeline_create("child");
	struct dma_fence *fence;
	int ret;

	(void)unused;
	if (dmabuf_is_err(own))
		return 1;
	fence = dmabuf_timeline_fence(own);
	if (dmabuf_is_err(fence) || dma_fence_is_signaled(fence))
		return 2;
	ret = dmabuf_timeline_advance(own, 1);
	if (ret < 0 || dma_fence_get_status(fence) != 1)
		return 3;
	/* The parent's stay as they are: the child has a board of its own. */
	if (dma_fence_get_status(first) != 0)
		return 4;
	dma_fence_put(fence);
	dmabuf_timeline_destroy(own);
	return 0;
}

/* spec: design-sharing.md 1 "one memfd per process" */
TEST(a_child_may_have_timelines_of_its_own)
{
	start_owner();
	ck_assert_int_eq(run_in_child(own_timeline, NULL), 0);
	ck_assert_int_eq(dma_fence_get_status(first), 0);
	ck_assert_int_eq(ask(&p, far_fence_status, 0, 0), 0);
	end_owner();
}

static int send_own_fence(void *unused)
{
	struct dmabuf_timeline *own = dmabuf_timeline_create("child");
	struct dma_fence *fence = dmabuf_timeline_fence(own);

	(void)unused;
	return send_fence(p.share, fence) < 0 ? 0 : 1;
}

/* spec: design-sharing.md 1 "one memfd per process": on the parent's connection the number would mean another slot */
TEST(a_childs_fence_is_not_sent_by_its_parents_connection)
{
	start_owner();
	ck_assert_int_eq(run_in_child(send_own_fence, NULL), 0);
	end_owner();
}

/* --- the side that waits --- */

static struct dma_fence *theirs;

static int wait_as_a_child(void *unused)
{
	(void)unused;
	return dma_fence_wait_timeout(theirs, false, 300 * MS) > 0 && dma_fence_get_status(theirs) == 1 ? 0 : 1;
}

/* spec: design-sharing.md 1: a fence of another process is read from shared memory, in a child as well */
TEST(a_child_can_wait_for_its_parents_passed_fence)
{
	pid_t child;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	theirs = next_fence(&p, 0);
	child = child_start(wait_as_a_child, NULL);
	sleep_ms(30);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert_int_eq(child_end(child), 0);
	ck_assert(dma_fence_is_signaled(theirs));
	dma_fence_put(theirs);
	puppet_end(&p);
}

static int wait_for_the_dead(void *unused)
{
	(void)unused;
	return dma_fence_wait(theirs, false) == 0 && dma_fence_get_status(theirs) == -EOWNERDEAD ? 0 : 1;
}

/* spec: design-sharing.md 3: the owner's death reaches a child that has no service thread to tell it */
TEST(a_child_learns_that_the_owner_died)
{
	pid_t child;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	theirs = next_fence(&p, 0);
	child = child_start(wait_for_the_dead, NULL);
	sleep_ms(30);
	puppet_kill(&p);
	ck_assert_int_eq(child_end(child), 0);
	dma_fence_put(theirs);
	puppet_end(&p);
}

static int nothing(void *unused)
{
	(void)unused;
	return 0;
}

/* spec: share.h service thread; design.md D8 "after fork the child closes": the parent's thread goes on */
TEST(callbacks_of_the_parent_run_after_a_child_came_and_went)
{
	struct mock_cb cb;

	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	theirs = next_fence(&p, 0);
	ck_assert_int_eq(mock_cb_add(theirs, &cb), 0);
	ck_assert_int_eq(run_in_child(nothing, NULL), 0);
	ask_ok(&p, far_advance, 0, 1);
	ck_assert(EVENTUALLY(mock_cb_ran(&cb)));
	dma_fence_put(theirs);
	puppet_end(&p);
}

static int connect_as_a_child(void *data)
{
	int sock = *(int *)data;
	struct dmabuf_share *share = dmabuf_share_connect(sock, 2000 * MS);
	struct dma_fence *fence = NULL;
	struct mock_cb cb;

	if (dmabuf_is_err(share))
		return 1;
	if (share_receive(share, NULL, &fence, 2000 * MS) < 0)
		return 2;
	if (mock_cb_add(fence, &cb) < 0 || send_fence(share, dma_fence_get_stub()) < 0)
		return 3;
	if (!EVENTUALLY(mock_cb_ran(&cb)))
		return 4;
	dmabuf_share_close(share);
	return 0;
}

/* spec: share.h dmabuf_share_connect "the first connection starts the process's service thread": in a child too */
TEST(a_child_can_connect_for_itself)
{
	struct dmabuf_share *share;
	struct dma_fence *fence = NULL;
	int socks[2];
	pid_t child;

	start_owner();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	child = child_start(connect_as_a_child, &socks[1]);
	close(socks[1]);
	share = dmabuf_share_connect(socks[0], 2000 * MS);
	expect_ptr(share);
	ck_assert_int_eq(send_fence(share, first), 0);
	ck_assert_int_eq(share_receive(share, NULL, &fence, 2000 * MS), 0);
	ck_assert(dma_fence_is_signaled(fence));
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, 1), 0);
	ck_assert_int_eq(child_end(child), 0);
	dma_fence_put(fence);
	dmabuf_share_close(share);
	end_owner();
}
