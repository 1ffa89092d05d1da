// SPDX-License-Identifier: MIT
/*
 * The demo's supervisor: starts the stages, listens to them, shows progress,
 * and finds out who is to blame when something ends early. It never touches a
 * buffer or a fence. Called by cmd_demo().
 *
 * When one stage ends, its neighbours fail too, and whose message comes first
 * is chance. So after the first sign of trouble all get a moment to end by
 * themselves, and only then the best explanation is chosen: a stage that
 * failed on its own or was killed goes before one that lost its neighbour.
 *
 * Invariant: when demo_supervise() returns, every process it started is gone.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "demo-spawn.h"
#include "demo.h"
#include "media/bar.h"

/* How long stages may take to end after one has; then they are killed. */
#define END_LIMIT_MS	700

/* Explanations, best first. */
enum blame_rank {
	BLAME_ITSELF,	/* failed by itself, or was killed */
	BLAME_SILENT,	/* ended without a word */
	BLAME_OTHER,	/* lost a neighbour */
	BLAME_NONE,
};

/* Why the run failed, as far as known. */
struct blame {
	enum blame_rank rank;
	enum demo_stage stage;
	int signal;		/* 0: see text */
	char text[DEMO_TEXT_SIZE];
};

struct supervisor {
	struct demo_child child[STAGE_COUNT];
	uint64_t frames[STAGE_COUNT];		/* last heard of */
	bool done[STAGE_COUNT];			/* said goodbye */
	char note[STAGE_COUNT][DEMO_TEXT_SIZE];	/* empty: none */
	struct demo_result *result;
	struct blame blame;
	struct bar bar;
	int signal_fd;
	int interrupt;		/* number of the signal that ends us; 0: none */
	int64_t deadline_ns;	/* when to kill the rest; 0: nothing is wrong */
	bool killed;		/* whoever dies now was killed by us */
};

static void blame_stage(struct supervisor *sup, enum blame_rank rank, enum demo_stage stage,
			int signal, const char *text)
{
	struct blame *blame = &sup->blame;

	if (rank < blame->rank) {
		blame->rank = rank;
		blame->stage = stage;
		blame->signal = signal;
		snprintf(blame->text, sizeof(blame->text), "%s", text);
	}
	if (!sup->deadline_ns)
		sup->deadline_ns = demo_now_ns() + END_LIMIT_MS * INT64_C(1000000);
}

static void begin_bar(struct supervisor *sup)
{
	const bool terminal = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);

	bar_init(&sup->bar, terminal ? STDERR_FILENO : -1, sup->result->stream.expected);
}

static void take_record(struct supervisor *sup, enum demo_stage stage, struct demo_record *record)
{
	sup->frames[stage] = record->frames;
	record->text[sizeof(record->text) - 1] = 0;
	switch (record->kind) {
	case RECORD_STREAM:
		sup->result->stream = record->stream;
		begin_bar(sup);
		break;
	case RECORD_PROGRESS:
		if (stage == STAGE_SINK)
			bar_update(&sup->bar, record->frames);
		break;
	case RECORD_NOTE:
		snprintf(sup->note[stage], DEMO_TEXT_SIZE, "%s", record->text);
		break;
	case RECORD_FAILED:
		blame_stage(sup, BLAME_ITSELF, stage, 0, record->text);
		break;
	case RECORD_LOST:
		blame_stage(sup, BLAME_OTHER, stage, 0, record->text);
		break;
	case RECORD_DONE:
		sup->result->stats[stage] = record->stats;
		sup->done[stage] = true;
		break;
	}
}

/* Everything the stage has said so far. */
static void listen_to(struct supervisor *sup, enum demo_stage stage)
{
	struct demo_record record;
	ssize_t len;

	while (sup->child[stage].control >= 0) {
		memset(&record, 0, sizeof(record));
		len = recv(sup->child[stage].control, &record, sizeof(record), MSG_DONTWAIT);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (len <= 0) {
			close(sup->child[stage].control);
			sup->child[stage].control = -1;
			return;
		}
		take_record(sup, stage, &record);
	}
}

static void bury(struct supervisor *sup, enum demo_stage stage)
{
	char text[DEMO_TEXT_SIZE];
	int status;

	listen_to(sup, stage);
	status = demo_reap(&sup->child[stage]);
	if (sup->killed || (WIFEXITED(status) && !WEXITSTATUS(status) && sup->done[stage]))
		return;
	if (WIFSIGNALED(status)) {
		blame_stage(sup, BLAME_ITSELF, stage, WTERMSIG(status), "");
		return;
	}
	snprintf(text, sizeof(text), "ended with exit code %d and gave no reason",
		 WEXITSTATUS(status));
	blame_stage(sup, BLAME_SILENT, stage, 0, text);
}

/* A stage was ahead of the ones behind it, so they know at least as much. */
static uint64_t frames_done(const struct supervisor *sup, enum demo_stage stage)
{
	uint64_t frames = 0;
	int i;

	for (i = stage; i < STAGE_COUNT; i++) {
		if (sup->frames[i] > frames)
			frames = sup->frames[i];
	}
	return frames;
}

static void print_blame(const struct supervisor *sup)
{
	const struct blame *blame = &sup->blame;
	const char *name = demo_stage_name(blame->stage);
	unsigned long long frames;

	if (!blame->signal) {
		fprintf(stderr, "dmabuf demo: %s: %s\n", name, blame->text);
		return;
	}
	frames = frames_done(sup, blame->stage);
	fprintf(stderr, "dmabuf demo: %s was killed by signal %d after %llu frame%s\n", name,
		blame->signal, frames, frames == 1 ? "" : "s");
}

static void kill_all(struct supervisor *sup)
{
	int i;

	sup->killed = true;
	for (i = 0; i < STAGE_COUNT; i++)
		demo_kill(&sup->child[i]);
}

/* The end of their control socket is what stages take for "stop". */
static void ask_all_to_stop(struct supervisor *sup)
{
	int i;

	for (i = 0; i < STAGE_COUNT; i++) {
		if (sup->child[i].control >= 0)
			shutdown(sup->child[i].control, SHUT_WR);
	}
}

static void take_signal(struct supervisor *sup)
{
	struct signalfd_siginfo info;

	if (read(sup->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	sup->interrupt = info.ssi_signo;
	kill_all(sup);
}

/* Milliseconds until the rest is killed, rounded up; -1: no limit. */
static int time_left(const struct supervisor *sup)
{
	int64_t left;

	if (!sup->deadline_ns || sup->killed)
		return -1;
	left = sup->deadline_ns - demo_now_ns();
	return left <= 0 ? 0 : left / 1000000 + 1;
}

/* One round of waiting and of looking who said or did something. */
static void one_round(struct supervisor *sup)
{
	struct pollfd fds[1 + 2 * STAGE_COUNT];
	int i;

	fds[0] = (struct pollfd){ .fd = sup->signal_fd, .events = POLLIN };
	for (i = 0; i < STAGE_COUNT; i++) {
		fds[1 + i] = (struct pollfd){ .fd = sup->child[i].control, .events = POLLIN };
		fds[1 + STAGE_COUNT + i] =
			(struct pollfd){ .fd = sup->child[i].pidfd, .events = POLLIN };
	}
	if (poll(fds, 1 + 2 * STAGE_COUNT, time_left(sup)) < 0)
		return;
	if (fds[0].revents)
		take_signal(sup);
	for (i = 0; i < STAGE_COUNT; i++) {
		if (fds[1 + i].revents)
			listen_to(sup, i);
	}
	for (i = 0; i < STAGE_COUNT; i++) {
		if (fds[1 + STAGE_COUNT + i].revents)
			bury(sup, i);
	}
}

static bool anybody_alive(const struct supervisor *sup)
{
	int i;

	for (i = 0; i < STAGE_COUNT; i++) {
		if (sup->child[i].pid)
			return true;
	}
	return false;
}

static void run(struct supervisor *sup)
{
	bool asked = false;

	while (anybody_alive(sup)) {
		one_round(sup);
		if (!sup->deadline_ns)
			continue;
		if (!asked)
			ask_all_to_stop(sup);
		asked = true;
		if (!sup->killed && demo_now_ns() >= sup->deadline_ns)
			kill_all(sup);
	}
	demo_reap_orphans();
	bar_fini(&sup->bar);
}

/* Signals that end us; those that whoever started us ignores stay ignored. */
static int open_signals(sigset_t *old)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	sigset_t set;
	size_t i;
	int fd;

	sigemptyset(&set);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!sigaction(numbers[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_BLOCK, &set, old);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		return fd;
	fd = -errno;
	sigprocmask(SIG_SETMASK, old, NULL);
	return fd;
}

static int verdict(const struct supervisor *sup)
{
	int i;

	if (sup->interrupt)
		return 128 + sup->interrupt;
	if (sup->blame.rank != BLAME_NONE) {
		print_blame(sup);
		return EXIT_RUN_FAILED;
	}
	for (i = 0; i < STAGE_COUNT; i++) {
		if (sup->note[i][0])
			fprintf(stderr, "dmabuf demo: %s\n", sup->note[i]);
	}
	return 0;
}

static int cannot_start(struct supervisor *sup, int error)
{
	int i;

	kill_all(sup);
	for (i = 0; i < STAGE_COUNT; i++) {
		if (sup->child[i].pid)
			demo_reap(&sup->child[i]);
	}
	fprintf(stderr, "dmabuf demo: cannot start the stages: %s\n", strerror(-error));
	return EXIT_RUN_FAILED;
}

int demo_supervise(const struct demo_options *opt, int argc, char **argv,
		   struct demo_result *result)
{
	struct supervisor sup = { .result = result, .blame.rank = BLAME_NONE, .bar.fd = -1 };
	sigset_t old;
	int ret;

	/* A limit on file sizes is an error to report, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	ret = demo_fill_standard_fds();
	if (ret)
		return cannot_start(&sup, ret);
	sup.signal_fd = open_signals(&old);
	if (sup.signal_fd < 0)
		return cannot_start(&sup, sup.signal_fd);
	demo_adopt_orphans();
	ret = demo_spawn(opt, argc, argv, sup.child);
	if (ret) {
		ret = cannot_start(&sup, ret);
	} else {
		run(&sup);
		ret = verdict(&sup);
	}
	close(sup.signal_fd);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret;
}
