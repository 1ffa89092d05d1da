// SPDX-License-Identifier: MIT
/*
 * First stage of the demo: reads the input, a frame at a time, straight into
 * buffers of its own pool. Called by cmd_demo_stage().
 *
 * A frame is announced to the filter, with the fence of its writing, before
 * its data is there. Both readers send the fence of their reading as soon as
 * they hear of a frame; it is added to the buffer's reservation object, so
 * that dma_buf_begin_cpu_access() of the next round waits for it.
 *
 * Invariant: a buffer is written only between begin and end of CPU access, and
 * only when both readers' fences for its last frame were received.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "demo-pool.h"
#include "media/source.h"

/* Where the filter and the sink are in stage->peer. */
#define NUM_READERS	2

struct demo_input {
	struct stage *stage;
	struct source video;		/* unused with --null */
	struct demo_stream stream;
	uint64_t limit;			/* frames at most; 0: no limit */
	struct pool pool;
	struct dma_fence *release[DEMO_BUFFERS_MAX][NUM_READERS];	/* NULL: not yet */
	int64_t start_ns;
};

static uint64_t limit_frames(const struct demo_options *opt)
{
	if (opt->null && !opt->frames)
		return DEMO_NULL_FRAMES;
	return opt->frames;
}

static void describe_null(struct demo_input *in)
{
	const struct demo_options *opt = in->stage->opt;

	in->stream.format = (struct media_format){
		.width = opt->width ? opt->width : DEMO_DEFAULT_WIDTH,
		.height = opt->height ? opt->height : DEMO_DEFAULT_HEIGHT,
		.rate_num = DEMO_DEFAULT_RATE,
		.rate_den = 1,
	};
	strcpy(in->stream.kind, "no data, stamps only");
}

/* Asked to stop while reading: somebody else has a better reason. */
static int input_failed(struct demo_input *in, int error)
{
	if (error == -ECANCELED)
		return stage_lost(in->stage, error, STAGE_SINK);
	if (source_finish(&in->video))
		error = -EIO;
	return stage_fail(in->stage, error, "%s", in->video.err);
}

static int open_video(struct demo_input *in)
{
	const struct demo_options *opt = in->stage->opt;
	const struct source_options wish = {
		.name = opt->file,
		.stop_fd = in->stage->control,
		.width = opt->width,
		.height = opt->height,
		.rate = DEMO_DEFAULT_RATE,
		.frames = opt->frames,
	};
	int ret = source_open(&in->video, &wish);

	if (ret)
		return input_failed(in, ret);
	in->stream.format = in->video.format;
	strcpy(in->stream.kind, source_kind_name(in->video.kind));
	if (in->video.kind == SOURCE_GENERATED)
		stage_note(in->stage,
			   "there is no ffmpeg, so the built-in generator draws the frames");
	return 0;
}

static bool length_is_known(const struct demo_input *in)
{
	return in->stage->opt->null || !in->stage->opt->file;
}

static int open_input(struct demo_input *in)
{
	int ret = 0;

	in->limit = limit_frames(in->stage->opt);
	if (in->stage->opt->null)
		describe_null(in);
	else
		ret = open_video(in);
	if (ret)
		return ret;
	in->stream.expected = in->limit;
	if (length_is_known(in) && !in->limit)
		in->stream.expected = 10 * DEMO_DEFAULT_RATE;
	stage_tell_stream(in->stage, &in->stream);
	return 0;
}

static int share_pool(struct demo_input *in)
{
	const struct demo_message message = {
		.kind = MESSAGE_POOL,
		.buffers = in->pool.count,
		.expected = length_is_known(in) ? in->stream.expected : 0,
		.format = in->stream.format,
	};
	int ret = 0, i;

	for (i = 0; i < NUM_READERS && !ret; i++)
		ret = stage_send(in->stage, &in->stage->peer[i], &message, in->pool.buf, NULL);
	return ret;
}

/* With --realtime: until this frame is due, or somebody wants us to stop. */
static void pace(struct demo_input *in, uint64_t frame)
{
	struct pollfd stop = { .fd = in->stage->control, .events = POLLIN };
	const struct media_format *format = &in->stream.format;
	struct timespec pause;
	int64_t due;

	if (!in->stage->opt->realtime || !format->rate_num)
		return;
	due = in->start_ns + (int64_t)((double)frame * format->rate_den * 1e9 / format->rate_num);
	due -= demo_now_ns();
	if (due <= 0)
		return;
	pause = (struct timespec){ due / 1000000000, due % 1000000000 };
	ppoll(&stop, 1, &pause, NULL);
}

/* 0: there is a frame; 1: the end; or a reported error. */
static int next_frame(struct demo_input *in, uint64_t frame)
{
	int ret;

	pace(in, frame);
	if (in->limit && frame == in->limit)
		return 1;
	if (in->stage->opt->null)
		return 0;
	ret = source_next(&in->video);
	if (ret >= 0)
		return ret;
	return input_failed(in, ret);
}

/* The next message of a reader: a buffer and the fence of its reading. */
static int take_release(struct demo_input *in, int reader)
{
	struct peer *peer = &in->stage->peer[reader];
	struct demo_message message;
	struct dma_fence *fence;
	int ret;

	ret = stage_recv(in->stage, peer, &message, NULL, &fence);
	if (ret)
		return ret;
	if (message.kind != MESSAGE_RELEASE || message.in >= in->pool.count ||
	    in->release[message.in][reader]) {
		dma_fence_put(fence);
		return stage_unexpected(in->stage, peer);
	}
	in->release[message.in][reader] = fence;
	return pool_add_fence(in->stage, in->pool.buf[message.in], fence, DMA_RESV_USAGE_READ);
}

static int collect_releases(struct demo_input *in, unsigned int index)
{
	int reader, ret;

	for (reader = 0; reader < NUM_READERS; reader++) {
		while (!in->release[index][reader]) {
			ret = take_release(in, reader);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* The readers' fences have been waited for: how did they end? */
static int drop_releases(struct demo_input *in, unsigned int index)
{
	struct dma_fence **fences = in->release[index];
	int reader, status, ret = 0;

	for (reader = 0; reader < NUM_READERS; reader++) {
		status = dma_fence_get_status(fences[reader]);
		if (status < 0 && !ret)
			ret = stage_lost(in->stage, status, in->stage->peer[reader].id);
		dma_fence_put(fences[reader]);
		fences[reader] = NULL;
	}
	return ret;
}

/* Waits for both readers, unless this is the buffer's first frame. */
static int begin_write(struct demo_input *in, unsigned int index)
{
	struct dma_fence **fences = in->release[index];
	const int count = fences[0] ? NUM_READERS : 0;
	const struct hop_wait wait = hop_begin(in->stage, fences, count);
	int ret = dma_buf_begin_cpu_access(in->pool.buf[index], DMA_TO_DEVICE);

	if (ret)
		return stage_fail(in->stage, ret, "cannot begin to write buffer %u: %s", index,
				  strerror(-ret));
	if (!count)
		return 0;
	hop_end(in->stage, HOP_READERS_SOURCE, &wait, fences, count);
	return drop_releases(in, index);
}

static int fill(struct demo_input *in, unsigned int index, uint64_t frame)
{
	struct demo_trailer *trailer = pool_trailer(&in->pool, index);
	int ret = 0;

	trailer_begin(trailer, STAGE_SOURCE, index, frame);
	if (!in->stage->opt->null)
		ret = source_read(&in->video, in->pool.map[index], in->pool.frame_size);
	if (ret)
		return input_failed(in, ret);
	trailer_end(trailer, frame);
	return 0;
}

/* Announced first, written then, signalled last. */
static int one_frame(struct demo_input *in, uint64_t frame, struct dma_fence *written)
{
	struct stage *stage = in->stage;
	const unsigned int index = frame % in->pool.count;
	const struct demo_message message = { .kind = MESSAGE_FRAME, .in = index, .frame = frame };
	int ret;

	ret = stage_send(stage, &stage->peer[0], &message, NULL, written);
	if (!ret)
		ret = begin_write(in, index);
	if (!ret)
		ret = fill(in, index, frame);
	if (ret)
		return ret;
	dma_buf_end_cpu_access(in->pool.buf[index], DMA_TO_DEVICE);
	dmabuf_timeline_advance(stage->timeline, written->seqno);
	stage_progress(stage);
	return 0;
}

static int announce_and_fill(struct demo_input *in, uint64_t frame)
{
	struct dma_fence *written = dmabuf_timeline_fence(in->stage->timeline);
	int ret;

	if (dmabuf_is_err(written)) {
		ret = dmabuf_ptr_err(written);
		return stage_fail(in->stage, ret, "cannot make a fence: %s", strerror(-ret));
	}
	ret = one_frame(in, frame, written);
	dma_fence_put(written);
	return ret;
}

static int all_frames(struct demo_input *in)
{
	uint64_t frame;
	int ret;

	in->start_ns = demo_now_ns();
	in->stage->stats.first_ns = in->start_ns;
	for (frame = 0;; frame++) {
		ret = next_frame(in, frame);
		if (!ret && frame >= in->pool.count)
			ret = collect_releases(in, frame % in->pool.count);
		if (!ret)
			ret = announce_and_fill(in, frame);
		if (ret)
			return ret < 0 ? ret : 0;
	}
}

/* Everybody is done with every buffer once the writer may have it again. */
static int end_stream(struct demo_input *in)
{
	struct stage *stage = in->stage;
	const struct demo_message message = { .kind = MESSAGE_END, .frame = stage->frames };
	unsigned int i;
	int ret;

	ret = stage_send(stage, &stage->peer[0], &message, NULL, NULL);
	for (i = 0; i < in->pool.count && i < stage->frames && !ret; i++) {
		ret = collect_releases(in, i);
		if (!ret)
			ret = begin_write(in, i);
		if (!ret)
			dma_buf_end_cpu_access(in->pool.buf[i], DMA_TO_DEVICE);
	}
	stage->stats.last_ns = demo_now_ns();
	return ret;
}

static int close_input(struct demo_input *in)
{
	if (in->stage->opt->null)
		return 0;
	if (source_finish(&in->video))
		return stage_fail(in->stage, -EIO, "%s", in->video.err);
	if (!in->stage->frames)
		return stage_fail(in->stage, -ENODATA, "the input has no frames");
	in->stage->stats.ingest_bytes = source_ingest_bytes(&in->video);
	source_close(&in->video);
	return 0;
}

int demo_source(struct stage *stage)
{
	static struct demo_input in;
	int ret;

	in.stage = stage;
	ret = open_input(&in);
	if (ret)
		return ret;
	pool_init(&in.pool, &in.stream.format);
	ret = pool_alloc(stage, &in.pool, stage->opt->buffers);
	if (!ret)
		ret = pool_map(stage, &in.pool, PROT_READ | PROT_WRITE);
	if (!ret)
		ret = share_pool(&in);
	if (!ret)
		ret = all_frames(&in);
	if (!ret)
		ret = close_input(&in);
	if (!ret)
		ret = end_stream(&in);
	if (!ret)
		pool_fini(&in.pool);
	return ret;
}
