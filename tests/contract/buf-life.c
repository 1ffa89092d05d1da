/* SPDX-License-Identifier: MIT */
/* What the kernel promises about a buffer's file descriptors, identity and end of life, in this process and others. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dmabuf/dma-heap.h>

#include "mock-buf.h"
#include "test.h"
#include "threads.h"

#define PAGE 4096ul

static struct mock_buf mock;

static int mock_fd(size_t size)
{
	int fd;

	mock_buf_export(&mock, &mock_buf_ops, size);
	fd = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct dma_buf *heap_buf(size_t size, unsigned int flags)
{
	struct dma_buf *dmabuf = dma_heap_buffer_alloc(dma_heap_find("system"), size, flags, 0);

	expect_ptr(dmabuf);
	return dmabuf;
}

static bool released(void)
{
	dmabuf_buf_reap();
	return mock.released;
}

static bool watched_released(void)
{
	dmabuf_buf_reap();
	return watched_releases();
}

/* Still alive, also after a moment in which a late end could be seen. */
#define expect_alive()                  \
	do {                            \
		sleep_ms(5);            \
		ck_assert(!released()); \
	} while (0)

#define expect_released_once()                       \
	do {                                         \
		ck_assert(EVENTUALLY(released()));   \
		dmabuf_buf_reap();                   \
		ck_assert_uint_eq(mock.released, 1); \
	} while (0)

/* --- dma_buf_fd --- */

/* spec: buf.md 12 B1 */
TEST(export_fd_close_releases_exactly_once)
{
	int fd = mock_fd(PAGE);

	expect_alive();
	close(fd);
	expect_released_once();
}

/* spec: buf.md 3.1 dma_buf_fd "flags: O_CLOEXEC honoured" */
TEST(cloexec_is_as_asked)
{
	int with, without;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	get_dma_buf(mock.dmabuf);
	with = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	without = dma_buf_fd(mock.dmabuf, 0);
	ck_assert_int_ge(with, 0);
	ck_assert_int_ge(without, 0);
	ck_assert_int_eq(fcntl(with, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(without, F_GETFD), 0);
	close(with);
	close(without);
	expect_released_once();
}

/* spec: buf.md 3.1 dma_buf_fd "-EINVAL NULL buffer" */
TEST(fd_of_null_gives_einval)
{
	ck_assert_int_eq(dma_buf_fd(NULL, O_CLOEXEC), -EINVAL);
	forget_warnings();
}

/* spec: buf.md 3.4 access mode "fixed at export: a later dma_buf_fd decides only about O_CLOEXEC" */
TEST_EACH(fd_flags_do_not_change_the_access_mode, 0, 2)
{
	struct dma_buf *dmabuf = heap_buf(PAGE, _i ? O_RDWR : O_RDONLY);
	int fd = dma_buf_fd(dmabuf, O_CLOEXEC | (_i ? O_RDONLY : O_RDWR));
	void *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, _i ? O_RDWR : O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_int_eq(p != MAP_FAILED, _i);
	if (_i)
		munmap(p, PAGE);
	close(fd);
}

/* The lowest fds up to a limit are all taken. */
static rlim_t no_more_fds(struct rlimit *old)
{
	struct rlimit tight;
	int fd;

	getrlimit(RLIMIT_NOFILE, old);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	tight = *old;
	tight.rlim_cur = fd;
	setrlimit(RLIMIT_NOFILE, &tight);
	return fd;
}

/* spec: buf.md 12 B2; _i: with a heap's buffer, whose file exists already */
TEST_EACH(failed_fd_leaves_the_reference_with_the_caller, 0, 2)
{
	struct dma_buf *dmabuf;
	struct rlimit old;
	int fd, before;

	if (_i) {
		dmabuf = heap_buf(PAGE, O_RDWR);
	} else {
		mock_buf_export(&mock, &mock_buf_ops, PAGE);
		dmabuf = mock.dmabuf;
	}
	watch_release(dmabuf);
	before = count_fds();
	no_more_fds(&old);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(fd, -EMFILE);
	ck_assert_int_eq(count_fds(), before);
	ck_assert_uint_eq(watched_releases(), 0);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert(EVENTUALLY(watched_released()));
	ck_assert_uint_eq(watched_releases(), 1);
}

/* spec: buf.md 12 B2, 3.1: the caller may give up */
TEST(put_after_a_failed_fd_releases)
{
	struct rlimit old;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	no_more_fds(&old);
	ck_assert_int_eq(dma_buf_fd(mock.dmabuf, O_CLOEXEC), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	dma_buf_put(mock.dmabuf);
	expect_released_once();
}

/* spec: buf.md 3.1 "second fd for the same buffer: get_dma_buf first" */
TEST(second_fd_is_the_same_buffer_and_both_have_to_go)
{
	struct stat st1, st2;
	int fd1, fd2;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	get_dma_buf(mock.dmabuf);
	fd1 = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	fd2 = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	ck_assert_int_ge(fd2, 0);
	ck_assert_int_ne(fd1, fd2);
	fstat(fd1, &st1);
	fstat(fd2, &st2);
	ck_assert_uint_eq(st1.st_ino, st2.st_ino);
	ck_assert_uint_eq(st1.st_dev, st2.st_dev);
	close(fd1);
	expect_alive();
	close(fd2);
	expect_released_once();
}

/* spec: buf.md 3.2 each holder counts: library references and fds */
TEST(library_reference_outlives_the_fd)
{
	int fd;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	get_dma_buf(mock.dmabuf);
	fd = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	close(fd);
	expect_alive();
	fd = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	expect_alive();
	close(fd);
	expect_released_once();
}

/* spec: buf.md 3.1: put of the last library reference while an fd is open releases nothing */
TEST(fd_outlives_the_library_reference)
{
	int fd;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	get_dma_buf(mock.dmabuf);
	fd = dma_buf_fd(mock.dmabuf, O_CLOEXEC);
	dma_buf_put(mock.dmabuf);
	expect_alive();
	close(fd);
	expect_released_once();
}

/* --- the file --- */

/* spec: buf.md 7.5 SEEK_END, 3.4 st_size; _i: mock, heap, a size that is no multiple of the page */
TEST_EACH(fd_tells_the_size, 0, 3)
{
	size_t size = _i == 2 ? 3 * PAGE + 17 : 3 * PAGE;
	struct stat st;
	int fd = _i == 1 ? dma_buf_fd(heap_buf(size, O_RDWR), O_CLOEXEC) : mock_fd(size);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), size);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, size);
	close(fd);
}

/* spec: buf.md 2.1 size "constant for life" */
TEST_EACH(nobody_changes_the_size, 0, 2)
{
	int fd = _i ? dma_buf_fd(heap_buf(2 * PAGE, O_RDWR), O_CLOEXEC) : mock_fd(2 * PAGE);

	ck_assert_int_eq(ftruncate(fd, PAGE), -1);
	ck_assert_int_eq(ftruncate(fd, 3 * PAGE), -1);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 2 * PAGE);
	close(fd);
}

/* spec: buf.md 3.4 "two buffers never compare equal; inodes are unique" */
TEST(buffers_have_inodes_of_their_own)
{
	struct stat st[3];
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = dma_buf_fd(heap_buf(PAGE, O_RDWR), O_CLOEXEC);
		fstat(fd[i], &st[i]);
	}
	ck_assert_uint_ne(st[0].st_ino, st[1].st_ino);
	ck_assert_uint_ne(st[1].st_ino, st[2].st_ino);
	ck_assert_uint_ne(st[0].st_ino, st[2].st_ino);
	for (i = 0; i < 3; i++)
		close(fd[i]);
}

/* spec: buf.md 3.4 access mode */
TEST(writable_mapping_of_a_read_only_fd_gives_eacces)
{
	int fd = dma_buf_fd(heap_buf(PAGE, O_RDONLY), O_CLOEXEC);
	void *p;

	ck_assert_int_ge(fd, 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_eq(p, MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p, PAGE, PROT_READ | PROT_WRITE), -1);
	munmap(p, PAGE);
	close(fd);
}

/* --- dma_buf_get --- */

/* spec: buf.md 3.1 dma_buf_get "+1" */
TEST(get_gives_the_buffer_and_a_reference)
{
	int fd = mock_fd(PAGE);

	ck_assert_ptr_eq(dma_buf_get(fd), mock.dmabuf);
	close(fd);
	expect_alive();
	dma_buf_put(mock.dmabuf);
	expect_released_once();
}

/* spec: buf.md 3.1 dma_buf_get "-EBADF no such fd; -EINVAL not a dma-buf" */
TEST(get_refuses_other_fds)
{
	int memfd = memfd_create("not a buffer", MFD_CLOEXEC), pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	expect_err_ptr(dma_buf_get(-1), -EBADF);
	expect_err_ptr(dma_buf_get(memfd), -EINVAL);
	expect_err_ptr(dma_buf_get(pipes[0]), -EINVAL);
	expect_err_ptr(dma_buf_get(0), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	close(memfd);
	expect_err_ptr(dma_buf_get(memfd), -EBADF);
}

/* design D6: identity is the inode, never the fd number */
TEST(reused_fd_number_is_not_taken_for_the_buffer)
{
	int fd = mock_fd(PAGE), other;

	ck_assert_ptr_eq(dma_buf_get(fd), mock.dmabuf);
	other = memfd_create("not a buffer", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(other, PAGE), 0);
	ck_assert_int_eq(dup2(other, fd), fd);
	expect_err_ptr(dma_buf_get(fd), -EINVAL);
	close(other);
	close(fd);
	dma_buf_put(mock.dmabuf);
	expect_released_once();
}

/* spec: buf.md 12 B10, 3.4 */
TEST(dup_is_the_same_buffer)
{
	int fd = mock_fd(PAGE), dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 100);

	close(fd);
	ck_assert_ptr_eq(dma_buf_get(dup_fd), mock.dmabuf);
	dma_buf_put(mock.dmabuf);
	expect_alive();
	close(dup_fd);
	expect_released_once();
}

/* spec: buf.md 12 B10 */
TEST(passed_fd_is_the_same_buffer)
{
	int fd = mock_fd(PAGE), sock[2], passed;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	send_fd(sock[0], fd);
	close(fd);
	passed = recv_fd(sock[1]);
	ck_assert_ptr_eq(dma_buf_get(passed), mock.dmabuf);
	dma_buf_put(mock.dmabuf);
	expect_alive();
	close(passed);
	expect_released_once();
	close(sock[0]);
	close(sock[1]);
}

static int get_in_child(void *data)
{
	return dma_buf_get(*(int *)data) == mock.dmabuf ? 0 : 1;
}

/* spec: buf.md 12 B10 */
TEST(forked_fd_is_the_same_buffer)
{
	int fd = mock_fd(PAGE);

	ck_assert_int_eq(run_in_child(get_in_child, &fd), 0);
	expect_alive();
	close(fd);
	expect_released_once();
}

/* --- the end: the last fd and the last mapping, anywhere --- */

/* spec: buf.md 7.4 "the mapping keeps the buffer alive after the fd is closed"; _i: by the fd, by the library */
TEST_EACH(mapping_keeps_the_buffer_and_its_contents, 0, 2)
{
	struct dma_buf *dmabuf = heap_buf(2 * PAGE, O_RDWR);
	struct dmabuf_vma vma = { .vm_size = 2 * PAGE, .vm_prot = PROT_READ | PROT_WRITE };
	unsigned char *p;
	int fd;

	watch_release(dmabuf);
	if (_i) {
		ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), 0);
		p = vma.vm_start;
		fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	} else {
		fd = dma_buf_fd(dmabuf, O_CLOEXEC);
		p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ck_assert_ptr_ne(p, MAP_FAILED);
	}
	memset(p, 0x5a, 2 * PAGE);
	close(fd);
	sleep_ms(5);
	ck_assert(!watched_released());
	ck_assert_int_eq(p[0], 0x5a);
	ck_assert_int_eq(p[2 * PAGE - 1], 0x5a);
	munmap(p, 2 * PAGE);
	ck_assert(EVENTUALLY(watched_released()));
	ck_assert_uint_eq(watched_releases(), 1);
}

/* spec: buf.md 3.2 "each fd: 1 file reference"; a message is a holder too */
TEST(fd_in_flight_keeps_the_buffer)
{
	int fd = mock_fd(PAGE), sock[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock), 0);
	send_fd(sock[0], fd);
	close(fd);
	expect_alive();
	close(sock[0]);
	expect_alive();
	close(sock[1]);
	expect_released_once();
}

static int wait_for_kill(void *data)
{
	int *ready = data;

	close(ready[0]);
	if (write(ready[1], "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

static pid_t start_holder(void)
{
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = child_start(wait_for_kill, ready);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* spec: buf.md 3.2, 3.3 last file reference gone, in whatever process */
TEST(fd_in_a_killed_process_kept_the_buffer_until_then)
{
	int fd = mock_fd(PAGE);
	pid_t pid = start_holder();

	close(fd);
	expect_alive();
	kill(pid, SIGKILL);
	ck_assert_int_eq(child_end(pid), 1000 + SIGKILL);
	expect_released_once();
}

/* spec: buf.md 3.2 "each vma: 1 file reference" */
TEST(mapping_in_a_killed_process_kept_the_buffer_until_then)
{
	struct dma_buf *dmabuf = heap_buf(PAGE, O_RDWR);
	pid_t pid;
	void *p;
	int fd;

	watch_release(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	pid = start_holder();
	munmap(p, PAGE);
	sleep_ms(5);
	ck_assert(!watched_released());
	kill(pid, SIGKILL);
	child_end(pid);
	ck_assert(EVENTUALLY(watched_released()));
}

static int become_sleep(void *data)
{
	(void)data;
	execl("/bin/sleep", "sleep", "20", (char *)NULL);
	return 127;
}

/* spec: buf.md 3.4 O_CLOEXEC: the fd does not leak over exec */
TEST(exec_ends_a_cloexec_fd)
{
	int fd = mock_fd(PAGE), status;
	pid_t pid = child_start(become_sleep, NULL);

	close(fd);
	expect_released_once();
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	child_end(pid);
}

struct last_holder {
	int fd, start[2];
};

static int close_and_reap(void *data)
{
	struct last_holder *holder = data;
	char c;

	if (read(holder->start[0], &c, 1) != 1)
		return 1;
	close(holder->fd);
	dmabuf_buf_reap();
	return 0;
}

/* spec: buf.md 3.1, 12 B1: release runs once, in the exporting process, whatever a fork does with the library */
TEST(forked_child_cannot_swallow_the_end_of_a_buffer)
{
	struct last_holder holder;
	pid_t pid;

	/* the child closes the last fd and uses the library before the parent looks */
	ck_assert_int_eq(pipe(holder.start), 0);
	holder.fd = mock_fd(PAGE);
	pid = child_start(close_and_reap, &holder);
	close(holder.fd);
	ck_assert_int_eq(write(holder.start[1], "x", 1), 1);
	ck_assert_int_eq(child_end(pid), 0);
	expect_released_once();
	close(holder.start[0]);
	close(holder.start[1]);
}

/* spec: buf.md 3.2: attachments hold nothing by themselves, the reference of the importer does */
TEST(importers_reference_keeps_an_attached_buffer)
{
	struct dma_buf_attachment *attach;
	struct dmabuf_device dev;
	struct dma_buf *dmabuf;
	int fd = mock_fd(PAGE);

	dmabuf_device_init(&dev, "importer");
	dmabuf = dma_buf_get(fd);
	attach = dma_buf_attach(dmabuf, &dev);
	expect_ptr(attach);
	close(fd);
	expect_alive();
	dma_buf_detach(dmabuf, attach);
	expect_alive();
	dma_buf_put(dmabuf);
	expect_released_once();
	expect_diary(&mock, "attach detach release");
}

/* header: dmabuf_buf_reap() tells how many files it saw ended */
TEST(reap_counts_the_ended)
{
	int fd[3], i;

	ck_assert_int_eq(dmabuf_buf_reap(), 0);
	for (i = 0; i < 3; i++)
		fd[i] = dma_buf_fd(heap_buf(PAGE, O_RDWR), O_CLOEXEC);
	ck_assert_int_eq(dmabuf_buf_reap(), 0);
	for (i = 0; i < 3; i++)
		close(fd[i]);
	ck_assert_int_eq(dmabuf_buf_reap(), 3);
	ck_assert_int_eq(dmabuf_buf_reap(), 0);
}

/* header: "calls into the library do this by themselves" */
TEST(later_calls_release_what_ended)
{
	int i, fd;

	close(mock_fd(PAGE));
	for (i = 0; i < 3 && !mock.released; i++) {
		fd = dma_buf_fd(heap_buf(PAGE, O_RDWR), O_CLOEXEC);
		dma_buf_put(dma_buf_get(fd));
		close(fd);
	}
	ck_assert_uint_eq(mock.released, 1);
}

static void reap_later(void *data)
{
	(void)data;
	dmabuf_buf_reap();
}

/* spec: buf.md 12 B1 under threads: buffers made, looked up and closed at once; each ends once */
TEST(many_buffers_come_and_go_without_a_trace)
{
	struct mock_buf many[20];
	struct later later;
	int round, i, fd[20], before;

	close(mock_fd(PAGE));
	ck_assert(EVENTUALLY(released()));
	before = count_fds();
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 20; i++) {
			mock_buf_export(&many[i], &mock_buf_min_ops, PAGE);
			fd[i] = dma_buf_fd(many[i].dmabuf, O_CLOEXEC);
			ck_assert_int_ge(fd[i], 0);
		}
		later_start(&later, 0, reap_later, NULL);
		for (i = 0; i < 20; i++) {
			struct dma_buf *dmabuf = dma_buf_get(fd[i]);

			ck_assert_ptr_eq(dmabuf, many[i].dmabuf);
			close(fd[i]);
			dma_buf_put(dmabuf);
		}
		later_join(&later);
		for (i = 0; i < 20; i++) {
			ck_assert(EVENTUALLY((dmabuf_buf_reap(), many[i].released)));
			ck_assert_uint_eq(many[i].released, 1);
		}
	}
	ck_assert_int_eq(count_fds(), before);
}
