// SPDX-License-Identifier: MIT
/*
 * Pools of the demo's buffers: allocating, passing, mapping, and the stamp on
 * each. Used by all three stages.
 *
 * Buffers travel once, as file descriptors inside a message; from then on a
 * buffer is its index, which means the same in every stage.
 *
 * Invariant: every buffer of a pool has room for a whole frame and, behind it
 * on a page of its own, the trailer; also those that another process sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "demo-pool.h"

#define TRAILER_MAGIC	UINT64_C(0x656d617266617473)
#define PAGE_BYTES	((size_t)4096)

void pool_init(struct pool *pool, const struct media_format *format)
{
	memset(pool, 0, sizeof(*pool));
	pool->frame_size = media_frame_size(format);
	pool->trailer_offset = (pool->frame_size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	pool->size = pool->trailer_offset + PAGE_BYTES;
}

static int no_memory(struct stage *stage, const struct pool *pool, unsigned int index,
		     unsigned int count, int error, const char *doing)
{
	const bool own = stage->opt->width || stage->opt->null;

	return stage_fail(stage, error,
			  "cannot %s buffer %u of %u (%zu bytes): %s; lower --buffers%s", doing,
			  index + 1, count, pool->size, strerror(-error), own ? " or --size" : "");
}

/* Bytes that can be had without taking them from others; all, if unknown. */
static uint64_t available_memory(void)
{
	unsigned long long kilobytes = UINT64_MAX >> 10;
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];

	if (!file)
		return kilobytes << 10;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
			break;
	}
	fclose(file);
	return (uint64_t)kilobytes << 10;
}

/*
 * Asking the kernel for more than there is ends with some process killed, and
 * not with an error: so look first, the source for both pools.
 */
int pool_alloc(struct stage *stage, struct pool *pool, unsigned int count)
{
	struct dma_heap *heap = dma_heap_find("system");
	const unsigned int pools = stage->id == STAGE_SOURCE ? 2 : 1;
	const uint64_t fit = available_memory() / pools / pool->size;
	struct dma_buf *buf;
	unsigned int i;

	if (!heap)
		return stage_fail(stage, -ENODEV, "there is no heap \"system\"");
	if (fit < count)
		return no_memory(stage, pool, fit, count, -ENOMEM, "allocate");
	for (i = 0; i < count; i++) {
		buf = dma_heap_buffer_alloc(heap, pool->size, O_RDWR | O_CLOEXEC, 0);
		if (dmabuf_is_err(buf))
			return no_memory(stage, pool, i, count, dmabuf_ptr_err(buf), "allocate");
		pool->buf[pool->count++] = buf;
	}
	return 0;
}

static bool is_pool(const struct demo_message *message)
{
	const struct media_format *format = &message->format;

	return message->kind == MESSAGE_POOL && message->buffers >= DEMO_BUFFERS_MIN &&
	       format->width >= MEDIA_MIN_SIDE && format->width <= MEDIA_MAX_SIDE &&
	       format->height >= MEDIA_MIN_SIDE && format->height <= MEDIA_MAX_SIDE;
}

int pool_receive(struct stage *stage, struct peer *peer, struct demo_message *ret_message,
		 struct pool *pool)
{
	struct dma_buf *bufs[DEMO_BUFFERS_MAX];
	struct dma_fence *fence;
	unsigned int i;
	int ret;

	ret = stage_recv(stage, peer, ret_message, bufs, &fence);
	if (ret)
		return ret;
	if (!is_pool(ret_message)) {
		dma_fence_put(fence);
		return stage_unexpected(stage, peer);
	}
	pool_init(pool, &ret_message->format);
	pool->count = ret_message->buffers;
	memcpy(pool->buf, bufs, pool->count * sizeof(*bufs));
	for (i = 0; i < pool->count; i++) {
		if (bufs[i]->size < pool->size)
			return stage_unexpected(stage, peer);
	}
	return 0;
}

int pool_map(struct stage *stage, struct pool *pool, int prot)
{
	unsigned int i;
	int ret;

	for (i = 0; i < pool->count; i++) {
		struct dmabuf_vma vma = { .vm_size = pool->size, .vm_prot = prot };

		ret = dma_buf_mmap(pool->buf[i], &vma, 0);
		if (ret)
			return no_memory(stage, pool, i, pool->count, ret, "map");
		pool->map[i] = vma.vm_start;
	}
	return 0;
}

void pool_fini(struct pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->count; i++) {
		if (pool->map[i])
			munmap(pool->map[i], pool->size);
		dma_buf_put(pool->buf[i]);
	}
	pool->count = 0;
}

struct demo_trailer *pool_trailer(const struct pool *pool, unsigned int index)
{
	return (struct demo_trailer *)(pool->map[index] + pool->trailer_offset);
}

int pool_add_fence(struct stage *stage, struct dma_buf *buf, struct dma_fence *fence,
		   enum dma_resv_usage usage)
{
	int ret;

	dma_resv_lock(buf->resv, NULL);
	ret = dma_resv_reserve_fences(buf->resv, 1);
	if (!ret)
		dma_resv_add_fence(buf->resv, fence, usage);
	dma_resv_unlock(buf->resv);
	if (ret)
		return stage_fail(stage, ret, "cannot note a fence: %s", strerror(-ret));
	return 0;
}

/* Release: what is written later is not seen by who still sees the old @end. */
void trailer_begin(struct demo_trailer *trailer, enum demo_stage stage, unsigned int index,
		   uint64_t frame)
{
	trailer->magic = TRAILER_MAGIC;
	trailer->stage = stage;
	trailer->index = index;
	__atomic_store_n(&trailer->begin, frame, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void trailer_end(struct demo_trailer *trailer, uint64_t frame)
{
	__atomic_store_n(&trailer->end, frame, __ATOMIC_RELEASE);
}

int trailer_check(struct stage *stage, const struct demo_trailer *trailer, enum demo_stage writer,
		  unsigned int index, uint64_t frame)
{
	struct demo_trailer copy;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	copy = *(const volatile struct demo_trailer *)trailer;
	if (copy.magic == TRAILER_MAGIC && copy.stage == writer && copy.index == index &&
	    copy.begin == frame && copy.end == frame)
		return 0;
	if (copy.magic != TRAILER_MAGIC)
		return stage_fail(stage, -EBADMSG,
				  "expected frame %llu of the %s in buffer %u, found nothing",
				  (unsigned long long)frame, demo_stage_name(writer), index);
	return stage_fail(stage, -EBADMSG,
			  "expected frame %llu of the %s in buffer %u, found frame %llu begun, "
			  "%llu finished",
			  (unsigned long long)frame, demo_stage_name(writer), index,
			  (unsigned long long)copy.begin, (unsigned long long)copy.end);
}
