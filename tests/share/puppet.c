/* SPDX-License-Identifier: MIT */
/* The second process of tests/share/puppet.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <dmabuf/dma-heap.h>
#include <dmabuf/sync-file.h>

#include "puppet.h"

#define ANSWER_MS 20000
#define CONNECT_NS (10000 * MS)
#define MAX_SHARES 8

struct dmabuf_timeline *far_timelines[FAR_TIMELINES];
struct dma_fence *far_last[FAR_TIMELINES];
struct dma_buf *far_buf;
struct dma_fence *far_got;
int far_sock = -1;

static struct dmabuf_share *far_shares[MAX_SHARES];
static unsigned int num_far_shares;
static int far_control;

struct request {
	far_fn fn;
	long a, b;
};

/* --- asking --- */

void tell(struct puppet *p, far_fn fn, long a, long b)
{
	struct request request = { fn, a, b };

	ck_assert_int_eq(send(p->control, &request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
}

long answer(struct puppet *p)
{
	struct pollfd pfd = { .fd = p->control, .events = POLLIN };
	long result;

	ck_assert_msg(poll(&pfd, 1, ANSWER_MS) == 1, "the puppet does not answer");
	ck_assert_msg(recv(p->control, &result, sizeof(result), 0) == sizeof(result), "the puppet is gone");
	return result;
}

static void obey(int control)
{
	struct request request;

	far_control = control;
	while (recv(control, &request, sizeof(request), 0) == sizeof(request)) {
		long result = request.fn(request.a, request.b);

		if (send(control, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* --- life --- */

static void fork_puppet(struct puppet *puppets, unsigned int self)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	memset(&puppets[self], 0, sizeof(puppets[self]));
	puppets[self].control = ends[0];
	puppets[self].pid = fork();
	ck_assert_int_ge(puppets[self].pid, 0);
	if (puppets[self].pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned int i = 0; i <= self; i++)
			close(puppets[i].control);
		obey(ends[1]);
	}
	close(ends[1]);
}

static long far_connect(long unused, long unused2)
{
	int sock = recv_fd(far_control);
	struct dmabuf_share *share = dmabuf_share_connect(sock, CONNECT_NS);

	(void)unused;
	(void)unused2;
	if (dmabuf_is_err(share)) {
		close(sock);
		return dmabuf_ptr_err(share);
	}
	far_shares[num_far_shares++] = share;
	return 0;
}

struct dmabuf_share *puppet_connect(struct puppet *p)
{
	struct dmabuf_share *share;
	int socks[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	tell(p, far_connect, 0, 0);
	send_fd(p->control, socks[1]);
	close(socks[1]);
	share = dmabuf_share_connect(socks[0], CONNECT_NS);
	expect_ptr(share);
	ck_assert_int_eq(answer(p), 0);
	return share;
}

static long far_take_socket(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	far_sock = recv_fd(far_control);
	return 0;
}

void puppet_give_socket(struct puppet *p, int sock)
{
	tell(p, far_take_socket, 0, 0);
	send_fd(p->control, sock);
	ck_assert_int_eq(answer(p), 0);
}

/* Make what a process makes once: board, inotify, epoll, RCU's thread, the pipe behind sync files. */
static long use_everything_once(long unused, long unused2)
{
	struct dma_fence *stub = dma_fence_get_stub();
	struct sync_file *file = sync_file_create(stub);
	struct dma_buf *buf = dma_heap_buffer_alloc(dma_heap_find("system"), 4096, O_RDWR, 0);

	(void)unused;
	(void)unused2;
	dma_fence_put(stub);
	if (!file || dmabuf_is_err(buf))
		return -1;
	close(dmabuf_sync_file_install(file));
	close(dma_buf_fd(buf, O_CLOEXEC));
	while (dmabuf_buf_reap())
		;
	return 0;
}

static int fds_here(void)
{
	dmabuf_buf_reap();
	dmabuf_barrier();
	return count_fds();
}

/* A connection and a fence, gone again. */
static void warm_up(struct puppet *p)
{
	struct dma_fence *fence;

	ask_ok(p, use_everything_once, 0, 0);
	p->share = puppet_connect(p);
	ask_ok(p, far_create, 0, 0);
	fence = next_fence(p, 0);
	ask_ok(p, far_advance, 0, 1);
	ck_assert_int_eq(dma_fence_wait(fence, false), 0);
	dma_fence_put(fence);
	ask_ok(p, far_destroy, 0, 0);
	ask_ok(p, far_forget, 0, 0);
	ask_ok(p, far_close, 0, 0);
	dmabuf_share_close(p->share);
}

/* The count once it stays: a connection's last files go with the service thread's last look at it. */
static int settled_here(void)
{
	int count = fds_here(), before;

	do {
		before = count;
		sleep_ms(3);
		count = fds_here();
	} while (count != before);
	return count;
}

static long settled_there(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return settled_here();
}

long far_fds(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return fds_here();
}

void puppets_start(struct puppet *puppets, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		fork_puppet(puppets, i);
	ck_assert_int_eq(use_everything_once(0, 0), 0);
	for (unsigned int i = 0; i < num; i++)
		warm_up(&puppets[i]);
	for (unsigned int i = 0; i < num; i++) {
		puppets[i].fds_here = settled_here();
		puppets[i].fds_there = (int)ask(&puppets[i], settled_there, 0, 0);
	}
	for (unsigned int i = 0; i < num; i++)
		puppets[i].share = puppet_connect(&puppets[i]);
}

/* Everything the puppet keeps. */
static long far_drop_all(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	while (num_far_shares)
		far_close(0, 0);
	for (long t = 0; t < FAR_TIMELINES; t++) {
		far_destroy(t, 0);
		far_forget(t, 0);
	}
	far_fence_put(0, 0);
	far_buf_put(0, 0);
	if (far_sock >= 0)
		close(far_sock);
	far_sock = -1;
	return 0;
}

static void end_there(struct puppet *p)
{
	int count = 0, status;

	ask_ok(p, far_drop_all, 0, 0);
	ck_assert_msg(EVENTUALLY((count = (int)ask(p, far_fds, 0, 0)) <= p->fds_there),
		      "the puppet had %d files open before the test and has %d now", p->fds_there, count);
	/* It leaves when nobody can ask any more. */
	close(p->control);
	p->control = -1;
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "the puppet ended with status 0x%x", (unsigned int)status);
}

void puppets_end(struct puppet *puppets, unsigned int num)
{
	int count = 0, expected = puppets[0].fds_here;

	for (unsigned int i = 0; i < num; i++) {
		dmabuf_share_close(puppets[i].share);
		if (puppets[i].pid)
			end_there(&puppets[i]);
		else
			close(puppets[i].control);
	}
	expected -= (int)num; /* the controls */
	ck_assert_msg(EVENTUALLY((count = fds_here()) <= expected),
		      "%d files were open before the test, %d are now", expected, count);
}

void puppet_kill(struct puppet *p)
{
	kill(p->pid, SIGKILL);
	ck_assert_int_eq(waitpid(p->pid, NULL, 0), p->pid);
	p->pid = 0;
}

/* --- there --- */

struct dmabuf_share *far_share(void)
{
	return far_shares[num_far_shares - 1];
}

long far_nothing(long a, long b)
{
	(void)a;
	(void)b;
	return 0;
}

long far_create(long t, long unused)
{
	struct dmabuf_timeline *timeline = dmabuf_timeline_create("far");

	(void)unused;
	if (dmabuf_is_err(timeline))
		return dmabuf_ptr_err(timeline);
	far_timelines[t] = timeline;
	return 0;
}

long far_issue(long t, long unused)
{
	struct dma_fence *fence = dmabuf_timeline_fence(far_timelines[t]);

	(void)unused;
	if (dmabuf_is_err(fence))
		return dmabuf_ptr_err(fence);
	dma_fence_put(far_last[t]);
	far_last[t] = fence;
	dma_fence_enable_sw_signaling(fence);
	return (long)fence->seqno;
}

long far_send_last(long t, long unused)
{
	(void)unused;
	return send_fence(far_share(), far_last[t]);
}

long far_pass(long t, long unused)
{
	long seqno = far_issue(t, unused), ret = seqno < 0 ? seqno : far_send_last(t, unused);

	return ret < 0 ? ret : seqno;
}

long far_advance(long t, long seqno)
{
	return dmabuf_timeline_advance(far_timelines[t], (uint64_t)seqno);
}

long far_advance_soon(long t, long seqno)
{
	sleep_ms(30);
	return far_advance(t, seqno);
}

long far_fail(long t, long error)
{
	return dmabuf_timeline_fail(far_timelines[t], (int)error);
}

long far_destroy(long t, long unused)
{
	(void)unused;
	dmabuf_timeline_destroy(far_timelines[t]);
	far_timelines[t] = NULL;
	return 0;
}

long far_forget(long t, long unused)
{
	(void)unused;
	dma_fence_put(far_last[t]);
	far_last[t] = NULL;
	return 0;
}

long far_close(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	dmabuf_share_close(far_shares[--num_far_shares]);
	return 0;
}

long far_buf_alloc(long size, long flags)
{
	struct dma_buf *buf = dma_heap_buffer_alloc(dma_heap_find("system"), (size_t)size, (uint32_t)flags, 0);

	if (dmabuf_is_err(buf))
		return dmabuf_ptr_err(buf);
	far_buf = buf;
	return 0;
}

long far_buf_receive(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return share_receive(far_share(), &far_buf, NULL, 2000 * MS);
}

long far_buf_send(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return send_buf(far_share(), far_buf);
}

long far_buf_put(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	if (far_buf)
		dma_buf_put(far_buf);
	far_buf = NULL;
	return 0;
}

long far_buf_poke(long offset, long value)
{
	return buf_poke(far_buf, (size_t)offset, (uint64_t)value);
}

long far_buf_peek(long offset, long unused)
{
	(void)unused;
	return (long)buf_peek(far_buf, (size_t)offset);
}

long far_fence_receive(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return share_receive(far_share(), NULL, &far_got, 2000 * MS);
}

long far_fence_status(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	return dma_fence_get_status(far_got);
}

long far_fence_wait(long timeout, long unused)
{
	(void)unused;
	return dma_fence_wait_timeout(far_got, false, timeout);
}

long far_fence_put(long unused, long unused2)
{
	(void)unused;
	(void)unused2;
	dma_fence_put(far_got);
	far_got = NULL;
	return 0;
}

/* --- both sides --- */

int share_receive(struct dmabuf_share *share, struct dma_buf **buf, struct dma_fence **fence, signed long timeout)
{
	struct dmabuf_share_msg msg = { .bufs = buf, .num_bufs = buf ? 1 : 0, .fences = fence, .num_fences = fence ? 1 : 0 };
	int ret = dmabuf_share_recv(share, &msg, timeout);

	if (ret == 0 && ((buf && !msg.num_bufs) || (fence && !msg.num_fences)))
		return -ENODATA;
	return ret;
}

int send_fence(struct dmabuf_share *share, struct dma_fence *fence)
{
	struct dmabuf_share_msg msg = { .fences = &fence, .num_fences = 1 };

	return dmabuf_share_send(share, &msg, 2000 * MS);
}

int send_buf(struct dmabuf_share *share, struct dma_buf *buf)
{
	struct dmabuf_share_msg msg = { .bufs = &buf, .num_bufs = 1 };

	return dmabuf_share_send(share, &msg, 2000 * MS);
}

static int map_whole(struct dma_buf *buf, int prot, struct dmabuf_vma *vma)
{
	*vma = (struct dmabuf_vma){ .vm_size = buf->size, .vm_prot = prot };
	return dma_buf_mmap(buf, vma, 0);
}

int buf_poke(struct dma_buf *buf, size_t offset, uint64_t value)
{
	struct dmabuf_vma vma;
	int ret = map_whole(buf, PROT_READ | PROT_WRITE, &vma);

	if (ret < 0)
		return ret;
	memcpy((char *)vma.vm_start + offset, &value, sizeof(value));
	munmap(vma.vm_start, vma.vm_size);
	return 0;
}

uint64_t buf_peek(struct dma_buf *buf, size_t offset)
{
	struct dmabuf_vma vma;
	uint64_t value;

	if (map_whole(buf, PROT_READ, &vma) < 0)
		return UINT64_MAX;
	memcpy(&value, (char *)vma.vm_start + offset, sizeof(value));
	munmap(vma.vm_start, vma.vm_size);
	return value;
}

/* --- here --- */

struct dma_fence *receive_fence(struct puppet *p)
{
	struct dma_fence *fence = NULL;

	ck_assert_int_eq(share_receive(p->share, NULL, &fence, 2000 * MS), 0);
	return fence;
}

struct dma_buf *receive_buf(struct puppet *p)
{
	struct dma_buf *buf = NULL;

	ck_assert_int_eq(share_receive(p->share, &buf, NULL, 2000 * MS), 0);
	return buf;
}

struct dma_fence *next_fence(struct puppet *p, long t)
{
	long seqno = ask(p, far_pass, t, 0);

	ck_assert_int_gt(seqno, 0);
	return receive_fence(p);
}
