/* SPDX-License-Identifier: MIT */
/* A software device reaches what is mapped for it, in the direction it is mapped, and nothing else. */
#include <fcntl.h>

#include <dmabuf/dma-heap.h>

#include "mock-buf.h"
#include "test.h"

#define PAGE 4096ul

static struct dmabuf_device dev;
static struct dma_buf *dmabuf;
static struct dma_buf_attachment *attach;
static struct sg_table *sgt;
static uint64_t addr;
static void *const untouched = &dev;

static void map_for(enum dma_data_direction dir)
{
	dmabuf_device_init(&dev, "device");
	dmabuf = dma_heap_buffer_alloc(dma_heap_find("system"), 2 * PAGE, O_RDWR, 0);
	expect_ptr(dmabuf);
	attach = dma_buf_attach(dmabuf, &dev);
	expect_ptr(attach);
	sgt = map_unlocked(attach, dir);
	expect_ptr(sgt);
	addr = sg_dma_address(sgt->sgl);
}

static void unmap_all(enum dma_data_direction dir)
{
	unmap_unlocked(attach, sgt, dir);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

static int access_at(uint64_t at, size_t size, enum dma_data_direction dir)
{
	void *p = untouched;
	int ret = dmabuf_device_access(&dev, at, size, dir, &p);

	/* out-parameters are untouched on failure */
	ck_assert_int_eq(ret == 0, p != untouched);
	if (ret == 0)
		ck_assert_ptr_nonnull(p);
	return ret;
}

/* header dmabuf_device_access(): -EFAULT outside */
TEST(access_outside_the_mapping_faults)
{
	map_for(DMA_BIDIRECTIONAL);
	if (sg_dma_len(sgt->sgl) != 2 * PAGE)
		skip("the heap gives more than one range");
	ck_assert_int_eq(access_at(addr, 2 * PAGE, DMA_TO_DEVICE), 0);
	ck_assert_int_eq(access_at(addr + 2 * PAGE - 1, 1, DMA_TO_DEVICE), 0);
	ck_assert_int_eq(access_at(addr + 2 * PAGE, 1, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(addr + 1, 2 * PAGE, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(addr - 1, 1, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(addr - 1, 2, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(0, 1, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(UINT64_MAX, 1, DMA_TO_DEVICE), -EFAULT);
	/* a size that wraps */
	ck_assert_int_eq(access_at(addr, SIZE_MAX, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(addr + PAGE, SIZE_MAX - addr, DMA_TO_DEVICE), -EFAULT);
	unmap_all(DMA_BIDIRECTIONAL);
}

/* header dmabuf_device_access(): -EFAULT "not in this direction"; _i = mapped * 3 + wanted */
TEST_EACH(access_in_another_direction_faults, 0, 9)
{
	enum dma_data_direction mapped = _i / 3, wanted = _i % 3;
	bool allowed = mapped == DMA_BIDIRECTIONAL || mapped == wanted;

	map_for(mapped);
	ck_assert_int_eq(access_at(addr, PAGE, wanted), allowed ? 0 : -EFAULT);
	unmap_all(mapped);
}

/* header dmabuf_device_access(): "valid until the attachment is unmapped" */
TEST(access_after_the_unmap_faults)
{
	map_for(DMA_TO_DEVICE);
	ck_assert_int_eq(access_at(addr, PAGE, DMA_TO_DEVICE), 0);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	ck_assert_int_eq(access_at(addr, PAGE, DMA_TO_DEVICE), -EFAULT);
	dma_buf_detach(dmabuf, attach);
	ck_assert_int_eq(access_at(addr, PAGE, DMA_TO_DEVICE), -EFAULT);
	dma_buf_put(dmabuf);
}

/* header dmabuf_device_access(): "not mapped for @dev" */
TEST(access_by_another_device_faults)
{
	struct dmabuf_device other;
	void *p = untouched;

	dmabuf_device_init(&other, "stranger");
	map_for(DMA_TO_DEVICE);
	ck_assert_int_eq(dmabuf_device_access(&other, addr, PAGE, DMA_TO_DEVICE, &p), -EFAULT);
	ck_assert_ptr_eq(p, untouched);
	unmap_all(DMA_TO_DEVICE);
}

/* header dmabuf_device_access(): "-EINVAL NULL or no direction" */
TEST(access_refuses_null_and_no_direction)
{
	void *p = untouched;

	map_for(DMA_TO_DEVICE);
	ck_assert_int_eq(dmabuf_device_access(NULL, addr, PAGE, DMA_TO_DEVICE, &p), -EINVAL);
	ck_assert_int_eq(dmabuf_device_access(&dev, addr, PAGE, DMA_TO_DEVICE, NULL), -EINVAL);
	ck_assert_int_eq(dmabuf_device_access(&dev, addr, PAGE, DMA_NONE, &p), -EINVAL);
	ck_assert_ptr_eq(p, untouched);
	unmap_all(DMA_TO_DEVICE);
}

/* every mapping has addresses of its own, so that the end of one shows */
TEST(mappings_of_one_device_do_not_overlap)
{
	enum {
		N = 8
	};
	struct dma_buf_attachment *attaches[N];
	struct sg_table *tables[N];
	struct dma_buf *bufs[N];
	int i, j;

	dmabuf_device_init(&dev, "device");
	for (i = 0; i < N; i++) {
		bufs[i] = dma_heap_buffer_alloc(dma_heap_find("system"), 2 * PAGE, O_RDWR, 0);
		attaches[i] = dma_buf_attach(bufs[i], &dev);
		tables[i] = map_unlocked(attaches[i], DMA_BIDIRECTIONAL);
		expect_ptr(tables[i]);
	}
	for (i = 0; i < N; i++) {
		uint64_t a = sg_dma_address(tables[i]->sgl), end = a + sg_dma_len(tables[i]->sgl);

		for (j = 0; j < i; j++) {
			uint64_t b = sg_dma_address(tables[j]->sgl);

			ck_assert_msg(b >= end || b + sg_dma_len(tables[j]->sgl) <= a,
				      "%d and %d overlap", i, j);
		}
	}
	addr = sg_dma_address(tables[3]->sgl);
	unmap_unlocked(attaches[3], tables[3], DMA_BIDIRECTIONAL);
	ck_assert_int_eq(access_at(addr, 1, DMA_TO_DEVICE), -EFAULT);
	ck_assert_int_eq(access_at(sg_dma_address(tables[4]->sgl), 1, DMA_TO_DEVICE), 0);
	for (i = 0; i < N; i++) {
		if (i != 3)
			unmap_unlocked(attaches[i], tables[i], DMA_BIDIRECTIONAL);
		dma_buf_detach(bufs[i], attaches[i]);
		dma_buf_put(bufs[i]);
	}
}

/* two devices see the same bytes, each at its own address */
TEST(devices_share_the_memory)
{
	struct dma_buf_attachment *other_attach;
	struct dmabuf_device other;
	struct sg_table *other_sgt;
	void *p, *q;

	map_for(DMA_FROM_DEVICE);
	dmabuf_device_init(&other, "reader");
	other_attach = dma_buf_attach(dmabuf, &other);
	other_sgt = map_unlocked(other_attach, DMA_TO_DEVICE);
	expect_ptr(other_sgt);
	ck_assert_int_eq(dmabuf_device_access(&dev, addr, 8, DMA_FROM_DEVICE, &p), 0);
	memcpy(p, "pattern", 8);
	ck_assert_int_eq(dmabuf_device_access(&other, sg_dma_address(other_sgt->sgl), 8,
					      DMA_TO_DEVICE, &q),
			 0);
	ck_assert_str_eq(q, "pattern");
	unmap_unlocked(other_attach, other_sgt, DMA_TO_DEVICE);
	dma_buf_detach(dmabuf, other_attach);
	unmap_all(DMA_FROM_DEVICE);
}
