// SPDX-License-Identifier: MIT
/*
 * Rows about reservation objects. Called by bench-run.c.
 *
 * The fences in them are pending and each of a context of its own, so that
 * none is dropped or replaced behind a row's back.
 *
 * Invariant: every row leaves the object as it found it.
 */
#include <stdlib.h>

#include <dmabuf/dma-resv.h>

#include "bench-fence.h"
#include "bench.h"

#define FENCES_MAX 16

static struct dma_resv resv;
static struct dmabuf_spinlock lock;
static struct dma_fence fences[FENCES_MAX];

static void add_pending(unsigned int count)
{
	uint64_t context = dma_fence_context_alloc(count);
	unsigned int i;

	dma_resv_init(&resv);
	bench_must(dma_resv_lock(&resv, NULL), "cannot lock");
	bench_must(dma_resv_reserve_fences(&resv, count), "cannot reserve");
	for (i = 0; i < count; i++) {
		dma_fence_init(&fences[i], &bench_fence_ops, &lock, context + i, 1);
		dma_resv_add_fence(&resv, &fences[i], DMA_RESV_USAGE_WRITE);
	}
	dma_resv_unlock(&resv);
}

static void prepare_empty(const struct bench *bench)
{
	(void)bench;
	dma_resv_init(&resv);
}

static void prepare_1(const struct bench *bench)
{
	(void)bench;
	add_pending(1);
}

static void prepare_16(const struct bench *bench)
{
	(void)bench;
	add_pending(16);
}

static int64_t measure_init_fini(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_resv_init(&resv); dma_resv_fini(&resv));
}

static int64_t measure_lock_unlock(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_resv_lock(&resv, NULL); dma_resv_unlock(&resv));
}

static void trylock_unlock(void)
{
	if (dma_resv_trylock(&resv))
		dma_resv_unlock(&resv);
}

static int64_t measure_trylock_unlock(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, trylock_unlock());
}

static void lock_with_ticket(void)
{
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &reservation_ww_class);
	dma_resv_lock(&resv, &ctx);
	dma_resv_unlock(&resv);
	ww_acquire_fini(&ctx);
}

static int64_t measure_ww_lock_unlock(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, lock_with_ticket());
}

static void add_once(void)
{
	dma_resv_lock(&resv, NULL);
	bench_must(dma_resv_reserve_fences(&resv, 1), "cannot reserve");
	dma_resv_add_fence(&resv, &fences[0], DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(&resv);
}

static int64_t measure_add_replace(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, add_once());
}

static int64_t measure_test_signaled(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, bench_keep(dma_resv_test_signaled(&resv, DMA_RESV_USAGE_READ)));
}

static int64_t measure_wait_t0(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, dma_resv_wait_timeout(&resv, DMA_RESV_USAGE_READ, true, 0));
}

static void walk_once(void)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, &resv, DMA_RESV_USAGE_READ);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		bench_keep(fence);
	dma_resv_iter_end(&cursor);
}

static int64_t measure_walk(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, walk_once());
}

static void walk_locked_once(void)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, &resv, DMA_RESV_USAGE_READ, fence)
		bench_keep(fence);
}

static int64_t measure_walk_locked(const struct bench *bench, uint64_t count)
{
	int64_t spent;

	(void)bench;
	dma_resv_lock(&resv, NULL);
	spent = BENCH_TIME(i, count, walk_locked_once());
	dma_resv_unlock(&resv);
	return spent;
}

static void get_and_put_fences(void)
{
	struct dma_fence **list;
	unsigned int num;

	bench_must(dma_resv_get_fences(&resv, DMA_RESV_USAGE_READ, &num, &list), "no fences");
	while (num--)
		dma_fence_put(list[num]);
	free(list);
}

static int64_t measure_get_fences(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, get_and_put_fences());
}

static void get_and_put_singleton(void)
{
	struct dma_fence *fence;

	bench_must(dma_resv_get_singleton(&resv, DMA_RESV_USAGE_READ, &fence), "no fence");
	dma_fence_put(fence);
}

static int64_t measure_get_singleton(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME_FREEING(count, get_and_put_singleton());
}

static const struct bench rows[] = {
	{ .name = "resv_init_fini", .measure = measure_init_fini },
	{ .name = "resv_lock_unlock", .prepare = prepare_empty, .measure = measure_lock_unlock },
	{ .name = "resv_trylock_unlock",
	  .prepare = prepare_empty,
	  .measure = measure_trylock_unlock },
	{ .name = "resv_ww_lock_unlock",
	  .prepare = prepare_empty,
	  .measure = measure_ww_lock_unlock },
	{ .name = "resv_lock_reserve_add_replace_unlock",
	  .prepare = prepare_1,
	  .measure = measure_add_replace },
	{ .name = "resv_test_signaled_1", .prepare = prepare_1, .measure = measure_test_signaled },
	{ .name = "resv_wait_t0_1", .prepare = prepare_1, .measure = measure_wait_t0 },
	{ .name = "resv_get_singleton_1", .prepare = prepare_1, .measure = measure_get_singleton },
	{ .name = "resv_iter_locked_16", .prepare = prepare_16, .measure = measure_walk_locked },
	{ .name = "resv_iter_unlocked_16", .prepare = prepare_16, .measure = measure_walk },
	{ .name = "resv_test_signaled_16", .prepare = prepare_16, .measure = measure_test_signaled },
	{ .name = "resv_get_fences_16", .prepare = prepare_16, .measure = measure_get_fences },
	{ .name = "resv_get_singleton_16", .prepare = prepare_16, .measure = measure_get_singleton },
};

const struct bench_group bench_resv_rows = BENCH_GROUP(rows);
