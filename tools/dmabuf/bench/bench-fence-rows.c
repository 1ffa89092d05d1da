// SPDX-License-Identifier: MIT
/*
 * Rows about the life of a fence within one process. Called by bench-run.c.
 *
 * Where a call can be made only once per fence, a batch of fences is made
 * ready, not timed, and then the calls are timed together.
 *
 * Invariant: a fence in static memory is never put to zero; it is initialised
 * again once nobody uses it.
 */
#include <pthread.h>
#include <stdlib.h>

#include <dmabuf/dma-fence.h>
#include <dmabuf/share.h>

#include "bench-fence.h"
#include "bench-pingpong.h"

#define BATCH 128 /* fits the first-level cache */
#define MANY  1000

static struct dmabuf_spinlock lock;
static uint64_t context;
static struct dma_fence fence; /* the one most rows are about */
static struct dma_fence batch[BATCH];
static struct dma_fence_cb callbacks[MANY];
static struct dmabuf_timeline *timeline;

static const char *get_name(struct dma_fence *any)
{
	(void)any;
	return "bench";
}

const struct dma_fence_ops bench_fence_ops = {
	.get_driver_name = get_name,
	.get_timeline_name = get_name,
};

static void on_signal(struct dma_fence *any, struct dma_fence_cb *cb)
{
	(void)any;
	(void)cb;
}

static void init_fence(struct dma_fence *new)
{
	dma_fence_init(new, &bench_fence_ops, &lock, context, 1);
}

static void prepare_pending(const struct bench *bench)
{
	(void)bench;
	context = dma_fence_context_alloc(1);
	init_fence(&fence);
}

static void prepare_signaled(const struct bench *bench)
{
	prepare_pending(bench);
	dma_fence_signal(&fence);
}

static int64_t measure_context_alloc(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_context_alloc(1));
}

static int64_t measure_init(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_init(&fence, &bench_fence_ops, &lock, 1, i));
}

static void alloc_init_put(uint64_t seqno)
{
	struct dma_fence *new = malloc(sizeof(*new));

	if (!new)
		bench_die(0, "out of memory");
	dma_fence_init(new, &bench_fence_ops, &lock, context, seqno);
	dma_fence_put(new);
}

static int64_t measure_alloc_init_put(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, alloc_init_put(i_));
}

/* The same without a break: what was put is freed beside it. */
static int64_t measure_alloc_init_put_flow(const struct bench *bench, uint64_t count)
{
	int64_t spent = BENCH_TIME(i, count, alloc_init_put(i));

	(void)bench;
	dmabuf_barrier();
	return spent;
}

static int64_t measure_get_put(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_put(dma_fence_get(&fence)));
}

/* Signal fences that have @callbacks_each callbacks, a batch at a time. */
static int64_t signal_batches(uint64_t count, unsigned int callbacks_each)
{
	int64_t spent = 0;
	unsigned int i;

	while (count) {
		unsigned int size = bench_part(count, BATCH);

		for (i = 0; i < size; i++) {
			init_fence(&batch[i]);
			if (callbacks_each)
				dma_fence_add_callback(&batch[i], &callbacks[i], on_signal);
		}
		spent += BENCH_TIME(j, size, dma_fence_signal(&batch[j]));
		count -= size;
	}
	return spent;
}

static int64_t measure_signal_no_cb(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return signal_batches(count, 0);
}

static int64_t measure_signal_1cb(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return signal_batches(count, 1);
}

static int64_t measure_signal_again(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_signal(&fence));
}

static int64_t measure_signal_1000cb(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;
	unsigned int i;

	(void)bench;
	while (count--) {
		init_fence(&fence);
		for (i = 0; i < MANY; i++)
			dma_fence_add_callback(&fence, &callbacks[i], on_signal);
		spent += BENCH_TIME(once, 1, dma_fence_signal(&fence));
	}
	return spent;
}

static void add_remove_callback(void)
{
	dma_fence_add_callback(&fence, &callbacks[0], on_signal);
	dma_fence_remove_callback(&fence, &callbacks[0]);
}

static int64_t measure_add_remove_callback(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, add_remove_callback());
}

static int64_t measure_add_callback(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;

	(void)bench;
	while (count) {
		unsigned int size = bench_part(count, BATCH);

		init_fence(&fence);
		spent += BENCH_TIME(i, size,
				    dma_fence_add_callback(&fence, &callbacks[i], on_signal));
		dma_fence_signal(&fence);
		count -= size;
	}
	return spent;
}

static int64_t measure_is_signaled(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, bench_keep(dma_fence_is_signaled(&fence)));
}

static int64_t measure_get_status(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, bench_keep(dma_fence_get_status(&fence)));
}

static int64_t measure_wait(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_wait(&fence, true));
}

static int64_t measure_wait_t0(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_wait_timeout(&fence, true, 0));
}

static int64_t measure_stub_get_put(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_fence_put(dma_fence_get_stub()));
}

static void prepare_timeline(const struct bench *bench)
{
	(void)bench;
	timeline = bench_must_ptr(dmabuf_timeline_create("bench"), "cannot make a timeline");
}

static void advance_once(void)
{
	struct dma_fence *next = dmabuf_timeline_fence(timeline);

	bench_must_ptr(next, "no fence");
	dmabuf_timeline_advance(timeline, next->seqno);
	dma_fence_put(next);
}

static int64_t measure_timeline(const struct bench *bench, uint64_t count)
{
	int64_t spent = BENCH_TIME(i, count, advance_once());

	(void)bench;
	dmabuf_barrier();
	return spent;
}

/*
 * Two threads on one CPU, each with its own fences, which the other waits for.
 */
static struct dma_fence thread_fences[BENCH_SIDES][PINGPONG_ROUNDS];
static struct dmabuf_spinlock thread_locks[BENCH_SIDES];
static pthread_barrier_t both_there;

static void threads_begin(enum bench_side side, unsigned int rounds)
{
	unsigned int i;

	pthread_barrier_wait(&both_there); /* The other has left the last rounds. */
	for (i = 0; i < rounds; i++)
		dma_fence_init(&thread_fences[side][i], &bench_fence_ops, &thread_locks[side],
			       context + side, i + 1);
	pthread_barrier_wait(&both_there);
}

static void threads_signal(enum bench_side side, unsigned int round)
{
	dma_fence_signal(&thread_fences[side][round]);
}

static void threads_wait(enum bench_side side, unsigned int round)
{
	enum bench_side other = side == BENCH_LEAD ? BENCH_PARTNER : BENCH_LEAD;

	dma_fence_wait(&thread_fences[other][round], false);
}

static const struct pingpong threads_game = {
	.begin = threads_begin,
	.signal = threads_signal,
	.wait = threads_wait,
};

static void *other_thread(void *count)
{
	int64_t idle;

	pingpong_side(&threads_game, BENCH_PARTNER, *(uint64_t *)count, &idle);
	return NULL;
}

static void prepare_threads(const struct bench *bench)
{
	(void)bench;
	context = dma_fence_context_alloc(BENCH_SIDES);
	pthread_barrier_init(&both_there, NULL, BENCH_SIDES);
}

static int64_t measure_threads(const struct bench *bench, uint64_t count)
{
	pthread_t thread;
	int64_t spent, idle;

	(void)bench;
	if (pthread_create(&thread, NULL, other_thread, &count))
		bench_die(0, "cannot start a thread");
	spent = pingpong_side(&threads_game, BENCH_LEAD, count, &idle);
	pthread_join(thread, NULL);
	return spent / 2;
}

#define PENDING_ROW(row_name, function)                                           \
	{                                                                         \
		.name = row_name, .prepare = prepare_pending, .measure = function \
	}
#define SIGNALED_ROW(row_name, function)                                           \
	{                                                                          \
		.name = row_name, .prepare = prepare_signaled, .measure = function \
	}

static const struct bench rows[] = {
	PENDING_ROW("context_alloc", measure_context_alloc),
	PENDING_ROW("fence_init", measure_init),
	PENDING_ROW("fence_alloc_init_put", measure_alloc_init_put),
	PENDING_ROW("fence_alloc_init_put_flow", measure_alloc_init_put_flow),
	PENDING_ROW("fence_get_put", measure_get_put),
	PENDING_ROW("fence_signal_no_cb", measure_signal_no_cb),
	PENDING_ROW("fence_signal_1cb", measure_signal_1cb),
	SIGNALED_ROW("fence_signal_again", measure_signal_again),
	PENDING_ROW("fence_add_remove_callback", measure_add_remove_callback),
	PENDING_ROW("fence_add_callback", measure_add_callback),
	PENDING_ROW("fence_signal_1000cb(total)", measure_signal_1000cb),
	SIGNALED_ROW("fence_is_signaled_yes", measure_is_signaled),
	PENDING_ROW("fence_is_signaled_no", measure_is_signaled),
	SIGNALED_ROW("fence_get_status", measure_get_status),
	SIGNALED_ROW("fence_wait_signaled", measure_wait),
	PENDING_ROW("fence_wait_unsignaled_t0", measure_wait_t0),
	PENDING_ROW("fence_stub_get_put", measure_stub_get_put),
	{ .name = "timeline_fence_advance_put",
	  .prepare = prepare_timeline,
	  .measure = measure_timeline },
	{ .name = "fence_wait_wake_thread_oneway",
	  .peer = "futex_pingpong_same_cpu",
	  .place = BENCH_SAME_CPU,
	  .prepare = prepare_threads,
	  .measure = measure_threads },
};

const struct bench_group bench_fence_rows = BENCH_GROUP(rows);
