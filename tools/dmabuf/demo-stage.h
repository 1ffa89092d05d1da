/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_STAGE_H
#define DMABUF_TOOL_DEMO_STAGE_H

#include <stdatomic.h>

#include <dmabuf/share.h>

#include "demo.h"
#include "histogram.h"

/* enum message_kind - what stages say to each other */
enum message_kind {
	MESSAGE_POOL,		/* the buffers of a pool, once, and their format */
	MESSAGE_FRAME,		/* frame in buffer @in, to be in @out; its fence */
	MESSAGE_RELEASE,	/* buffer @in is read until this fence */
	MESSAGE_END,		/* there were @frame frames */
};

/*
 * One message between stages: these bytes, and buffers or one fence beside
 * them. Never pixels.
 */
struct demo_message {
	uint32_t kind;
	uint32_t in;			/* index in the pool it comes from */
	uint32_t out;			/* index in the second pool */
	uint32_t buffers;		/* MESSAGE_POOL only, as all below */
	uint64_t frame;			/* number, or how many */
	uint64_t expected;		/* frames for the contact sheet; 0: unknown */
	struct media_format format;
};

/* A neighbour of a stage. */
struct peer {
	enum demo_stage id;
	struct dmabuf_share *share;	/* NULL: not connected */
};

/* What is measured about waits for one kind of fence. */
struct hop {
	uint64_t ready;
	uint64_t slept;
	struct histogram latency;	/* of those that slept, in nanoseconds */
};

/* A wait for fences that may turn out to sleep, see hop_begin(). */
struct hop_wait {
	uint64_t slept_before;
	int64_t begin_ns;		/* 0: nothing to wait for */
};

/* What every stage has; the three are in their own files. */
struct stage {
	enum demo_stage id;
	const struct demo_options *opt;
	int control;			/* to the supervisor */
	struct peer peer[2];		/* in the order of enum demo_stage */
	struct dmabuf_timeline *timeline;
	uint64_t frames;		/* done; written by one thread */
	int64_t reported_ns;		/* when the present span of reports began */
	unsigned int reports;		/* in it */
	atomic_flag failed;		/* the reason of failure was sent */
	struct hop hop[HOP_COUNT];
	struct demo_stats stats;
};

/* The stages proper: 0, or a negative errno that has been reported. */
int demo_source(struct stage *stage);
int demo_filter(struct stage *stage);
int demo_sink(struct stage *stage);

/**
 * stage_fail() - say that the run is over, and why: it is this stage's doing
 * @stage: stage
 * @error: negative errno
 * @fmt: one sentence as for printf(), without the stage's name
 *
 * Only the first of these of a stage is heard. Any thread.
 *
 * Return: @error.
 */
int stage_fail(struct stage *stage, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * stage_lost() - the run is over because of a neighbour
 * @stage: stage
 * @error: negative errno that came from a fence or a connection
 * @who: the neighbour
 *
 * As stage_fail(), but any other explanation is better.
 */
int stage_lost(struct stage *stage, int error, enum demo_stage who);

/* stage_note() - a sentence for the user; all goes on */
void stage_note(struct stage *stage, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* stage_tell_stream() - the source opened its input */
void stage_tell_stream(struct stage *stage, const struct demo_stream *stream);

/* stage_progress() - one more frame is done; the supervisor hears now and then */
void stage_progress(struct stage *stage);

/**
 * stage_send() - pass a message to a neighbour
 * @stage: stage
 * @peer: to whom
 * @message: what
 * @bufs: buffers that go with it, @message->buffers of them, or NULL
 * @fence: fence that goes with it, or NULL
 *
 * Return: 0, or a negative errno that has been reported.
 */
int stage_send(struct stage *stage, struct peer *peer, const struct demo_message *message,
	       struct dma_buf **bufs, struct dma_fence *fence);

/**
 * stage_recv() - wait for the next message
 * @stage: stage
 * @peer: from whom
 * @ret_message: filled in
 * @bufs: room for DEMO_BUFFERS_MAX buffers when a pool is expected, or NULL
 * @ret_fence: the fence that came along, or NULL; the caller owns it
 *
 * Return: 0, or a negative errno that has been reported.
 */
int stage_recv(struct stage *stage, struct peer *peer, struct demo_message *ret_message,
	       struct dma_buf **bufs, struct dma_fence **ret_fence);

/* stage_unexpected() - stage_fail() for a message that makes no sense here */
int stage_unexpected(struct stage *stage, const struct peer *peer);

/**
 * hop_begin() - look at fences before waiting for all of them
 * @stage: stage; only this thread of it waits for fences
 * @fences: fences of other stages
 * @count: how many
 */
struct hop_wait hop_begin(const struct stage *stage, struct dma_fence *const *fences, int count);

/**
 * hop_end() - account for the wait
 * @stage: as for hop_begin()
 * @which: what kind of wait this was
 * @wait: from hop_begin()
 * @fences: the same fences, all signalled
 * @count: how many
 *
 * Where the wait had to sleep, the time from the last signal to now is noted.
 */
void hop_end(struct stage *stage, enum demo_hop which, const struct hop_wait *wait,
	     struct dma_fence *const *fences, int count);

#endif
