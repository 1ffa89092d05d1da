// SPDX-License-Identifier: MIT
/*
 * A child process that decodes video for us, writing to a pipe.
 *
 * Part of the demo of the dmabuf command; called by source.c, which knows what
 * ffmpeg's arguments are and what its end means. This file knows processes.
 *
 * Invariant: the child never outlives us and never waits for us but to write
 * pictures. The kernel kills it when we die, whatever the cause; its stderr is
 * a pipe it cannot block on: what does not fit is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decoder.h"

/* Enough for several rows of pictures; more than the limit is refused. */
#define PIPE_SIZE (1 << 20)

void decoder_init(struct decoder *decoder)
{
	memset(decoder, 0, sizeof(*decoder));
	decoder->pidfd = decoder->out_fd = decoder->err_fd = -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool is_program(const char *path)
{
	return !access(path, X_OK);
}

static int find_in_path(const char *name, char ret_path[PATH_MAX])
{
	const char *dir = getenv("PATH");
	char path[PATH_MAX];
	int len, n;

	for (; dir && *dir; dir += len + (dir[len] == ':')) {
		len = strcspn(dir, ":");
		n = snprintf(path, sizeof(path), "%.*s/%s", len ? len : 1, len ? dir : ".", name);
		if (n < PATH_MAX && is_program(path)) {
			memcpy(ret_path, path, n + 1);
			return 0;
		}
	}
	return -ENOENT;
}

int decoder_find(const char *name, char ret_path[PATH_MAX])
{
	if (!strchr(name, '/'))
		return find_in_path(name, ret_path);
	if (strlen(name) >= PATH_MAX || !is_program(name))
		return -ENOENT;
	strcpy(ret_path, name);
	return 0;
}

/* The fds that become the child's stdin, stdout and stderr. */
struct child_io {
	int fd[3];
};

/*
 * Runs in the child, between fork and exec: calls what is safe there only.
 * The fds are first moved out of the way of 0, 1 and 2, which they may have
 * got when our own were closed; dup2() then drops close-on-exec.
 */
static int child_set_io(struct child_io *io)
{
	int i;

	for (i = 0; i < 3; i++) {
		io->fd[i] = fcntl(io->fd[i], F_DUPFD_CLOEXEC, 3);
		if (io->fd[i] < 0)
			return -errno;
	}
	for (i = 0; i < 3; i++) {
		if (dup2(io->fd[i], i) < 0)
			return -errno;
	}
	return 0;
}

/* Our handlers and masks are no business of the child's. */
static void child_set_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The terminal's Ctrl-C is for us; we then end the child. */
static _Noreturn void child_main(char *const argv[], struct child_io *io, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(126);
	setpgid(0, 0);
	child_set_signals();
	if (!child_set_io(io))
		execv(argv[0], argv);
	_exit(127);
}

/* On failure what was opened stays in @decoder and @io, for the caller. */
static int open_io(struct decoder *decoder, struct child_io *io)
{
	int out[2], err[2];

	io->fd[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (io->fd[0] < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC))
		return -errno;
	decoder->out_fd = out[0];
	io->fd[1] = out[1];
	fcntl(out[0], F_SETPIPE_SZ, PIPE_SIZE);
	if (pipe2(err, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	decoder->err_fd = err[0];
	io->fd[2] = err[1];
	return 0;
}

static int fork_child(struct decoder *decoder, char *const argv[], struct child_io *io)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_main(argv, io, parent);
	decoder->pid = pid;
	decoder->pidfd = syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

int decoder_start(struct decoder *decoder, char *const argv[], char err[MEDIA_ERR_SIZE])
{
	struct child_io io = { { -1, -1, -1 } };
	int i, ret;

	decoder_init(decoder);
	ret = open_io(decoder, &io);
	if (!ret)
		ret = fork_child(decoder, argv, &io);
	for (i = 0; i < 3; i++)
		close_fd(&io.fd[i]);
	if (!ret)
		return 0;
	close_fd(&decoder->out_fd);
	close_fd(&decoder->err_fd);
	return media_fail(err, ret, "cannot start %.100s: %s", argv[0], strerror(-ret));
}

/* Keeps the last bytes; older ones go. */
static void tail_append(struct decoder *decoder, const char *text, size_t len)
{
	size_t drop = 0;

	if (decoder->tail_len + len > DECODER_TAIL_SIZE)
		drop = decoder->tail_len + len - DECODER_TAIL_SIZE;
	memmove(decoder->tail, decoder->tail + drop, decoder->tail_len - drop);
	memcpy(decoder->tail + decoder->tail_len - drop, text, len);
	decoder->tail_len += len - drop;
}

/* Reads a pipe's worth at most, so that a chatterer cannot hold us here. */
void decoder_drain(struct decoder *decoder)
{
	char text[DECODER_TAIL_SIZE / 2];
	ssize_t n;
	int i;

	if (decoder->err_fd < 0)
		return;
	for (i = 0; i < 256; i++) {
		n = read(decoder->err_fd, text, sizeof(text));
		if (n <= 0)
			return;
		tail_append(decoder, text, n);
	}
}

/* Returns whether the child has exited in time. */
static bool wait_exit(struct decoder *decoder, int timeout_ms)
{
	struct pollfd exited = { .fd = decoder->pidfd, .events = POLLIN };
	siginfo_t info = { 0 };
	int step;

	if (decoder->pidfd >= 0)
		return poll(&exited, 1, timeout_ms) > 0;
	for (step = 0; step <= timeout_ms / 10; step++) {
		if (!waitid(P_PID, decoder->pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}

/* Until it is reaped here, nobody else can have its pid. */
static int reap(struct decoder *decoder, int *ret_status)
{
	int status;

	while (waitpid(decoder->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (ret_status)
		*ret_status = status;
	return 0;
}

int decoder_stop(struct decoder *decoder, int grace_ms, int *ret_status)
{
	bool exited;
	int ret;

	if (!decoder->pid)
		return -ESRCH;
	close_fd(&decoder->out_fd);
	exited = grace_ms > 0 && wait_exit(decoder, grace_ms);
	if (!exited)
		kill(decoder->pid, SIGKILL);
	ret = reap(decoder, ret_status);
	decoder_drain(decoder);
	close_fd(&decoder->err_fd);
	close_fd(&decoder->pidfd);
	decoder->pid = 0;
	return ret ? ret : grace_ms > 0 && !exited ? -ETIMEDOUT : 0;
}

const char *decoder_last_line(struct decoder *decoder)
{
	size_t start, end = decoder->tail_len, len;

	while (end && strchr(" \r\n", decoder->tail[end - 1]))
		end--;
	start = end;
	while (start && decoder->tail[start - 1] != '\n')
		start--;
	len = end - start;
	if (len >= sizeof(decoder->line))
		len = sizeof(decoder->line) - 1;
	memcpy(decoder->line, decoder->tail + start, len);
	decoder->line[len] = '\0';
	return decoder->line;
}
