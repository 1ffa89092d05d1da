/* SPDX-License-Identifier: MIT */
/* Messages between two processes: whole, in order, within limits and in time; how a connection begins and ends. */
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <dmabuf/dma-heap.h>

#include "puppet.h"

#define PAGE 4096ul
#define MAX_DATA DMABUF_SHARE_DATA_MAX

static struct puppet p;

/* --- there --- */

static unsigned char far_bytes[MAX_DATA + 1];

/* Receive bytes into room for @room; the size, or an error. */
static long far_recv(long room, long timeout)
{
	struct dmabuf_share_msg msg = { .data = far_bytes, .size = (size_t)room };
	int ret = dmabuf_share_recv(far_share(), &msg, timeout);

	return ret < 0 ? ret : (long)msg.size;
}

static long far_byte(long i, long unused)
{
	(void)unused;
	return far_bytes[i];
}

static long far_send(long size, long first)
{
	unsigned char bytes[MAX_DATA + 1];
	struct dmabuf_share_msg msg = { .data = bytes, .size = (size_t)size };

	memset(bytes, (int)first, sizeof(bytes));
	return dmabuf_share_send(far_share(), &msg, 1000 * MS);
}

/* Receive buffers and fences, how many of each, and give them back. */
static long far_recv_many(long num_bufs, long num_fences)
{
	struct dma_buf *bufs[DMABUF_SHARE_BUFS_MAX + 1];
	struct dma_fence *fences[DMABUF_SHARE_FENCES_MAX + 1];
	struct dmabuf_share_msg msg = {
		.data = far_bytes, .size = MAX_DATA, .bufs = bufs, .num_bufs = (unsigned int)num_bufs,
		.fences = fences, .num_fences = (unsigned int)num_fences,
	};
	int ret = dmabuf_share_recv(far_share(), &msg, 1000 * MS);

	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < msg.num_bufs; i++)
		dma_buf_put(bufs[i]);
	for (unsigned int i = 0; i < msg.num_fences; i++)
		dma_fence_put(fences[i]);
	return msg.num_bufs * 1000 + msg.num_fences;
}

static long far_read_all_later(long count, long unused)
{
	(void)unused;
	sleep_ms(20);
	for (long i = 0; i < count; i++) {
		long ret = far_recv(MAX_DATA, 1000 * MS);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- here --- */

static unsigned char bytes[MAX_DATA + 1];

static int send_bytes(size_t size, signed long timeout)
{
	struct dmabuf_share_msg msg = { .data = bytes, .size = size };

	return dmabuf_share_send(p.share, &msg, timeout);
}

static int recv_bytes(size_t *size, signed long timeout)
{
	struct dmabuf_share_msg msg = { .data = bytes, .size = *size };
	int ret = dmabuf_share_recv(p.share, &msg, timeout);

	if (ret == 0)
		*size = msg.size;
	return ret;
}

static struct dma_buf *heap_buf(void)
{
	struct dma_buf *buf = dma_heap_buffer_alloc(dma_heap_find("system"), PAGE, O_RDWR, 0);

	expect_ptr(buf);
	return buf;
}

/* --- bytes --- */

static const size_t data_sizes[] = { 0, 1, 7, 512, MAX_DATA - 1, MAX_DATA };

/* spec: share.h struct dmabuf_share_msg, DMABUF_SHARE_DATA_MAX */
TEST_EACH(bytes_arrive_whole, 0, 6)
{
	size_t size = data_sizes[_i];

	puppet_start(&p);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
	ck_assert_int_eq(send_bytes(size, MS), 0);
	ck_assert_int_eq(ask(&p, far_recv, MAX_DATA, 1000 * MS), (long)size);
	if (size) {
		ck_assert_int_eq(ask(&p, far_byte, 0, 0), 1);
		ck_assert_int_eq(ask(&p, far_byte, (long)size - 1, 0), (unsigned char)((size - 1) * 7 + 1));
	}
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "-EINVAL too much of something", "nothing was sent" */
TEST(too_much_of_anything_is_refused_and_not_sent)
{
	struct dma_buf *buf = heap_buf(), *bufs[DMABUF_SHARE_BUFS_MAX + 1];
	struct dma_fence *stub = dma_fence_get_stub(), *fences[DMABUF_SHARE_FENCES_MAX + 1];
	struct dmabuf_share_msg msg = { .bufs = bufs, .num_bufs = DMABUF_SHARE_BUFS_MAX + 1 };

	puppet_start(&p);
	for (unsigned int i = 0; i <= DMABUF_SHARE_BUFS_MAX; i++)
		bufs[i] = buf;
	for (unsigned int i = 0; i <= DMABUF_SHARE_FENCES_MAX; i++)
		fences[i] = stub;
	ck_assert_int_eq(send_bytes(MAX_DATA + 1, MS), -EINVAL);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), -EINVAL);
	msg = (struct dmabuf_share_msg){ .fences = fences, .num_fences = DMABUF_SHARE_FENCES_MAX + 1 };
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), -EINVAL);
	ck_assert_int_eq(ask(&p, far_recv, MAX_DATA, 5 * MS), -ETIMEDOUT);
	dma_buf_put(buf);
	dma_fence_put(stub);
	puppet_end(&p);
}

/* spec: share.h DMABUF_SHARE_BUFS_MAX, DMABUF_SHARE_FENCES_MAX, all at once */
TEST(the_largest_message_arrives)
{
	struct dma_buf *bufs[DMABUF_SHARE_BUFS_MAX];
	struct dma_fence *fences[DMABUF_SHARE_FENCES_MAX];
	struct dmabuf_timeline *timeline = dmabuf_timeline_create("many");
	struct dmabuf_share_msg msg = {
		.data = bytes, .size = MAX_DATA, .bufs = bufs, .num_bufs = DMABUF_SHARE_BUFS_MAX,
		.fences = fences, .num_fences = DMABUF_SHARE_FENCES_MAX,
	};

	expect_ptr(timeline);
	for (unsigned int i = 0; i < DMABUF_SHARE_BUFS_MAX; i++)
		bufs[i] = heap_buf();
	for (unsigned int i = 0; i < DMABUF_SHARE_FENCES_MAX; i++)
		fences[i] = dmabuf_timeline_fence(timeline);
	puppet_start(&p);
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
		ck_assert_int_eq(ask(&p, far_recv_many, DMABUF_SHARE_BUFS_MAX, DMABUF_SHARE_FENCES_MAX),
				 DMABUF_SHARE_BUFS_MAX * 1000 + DMABUF_SHARE_FENCES_MAX);
	}
	puppet_end(&p);
	for (unsigned int i = 0; i < DMABUF_SHARE_BUFS_MAX; i++)
		dma_buf_put(bufs[i]);
	for (unsigned int i = 0; i < DMABUF_SHARE_FENCES_MAX; i++)
		dma_fence_put(fences[i]);
	dmabuf_timeline_destroy(timeline);
}

/* spec: share.h dmabuf_share_recv "-EMSGSIZE the room is too small: the message is lost" */
TEST(a_message_that_is_too_large_for_the_room_is_lost_and_leaks_nothing)
{
	struct dma_buf *buf = heap_buf();
	struct dma_fence *stub = dma_fence_get_stub();
	struct dma_buf *bufs[3] = { buf, buf, buf };
	struct dma_fence *fences[3] = { stub, stub, stub };
	struct dmabuf_share_msg msg = {
		.data = bytes, .size = 10, .bufs = bufs, .num_bufs = 3, .fences = fences, .num_fences = 3,
	};

	puppet_start(&p);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(send_bytes(11, MS), 0);
	ck_assert_int_eq(send_bytes(12, MS), 0);
	ck_assert_int_eq(ask(&p, far_recv_many, 2, 3), -EMSGSIZE);
	ck_assert_int_eq(ask(&p, far_recv_many, 3, 2), -EMSGSIZE);
	ck_assert_int_eq(ask(&p, far_recv_many, 3, 3), 3003);
	ck_assert_int_eq(ask(&p, far_recv, 10, 5 * MS), -EMSGSIZE);
	ck_assert_int_eq(ask(&p, far_recv, 12, 5 * MS), 12);
	dma_buf_put(buf);
	dma_fence_put(stub);
	puppet_end(&p);
}

/* spec: share.h "carries the program's own bytes, buffers and fences": in order */
TEST(messages_arrive_in_order)
{
	size_t size;

	puppet_start(&p);
	for (long i = 1; i <= 20; i++)
		ask_ok(&p, far_send, i * 10, i);
	for (size_t i = 1; i <= 20; i++) {
		size = MAX_DATA;
		ck_assert_int_eq(recv_bytes(&size, 100 * MS), 0);
		ck_assert_uint_eq(size, i * 10);
		ck_assert_uint_eq(bytes[0], i);
		ck_assert_uint_eq(bytes[size - 1], i);
	}
	puppet_end(&p);
}

/* spec: share.h struct dmabuf_share_stats "bytes written to the socket" */
TEST(the_counters_count_a_message_and_not_its_buffers)
{
	struct dmabuf_share_stats before, after;
	struct dma_buf *buf;
	size_t size = MAX_DATA;

	puppet_start(&p);
	buf = heap_buf();
	dmabuf_share_get_stats(p.share, &before);
	ck_assert_int_eq(send_buf(p.share, buf), 0);
	ck_assert_int_eq(ask(&p, far_recv_many, 1, 0), 1000);
	ask_ok(&p, far_send, 100, 1);
	ck_assert_int_eq(recv_bytes(&size, 100 * MS), 0);
	dmabuf_share_get_stats(p.share, &after);
	ck_assert_uint_gt(after.bytes_sent, before.bytes_sent);
	ck_assert_uint_lt(after.bytes_sent - before.bytes_sent, 128);
	ck_assert_uint_ge(after.bytes_received - before.bytes_received, 100);
	ck_assert_uint_lt(after.bytes_received - before.bytes_received, 228);
	dma_buf_put(buf);
	puppet_end(&p);
}

/* --- time --- */

/* spec: share.h dmabuf_share_recv "nanoseconds, 0 to look once" */
TEST(a_receive_without_a_message_times_out)
{
	size_t size = MAX_DATA;
	int64_t start;

	puppet_start(&p);
	start = now_ns();
	ck_assert_int_eq(recv_bytes(&size, 0), -ETIMEDOUT);
	ck_assert_int_lt(now_ns() - start, 20 * MS);
	ck_assert_int_eq(recv_bytes(&size, 30 * MS), -ETIMEDOUT);
	ck_assert_int_ge(now_ns() - start, 30 * MS);
	ask_ok(&p, far_send, 3, 3);
	ck_assert_int_eq(recv_bytes(&size, 0), 0);
	ck_assert_uint_eq(size, 3);
	puppet_end(&p);
}

static long far_send_soon(long size, long first)
{
	sleep_ms(20);
	return far_send(size, first);
}

/* spec: share.h dmabuf_share_recv: sleeps until there is one */
TEST_EACH(a_waiting_receive_ends_with_the_message, 0, 2)
{
	size_t size = MAX_DATA;

	puppet_start(&p);
	tell(&p, far_send_soon, 5, 5);
	ck_assert_int_eq(recv_bytes(&size, _i ? MAX_SCHEDULE_TIMEOUT : 1000 * MS), 0);
	ck_assert_uint_eq(size, 5);
	ck_assert_int_eq(answer(&p), 0);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "-ETIMEDOUT"; design-sharing.md 2 "sends never block" beyond the limit asked for */
TEST(a_send_into_a_full_queue_times_out_and_works_again_when_it_is_read)
{
	int64_t start;
	long sent = 0;

	puppet_start(&p);
	while (send_bytes(MAX_DATA, 0) == 0)
		ck_assert_int_lt(++sent, 100000);
	start = now_ns();
	ck_assert_int_eq(send_bytes(MAX_DATA, 30 * MS), -ETIMEDOUT);
	ck_assert_int_ge(now_ns() - start, 30 * MS);
	tell(&p, far_read_all_later, sent, 0);
	ck_assert_int_eq(send_bytes(MAX_DATA, 2000 * MS), 0);
	ck_assert_int_eq(answer(&p), 0);
	ck_assert_int_eq(ask(&p, far_recv, MAX_DATA, 100 * MS), MAX_DATA);
	ck_assert_int_eq(ask(&p, far_recv, MAX_DATA, 0), -ETIMEDOUT);
	puppet_end(&p);
}

/* --- end --- */

/* spec: share.h dmabuf_share_recv "-ECONNRESET", dmabuf_share_send "-EPIPE the other side has gone" */
TEST_EACH(a_connection_that_was_closed_says_so, 0, 2)
{
	size_t size = MAX_DATA;

	puppet_start(&p);
	if (_i)
		puppet_kill(&p);
	else
		ask_ok(&p, far_close, 0, 0);
	ck_assert_int_eq(recv_bytes(&size, 1000 * MS), -ECONNRESET);
	ck_assert_int_eq(recv_bytes(&size, 0), -ECONNRESET);
	ck_assert_int_eq(send_bytes(1, 1000 * MS), -EPIPE);
	ck_assert_int_eq(send_bytes(0, 0), -EPIPE);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_recv: what was sent before the end is received */
TEST(messages_sent_before_the_end_are_received)
{
	size_t size = MAX_DATA;

	puppet_start(&p);
	ask_ok(&p, far_send, 1, 1);
	ask_ok(&p, far_send, 2, 2);
	ask_ok(&p, far_close, 0, 0);
	ck_assert_int_eq(recv_bytes(&size, 0), 0);
	ck_assert_uint_eq(size, 1);
	size = MAX_DATA;
	ck_assert_int_eq(recv_bytes(&size, 0), 0);
	ck_assert_uint_eq(size, 2);
	ck_assert_int_eq(recv_bytes(&size, 0), -ECONNRESET);
	puppet_end(&p);
}

static long far_close_soon(long unused, long unused2)
{
	sleep_ms(20);
	return far_close(unused, unused2);
}

/* spec: share.h: the end of the other side ends a wait */
TEST_EACH(a_waiting_call_ends_when_the_other_side_closes, 0, 2)
{
	size_t size = MAX_DATA;
	int ret;

	puppet_start(&p);
	while (_i && send_bytes(MAX_DATA, 0) == 0)
		;
	tell(&p, far_close_soon, 0, 0);
	ret = _i ? send_bytes(MAX_DATA, 2000 * MS) : recv_bytes(&size, 2000 * MS);
	ck_assert_int_eq(ret, _i ? -EPIPE : -ECONNRESET);
	ck_assert_int_eq(answer(&p), 0);
	puppet_end(&p);
}

static short poll_share(int ms)
{
	struct pollfd pfd = { .fd = dmabuf_share_fd(p.share), .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 ? pfd.revents : 0;
}

/* spec: share.h dmabuf_share_fd */
TEST(the_fd_of_a_connection_polls_for_messages_and_for_the_end)
{
	size_t size = MAX_DATA;

	puppet_start(&p);
	ck_assert_int_eq(poll_share(5), 0);
	ask_ok(&p, far_send, 1, 1);
	ck_assert_int_eq(poll_share(0), POLLIN);
	ck_assert_int_eq(recv_bytes(&size, 0), 0);
	ck_assert_int_eq(poll_share(0), 0);
	ask_ok(&p, far_close, 0, 0);
	ck_assert(poll_share(0) & POLLHUP);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_close "connection, or NULL" */
TEST(closing_nothing_is_fine)
{
	dmabuf_share_close(NULL);
	dmabuf_timeline_destroy(NULL);
}

/* --- begin --- */

/* spec: share.h dmabuf_share_connect "-EINVAL wrong kind of socket"; "on failure it stays the caller's" */
TEST_EACH(only_a_seqpacket_socket_will_do, 0, 4)
{
	int fds[2], sock;

	if (_i < 2)
		ck_assert_int_eq(socketpair(AF_UNIX, _i ? SOCK_STREAM : SOCK_DGRAM, 0, fds), 0);
	else
		ck_assert_int_eq(pipe(fds), 0);
	sock = _i == 3 ? 12345 : fds[0];
	expect_err_ptr(dmabuf_share_connect(sock, 10 * MS), -EINVAL);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}

/* spec: share.h dmabuf_share_connect "-ETIMEDOUT", the socket stays the caller's and nothing is left */
TEST(a_silent_other_end_times_out)
{
	int fds[2], before;
	int64_t start;

	puppet_start(&p);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	before = count_fds();
	start = now_ns();
	expect_err_ptr(dmabuf_share_connect(fds[0], 30 * MS), -ETIMEDOUT);
	ck_assert_int_ge(now_ns() - start, 30 * MS);
	ck_assert(EVENTUALLY(count_fds() == before));
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_connect "-ECONNRESET it went away" */
TEST(an_other_end_that_is_gone_is_reported)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	close(fds[1]);
	expect_err_ptr(dmabuf_share_connect(fds[0], 1000 * MS), -ECONNRESET);
	ck_assert_int_eq(close(fds[0]), 0);
}

/* spec: share.h dmabuf_share_close; style.md 6 "count fds before and after", after many */
TEST(many_connections_one_after_the_other_leave_nothing)
{
	puppet_start(&p);
	for (int i = 0; i < 100; i++) {
		struct dmabuf_share *share = puppet_connect(&p);

		ask_ok(&p, far_close, 0, 0);
		dmabuf_share_close(share);
	}
	puppet_end(&p);
}

/* --- limits --- */

/* No more than @spare file descriptors from now on. */
static long far_limit_fds(long spare, long unused)
{
	struct rlimit limit;
	int top = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)unused;
	getrlimit(RLIMIT_NOFILE, &limit);
	close(top);
	limit.rlim_cur = spare < 0 ? limit.rlim_max : (rlim_t)(top + spare);
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* spec: share.h dmabuf_share_recv "-EMFILE": the receiver's limit is not the sender's fault */
TEST_EACH(a_receiver_out_of_files_says_so_and_leaks_nothing, 0, 4)
{
	struct dma_buf *bufs[4];
	struct dmabuf_share_msg msg = { .bufs = bufs, .num_bufs = 4 };

	puppet_start(&p);
	for (int i = 0; i < 4; i++)
		bufs[i] = heap_buf();
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ask_ok(&p, far_limit_fds, _i, 0);
	ck_assert_int_eq(ask(&p, far_recv_many, 4, 0), -EMFILE);
	ask_ok(&p, far_limit_fds, -1, 0);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(ask(&p, far_recv_many, 4, 0), 4000);
	for (int i = 0; i < 4; i++)
		dma_buf_put(bufs[i]);
	puppet_end(&p);
}

/* spec: share.h dmabuf_share_send "on failure nothing was sent", here for want of files */
TEST(a_sender_out_of_files_says_so_and_sends_nothing)
{
	struct dma_buf *bufs[4];
	struct dmabuf_share_msg msg = { .bufs = bufs, .num_bufs = 4 };

	puppet_start(&p);
	for (int i = 0; i < 4; i++)
		bufs[i] = heap_buf();
	ck_assert_int_eq(far_limit_fds(2, 0), 0);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), -EMFILE);
	ck_assert_int_eq(far_limit_fds(-1, 0), 0);
	ck_assert_int_eq(ask(&p, far_recv, MAX_DATA, 5 * MS), -ETIMEDOUT);
	ck_assert_int_eq(dmabuf_share_send(p.share, &msg, MS), 0);
	ck_assert_int_eq(ask(&p, far_recv_many, 4, 0), 4000);
	for (int i = 0; i < 4; i++)
		dma_buf_put(bufs[i]);
	puppet_end(&p);
}

static int64_t connect_with_spare(int spare)
{
	int fds[2];
	void *share;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(far_limit_fds(spare, 0), 0);
	share = dmabuf_share_connect(fds[0], 5 * MS);
	ck_assert_int_eq(far_limit_fds(-1, 0), 0);
	ck_assert(dmabuf_is_err(share));
	close(fds[0]);
	close(fds[1]);
	return dmabuf_ptr_err(share);
}

/* spec: share.h dmabuf_share_connect "-EMFILE", at each file the handshake opens */
TEST_EACH(a_connect_without_files_to_open_says_so_and_leaks_nothing, 0, 5)
{
	puppet_start(&p);
	ck_assert_int_eq(connect_with_spare(_i), -EMFILE);
	puppet_end(&p);
}
