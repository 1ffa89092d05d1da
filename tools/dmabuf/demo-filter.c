// SPDX-License-Identifier: MIT
/*
 * Second stage of the demo: a software device with a queue of its own, which
 * finds the edges in every frame. Called by cmd_demo_stage().
 *
 * The main thread is the driver: it hears of frames, collects what their work
 * must wait for, promises a fence and passes it on at once, long before the
 * work is done. The queue thread is the device: it waits for the fences of a
 * job, reads and writes memory by device addresses, and advances the timeline.
 *
 * Invariant: what a job waits for is collected when it is submitted, so it
 * never waits for a fence that depends on its own.
 */
#include <errno.h>
#include <string.h>

#include "demo-device.h"
#include "demo-queue.h"
#include "media/edge.h"

struct filter {
	struct stage *stage;
	struct peer *source;
	struct peer *sink;
	struct media_format format;
	struct pool in_pool;		/* the source's */
	struct pool out_pool;		/* ours */
	struct dmabuf_device device;
	struct device_pool in;
	struct device_pool out;
	struct job_queue queue;
	pthread_t thread;
	int thread_ret;			/* of the queue thread; valid after the join */
	struct dma_fence *release[DEMO_BUFFERS_MAX];	/* NULL: the sink has it */
	uint64_t submitted;
};

/* --- the device ---------------------------------------------------------- */

/* Wait for one fence of a neighbour; its error becomes ours. */
static int wait_for(struct filter *filter, enum demo_hop hop, struct dma_fence *fence,
		    const struct peer *peer)
{
	struct hop_wait wait = hop_begin(filter->stage, &fence, 1);
	long ret = 0;
	int status;

	if (wait.begin_ns)
		ret = dma_fence_wait(fence, false);
	if (ret)
		return stage_fail(filter->stage, ret, "cannot wait for the %s: %s",
				  demo_stage_name(peer->id), strerror(-ret));
	hop_end(filter->stage, hop, &wait, &fence, 1);
	status = dma_fence_get_status(fence);
	return status < 0 ? stage_lost(filter->stage, status, peer->id) : 0;
}

static int wait_for_all(struct filter *filter, const struct job *job)
{
	unsigned int i;
	int ret;

	ret = wait_for(filter, HOP_SOURCE_FILTER, job->written, filter->source);
	for (i = 0; i < job->num_waits && !ret; i++)
		ret = wait_for(filter, HOP_SINK_FILTER, job->wait[i], filter->sink);
	if (!ret && !job->num_waits && job->frame >= filter->out_pool.count)
		filter->stage->hop[HOP_SINK_FILTER].ready++;
	return ret;
}

static int filter_pixels(struct filter *filter, const struct job *job)
{
	void *src, *dst;
	int ret;

	if (filter->stage->opt->null || filter->stage->opt->no_filter)
		return 0;
	ret = device_reach(filter->stage, &filter->in, job->in, 0, filter->in_pool.frame_size,
			   &src);
	if (!ret)
		ret = device_reach(filter->stage, &filter->out, job->out, 0,
				   filter->out_pool.frame_size, &dst);
	if (!ret)
		edge_frame(dst, src, &filter->format);
	return ret;
}

/* The input is looked at before and after: nobody may have changed it. */
static int process(struct filter *filter, const struct job *job)
{
	struct stage *stage = filter->stage;
	const size_t offset = filter->in_pool.trailer_offset;
	void *src, *dst;
	int ret;

	ret = device_reach(stage, &filter->in, job->in, offset, sizeof(struct demo_trailer), &src);
	if (!ret)
		ret = device_reach(stage, &filter->out, job->out, offset,
				   sizeof(struct demo_trailer), &dst);
	if (!ret)
		ret = trailer_check(stage, src, STAGE_SOURCE, job->in, job->frame);
	if (ret)
		return ret;
	trailer_begin(dst, STAGE_FILTER, job->out, job->frame);
	ret = filter_pixels(filter, job);
	if (!ret)
		ret = trailer_check(stage, src, STAGE_SOURCE, job->in, job->frame);
	if (!ret)
		trailer_end(dst, job->frame);
	return ret;
}

static void *device_main(void *arg)
{
	struct filter *filter = arg;
	struct job job;
	int ret = 0;

	while (!ret && job_take(&filter->queue, &job)) {
		ret = wait_for_all(filter, &job);
		if (!ret)
			ret = process(filter, &job);
		if (!ret) {
			dmabuf_timeline_advance(filter->stage->timeline, job.done->seqno);
			stage_progress(filter->stage);
		}
		job_drop(&job);
	}
	filter->thread_ret = ret;
	job_queue_end(&filter->queue);
	return NULL;
}

/* --- the driver ---------------------------------------------------------- */

static int take_release(struct filter *filter)
{
	struct demo_message message;
	struct dma_fence *fence;
	int ret;

	ret = stage_recv(filter->stage, filter->sink, &message, NULL, &fence);
	if (ret)
		return ret;
	if (message.kind != MESSAGE_RELEASE || message.in >= filter->out_pool.count ||
	    filter->release[message.in]) {
		dma_fence_put(fence);
		return stage_unexpected(filter->stage, filter->sink);
	}
	filter->release[message.in] = fence;
	return pool_add_fence(filter->stage, filter->out_pool.buf[message.in], fence,
			      DMA_RESV_USAGE_READ);
}

/* Until the sink has said when it will be done with this output buffer. */
static int collect_release(struct filter *filter, unsigned int out)
{
	int ret;

	while (!filter->release[out]) {
		ret = take_release(filter);
		if (ret)
			return ret;
	}
	return 0;
}

/* What is pending on the output buffer now: readers, as we will write. */
static int collect_waits(struct filter *filter, struct job *job)
{
	struct dma_resv *resv = filter->out_pool.buf[job->out]->resv;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int ret = 0;

	dma_resv_lock(resv, NULL);
	dma_resv_iter_begin(&cursor, resv, dma_resv_usage_rw(true));
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (fence->context == job->done->context)
			continue;	/* our queue is in order anyway */
		if (job->num_waits == JOB_WAITS_MAX) {
			ret = -ENOSPC;
			break;
		}
		job->wait[job->num_waits++] = dma_fence_get(fence);
	}
	dma_resv_iter_end(&cursor);
	dma_resv_unlock(resv);
	if (ret)
		return stage_fail(filter->stage, ret, "too many fences on output buffer %u",
				  job->out);
	return 0;
}

/* As a driver does: collect, then add our own fence, and tell everybody. */
static int promise(struct filter *filter, struct job *job)
{
	struct stage *stage = filter->stage;
	const struct demo_message frame = {
		.kind = MESSAGE_FRAME, .in = job->in, .out = job->out, .frame = job->frame
	};
	const struct demo_message release = { .kind = MESSAGE_RELEASE, .in = job->in };
	struct dma_buf *in = filter->in_pool.buf[job->in];
	struct dma_buf *out = filter->out_pool.buf[job->out];
	int ret;

	ret = pool_add_fence(stage, in, job->written, DMA_RESV_USAGE_WRITE);
	if (!ret)
		ret = collect_waits(filter, job);
	if (!ret)
		ret = pool_add_fence(stage, in, job->done, DMA_RESV_USAGE_READ);
	if (!ret)
		ret = pool_add_fence(stage, out, job->done, DMA_RESV_USAGE_WRITE);
	if (!ret)
		ret = stage_send(stage, filter->sink, &frame, NULL, job->done);
	if (!ret)
		ret = stage_send(stage, filter->source, &release, NULL, job->done);
	return ret;
}

static int make_job(struct filter *filter, const struct demo_message *message,
		    struct dma_fence *written, struct job *job)
{
	struct dma_fence *done = dmabuf_timeline_fence(filter->stage->timeline);
	int ret = dmabuf_is_err(done) ? dmabuf_ptr_err(done) : 0;

	*job = (struct job){
		.frame = message->frame,
		.in = message->in,
		.out = message->frame % filter->out_pool.count,
		.written = written,
		.done = ret ? NULL : done,
	};
	if (ret == -ECANCELED)	/* the device has failed and said why */
		return ret;
	return ret ? stage_fail(filter->stage, ret, "cannot make a fence: %s", strerror(-ret)) : 0;
}

/* Takes the reference of @written. */
static int submit(struct filter *filter, const struct demo_message *message,
		  struct dma_fence *written)
{
	struct job job;
	int ret;

	ret = make_job(filter, message, written, &job);
	if (!ret && job.frame >= filter->out_pool.count)
		ret = collect_release(filter, job.out);
	if (!ret) {
		ret = promise(filter, &job);
		dma_fence_put(filter->release[job.out]);
		filter->release[job.out] = NULL;
	}
	if (!ret && !job_put(&filter->queue, &job))
		ret = -ECANCELED;
	if (ret)
		job_drop(&job);
	else
		filter->submitted++;
	return ret;
}

static int all_frames(struct filter *filter)
{
	struct demo_message message;
	struct dma_fence *written;
	int ret;

	for (;;) {
		ret = stage_recv(filter->stage, filter->source, &message, NULL, &written);
		if (ret)
			return ret;
		if (message.frame != filter->submitted)
			break;
		if (message.kind == MESSAGE_END)
			return stage_send(filter->stage, filter->sink, &message, NULL, NULL);
		if (message.kind != MESSAGE_FRAME || message.in >= filter->in_pool.count)
			break;
		ret = submit(filter, &message, written);
		if (ret)
			return ret;
	}
	dma_fence_put(written);
	return stage_unexpected(filter->stage, filter->source);
}

/* Until the sink has read the last frame of every output buffer. */
static int wait_for_sink(struct filter *filter)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < filter->out_pool.count && i < filter->submitted && !ret; i++) {
		ret = collect_release(filter, i);
		if (!ret)
			ret = wait_for(filter, HOP_SINK_FILTER, filter->release[i], filter->sink);
		dma_fence_put(filter->release[i]);
		filter->release[i] = NULL;
	}
	return ret;
}

static int run_queue(struct filter *filter)
{
	int ret;

	job_queue_init(&filter->queue);
	ret = pthread_create(&filter->thread, NULL, device_main, filter);
	if (ret)
		return stage_fail(filter->stage, -ret, "cannot start the queue thread: %s",
				  strerror(ret));
	ret = all_frames(filter);
	if (ret) {
		pthread_detach(filter->thread);	/* the process ends, and the thread with it */
		return ret;
	}
	job_queue_end(&filter->queue);
	pthread_join(filter->thread, NULL);
	ret = filter->thread_ret;
	if (!ret)
		ret = wait_for_sink(filter);
	job_queue_fini(&filter->queue);
	return ret;
}

/* Take the source's pool, make our own, and let the device at both. */
static int set_up(struct filter *filter)
{
	struct stage *stage = filter->stage;
	struct demo_message message;
	int ret;

	ret = pool_receive(stage, filter->source, &message, &filter->in_pool);
	if (ret)
		return ret;
	filter->format = message.format;
	pool_init(&filter->out_pool, &message.format);
	ret = pool_alloc(stage, &filter->out_pool, message.buffers);
	if (ret)
		return ret;
	dmabuf_device_init(&filter->device, "edge filter");
	ret = device_pool_init(stage, &filter->in, &filter->device, &filter->in_pool,
			       DMA_TO_DEVICE);
	if (!ret)
		ret = device_pool_init(stage, &filter->out, &filter->device, &filter->out_pool,
				       DMA_FROM_DEVICE);
	if (!ret)
		ret = stage_send(stage, filter->sink, &message, filter->out_pool.buf, NULL);
	return ret;
}

int demo_filter(struct stage *stage)
{
	static struct filter filter;
	int ret;

	filter.stage = stage;
	filter.source = &stage->peer[0];
	filter.sink = &stage->peer[1];
	ret = set_up(&filter);
	if (!ret)
		ret = run_queue(&filter);
	if (ret)
		return ret;
	device_pool_fini(&filter.in);
	device_pool_fini(&filter.out);
	pool_fini(&filter.in_pool);
	pool_fini(&filter.out_pool);
	return 0;
}
