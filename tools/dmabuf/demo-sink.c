// SPDX-License-Identifier: MIT
/*
 * Last stage of the demo: sees every frame twice, as the source wrote it and
 * as the filter made it, and trusts neither. Called by cmd_demo_stage().
 *
 * It hears of a frame long before that is done, tells the filter and the
 * source at once which fence will end its reading, and then waits for the
 * filter's fence by dma_buf_begin_cpu_access().
 *
 * Invariant: nothing of a frame is looked at before the filter's fence has
 * signalled, nor after our own has; in between it must not change.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "demo-pool.h"
#include "media/edge.h"
#include "media/sheet.h"

/* Rows of each frame that are filtered again, and compared. */
#define ROWS_CHECKED	8

struct sink {
	struct stage *stage;
	struct peer *source;
	struct peer *filter;
	struct media_format format;
	struct pool in_pool;		/* the source's */
	struct pool out_pool;		/* the filter's */
	struct sheet sheet;
	bool have_sheet;
};

/* One frame on its way through. */
struct arrival {
	uint64_t frame;
	unsigned int in;
	unsigned int out;
	struct dma_fence *filtered;	/* the filter's */
	struct dma_fence *read;		/* ours */
};

static bool is_edge(const struct sink *sink)
{
	return !sink->stage->opt->null && !sink->stage->opt->no_filter;
}

static int begin_sheet(struct sink *sink, uint64_t expected)
{
	int ret;

	if (sink->stage->opt->null)
		return 0;
	ret = sheet_init(&sink->sheet, &sink->format, expected, !is_edge(sink));
	sink->have_sheet = !ret;
	if (ret == -ENOSYS) {
		stage_note(sink->stage, "built without libpng, so %.100s is not written",
			   sink->stage->opt->png);
		return 0;
	}
	if (ret)
		return stage_fail(sink->stage, ret, "cannot begin the contact sheet: %s",
				  strerror(-ret));
	return 0;
}

static int end_sheet(struct sink *sink)
{
	char err[MEDIA_ERR_SIZE];
	int ret;

	if (!sink->have_sheet)
		return 0;
	ret = sheet_write(&sink->sheet, sink->stage->opt->png, err);
	sheet_fini(&sink->sheet);
	if (ret)
		return stage_fail(sink->stage, ret, "%s", err);
	sink->stage->stats.sheet_written = true;
	return 0;
}

/* Tell both others when we shall have read the frame. */
static int promise(struct sink *sink, const struct arrival *arrival)
{
	struct demo_message release = { .kind = MESSAGE_RELEASE, .in = arrival->out };
	int ret;

	ret = pool_add_fence(sink->stage, sink->out_pool.buf[arrival->out], arrival->filtered,
			     DMA_RESV_USAGE_WRITE);
	if (!ret)
		ret = stage_send(sink->stage, sink->filter, &release, NULL, arrival->read);
	release.in = arrival->in;
	if (!ret)
		ret = stage_send(sink->stage, sink->source, &release, NULL, arrival->read);
	return ret;
}

/* The filter's fence implies the source's: the filter waited for that. */
static int begin_read(struct sink *sink, const struct arrival *arrival)
{
	struct stage *stage = sink->stage;
	const struct hop_wait wait = hop_begin(stage, &arrival->filtered, 1);
	int ret, status;

	ret = dma_buf_begin_cpu_access(sink->out_pool.buf[arrival->out], DMA_FROM_DEVICE);
	if (!ret)
		ret = dma_buf_begin_cpu_access(sink->in_pool.buf[arrival->in], DMA_FROM_DEVICE);
	if (ret)
		return stage_fail(stage, ret, "cannot begin to read frame %llu: %s",
				  (unsigned long long)arrival->frame, strerror(-ret));
	status = dma_fence_get_status(arrival->filtered);
	if (status < 0)
		return stage_lost(stage, status, sink->filter->id);
	if (status == 0)
		return stage_fail(stage, -EBADMSG,
				  "frame %llu may be read before the filter's fence has signalled",
				  (unsigned long long)arrival->frame);
	hop_end(stage, HOP_FILTER_SINK, &wait, &arrival->filtered, 1);
	return 0;
}

static void end_read(struct sink *sink, const struct arrival *arrival)
{
	dma_buf_end_cpu_access(sink->in_pool.buf[arrival->in], DMA_FROM_DEVICE);
	dma_buf_end_cpu_access(sink->out_pool.buf[arrival->out], DMA_FROM_DEVICE);
}

static int check_trailers(struct sink *sink, const struct arrival *arrival)
{
	int ret;

	ret = trailer_check(sink->stage, pool_trailer(&sink->in_pool, arrival->in), STAGE_SOURCE,
			    arrival->in, arrival->frame);
	if (!ret)
		ret = trailer_check(sink->stage, pool_trailer(&sink->out_pool, arrival->out),
				    STAGE_FILTER, arrival->out, arrival->frame);
	return ret;
}

/* Some rows, other ones in every frame, by a slow and different way. */
static int check_rows(struct sink *sink, const struct arrival *arrival)
{
	const uint32_t height = sink->format.height;
	uint32_t row;

	if (edge_check_rows(sink->in_pool.map[arrival->in], sink->out_pool.map[arrival->out],
			    sink->format.width, height, ROWS_CHECKED, arrival->frame, &row))
		return stage_fail(sink->stage, -EBADMSG,
				  "frame %llu: row %u is not what the filter makes of the input",
				  (unsigned long long)arrival->frame, row);
	sink->stage->stats.rows_checked += ROWS_CHECKED < height ? ROWS_CHECKED : height;
	return 0;
}

static int look(struct sink *sink, const struct arrival *arrival)
{
	int ret;

	ret = check_trailers(sink, arrival);
	if (!ret && is_edge(sink))
		ret = check_rows(sink, arrival);
	if (!ret && sink->have_sheet)
		sheet_offer(&sink->sheet, is_edge(sink) ? sink->out_pool.map[arrival->out] :
							  sink->in_pool.map[arrival->in]);
	if (!ret)
		ret = check_trailers(sink, arrival);
	return ret;
}

static int receive_frame(struct sink *sink, const struct arrival *arrival)
{
	int ret;

	ret = promise(sink, arrival);
	if (!ret)
		ret = begin_read(sink, arrival);
	if (!ret)
		ret = look(sink, arrival);
	if (ret)
		return ret;
	end_read(sink, arrival);
	dmabuf_timeline_advance(sink->stage->timeline, arrival->read->seqno);
	stage_progress(sink->stage);
	return 0;
}

/* Takes the reference of @filtered. */
static int one_frame(struct sink *sink, const struct demo_message *message,
		     struct dma_fence *filtered)
{
	struct dma_fence *read = dmabuf_timeline_fence(sink->stage->timeline);
	const struct arrival arrival = {
		.frame = message->frame,
		.in = message->in,
		.out = message->out,
		.filtered = filtered,
		.read = read,
	};
	int ret;

	if (dmabuf_is_err(read)) {
		ret = dmabuf_ptr_err(read);
		ret = stage_fail(sink->stage, ret, "cannot make a fence: %s", strerror(-ret));
	} else {
		ret = receive_frame(sink, &arrival);
		dma_fence_put(read);
	}
	dma_fence_put(filtered);
	return ret;
}

static int all_frames(struct sink *sink)
{
	struct demo_message message;
	struct dma_fence *filtered;
	int ret;

	for (;;) {
		ret = stage_recv(sink->stage, sink->filter, &message, NULL, &filtered);
		if (ret)
			return ret;
		if (message.frame != sink->stage->frames)
			break;
		if (message.kind == MESSAGE_END)
			return 0;
		if (message.kind != MESSAGE_FRAME || message.in >= sink->in_pool.count ||
		    message.out >= sink->out_pool.count)
			break;
		ret = one_frame(sink, &message, filtered);
		if (ret)
			return ret;
	}
	dma_fence_put(filtered);
	return stage_unexpected(sink->stage, sink->filter);
}

/* Both pools, and the contact sheet. */
static int set_up(struct sink *sink)
{
	struct demo_message message;
	uint64_t expected;
	int ret;

	ret = pool_receive(sink->stage, sink->source, &message, &sink->in_pool);
	if (ret)
		return ret;
	sink->format = message.format;
	expected = message.expected;
	ret = pool_receive(sink->stage, sink->filter, &message, &sink->out_pool);
	if (!ret)
		ret = pool_map(sink->stage, &sink->in_pool, PROT_READ);
	if (!ret)
		ret = pool_map(sink->stage, &sink->out_pool, PROT_READ);
	if (!ret)
		ret = begin_sheet(sink, expected);
	return ret;
}

int demo_sink(struct stage *stage)
{
	static struct sink sink;
	int ret;

	sink.stage = stage;
	sink.source = &stage->peer[0];
	sink.filter = &stage->peer[1];
	ret = set_up(&sink);
	if (!ret)
		ret = all_frames(&sink);
	if (ret)
		return ret;
	stage->stats.last_ns = demo_now_ns();
	ret = end_sheet(&sink);
	if (ret)
		return ret;
	pool_fini(&sink.in_pool);
	pool_fini(&sink.out_pool);
	return 0;
}
