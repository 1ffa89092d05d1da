// SPDX-License-Identifier: MIT
/*
 * Rows that show how costs grow: with a second thread, with the fences on a
 * timeline, with the locks under one ticket. Called by bench-run.c.
 *
 * Invariant: the two threads of a row begin together, and what is told is the
 * time of one of them, while the other does the same.
 */
#include <pthread.h>

#include <dmabuf/dma-resv.h>
#include <dmabuf/share.h>

#include "bench-fence.h"
#include "bench-pair.h"

#define TIMELINE_MAX 100000
#define LOCKS	     10000
#define APART	     4096 /* bytes between what two threads use: CPUs fetch neighbours too */

static struct {
	_Alignas(APART) struct dma_fence fence;
	struct dmabuf_spinlock lock;
} own[BENCH_SIDES];
static pthread_barrier_t both_there;
static uint64_t uses; /* that each thread makes */

static void prepare_fences(const struct bench *bench)
{
	uint64_t context = dma_fence_context_alloc(BENCH_SIDES);
	unsigned int i;

	(void)bench;
	pthread_barrier_init(&both_there, NULL, BENCH_SIDES);
	for (i = 0; i < BENCH_SIDES; i++)
		dma_fence_init(&own[i].fence, &bench_fence_ops, &own[i].lock, context + i, 1);
}

static void on_signal(struct dma_fence *any, struct dma_fence_cb *cb)
{
	(void)any;
	(void)cb;
}

static void use(struct dma_fence *fence)
{
	struct dma_fence_cb cb;

	dma_fence_get(fence);
	dma_fence_add_callback(fence, &cb, on_signal);
	dma_fence_remove_callback(fence, &cb);
	dma_fence_put(fence);
}

static int64_t measure_alone(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, use(&own[0].fence));
}

static void *use_too(void *fence)
{
	bench_go_to_cpu(BENCH_TWO_CPUS, BENCH_PARTNER);
	pthread_barrier_wait(&both_there);
	BENCH_TIME(i, uses, use(fence));
	return NULL;
}

static int64_t measure_beside(struct dma_fence *fence, uint64_t count)
{
	pthread_t thread;
	int64_t spent;

	uses = count;
	if (pthread_create(&thread, NULL, use_too, fence))
		bench_die(0, "cannot start a thread");
	pthread_barrier_wait(&both_there);
	spent = BENCH_TIME(i, count, use(&own[0].fence));
	pthread_join(thread, NULL);
	return spent;
}

static int64_t measure_one_fence(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return measure_beside(&own[0].fence, count);
}

static int64_t measure_two_fences(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return measure_beside(&own[1].fence, count);
}

static struct dma_fence *issued[TIMELINE_MAX];
static struct dma_fence_cb callbacks[TIMELINE_MAX];
static struct dmabuf_timeline *timeline;

static void prepare_timeline(const struct bench *bench)
{
	(void)bench;
	timeline = bench_must_ptr(dmabuf_timeline_create("bench"), "cannot make a timeline");
}

/* That many fences with a callback each, and one step that signals them all. */
static int64_t advance_over(unsigned int num)
{
	int64_t spent;
	unsigned int i;

	for (i = 0; i < num; i++) {
		issued[i] = bench_must_ptr(dmabuf_timeline_fence(timeline), "no fence");
		dma_fence_add_callback(issued[i], &callbacks[i], on_signal);
	}
	spent = BENCH_TIME(once, 1, dmabuf_timeline_advance(timeline, issued[num - 1]->seqno));
	for (i = 0; i < num; i++)
		dma_fence_put(issued[i]);
	dmabuf_barrier();
	return spent;
}

static int64_t measure_timeline(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;

	while (count--)
		spent += advance_over(*(const unsigned int *)bench->arg);
	return spent;
}

static struct dma_resv objects[LOCKS];

static void prepare_objects(const struct bench *bench)
{
	unsigned int i;

	(void)bench;
	for (i = 0; i < LOCKS; i++)
		dma_resv_init(&objects[i]);
}

static void lock_all(void)
{
	struct ww_acquire_ctx ticket;
	unsigned int i;

	ww_acquire_init(&ticket, &reservation_ww_class);
	for (i = 0; i < LOCKS; i++)
		bench_must(dma_resv_lock(&objects[i], &ticket), "cannot lock");
	ww_acquire_done(&ticket);
	for (i = 0; i < LOCKS; i++)
		dma_resv_unlock(&objects[i]);
	ww_acquire_fini(&ticket);
}

static int64_t measure_locks(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, lock_all());
}

static const unsigned int thousands[] = { 1000, 10000, TIMELINE_MAX };

#define THREADS_ROW(row_name, row_place, function)                                  \
	{                                                                           \
		.name = row_name, .peer = "fence_use_1_thread", .place = row_place, \
		.prepare = prepare_fences, .measure = function                      \
	}
#define TIMELINE_ROW(row_name, number)                                           \
	{                                                                        \
		.name = row_name, .arg = &(number), .prepare = prepare_timeline, \
		.measure = measure_timeline                                      \
	}

static const struct bench rows[] = {
	{ .name = "fence_use_1_thread", .prepare = prepare_fences, .measure = measure_alone },
	THREADS_ROW("fence_use_2_threads_one_fence", BENCH_TWO_CPUS, measure_one_fence),
	THREADS_ROW("fence_use_2_threads_two_fences", BENCH_TWO_CPUS, measure_two_fences),
	TIMELINE_ROW("timeline_advance_1000(total)", thousands[0]),
	TIMELINE_ROW("timeline_advance_10000(total)", thousands[1]),
	TIMELINE_ROW("timeline_advance_100000(total)", thousands[2]),
	{ .name = "resv_lock_10000_one_ticket(total)",
	  .prepare = prepare_objects,
	  .measure = measure_locks },
};

const struct bench_group bench_scale_rows = BENCH_GROUP(rows);
