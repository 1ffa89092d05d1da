/* SPDX-License-Identifier: MIT */
/* What the kernel promises about heaps and about the buffers of the system heap. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <dmabuf/dma-heap.h>

#include "mock-buf.h"
#include "mock-fence.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define PAGE 4096ul

static struct dma_buf *alloc(size_t size)
{
	struct dma_buf *dmabuf =
		dma_heap_buffer_alloc(dma_heap_find("system"), size, O_RDWR | O_CLOEXEC, 0);

	expect_ptr(dmabuf);
	return dmabuf;
}

static unsigned char *map(struct dma_buf *dmabuf)
{
	struct dmabuf_vma vma = { .vm_size = dmabuf->size, .vm_prot = PROT_READ | PROT_WRITE };

	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), 0);
	ck_assert_ptr_nonnull(vma.vm_start);
	ck_assert_ptr_ne(vma.vm_start, MAP_FAILED);
	return vma.vm_start;
}

static bool all_are(const unsigned char *p, size_t size, unsigned char value)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (p[i] != value)
			return false;
	}
	return true;
}

/* --- heaps --- */

/* header: "system" is always there */
TEST(system_heap_is_there)
{
	struct dma_heap *heap = dma_heap_find("system");

	ck_assert_ptr_nonnull(heap);
	ck_assert_str_eq(dma_heap_get_name(heap), "system");
	ck_assert_ptr_eq(dma_heap_find("system"), heap);
	ck_assert_ptr_null(dma_heap_find("no such heap"));
	ck_assert_ptr_null(dma_heap_find(""));
	ck_assert_ptr_null(dma_heap_find("syste"));
}

static struct {
	struct dma_heap *heap;
	unsigned long len;
	uint32_t fd_flags;
	uint64_t heap_flags;
	int calls;
} asked;

static struct dma_buf *refuse(struct dma_heap *heap, unsigned long len, uint32_t fd_flags,
			      uint64_t heap_flags)
{
	asked.heap = heap;
	asked.len = len;
	asked.fd_flags = fd_flags;
	asked.heap_flags = heap_flags;
	asked.calls++;
	return dmabuf_err_ptr(-EREMOTE);
}

static const struct dma_heap_ops refusing_ops = { .allocate = refuse };
static const struct dma_heap_ops no_ops;

static struct dma_heap *add_heap(const char *name, const struct dma_heap_ops *ops, void *priv)
{
	struct dma_heap_export_info info = { .name = name, .ops = ops, .priv = priv };

	return dma_heap_add(&info);
}

/* spec: uapi.md 6, Linux dma-heap: a heap is found by its name and knows its priv */
TEST(added_heap_is_found_and_asked)
{
	struct dma_heap *heap = add_heap("mine", &refusing_ops, &asked);

	expect_ptr(heap);
	ck_assert_ptr_eq(dma_heap_find("mine"), heap);
	ck_assert_str_eq(dma_heap_get_name(heap), "mine");
	ck_assert_ptr_eq(dma_heap_get_drvdata(heap), &asked);
	expect_err_ptr(dma_heap_buffer_alloc(heap, 1, O_RDWR, 0), -EREMOTE);
	ck_assert_ptr_eq(asked.heap, heap);
	ck_assert_uint_eq(asked.len, PAGE);
	ck_assert_ptr_nonnull(dma_heap_find("system"));
}

/* Linux dma-heap: dma_heap_add "-EINVAL no or empty name, no ops, no allocate, a name that is taken" */
TEST(bad_heaps_are_refused)
{
	struct dma_heap *heap = add_heap("mine", &refusing_ops, NULL);

	expect_ptr(heap);
	expect_err_ptr(add_heap(NULL, &refusing_ops, NULL), -EINVAL);
	expect_err_ptr(add_heap("", &refusing_ops, NULL), -EINVAL);
	expect_err_ptr(add_heap("other", NULL, NULL), -EINVAL);
	expect_err_ptr(add_heap("other", &no_ops, NULL), -EINVAL);
	expect_err_ptr(add_heap("mine", &refusing_ops, NULL), -EINVAL);
	expect_err_ptr(add_heap("system", &refusing_ops, NULL), -EINVAL);
	forget_warnings();
	ck_assert_ptr_eq(dma_heap_find("mine"), heap);
	ck_assert_ptr_null(dma_heap_find("other"));
}

static const struct {
	size_t len;
	uint32_t fd_flags;
	uint64_t heap_flags;
	int error;
} bad_allocs[] = {
	{ 0, O_RDWR, 0, -EINVAL },
	{ SIZE_MAX, O_RDWR, 0, -EINVAL },
	{ SIZE_MAX - PAGE + 2, O_RDWR, 0, -EINVAL },
	{ PAGE, O_RDWR | O_APPEND, 0, -EINVAL },
	{ PAGE, O_RDWR | O_NONBLOCK, 0, -EINVAL },
	{ PAGE, 0x80000000, 0, -EINVAL },
	{ PAGE, O_RDWR, 1, -EINVAL },
	{ PAGE, O_RDWR, 0x111111, -EINVAL },
	{ PAGE, O_RDWR, 1ull << 63, -EINVAL },
	{ 1ul << 56, O_RDWR, 0, -ENOMEM },
};

/* spec: selftests.md 8 alloc_errors, observed.md dma-heap "length that wraps to 0 after rounding EINVAL" */
TEST_EACH(bad_allocations_are_refused, 0, 10)
{
	/* Who begins to take more than there is gets SIGXFSZ: without this limit the whole machine would suffer. */
	struct rlimit some = { 1ul << 32, 1ul << 32 };
	int before = count_fds();

	setrlimit(RLIMIT_FSIZE, &some);
	expect_err_ptr(dma_heap_buffer_alloc(dma_heap_find("system"), bad_allocs[_i].len,
					     bad_allocs[_i].fd_flags, bad_allocs[_i].heap_flags),
		       bad_allocs[_i].error);
	ck_assert_int_eq(count_fds(), before);
}

static const uint32_t good_flags[] = { O_RDONLY, O_RDWR, O_WRONLY, O_ACCMODE, O_RDWR | O_CLOEXEC };

/* spec: uapi.md 6 fd_flags "O_CLOEXEC and O_ACCMODE", buf.md 3.4 "an O_WRONLY one cannot be mapped at all" */
TEST_EACH(every_access_mode_is_accepted_and_governs_mmap, 0, 5)
{
	struct dma_buf *dmabuf =
		dma_heap_buffer_alloc(dma_heap_find("system"), PAGE, good_flags[_i], 0);
	uint32_t mode = good_flags[_i] & O_ACCMODE;
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ };

	expect_ptr(dmabuf);
	if (mode == O_RDONLY || mode == O_RDWR) {
		ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), 0);
		munmap(vma.vm_start, PAGE);
	} else {
		ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), -EACCES);
	}
	dma_buf_put(dmabuf);
}

/* The flags are the core's business: no heap has to look at them. */
TEST(bad_flags_do_not_reach_the_heap)
{
	struct dma_heap *heap = add_heap("mine", &refusing_ops, NULL);

	expect_err_ptr(dma_heap_buffer_alloc(heap, PAGE, O_APPEND, 0), -EINVAL);
	expect_err_ptr(dma_heap_buffer_alloc(heap, PAGE, O_RDWR, 1), -EINVAL);
	expect_err_ptr(dma_heap_buffer_alloc(heap, 0, O_RDWR, 0), -EINVAL);
	ck_assert_int_eq(asked.calls, 0);
}

static const size_t sizes[][2] = {
	{ 1, PAGE },
	{ PAGE - 1, PAGE },
	{ PAGE, PAGE },
	{ PAGE + 1, 2 * PAGE },
	{ 1920 * 1080 * 3 / 2, 760 * PAGE },
};

/* spec: uapi.md 6 "rounded up to whole pages" */
TEST_EACH(size_is_rounded_up_to_pages, 0, 5)
{
	struct dma_buf *dmabuf = alloc(sizes[_i][0]);

	ck_assert_uint_eq(dmabuf->size, sizes[_i][1]);
	ck_assert_str_eq(dmabuf->exp_name, "system");
	dma_buf_put(dmabuf);
}

/* --- memory --- */

/* spec: selftests.md 8 alloc_zeroed, buf.md 11 "zeroed pages" */
TEST_EACH(memory_is_zeroed_whatever_was_freed_before, 0, 2)
{
	enum {
		N = 16
	};
	size_t size = _i ? 256 * PAGE : PAGE;
	struct dma_buf *dmabuf[N];
	unsigned char *p;
	int round, i, fd;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < N; i++) {
			dmabuf[i] = alloc(size);
			p = map(dmabuf[i]);
			ck_assert_msg(all_are(p, size, 0), "round %d buffer %d", round, i);
			memset(p, 0xff, size);
			munmap(p, size);
		}
		for (i = 0; i < N; i++) {
			/* some are seen by the outside, some never */
			if (i % 2 == 0) {
				dma_buf_put(dmabuf[i]);
				continue;
			}
			fd = dma_buf_fd(dmabuf[i], O_CLOEXEC);
			ck_assert_int_ge(fd, 0);
			close(fd);
		}
		dmabuf_buf_reap();
	}
}

/* design D9: a holder may keep pages through a splice that nothing shows; they must never be another buffer's */
TEST(exposed_memory_is_not_reused)
{
	enum {
		N = 32
	};
	struct dma_buf *dmabuf = alloc(PAGE);
	unsigned char *p = map(dmabuf), stolen[PAGE];
	int pipes[2], fd, i;

	memset(p, 0xaa, PAGE);
	munmap(p, PAGE);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	ck_assert_int_eq(pipe(pipes), 0);
	if (splice(fd, &(off_t){ 0 }, pipes[1], NULL, PAGE, 0) != PAGE)
		skip("this kernel does not splice from memory files");
	close(fd);
	dmabuf_buf_reap();
	for (i = 0; i < N; i++) {
		dmabuf = alloc(PAGE);
		p = map(dmabuf);
		ck_assert(all_are(p, PAGE, 0));
		memset(p, 0xbb, PAGE);
		munmap(p, PAGE);
		dma_buf_put(dmabuf);
	}
	ck_assert_int_eq(read(pipes[0], stolen, PAGE), PAGE);
	ck_assert(all_are(stolen, PAGE, 0xaa));
	close(pipes[0]);
	close(pipes[1]);
}

/* spec: buf.md 7.4: all mappings, by the fd or the library, are the same memory */
TEST(every_mapping_shows_the_same_memory)
{
	struct dma_buf *dmabuf = alloc(3 * PAGE);
	struct dmabuf_vma tail = { .vm_size = PAGE, .vm_prot = PROT_READ };
	unsigned char *p = map(dmabuf), *q;
	int fd = dma_buf_fd(dmabuf, O_CLOEXEC);

	q = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(q, MAP_FAILED);
	dmabuf = dma_buf_get(fd);
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &tail, 2), 0);
	ck_assert_uint_eq(tail.vm_pgoff, 2);
	ck_assert_int_eq(dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL), 0);
	p[0] = 1;
	q[2 * PAGE + 5] = 7;
	ck_assert_int_eq(q[0], 1);
	ck_assert_int_eq(p[2 * PAGE + 5], 7);
	ck_assert_int_eq(((unsigned char *)tail.vm_start)[5], 7);
	ck_assert_int_eq(dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL), 0);
	munmap(p, 3 * PAGE);
	munmap(q, 3 * PAGE);
	munmap(tail.vm_start, PAGE);
	close(fd);
	dma_buf_put(dmabuf);
}

/* header: struct dmabuf_vma vm_start "where, NULL for anywhere" */
TEST(mmap_goes_where_it_is_told)
{
	struct dma_buf *dmabuf = alloc(PAGE);
	void *room = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dmabuf_vma vma = { .vm_start = room,
				  .vm_size = PAGE,
				  .vm_prot = PROT_READ | PROT_WRITE };

	munmap(room, PAGE);
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), 0);
	ck_assert_ptr_eq(vma.vm_start, room);
	*(volatile char *)room = 1;
	munmap(room, PAGE);
	dma_buf_put(dmabuf);
}

/* spec: buf.md 7.4 checks hold for a real exporter too */
TEST(mmap_of_a_heap_buffer_checks_range_and_rights)
{
	struct dma_buf *dmabuf =
		dma_heap_buffer_alloc(dma_heap_find("system"), 2 * PAGE, O_RDONLY, 0);
	struct dmabuf_vma vma = { .vm_size = 3 * PAGE, .vm_prot = PROT_READ };

	expect_ptr(dmabuf);
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), -EINVAL);
	vma.vm_size = PAGE;
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 2), -EINVAL);
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, ULONG_MAX), -EOVERFLOW);
	vma.vm_prot = PROT_READ | PROT_WRITE;
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 0), -EACCES);
	vma.vm_prot = PROT_READ;
	ck_assert_int_eq(dma_buf_mmap(dmabuf, &vma, 1), 0);
	ck_assert(all_are(vma.vm_start, PAGE, 0));
	munmap(vma.vm_start, PAGE);
	dma_buf_put(dmabuf);
}

/* --- devices --- */

static size_t table_size(struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;
	size_t size = 0;

	for_each_sgtable_dma_sg(sgt, sg, i)
	{
		ck_assert_uint_eq(sg_dma_address(sg) % PAGE, 0);
		ck_assert_uint_eq(sg_dma_len(sg) % PAGE, 0);
		size += sg_dma_len(sg);
	}
	return size;
}

/* spec: buf.md 2.5 map_dma_buf "addresses and lengths multiples of PAGE_SIZE", the whole buffer */
TEST(device_sees_the_whole_buffer_and_writes_it)
{
	struct dma_buf *dmabuf = alloc(5 * PAGE);
	struct dma_buf_attachment *attach;
	unsigned char *p = map(dmabuf);
	struct dmabuf_device dev;
	struct scatterlist *sg;
	struct sg_table *sgt;
	unsigned int i;
	void *mem;

	dmabuf_device_init(&dev, "writer");
	attach = dma_buf_attach(dmabuf, &dev);
	sgt = map_unlocked(attach, DMA_FROM_DEVICE);
	expect_ptr(sgt);
	ck_assert_uint_eq(table_size(sgt), 5 * PAGE);
	for_each_sgtable_dma_sg(sgt, sg, i)
	{
		ck_assert_int_eq(dmabuf_device_access(&dev, sg_dma_address(sg), sg_dma_len(sg),
						      DMA_FROM_DEVICE, &mem),
				 0);
		memset(mem, 0x77, sg_dma_len(sg));
	}
	unmap_unlocked(attach, sgt, DMA_FROM_DEVICE);
	dma_buf_detach(dmabuf, attach);
	ck_assert_int_eq(dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE), 0);
	ck_assert(all_are(p, 5 * PAGE, 0x77));
	ck_assert_int_eq(dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE), 0);
	munmap(p, 5 * PAGE);
	dma_buf_put(dmabuf);
}

/* spec: buf.md 11 "hands out that one table at every map": no map is refused for what the one before it was */
TEST_EACH(attachment_may_be_mapped_again_in_another_direction, 0, 9)
{
	struct dma_buf *dmabuf = alloc(PAGE);
	enum dma_data_direction first = _i / 3, second = _i % 3;
	struct dma_buf_attachment *attach;
	struct dmabuf_device dev;
	struct sg_table *sgt;
	void *mem;

	dmabuf_device_init(&dev, "turning");
	attach = dma_buf_attach(dmabuf, &dev);
	sgt = map_unlocked(attach, first);
	expect_ptr(sgt);
	unmap_unlocked(attach, sgt, first);
	sgt = map_unlocked(attach, second);
	expect_ptr(sgt);
	ck_assert_int_eq(dmabuf_device_access(&dev, sg_dma_address(sgt->sgl), PAGE, second, &mem),
			 0);
	unmap_unlocked(attach, sgt, second);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

/* spec: buf.md 7.1 begin on a real exporter: the fence gates */
TEST(cpu_waits_for_the_device)
{
	struct dma_fence *f = mock_fence();
	struct dma_buf *dmabuf = alloc(PAGE);
	struct later later;

	resv_add(dmabuf->resv, f, DMA_RESV_USAGE_WRITE);
	signal_later(&later, 20, f);
	ck_assert_int_eq(dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE), 0);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE);
	later_join(&later);
	dma_buf_put(dmabuf);
	ck_assert_uint_eq(fence_refs(f), 1);
	dma_fence_put(f);
}
