// SPDX-License-Identifier: MIT
/*
 * Rows about buffers, their fds and sync files, within one process. Called by
 * bench-run.c.
 *
 * Invariant: every fd a row opens it closes again in the same call.
 */
#include <fcntl.h>
#include <unistd.h>

#include <dmabuf/dma-heap.h>
#include <dmabuf/sync-file.h>

#include "bench-fence.h"
#include "bench.h"

static struct dma_heap *heap;
static struct dma_buf *buf;
static struct dmabuf_device device;
static struct dma_buf_attachment *attachment;
static struct dmabuf_spinlock lock;
static struct dma_fence fence;

static struct dma_buf *alloc_buf(size_t size)
{
	return bench_must_ptr(dma_heap_buffer_alloc(heap, size, O_RDWR | O_CLOEXEC, 0),
			      "cannot allocate a buffer");
}

static void prepare_heap(const struct bench *bench)
{
	(void)bench;
	heap = bench_must_ptr(dma_heap_find("system"), "there is no system heap");
}

static void prepare_buf(const struct bench *bench)
{
	prepare_heap(bench);
	buf = alloc_buf(bench->bytes);
	dmabuf_device_init(&device, "bench");
}

static void lock_buf(void)
{
	bench_must(dma_resv_lock(buf->resv, NULL), "cannot lock");
}

static void map_unmap(void)
{
	struct sg_table *table;

	lock_buf();
	table = bench_must_ptr(dma_buf_map_attachment(attachment, DMA_FROM_DEVICE), "cannot map");
	dma_buf_unmap_attachment(attachment, table, DMA_FROM_DEVICE);
	dma_resv_unlock(buf->resv);
}

static void prepare_mapped(const struct bench *bench)
{
	prepare_buf(bench);
	attachment = bench_must_ptr(dma_buf_attach(buf, &device), "cannot attach");
	map_unmap();
}

static int64_t measure_alloc_put(const struct bench *bench, uint64_t count)
{
	return BENCH_TIME(i, count, dma_buf_put(alloc_buf(bench->bytes)));
}

static void alloc_fd_close(size_t size)
{
	close(bench_must(dma_buf_fd(alloc_buf(size), O_CLOEXEC), "no fd for a buffer"));
}

static int64_t measure_alloc_fd_close(const struct bench *bench, uint64_t count)
{
	return BENCH_TIME(i, count, alloc_fd_close(bench->bytes));
}

static void fd_close(void)
{
	get_dma_buf(buf);
	close(bench_must(dma_buf_fd(buf, O_CLOEXEC), "no fd for a buffer"));
}

static int64_t measure_fd_close(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, fd_close());
}

static void attach_detach(void)
{
	dma_buf_detach(buf, bench_must_ptr(dma_buf_attach(buf, &device), "cannot attach"));
}

static int64_t measure_attach_detach(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, attach_detach());
}

static int64_t measure_map_unmap(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, map_unmap());
}

static void begin_end(void)
{
	bench_must(dma_buf_begin_cpu_access(buf, DMA_FROM_DEVICE), "no CPU access");
	bench_must(dma_buf_end_cpu_access(buf, DMA_FROM_DEVICE), "no end of CPU access");
}

static int64_t measure_begin_end(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, begin_end());
}

static void prepare_fence(const struct bench *bench)
{
	(void)bench;
	dma_fence_init(&fence, &bench_fence_ops, &lock, dma_fence_context_alloc(1), 1);
}

static void create_close(void)
{
	struct sync_file *file = bench_must_ptr(sync_file_create(&fence), "no sync file");

	close(dmabuf_sync_file_install(file));
}

static int64_t measure_sync_file(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, create_close());
}

static const struct bench rows[] = {
	{ .name = "heap_alloc_put_4K",
	  .bytes = 4096,
	  .prepare = prepare_heap,
	  .measure = measure_alloc_put },
	{ .name = "heap_alloc_put_1M",
	  .bytes = 1 << 20,
	  .prepare = prepare_heap,
	  .measure = measure_alloc_put },
	{ .name = "heap_alloc_fd_close_4K",
	  .bytes = 4096,
	  .prepare = prepare_heap,
	  .measure = measure_alloc_fd_close },
	{ .name = "buf_fd_close_4K",
	  .bytes = 4096,
	  .prepare = prepare_buf,
	  .measure = measure_fd_close },
	{ .name = "attach_detach",
	  .bytes = 4096,
	  .prepare = prepare_buf,
	  .measure = measure_attach_detach },
	{ .name = "map_unmap_cached",
	  .bytes = 4096,
	  .prepare = prepare_mapped,
	  .measure = measure_map_unmap },
	{ .name = "begin_end_cpu_access",
	  .bytes = 4096,
	  .prepare = prepare_buf,
	  .measure = measure_begin_end },
	{ .name = "sync_file_create_close", .prepare = prepare_fence, .measure = measure_sync_file },
};

const struct bench_group bench_buf_rows = BENCH_GROUP(rows);
