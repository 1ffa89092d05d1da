// SPDX-License-Identifier: MIT
/*
 * What the demo's three stages have in common: the way in, the talk with the
 * supervisor, messages to the neighbours, and the account of waits. Called by
 * main() for the hidden command, and by the stages.
 *
 * Invariant: a stage that ends with a failure has told the supervisor why
 * before its timeline fails or its sockets close, so that the reason is there
 * before its consequences are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "demo-stage.h"

/* A neighbour is a process of the same program: it is slow, or it is dead. */
#define CONNECT_TIMEOUT_NS	(30 * 1000000000L)

/* The supervisor hears of so many frames at most in each such span of time. */
#define REPORT_NS		20000000
#define REPORTS_MAX		8

/* A wait that slept ends no sooner than this after the signal. */
#define WAKE_MIN_NS		500

static void tell(struct stage *stage, struct demo_record *record, uint32_t kind, int flags)
{
	record->kind = kind;
	record->stage = stage->id;
	record->frames = __atomic_load_n(&stage->frames, __ATOMIC_RELAXED);
	while (send(stage->control, record, sizeof(*record), MSG_NOSIGNAL | flags) < 0 &&
	       errno == EINTR)
		;
}

static void fail_and_tell(struct stage *stage, uint32_t kind, int error,
			  struct demo_record *record)
{
	if (!atomic_flag_test_and_set(&stage->failed))
		tell(stage, record, kind, 0);
	if (stage->timeline)
		dmabuf_timeline_fail(stage->timeline, error);
}

int stage_fail(struct stage *stage, int error, const char *fmt, ...)
{
	struct demo_record record = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(record.text, sizeof(record.text), fmt, args);
	va_end(args);
	fail_and_tell(stage, RECORD_FAILED, error, &record);
	return error;
}

int stage_lost(struct stage *stage, int error, enum demo_stage who)
{
	struct demo_record record = { 0 };

	snprintf(record.text, sizeof(record.text), "lost the %s: %s", demo_stage_name(who),
		 strerror(-error));
	fail_and_tell(stage, RECORD_LOST, error, &record);
	return error;
}

void stage_note(struct stage *stage, const char *fmt, ...)
{
	struct demo_record record = { 0 };
	va_list args;

	va_start(args, fmt);
	vsnprintf(record.text, sizeof(record.text), fmt, args);
	va_end(args);
	tell(stage, &record, RECORD_NOTE, 0);
}

void stage_tell_stream(struct stage *stage, const struct demo_stream *stream)
{
	struct demo_record record = { 0 };

	record.stream = *stream;
	tell(stage, &record, RECORD_STREAM, 0);
}

void stage_progress(struct stage *stage)
{
	struct demo_record record;
	int64_t now;

	__atomic_fetch_add(&stage->frames, 1, __ATOMIC_RELAXED);
	now = demo_now_ns();
	if (now - stage->reported_ns >= REPORT_NS) {
		stage->reported_ns = now;
		stage->reports = 0;
	}
	if (stage->reports++ >= REPORTS_MAX)
		return;
	memset(&record, 0, sizeof(record));
	tell(stage, &record, RECORD_PROGRESS, MSG_DONTWAIT);
}

/* Is it the other side's fault, or that of whoever ended it? */
static bool is_loss(int error)
{
	return error == -ECONNRESET || error == -EPIPE || error == -EOWNERDEAD ||
	       error == -ECANCELED;
}

static int connection_failed(struct stage *stage, const struct peer *peer, int error,
			     const char *doing)
{
	if (is_loss(error))
		return stage_lost(stage, error, peer->id);
	return stage_fail(stage, error, "cannot %s the %s: %s", doing, demo_stage_name(peer->id),
			  strerror(-error));
}

/* The one place where bytes leave a stage for another: counts frame data. */
int stage_send(struct stage *stage, struct peer *peer, const struct demo_message *message,
	       struct dma_buf **bufs, struct dma_fence *fence)
{
	const struct dmabuf_share_msg msg = {
		.data = (void *)message,
		.size = sizeof(*message),
		.bufs = bufs,
		.num_bufs = bufs ? message->buffers : 0,
		.fences = &fence,
		.num_fences = fence ? 1 : 0,
	};
	int ret = dmabuf_share_send(peer->share, &msg, MAX_SCHEDULE_TIMEOUT);

	if (ret)
		return connection_failed(stage, peer, ret, "send to");
	__atomic_fetch_add(&stage->stats.messages, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stage->stats.copied_bytes, msg.size - sizeof(struct demo_message),
			   __ATOMIC_RELAXED);
	return 0;
}

/* Has it come with what belongs to its kind? */
static bool is_whole(const struct dmabuf_share_msg *msg, const struct demo_message *message)
{
	const bool needs_fence = message->kind == MESSAGE_FRAME || message->kind == MESSAGE_RELEASE;

	if (msg->size != sizeof(*message) || msg->num_fences != needs_fence)
		return false;
	return message->kind != MESSAGE_POOL || message->buffers == msg->num_bufs;
}

int stage_recv(struct stage *stage, struct peer *peer, struct demo_message *ret_message,
	       struct dma_buf **bufs, struct dma_fence **ret_fence)
{
	struct dma_fence *fence = NULL;
	struct dmabuf_share_msg msg = {
		.data = ret_message,
		.size = sizeof(*ret_message),
		.bufs = bufs,
		.num_bufs = bufs ? DEMO_BUFFERS_MAX : 0,
		.fences = &fence,
		.num_fences = 1,
	};
	int ret = dmabuf_share_recv(peer->share, &msg, MAX_SCHEDULE_TIMEOUT);

	if (ret)
		return connection_failed(stage, peer, ret, "receive from");
	if (!is_whole(&msg, ret_message)) {
		dma_fence_put(fence);
		return stage_unexpected(stage, peer);
	}
	*ret_fence = fence;
	return 0;
}

int stage_unexpected(struct stage *stage, const struct peer *peer)
{
	return stage_fail(stage, -EPROTO, "received a message from the %s that makes no sense",
			  demo_stage_name(peer->id));
}

static uint64_t waits_slept(const struct stage *stage)
{
	struct dmabuf_share_stats stats;
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 2; i++) {
		dmabuf_share_get_stats(stage->peer[i].share, &stats);
		sum += stats.waits_slept;
	}
	return sum;
}

struct hop_wait hop_begin(const struct stage *stage, struct dma_fence *const *fences, int count)
{
	struct hop_wait wait = { 0 };
	bool pending = false;
	int i;

	for (i = 0; i < count && !pending; i++)
		pending = !dma_fence_is_signaled(fences[i]);
	if (pending) {
		wait.slept_before = waits_slept(stage);
		wait.begin_ns = demo_now_ns();
	}
	return wait;
}

/*
 * A board remembers only the last few signals; whoever wakes up too late to be
 * told gets the time of waking instead. No kernel wakes a thread as fast as
 * that would look, so such a wait is counted and not measured.
 */
void hop_end(struct stage *stage, enum demo_hop which, const struct hop_wait *wait,
	     struct dma_fence *const *fences, int count)
{
	struct hop *hop = &stage->hop[which];
	int64_t last = 0, now;
	int i;

	if (!wait->begin_ns || waits_slept(stage) == wait->slept_before) {
		hop->ready++;
		return;
	}
	hop->slept++;
	now = demo_now_ns();
	for (i = 0; i < count; i++) {
		if (dma_fence_timestamp(fences[i]) > last)
			last = dma_fence_timestamp(fences[i]);
	}
	if (last >= wait->begin_ns && now - last >= WAKE_MIN_NS)
		histogram_add(&hop->latency, now - last);
}

static void collect_stats(struct stage *stage)
{
	struct dmabuf_share_stats share;
	struct demo_stats *stats = &stage->stats;
	int i;

	for (i = 0; i < 2; i++) {
		dmabuf_share_get_stats(stage->peer[i].share, &share);
		stats->socket_bytes += share.bytes_sent;
	}
	stats->frames = stage->frames;
	for (i = 0; i < HOP_COUNT; i++) {
		const struct hop *hop = &stage->hop[i];

		stats->hop[i] = (struct demo_hop_stats){
			.ready = hop->ready,
			.slept = hop->slept,
			.p50_ns = histogram_quantile(&hop->latency, 50),
			.p99_ns = histogram_quantile(&hop->latency, 99),
			.max_ns = hop->latency.max,
		};
	}
}

static int connect_peers(struct stage *stage, const int fds[2])
{
	struct dmabuf_share *share;
	int i;

	for (i = 0; i < 2; i++) {
		share = dmabuf_share_connect(fds[i], CONNECT_TIMEOUT_NS);
		if (dmabuf_is_err(share))
			return connection_failed(stage, &stage->peer[i], dmabuf_ptr_err(share),
						 "connect to");
		stage->peer[i].share = share;
	}
	return 0;
}

static int run_stage(struct stage *stage, const int fds[2])
{
	static int (*const stages[STAGE_COUNT])(struct stage *) = { demo_source, demo_filter,
								    demo_sink };
	struct dmabuf_timeline *timeline;
	int ret;

	timeline = dmabuf_timeline_create(demo_stage_name(stage->id));
	if (dmabuf_is_err(timeline)) {
		ret = dmabuf_ptr_err(timeline);
		return stage_fail(stage, ret, "cannot create a timeline: %s", strerror(-ret));
	}
	stage->timeline = timeline;
	ret = connect_peers(stage, fds);
	return ret ? ret : stages[stage->id](stage);
}

/* A good end: nothing is left, and leak checkers may look. */
static int finish(struct stage *stage)
{
	struct demo_record record = { 0 };
	int i;

	collect_stats(stage);
	record.stats = stage->stats;
	for (i = 0; i < 2; i++)
		dmabuf_share_close(stage->peer[i].share);
	dmabuf_timeline_destroy(stage->timeline);
	dmabuf_barrier();
	tell(stage, &record, RECORD_DONE, 0);
	close(stage->control);
	return EXIT_SUCCESS;
}

/* Three open files of ours, by number. */
static int take_fds(char **words, int fds[3])
{
	int i;

	for (i = 0; i < 3; i++) {
		fds[i] = atoi(words[i]);
		if (fds[i] <= STDERR_FILENO || fcntl(fds[i], F_SETFD, FD_CLOEXEC))
			return -EBADF;
	}
	return 0;
}

static void name_peers(struct stage *stage)
{
	int i, n = 0;

	for (i = 0; i < STAGE_COUNT; i++) {
		if (i != (int)stage->id)
			stage->peer[n++].id = i;
	}
}

int cmd_demo_stage(int argc, char **argv)
{
	static struct stage stage;
	struct demo_options opt;
	char text[DEMO_TEXT_SIZE];
	int fds[3], i;

	if (argc < 5 || take_fds(argv + 2, fds) || demo_parse(argc - 5, argv + 5, &opt, text)) {
		fprintf(stderr, "dmabuf demo-stage: only dmabuf demo can start this\n");
		return EXIT_USAGE;
	}
	for (i = 0; i < STAGE_COUNT && strcmp(argv[1], demo_stage_name(i)); i++)
		;
	if (i == STAGE_COUNT)
		return EXIT_USAGE;
	snprintf(text, sizeof(text), "dmabuf-%s", argv[1]);
	prctl(PR_SET_NAME, text);
	stage.id = i;
	stage.opt = &opt;
	stage.control = fds[0];
	atomic_flag_clear(&stage.failed);
	name_peers(&stage);
	/* After a failure the process ends as it is: neighbours see its death. */
	if (run_stage(&stage, fds + 1))
		_exit(EXIT_RUN_FAILED);
	return finish(&stage);
}
