// SPDX-License-Identifier: MIT
/*
 * Rows about frames on their way from one process to another: the lead writes
 * every byte of a frame, the partner reads every byte of it. Called by
 * bench-run.c.
 *
 * As a buffer: a pool is passed once; then the lead sends (index, fence) and
 * starts to write, the partner answers with the fence of its reading, which
 * gates the next use of that buffer. As a stream: through a socket or a pipe.
 *
 * Invariant: the reader knows what the sum of each frame must be: a frame that
 * comes torn, early or out of order ends the row.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <dmabuf/dma-heap.h>

#include "bench-connect.h"
#include "bench-stream.h"

#define POOL 4

static struct dmabuf_share *share;
static struct dmabuf_timeline *timeline;
static struct dma_buf *pool[POOL];
static uint64_t *frames[POOL]; /* the pool's mappings */
static uint64_t *private_frame; /* stream rows */
static uint64_t number; /* of the next frame */

static void write_frame(uint64_t *frame, size_t bytes, uint64_t value)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*frame); i++)
		frame[i] = value;
	bench_keep(frame);
}

static void check_frame(const uint64_t *frame, size_t bytes, uint64_t value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < bytes / sizeof(*frame); i++)
		sum += frame[i];
	if (sum != value * (bytes / sizeof(*frame)))
		bench_die(0, "a frame arrived torn or out of order");
}

/* As a buffer. */

static void map_pool(size_t bytes, int prot)
{
	int i;

	for (i = 0; i < POOL; i++) {
		struct dmabuf_vma vma = { .vm_size = bytes, .vm_prot = prot };

		bench_must(dma_buf_mmap(pool[i], &vma, 0), "cannot map a buffer");
		frames[i] = vma.vm_start;
	}
}

static void prepare_lead(const struct bench *bench)
{
	struct dma_heap *heap = bench_must_ptr(dma_heap_find("system"), "there is no system heap");
	int i;

	share = connect_side(BENCH_LEAD);
	timeline = bench_must_ptr(dmabuf_timeline_create("writer"), "cannot make a timeline");
	for (i = 0; i < POOL; i++)
		pool[i] = bench_must_ptr(dma_heap_buffer_alloc(heap, bench->bytes,
							       O_RDWR | O_CLOEXEC, 0),
					 "cannot allocate a buffer");
	share_send(share, &(struct dmabuf_share_msg){ .bufs = pool, .num_bufs = POOL });
	map_pool(bench->bytes, PROT_READ | PROT_WRITE);
}

static void prepare_partner(const struct bench *bench)
{
	share = connect_side(BENCH_PARTNER);
	timeline = bench_must_ptr(dmabuf_timeline_create("reader"), "cannot make a timeline");
	share_recv(share, &(struct dmabuf_share_msg){ .bufs = pool, .num_bufs = POOL });
	map_pool(bench->bytes, PROT_READ);
}

static void send_fence(uint32_t index, struct dma_fence *fence)
{
	share_send(share, &(struct dmabuf_share_msg){ .data = &index,
						      .size = sizeof(index),
						      .fences = &fence,
						      .num_fences = 1 });
}

static struct dma_fence *recv_fence(uint32_t *ret_index)
{
	struct dma_fence *fence;

	share_recv(share, &(struct dmabuf_share_msg){ .data = ret_index,
						      .size = sizeof(*ret_index),
						      .fences = &fence,
						      .num_fences = 1 });
	if (*ret_index >= POOL)
		bench_die(0, "a message names a buffer that is not there");
	return fence;
}

static void wait_and_put(struct dma_fence *fence)
{
	bench_must(dma_fence_wait(fence, false), "cannot wait");
	if (dma_fence_get_status(fence) != 1)
		bench_die(0, "a frame's fence ended with an error");
	dma_fence_put(fence);
}

static void finish(struct dma_fence *fence)
{
	bench_must(dmabuf_timeline_advance(timeline, fence->seqno), "cannot advance");
	dma_fence_put(fence);
}

/* The buffer for the next frame, once its last reader is through. */
static uint32_t take_buffer(void)
{
	uint32_t index = POOL;

	if (number < POOL)
		return number; /* There is none. */
	wait_and_put(recv_fence(&index));
	return index;
}

static void lead_frame(const struct bench *bench)
{
	uint32_t index = take_buffer();
	struct dma_fence *written = bench_must_ptr(dmabuf_timeline_fence(timeline), "no fence");

	send_fence(index, written);
	if (bench->arg)
		write_frame(frames[index], bench->bytes, number);
	finish(written);
	number++;
}

static void partner_frame(const struct bench *bench)
{
	struct dma_fence *read = bench_must_ptr(dmabuf_timeline_fence(timeline), "no fence");
	struct dma_fence *written;
	uint32_t index = POOL;

	written = recv_fence(&index);
	send_fence(index, read);
	wait_and_put(written);
	if (bench->arg)
		check_frame(frames[index], bench->bytes, number);
	finish(read);
	number++;
}

/* As a stream. */

static void prepare_stream(const struct bench *bench)
{
	private_frame = bench_must_ptr(malloc(bench->bytes), "no memory");
}

static void lead_stream(const struct bench *bench)
{
	write_frame(private_frame, bench->bytes, number++);
	stream_write(private_frame, bench->bytes);
}

static void partner_stream(const struct bench *bench)
{
	stream_read(private_frame, bench->bytes);
	check_frame(private_frame, bench->bytes, number++);
}

/* Until the last frame has been read. */
static int64_t measure_frames(const struct bench *bench, uint64_t count,
			      void (*frame)(const struct bench *bench))
{
	int64_t begin = bench_now();

	bench_pair_start(count);
	while (count--)
		frame(bench);
	bench_pair_join();
	return bench_now() - begin;
}

static int64_t measure_handoff(const struct bench *bench, uint64_t count)
{
	return measure_frames(bench, count, lead_frame);
}

static int64_t measure_stream(const struct bench *bench, uint64_t count)
{
	return measure_frames(bench, count, lead_stream);
}

static int64_t partner_handoff(const struct bench *bench, uint64_t count)
{
	while (count--)
		partner_frame(bench);
	return 0;
}

static int64_t partner_read_stream(const struct bench *bench, uint64_t count)
{
	while (count--)
		partner_stream(bench);
	return 0;
}

/* Anything: it says that the frame's bytes are touched. */
static const char touched = 1;

#define HANDOFF_ROW(row_name, size, touch)                                                         \
	{                                                                                          \
		.name = row_name, .place = BENCH_APART, .bytes = size, .arg = touch,               \
		.open = connect_open, .prepare = prepare_lead, .partner_prepare = prepare_partner, \
		.measure = measure_handoff, .partner = partner_handoff                             \
	}
#define STREAM_ROW(row_name, peer_name, size, open_function)                              \
	{                                                                                 \
		.name = row_name, .peer = peer_name, .place = BENCH_APART, .bytes = size, \
		.open = open_function, .prepare = prepare_stream,                         \
		.partner_prepare = prepare_stream, .measure = measure_stream,             \
		.partner = partner_read_stream                                            \
	}
#define ROWS_OF_SIZE(name, size)                                                                  \
	HANDOFF_ROW("handoff_" name, size, &touched),                                             \
		STREAM_ROW("handoff_" name "_socket", "handoff_" name, size, stream_open_socket), \
		STREAM_ROW("handoff_" name "_pipe", "handoff_" name, size, stream_open_pipe),     \
		HANDOFF_ROW("handoff_" name "_untouched", size, NULL)

static const struct bench rows[] = {
	ROWS_OF_SIZE("64K", 64 << 10),
	ROWS_OF_SIZE("1M", 1 << 20),
	ROWS_OF_SIZE("8M", 8 << 20),
};

const struct bench_group bench_handoff_rows = BENCH_GROUP(rows);
