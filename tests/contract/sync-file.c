/* SPDX-License-Identifier: MIT */
/* What a sync_file fd promises: to this program, to one that only knows poll(), and to another process. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <dmabuf/dma-heap.h>
#include <dmabuf/sync-file.h>

#include "mock-fence.h"
#include "test.h"
#include "threads.h"

static int sync_fd(struct dma_fence *fence)
{
	struct sync_file *sync_file = sync_file_create(fence);
	int fd;

	ck_assert_ptr_nonnull(sync_file);
	fd = dmabuf_sync_file_install(sync_file);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* revents; 0 after @ms */
static int poll_ms(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ret = poll(&p, 1, ms);

	ck_assert_int_ge(ret, 0);
	return ret ? p.revents : 0;
}

/* --- poll --- */

/* spec: fence.md 1 sync_file, header sync-file.h: POLLIN once the fence has signalled */
TEST(poll_shows_pollin_after_the_signal_and_nothing_before)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	ck_assert_int_eq(poll_ms(fd, 0), 0);
	ck_assert_int_eq(poll_ms(fd, 10), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(poll_ms(fd, 0) & POLLIN, POLLIN);
	ck_assert_int_eq(poll_ms(fd, 0) & POLLIN, POLLIN);
	close(fd);
	dma_fence_put(f);
}

/* spec: fence.md 3.4 "errors never make a fence unsignalled" */
TEST(poll_shows_pollin_for_a_failed_fence)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	dma_fence_set_error(f, -EIO);
	dma_fence_signal(f);
	ck_assert_int_eq(poll_ms(fd, 0) & (POLLIN | POLLERR), POLLIN);
	close(fd);
	dma_fence_put(f);
}

/* spec: observed.md EXPORT_SYNC_FILE "a signalled stub fence": a sync_file of a signalled fence is ready at once */
TEST_EACH(sync_file_of_a_signaled_fence_is_ready_at_once, 0, 2)
{
	struct dma_fence *f = _i ? dma_fence_get_stub() : mock_fence(), *got;
	int fd;

	dma_fence_signal(f);
	fd = sync_fd(f);
	ck_assert_int_eq(poll_ms(fd, 0) & POLLIN, POLLIN);
	got = sync_file_get_fence(fd);
	ck_assert_ptr_eq(got, f);
	dma_fence_put(got);
	close(fd);
	dma_fence_put(f);
}

/* spec: fence.md 3.6: poll asks for signalling, or it would wait for ever */
TEST(sync_file_enables_signaling)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	ck_assert_uint_eq(mock_of(f)->enables, 1);
	ck_assert_int_eq(poll_ms(fd, 0), 0);
	close(fd);
	mock_signal_and_put(f);
}

/* spec: fence.md 2.4 "false: signals at once" */
TEST(sync_file_of_a_fence_that_cannot_be_armed_is_ready)
{
	struct dma_fence *f = mock_fence();
	int fd;

	mock_of(f)->enable_fails = true;
	fd = sync_fd(f);
	ck_assert_int_eq(poll_ms(fd, 0) & POLLIN, POLLIN);
	close(fd);
	dma_fence_put(f);
}

/* header: poll and epoll work in a program that knows nothing of the library */
TEST(blocked_poll_wakes_up)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);
	struct later later;

	signal_later(&later, 30, f);
	ck_assert_int_eq(poll_ms(fd, 5000) & POLLIN, POLLIN);
	later_join(&later);
	close(fd);
	dma_fence_put(f);
}

/* header: poll and epoll work in a program that knows nothing of the library */
TEST(epoll_and_select_see_the_signal)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f), ep = epoll_create1(EPOLL_CLOEXEC);
	struct timeval zero = { 0, 0 };
	fd_set set;

	ck_assert_int_eq(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event), 0);
	ck_assert_int_eq(epoll_wait(ep, &event, 1, 0), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(epoll_wait(ep, &event, 1, 1000), 1);
	ck_assert_uint_eq(event.events & EPOLLIN, EPOLLIN);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	ck_assert_int_eq(select(fd + 1, &set, NULL, NULL, &zero), 1);
	close(ep);
	close(fd);
	dma_fence_put(f);
}

/* design D8: a careless read eats the byte, not the readiness */
TEST(read_does_not_make_it_unready)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);
	char buf[16];

	dma_fence_signal(f);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	ck_assert_int_ne(poll_ms(fd, 0), 0);
	close(fd);
	dma_fence_put(f);
}

/* --- the fd --- */

/* header dmabuf_sync_file_install(): "always close-on-exec" */
TEST(sync_file_fd_is_close_on_exec)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	mock_signal_and_put(f);
}

/* spec: observed.md lseek "sync_file: ESPIPE always" */
TEST(sync_file_cannot_seek)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	ck_assert_int_eq(lseek(fd, 0, SEEK_END), -1);
	ck_assert_int_eq(errno, ESPIPE);
	close(fd);
	mock_signal_and_put(f);
}

/* --- sync_file_get_fence --- */

/* spec: Linux sync_file_get_fence: the very fence, with a reference */
TEST(get_fence_gives_the_fence_and_a_reference)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);
	unsigned int refs = fence_refs(f);

	ck_assert_ptr_eq(sync_file_get_fence(fd), f);
	ck_assert_uint_eq(fence_refs(f), refs + 1);
	dma_fence_put(f);
	dma_fence_signal(f);
	ck_assert_ptr_eq(sync_file_get_fence(fd), f);
	dma_fence_put(f);
	close(fd);
	dma_fence_put(f);
}

/* spec: fence.md 1 explicit fencing "immutable"; the sync_file keeps its fence alive */
TEST(sync_file_holds_the_fence)
{
	struct dma_fence *f = mock_fence(), *got;
	int fd = sync_fd(f);

	dma_fence_signal(f);
	dma_fence_put(f);
	ck_assert_uint_eq(mock_released, 0);
	got = sync_file_get_fence(fd);
	ck_assert_ptr_eq(got, f);
	ck_assert_int_eq(dma_fence_get_status(got), 1);
	dma_fence_put(got);
	close(fd);
}

/* spec: Linux sync_file_get_fence: NULL for other fds */
TEST(get_fence_of_other_fds_gives_null)
{
	struct dma_buf *dmabuf = dma_heap_buffer_alloc(dma_heap_find("system"), 1, O_RDWR, 0);
	int pipes[2], fd = dma_buf_fd(dmabuf, O_CLOEXEC);

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_ptr_null(sync_file_get_fence(-1));
	ck_assert_ptr_null(sync_file_get_fence(0));
	ck_assert_ptr_null(sync_file_get_fence(pipes[0]));
	ck_assert_ptr_null(sync_file_get_fence(pipes[1]));
	ck_assert_ptr_null(sync_file_get_fence(fd));
	close(fd);
	ck_assert_ptr_null(sync_file_get_fence(fd));
	close(pipes[0]);
	close(pipes[1]);
}

/* spec: buf.md 3.1 dma_buf_get "-EINVAL not a dma-buf" */
TEST(sync_file_is_not_a_buffer)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);

	expect_err_ptr(dma_buf_get(fd), -EINVAL);
	close(fd);
	mock_signal_and_put(f);
}

/* design D6: identity is the inode, never the fd number */
TEST(reused_fd_number_is_not_taken_for_the_sync_file)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f), pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(dup2(pipes[0], fd), fd);
	ck_assert_ptr_null(sync_file_get_fence(fd));
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	mock_signal_and_put(f);
}

/* each sync_file is one of its own, over the same fence too */
TEST(two_sync_files_of_one_fence_are_independent)
{
	struct dma_fence *f = mock_fence();
	int a = sync_fd(f), b = sync_fd(f);

	close(a);
	ck_assert_int_eq(poll_ms(b, 0), 0);
	ck_assert_ptr_eq(sync_file_get_fence(b), f);
	dma_fence_put(f);
	dma_fence_signal(f);
	ck_assert_int_eq(poll_ms(b, 0) & POLLIN, POLLIN);
	close(b);
	dma_fence_put(f);
}

/* spec: buf.md 3.4 fd operations: dup */
TEST(dup_is_the_same_sync_file)
{
	struct dma_fence *f = mock_fence(), *got;
	int fd = sync_fd(f), dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 50);

	close(fd);
	ck_assert_int_eq(poll_ms(dup_fd, 0), 0);
	got = sync_file_get_fence(dup_fd);
	ck_assert_ptr_eq(got, f);
	dma_fence_put(got);
	dma_fence_signal(f);
	ck_assert_int_eq(poll_ms(dup_fd, 0) & POLLIN, POLLIN);
	close(dup_fd);
	dma_fence_put(f);
}

/* spec: buf.md 3.4 fd operations: dup; the fence is found as long as any fd is open, signalled or not */
TEST(dup_is_known_after_signal_and_close)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence(), *got;
	int fd = sync_fd(f), dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 50);

	dma_fence_signal(f);
	close(fd);
	close(sync_fd(g)); /* the library looks for ended files */
	mock_signal_and_put(g);
	got = sync_file_get_fence(dup_fd);
	ck_assert_ptr_eq(got, f);
	dma_fence_put(got);
	ck_assert_int_eq(poll_ms(dup_fd, 0) & POLLIN, POLLIN);
	close(dup_fd);
	dma_fence_put(f);
}

/* --- leaks --- */

/* header: closing its last copy ends it; _i: signalled before the close, after, never */
TEST_EACH(closed_sync_files_leave_no_fds_and_no_references, 0, 3)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();
	int before, i;

	close(sync_fd(g)); /* what the library keeps for itself is there now */
	mock_signal_and_put(g);
	before = count_fds();
	for (i = 0; i < 100; i++) {
		if (_i == 0 && i == 50)
			dma_fence_signal(f);
		close(sync_fd(f));
		ck_assert_int_le(count_fds(), before + 4);
	}
	if (_i == 1)
		dma_fence_signal(f);
	/* whoever watches for the last close does it in a later call */
	g = mock_fence();
	close(sync_fd(g));
	mock_signal_and_put(g);
	close(sync_fd(dma_fence_get_stub()));
	ck_assert_int_le(count_fds(), before + 2);
	ck_assert_uint_le(fence_refs(f), 2);
	mock_signal_and_put(f);
	expect_no_warning();
}

/* header: the caller owns the sync_file until install; both ends together leave nothing when signalled */
TEST(signaled_and_closed_leaves_exactly_nothing)
{
	struct dma_fence *f = mock_fence();
	int before, fd;

	fd = sync_fd(f);
	close(fd);
	mock_signal_and_put(f);
	before = count_fds();
	f = mock_fence();
	fd = sync_fd(f);
	dma_fence_signal(f);
	close(fd);
	ck_assert_int_eq(count_fds(), before);
	/* the table may learn of the close at the next use only */
	ck_assert_ptr_null(sync_file_get_fence(fd));
	f = (dma_fence_put(f), mock_fence());
	fd = sync_fd(f);
	close(fd);
	mock_signal_and_put(f);
	ck_assert_int_eq(count_fds(), before);
}

/* --- another process --- */

static int poll_in_child(void *data)
{
	struct pollfd p = { .fd = *(int *)data, .events = POLLIN };

	return poll(&p, 1, 5000) == 1 && (p.revents & POLLIN) ? 0 : 1;
}

/* header: "the fd may be passed to any process and polled there" */
TEST(forked_process_polls_the_signal)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);
	pid_t pid = child_start(poll_in_child, &fd);

	sleep_ms(20);
	dma_fence_signal(f);
	ck_assert_int_eq(child_end(pid), 0);
	close(fd);
	dma_fence_put(f);
}

static int receive_and_poll(void *data)
{
	struct pollfd p = { .fd = recv_fd(*(int *)data), .events = POLLIN };

	if (poll(&p, 1, 10) != 0)
		return 2;
	return poll(&p, 1, 5000) == 1 && (p.revents & POLLIN) ? 0 : 1;
}

/* header: "the fd may be passed to any process and polled there" */
TEST(passed_fd_polls_the_signal)
{
	struct dma_fence *f = mock_fence();
	int sock[2], fd;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	pid = child_start(receive_and_poll, &sock[1]);
	fd = sync_fd(f);
	send_fd(sock[0], fd);
	close(fd);
	sleep_ms(40);
	dma_fence_signal(f);
	ck_assert_int_eq(child_end(pid), 0);
	close(sock[0]);
	close(sock[1]);
	dma_fence_put(f);
}

struct owner {
	int sock[2];
	bool forks;
};

/* Makes a fence that never signals, passes it on, maybe has a child of its own, and waits for its end. */
static int own_a_fence(void *data)
{
	struct owner *owner = data;

	send_fd(owner->sock[1], sync_fd(mock_fence()));
	if (owner->forks && fork() == 0) {
		close(owner->sock[0]);
		close(owner->sock[1]);
		sleep_ms(4000);
		_exit(0);
	}
	send_fd(owner->sock[1], 1);
	for (;;)
		pause();
}

/* design D8: "HUP when the owner dies", also if a child of the owner lives on; _i: it has one */
TEST_EACH(death_of_the_owner_makes_it_ready, 0, 2)
{
	struct owner owner = { .forks = _i };
	pid_t pid;
	int fd;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, owner.sock), 0);
	pid = child_start(own_a_fence, &owner);
	fd = recv_fd(owner.sock[0]);
	close(recv_fd(owner.sock[0]));
	ck_assert_int_eq(poll_ms(fd, 20), 0);
	kill(pid, SIGKILL);
	child_end(pid);
	ck_assert_int_ne(poll_ms(fd, 1000), 0);
	close(fd);
	close(owner.sock[0]);
	close(owner.sock[1]);
}

static int sleep_in_child(void *data)
{
	(void)data;
	sleep_ms(1500);
	return 0;
}

/* design D8: a forked child must not keep the signal from arriving */
TEST(child_of_the_owner_does_not_hold_the_signal_back)
{
	struct dma_fence *f = mock_fence();
	int fd = sync_fd(f);
	pid_t pid = child_start(sleep_in_child, NULL);

	dma_fence_signal(f);
	ck_assert_int_eq(poll_ms(fd, 500) & POLLIN, POLLIN);
	kill(pid, SIGKILL);
	child_end(pid);
	close(fd);
	dma_fence_put(f);
}

/* --- both at once --- */

static long close_it(void *data)
{
	close(*(int *)data);
	return 0;
}

/* close and signal meet in all orders */
TEST(close_and_signal_may_race)
{
	struct actor closer;
	struct dma_fence *f;
	int i, fd, before;

	actor_start(&closer);
	f = mock_fence();
	close(sync_fd(f));
	mock_signal_and_put(f);
	before = count_fds();
	for (i = 0; i < 300; i++) {
		f = mock_fence();
		fd = sync_fd(f);
		actor_go(&closer, close_it, &fd);
		dma_fence_signal(f);
		actor_result(&closer);
		dma_fence_put(f);
	}
	ck_assert_int_eq(count_fds(), before);
	actor_stop(&closer);
}

static bool stop_reaping;

static long keep_reaping(void *data)
{
	while (!__atomic_load_n(&stop_reaping, __ATOMIC_RELAXED))
		dmabuf_buf_reap();
	return (long)data;
}

/* spec: uapi.md 2 close "drops the fence reference": the kernel tells of a close before the pipe counts it */
TEST(no_close_is_missed_by_who_looks_too_early)
{
	struct dma_fence *fence = mock_fence();
	struct actor reaper;

	actor_start(&reaper);
	actor_go(&reaper, keep_reaping, NULL);
	for (int i = 0; i < 3000; i++)
		close(dmabuf_sync_file_install(sync_file_create(fence)));
	__atomic_store_n(&stop_reaping, true, __ATOMIC_RELAXED);
	actor_result(&reaper);
	actor_stop(&reaper);
	ck_assert(EVENTUALLY((dmabuf_buf_reap(), fence_refs(fence) == 1)));
	mock_signal_and_put(fence);
}
