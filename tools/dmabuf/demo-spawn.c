// SPDX-License-Identifier: MIT
/*
 * Birth and death of the demo's stages. Called by the supervisor only.
 *
 * A stage is this program again, with a hidden command. The numbers of its
 * three sockets stand on its command line; every other file of ours is closed
 * by the exec. Stages ignore the terminal's Ctrl-C: the supervisor hears it
 * and ends them.
 *
 * Invariant: a stage never outlives the supervisor: the kernel kills it when
 * its parent ends, and it checks that this has not happened before it asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo-spawn.h"

#define ORPHAN_WAIT_MS	500

/* Sockets of one stage: control, then its two neighbours in order of stages. */
struct stage_fds {
	int fd[3];
};

/* All sockets of a run: [0] ends are the first named stage's or ours. */
struct wiring {
	int pair[STAGE_COUNT][2];	/* source-filter, filter-sink, source-sink */
	int control[STAGE_COUNT][2];	/* [0] is the supervisor's */
	int null_fd;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int wiring_init(struct wiring *wiring)
{
	int i;

	memset(wiring, 0xff, sizeof(*wiring));
	wiring->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (wiring->null_fd < 0)
		return -errno;
	for (i = 0; i < STAGE_COUNT; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wiring->pair[i]) ||
		    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, wiring->control[i]))
			return -errno;
	}
	return 0;
}

static void wiring_fini(struct wiring *wiring)
{
	int i, end;

	for (i = 0; i < STAGE_COUNT; i++) {
		for (end = 0; end < 2; end++) {
			close_fd(&wiring->pair[i][end]);
			close_fd(&wiring->control[i][end]);
		}
	}
	close_fd(&wiring->null_fd);
}

static struct stage_fds fds_of_stage(const struct wiring *w, enum demo_stage stage)
{
	switch (stage) {
	case STAGE_SOURCE:	/* filter, sink */
		return (struct stage_fds){ { w->control[0][1], w->pair[0][0], w->pair[2][0] } };
	case STAGE_FILTER:	/* source, sink */
		return (struct stage_fds){ { w->control[1][1], w->pair[0][1], w->pair[1][0] } };
	default:		/* source, filter */
		return (struct stage_fds){ { w->control[2][1], w->pair[2][1], w->pair[1][1] } };
	}
}

/* "dmabuf demo-stage NAME CONTROL NEIGHBOUR NEIGHBOUR" and the user's words. */
static char **stage_argv(enum demo_stage stage, const struct stage_fds *fds, int argc,
			 char **argv)
{
	const int fixed = 6;
	char **words = calloc(fixed + argc + 1, sizeof(*words));
	int i;

	if (!words)
		return NULL;
	words[0] = "dmabuf";
	words[1] = "demo-stage";
	words[2] = (char *)demo_stage_name(stage);
	for (i = 0; i < 3; i++) {
		if (asprintf(&words[3 + i], "%d", fds->fd[i]) < 0) {
			while (i--)
				free(words[3 + i]);
			free(words);
			return NULL;
		}
	}
	memcpy(words + fixed, argv, argc * sizeof(*words));
	return words;
}

static void free_stage_argv(char **words)
{
	int i;

	for (i = 3; i < 6; i++)
		free(words[i]);
	free(words);
}

/* Between fork and exec: system calls only. */
static _Noreturn void child_main(char **words, const struct stage_fds *fds, int null_fd,
				 bool keep_stdin, pid_t parent)
{
	sigset_t none;
	int i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(EXIT_FAILURE);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if ((!keep_stdin && dup2(null_fd, 0) < 0) || dup2(null_fd, 1) < 0)
		_exit(EXIT_FAILURE);
	for (i = 0; i < 3; i++)
		fcntl(fds->fd[i], F_SETFD, 0);
	execv("/proc/self/exe", words);
	_exit(127);
}

static int spawn_one(struct demo_child *child, enum demo_stage stage, struct wiring *wiring,
		     bool keep_stdin, int argc, char **argv)
{
	const struct stage_fds fds = fds_of_stage(wiring, stage);
	char **words = stage_argv(stage, &fds, argc, argv);
	const pid_t parent = getpid();
	pid_t pid;

	if (!words)
		return -ENOMEM;
	pid = fork();
	if (pid == 0)
		child_main(words, &fds, wiring->null_fd, keep_stdin, parent);
	free_stage_argv(words);
	if (pid < 0)
		return -errno;
	child->pid = pid;
	child->pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (child->pidfd < 0)
		return -errno;
	child->control = wiring->control[stage][0];
	wiring->control[stage][0] = -1;
	return 0;
}

int demo_fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

int demo_spawn(const struct demo_options *opt, int argc, char **argv,
	       struct demo_child children[STAGE_COUNT])
{
	const bool stream = opt->file && !strcmp(opt->file, "-");
	struct wiring wiring;
	int ret, i;

	for (i = 0; i < STAGE_COUNT; i++)
		children[i] = (struct demo_child){ .pidfd = -1, .control = -1 };
	ret = wiring_init(&wiring);
	for (i = 0; i < STAGE_COUNT && !ret; i++)
		ret = spawn_one(&children[i], i, &wiring, stream && i == STAGE_SOURCE, argc, argv);
	wiring_fini(&wiring);
	return ret;
}

int demo_reap(struct demo_child *child)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
	close_fd(&child->pidfd);
	close_fd(&child->control);
	return status;
}

void demo_kill(struct demo_child *child)
{
	if (child->pid)
		kill(child->pid, SIGKILL);
}

void demo_adopt_orphans(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void demo_reap_orphans(void)
{
	const struct timespec pause = { 0, 1000000 };
	int i;

	for (i = 0; i < ORPHAN_WAIT_MS; i++) {
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		nanosleep(&pause, NULL);
	}
}
