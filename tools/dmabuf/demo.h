/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_H
#define DMABUF_TOOL_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "media/format.h"

#define DEMO_BUFFERS_MIN	2
#define DEMO_BUFFERS_MAX	64
#define DEMO_FRAMES_MAX		UINT64_C(1000000000000)
#define DEMO_NULL_FRAMES	UINT64_C(100000)
#define DEMO_DEFAULT_WIDTH	1280
#define DEMO_DEFAULT_HEIGHT	720
#define DEMO_DEFAULT_RATE	30

/* Room for one sentence of a stage. */
#define DEMO_TEXT_SIZE		(MEDIA_ERR_SIZE + 64)

/* The three processes. */
enum demo_stage {
	STAGE_SOURCE,	/* frames into the buffers of the first pool */
	STAGE_FILTER,	/* a software device: first pool to second pool */
	STAGE_SINK,	/* checks both and collects the contact sheet */
	STAGE_COUNT,
};

/* Who waits for whose fences. */
enum demo_hop {
	HOP_SOURCE_FILTER,	/* a frame is written: the filter may read */
	HOP_FILTER_SINK,	/* a frame is filtered: the sink may read */
	HOP_SINK_FILTER,	/* a filtered frame is read: the filter may write */
	HOP_READERS_SOURCE,	/* both have read the frame: the source may write */
	HOP_COUNT,
};

/* What the command line says. */
struct demo_options {
	const char *file;	/* NULL: a clip made here; "-": stdin */
	const char *json;	/* NULL: none; "-": stdout */
	const char *png;	/* contact sheet */
	uint64_t frames;	/* 0: all there are */
	uint32_t buffers;	/* in each of the two pools */
	uint32_t width;		/* 0: default */
	uint32_t height;	/* 0: default */
	bool realtime;		/* no faster than the frame rate */
	bool null;		/* no frame data at all: stamps only */
	bool no_filter;		/* the filter only stamps */
	bool help;
};

/* What was seen of one hop; nanoseconds. */
struct demo_hop_stats {
	uint64_t ready;		/* fence had signalled, or did while spinning */
	uint64_t slept;		/* the waits that p50 to max are about */
	uint64_t p50_ns;
	uint64_t p99_ns;
	uint64_t max_ns;
};

/* What a stage knows at its end; the report sums up all three. */
struct demo_stats {
	uint64_t frames;	/* done by this stage */
	int64_t first_ns;	/* CLOCK_MONOTONIC before the first frame */
	int64_t last_ns;	/* after the last one */
	uint64_t ingest_bytes;	/* came in through the pipe or file */
	uint64_t socket_bytes;	/* this stage wrote to sockets */
	uint64_t messages;	/* this stage sent */
	uint64_t copied_bytes;	/* frame data this stage put into messages */
	uint64_t rows_checked;	/* rows compared by the sink */
	struct demo_hop_stats hop[HOP_COUNT];
	bool sheet_written;
};

/* The stream, as the source found it. */
struct demo_stream {
	struct media_format format;
	uint64_t expected;	/* frames expected; 0: unknown */
	char kind[64];		/* words for the report */
};

/* enum record_kind - what a stage says to the supervisor */
enum record_kind {
	RECORD_STREAM,		/* the source opened its input */
	RECORD_PROGRESS,	/* so many frames */
	RECORD_NOTE,		/* something the user should know; all goes on */
	RECORD_FAILED,		/* the run is over; this stage's own doing */
	RECORD_LOST,		/* the run is over; because of a neighbour */
	RECORD_DONE,		/* a good end */
};

/* One message on a control socket; both ends are this very program. */
struct demo_record {
	uint32_t kind;
	uint32_t stage;
	uint64_t frames;	/* done so far by the sender */
	union {
		struct demo_stream stream;
		struct demo_stats stats;
		char text[DEMO_TEXT_SIZE];
	};
};

/* All that the supervisor learned in a run that went well. */
struct demo_result {
	struct demo_stream stream;
	struct demo_stats stats[STAGE_COUNT];
};

const char *demo_stage_name(enum demo_stage stage);
const char *demo_hop_name(enum demo_hop hop);

/* demo_now_ns() - CLOCK_MONOTONIC, the clock of fence timestamps */
int64_t demo_now_ns(void);

/**
 * demo_parse() - read a command line
 * @argc: words in @argv
 * @argv: options and FILE, without a command name
 * @opt: filled in
 * @err: one sentence on failure
 *
 * Return: 0 or -EINVAL.
 */
int demo_parse(int argc, char **argv, struct demo_options *opt, char err[DEMO_TEXT_SIZE]);

/**
 * demo_supervise() - run the three stages to their end
 * @opt: what to do
 * @argc: words in @argv
 * @argv: the words @opt was made of, for the stages
 * @result: filled in on success
 *
 * Whatever happens, no process of the run is left when this returns. A failure
 * was reported on stderr, in one sentence.
 *
 * Return: the exit code: 0, 1, or 128 + number for a signal to this process.
 */
int demo_supervise(const struct demo_options *opt, int argc, char **argv,
		   struct demo_result *result);

/* demo_print() - the table, on stdout */
void demo_print(const struct demo_options *opt, const struct demo_result *result);

/**
 * demo_write_json() - the same data as one JSON object
 * @opt: @opt->json says where
 * @result: data
 *
 * Return: 0 or -errno.
 */
int demo_write_json(const struct demo_options *opt, const struct demo_result *result);

#endif
