/* SPDX-License-Identifier: MIT */
/* What the kernel promises about buffers: export, attachments, mapping for DMA, access by the CPU, mmap. */
#include <fcntl.h>
#include <sys/mman.h>

#include "mock-buf.h"
#include "mock-fence.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define PAGE	 4096ul
#define WAITS_MS 25 /* how long something has to be stuck to count as waiting */

static struct dmabuf_device dev;
static struct mock_buf mock;

static struct dma_buf_attachment *attach_mock(void)
{
	struct dma_buf_attachment *attach;

	dmabuf_device_init(&dev, "mock device");
	attach = dma_buf_attach(mock.dmabuf, &dev);
	expect_ptr(attach);
	return attach;
}

static bool no_attachments(struct dma_buf *dmabuf)
{
	return dmabuf->attachments.next == &dmabuf->attachments &&
	       dmabuf->attachments.prev == &dmabuf->attachments;
}

/* --- export --- */

static struct dma_buf_export_info good_info(void)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &mock_buf_min_ops;
	info.size = PAGE;
	info.flags = O_RDWR;
	info.priv = &mock;
	return info;
}

static struct dma_buf_export_info *bad_info(int i)
{
	static struct dma_buf_export_info info;
	static struct dma_buf_ops ops;

	info = good_info();
	ops = i < 6 ? mock_buf_min_ops : mock_buf_pin_ops;
	info.ops = &ops;
	switch (i) {
	case 0:
		info.priv = NULL;
		break;
	case 1:
		info.ops = NULL;
		break;
	case 2:
		ops.map_dma_buf = NULL;
		break;
	case 3:
		ops.unmap_dma_buf = NULL;
		break;
	case 4:
		ops.release = NULL;
		break;
	case 5:
		info.size = 0;
		break;
	case 6:
		ops.pin = NULL;
		break;
	case 7:
		ops.unpin = NULL;
		break;
	case 8:
		ops.cache_sgt_mapping = true;
		break;
	}
	return &info;
}

/* spec: buf.md 3.1 dma_buf_export "-EINVAL (with warning)"; size 0 (5) is the header's */
TEST_EACH(export_refuses_incomplete_descriptions, 0, 9)
{
	expect_err_ptr(dma_buf_export(bad_info(_i)), -EINVAL);
	if (_i == 5)
		forget_warnings();
	else
		expect_warning(NULL);
}

/* spec: buf.md 2.1 DEFINE_DMA_BUF_EXPORT_INFO */
TEST(export_info_macro_fills_in_the_name_and_nothing_else)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	ck_assert_str_eq(info.exp_name, KBUILD_MODNAME);
	ck_assert_ptr_null(info.ops);
	ck_assert_uint_eq(info.size, 0);
	ck_assert_int_eq(info.flags, 0);
	ck_assert_ptr_null(info.resv);
	ck_assert_ptr_null(info.priv);
}

/* spec: buf.md 2.2 public fields */
TEST(exported_buffer_shows_what_was_given)
{
	mock_buf_export(&mock, &mock_buf_ops, 3 * PAGE);
	ck_assert_uint_eq(mock.dmabuf->size, 3 * PAGE);
	ck_assert_ptr_eq(mock.dmabuf->ops, &mock_buf_ops);
	ck_assert_ptr_eq(mock.dmabuf->priv, &mock);
	ck_assert_str_eq(mock.dmabuf->exp_name, "mock");
	ck_assert_ptr_nonnull(mock.dmabuf->resv);
	ck_assert(no_attachments(mock.dmabuf));
	ck_assert(dma_resv_test_signaled(mock.dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 2.1 resv "NULL = the core embeds one" */
TEST(exporters_reservation_object_is_used)
{
	struct dma_fence *f = mock_fence();
	struct dma_resv resv;

	dma_resv_init(&resv);
	mock_buf_export_with(&mock, &mock_buf_ops, PAGE, O_RDWR, &resv);
	ck_assert_ptr_eq(mock.dmabuf->resv, &resv);
	resv_add(&resv, f, DMA_RESV_USAGE_READ);
	dma_buf_put(mock.dmabuf);
	ck_assert_uint_eq(mock.released, 1);
	/* spec: buf.md 3.2 "caller-supplied resv: not owned" */
	ck_assert_uint_eq(fence_refs(f), 2);
	ck_assert(!dma_resv_test_signaled(&resv, DMA_RESV_USAGE_READ));
	dma_resv_fini(&resv);
	mock_signal_and_put(f);
}

/* --- references --- */

/* spec: buf.md 3.1 get_dma_buf, dma_buf_put */
TEST(last_put_releases_once)
{
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	get_dma_buf(mock.dmabuf);
	dma_buf_put(mock.dmabuf);
	ck_assert_uint_eq(mock.released, 0);
	dma_buf_put(mock.dmabuf);
	ck_assert_uint_eq(mock.released, 1);
	expect_diary(&mock, "release");
}

/* spec: buf.md 3.1 dma_buf_put "warning and no action for NULL" */
TEST(put_null_warns)
{
	dma_buf_put(NULL);
	expect_warning(NULL);
}

/* spec: buf.md 3.3 order: 4 release, 5 embedded resv finished */
TEST(fences_go_after_the_release_op)
{
	struct dma_fence *f = mock_fence();

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	mock.watched = f;
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_BOOKKEEP);
	dma_buf_put(mock.dmabuf);
	ck_assert_uint_eq(mock.watched_refs, 2);
	ck_assert_uint_eq(fence_refs(f), 1);
	mock_signal_and_put(f);
}

/* spec: buf.md 3.3 "warning if attachments remain" */
TEST(release_with_an_attachment_left_warns)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	dma_buf_put(mock.dmabuf);
	expect_warning(NULL);
	ck_assert_uint_eq(mock.released, 1);
	free(attach); /* nobody can detach it any more */
}

/* --- attach --- */

/* spec: buf.md 4 attach order, detach order; 5.3 who holds the lock */
TEST(attach_and_detach_call_the_ops_without_the_lock)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	expect_diary(&mock, "attach");
	ck_assert_ptr_eq(attach->dmabuf, mock.dmabuf);
	ck_assert_ptr_eq(attach->dev, &dev);
	ck_assert_ptr_null(attach->sgt);
	ck_assert_ptr_eq(mock.dmabuf->attachments.next, &attach->node);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "detach");
	ck_assert(no_attachments(mock.dmabuf));
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 2.5 attach, detach optional */
TEST(attach_works_without_the_optional_ops)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_min_ops, PAGE);
	attach = attach_mock();
	ck_assert(!no_attachments(mock.dmabuf));
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
	expect_diary(&mock, "release");
}

/* spec: buf.md 4 "under resv add to the list (head)" */
TEST(attachments_are_listed_newest_first)
{
	struct dma_buf_attachment *a, *b;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	a = attach_mock();
	b = attach_mock();
	ck_assert_ptr_eq(mock.dmabuf->attachments.next, &b->node);
	ck_assert_ptr_eq(b->node.next, &a->node);
	ck_assert_ptr_eq(a->node.next, &mock.dmabuf->attachments);
	dma_buf_detach(mock.dmabuf, a);
	ck_assert_ptr_eq(mock.dmabuf->attachments.next, &b->node);
	ck_assert_ptr_eq(mock.dmabuf->attachments.prev, &b->node);
	dma_buf_detach(mock.dmabuf, b);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 12 B3 */
TEST(failed_attach_leaves_nothing_and_calls_no_detach)
{
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	mock.attach_error = -EBUSY;
	dmabuf_device_init(&dev, "picky device");
	expect_err_ptr(dma_buf_attach(mock.dmabuf, &dev), -EBUSY);
	expect_diary(&mock, "attach");
	ck_assert(no_attachments(mock.dmabuf));
	dma_buf_put(mock.dmabuf);
	expect_diary(&mock, "release");
}

/* spec: buf.md 4 dma_buf_dynamic_attach "-EINVAL (warning) NULL dmabuf/dev" */
TEST(attach_without_buffer_or_device_warns_and_gives_einval)
{
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	dmabuf_device_init(&dev, "mock device");
	expect_err_ptr(dma_buf_attach(NULL, &dev), -EINVAL);
	expect_warning(NULL);
	expect_err_ptr(dma_buf_attach(mock.dmabuf, NULL), -EINVAL);
	expect_warning(NULL);
	expect_diary(&mock, "");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 4 dma_buf_detach "warning + no action on NULL or mismatch" */
TEST(wrong_detach_warns_and_does_nothing)
{
	struct dma_buf_attachment *attach;
	struct mock_buf other;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	mock_buf_export(&other, &mock_buf_ops, PAGE);
	attach = attach_mock();
	expect_diary(&mock, "attach");
	dma_buf_detach(NULL, attach);
	expect_warning(NULL);
	dma_buf_detach(mock.dmabuf, NULL);
	expect_warning(NULL);
	dma_buf_detach(other.dmabuf, attach);
	expect_warning(NULL);
	expect_diary(&mock, "");
	expect_diary(&other, "");
	ck_assert(!no_attachments(mock.dmabuf));
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
	dma_buf_put(other.dmabuf);
}

/* --- map --- */

/* spec: buf.md 5 map algorithm, 4.1 static/static "map_dma_buf each time" */
TEST(map_asks_the_exporter_every_time)
{
	struct dma_buf_attachment *attach;
	struct sg_table *first, *second;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	first = map_unlocked(attach, DMA_TO_DEVICE);
	expect_ptr(first);
	ck_assert_int_eq(mock.dir, DMA_TO_DEVICE);
	second = map_unlocked(attach, DMA_FROM_DEVICE);
	expect_ptr(second);
	ck_assert_int_eq(mock.dir, DMA_FROM_DEVICE);
	ck_assert_ptr_ne(first, second);
	unmap_unlocked(attach, first, DMA_TO_DEVICE);
	ck_assert_int_eq(mock.dir, DMA_TO_DEVICE);
	unmap_unlocked(attach, second, DMA_FROM_DEVICE);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map map unmap unmap detach");
	ck_assert_uint_eq(mock.tables, 0);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 dma_buf_map_attachment "-EINVAL NULL"; DMA_NONE is the header's */
TEST(map_refuses_null_and_no_direction)
{
	struct dma_buf_attachment *attach;

	expect_err_ptr(dma_buf_map_attachment(NULL, DMA_TO_DEVICE), -EINVAL);
	forget_warnings();
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	expect_err_ptr(map_unlocked(attach, DMA_NONE), -EINVAL);
	forget_warnings();
	expect_diary(&mock, "attach");
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 map algorithm (3) "NULL -> -ENOMEM" */
TEST(map_that_gives_null_is_enomem)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	mock.map_gives_null = true;
	expect_err_ptr(map_unlocked(attach, DMA_TO_DEVICE), -ENOMEM);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map detach");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 "exporter's" error */
TEST(error_of_the_map_op_is_passed_on)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_cache_ops, PAGE);
	attach = attach_mock();
	mock.map_error = -EINTR;
	expect_err_ptr(map_unlocked(attach, DMA_TO_DEVICE), -EINTR);
	ck_assert_ptr_null(attach->sgt);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map detach");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5.3, 12 B9 */
TEST(map_without_the_lock_warns)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	sgt = dma_buf_map_attachment(attach, DMA_TO_DEVICE);
	expect_warning(NULL);
	if (!dmabuf_is_err(sgt))
		unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5.3, 12 B9 */
TEST(unmap_without_the_lock_warns)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	dma_buf_unmap_attachment(attach, sgt, DMA_TO_DEVICE);
	expect_warning(NULL);
	if (mock.tables)
		unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 dma_buf_unmap_attachment "warning on NULL" */
TEST(unmap_null_warns_and_does_nothing)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	attach = attach_mock();
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	unmap_unlocked(attach, NULL, DMA_TO_DEVICE);
	expect_warning(NULL);
	dma_resv_lock(mock.dmabuf->resv, NULL);
	dma_buf_unmap_attachment(NULL, sgt, DMA_TO_DEVICE);
	dma_resv_unlock(mock.dmabuf->resv);
	expect_warning(NULL);
	ck_assert_uint_eq(mock.tables, 1);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map unmap detach");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 12 B4 */
TEST(cached_table_is_made_once_and_lives_until_the_detach)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_cache_ops, PAGE);
	attach = attach_mock();
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	expect_ptr(sgt);
	ck_assert_ptr_eq(map_unlocked(attach, DMA_TO_DEVICE), sgt);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	ck_assert_ptr_eq(map_unlocked(attach, DMA_TO_DEVICE), sgt);
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	expect_diary(&mock, "attach map");
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "unmap detach");
	ck_assert_int_eq(mock.dir, DMA_TO_DEVICE);
	ck_assert_uint_eq(mock.tables, 0);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 map algorithm (1), 12 B4; _i = cached direction * 3 + wanted direction */
TEST_EACH(cached_table_serves_its_direction_or_all_if_bidirectional, 0, 9)
{
	enum dma_data_direction cached = _i / 3, wanted = _i % 3;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_cache_ops, PAGE);
	attach = attach_mock();
	sgt = map_unlocked(attach, cached);
	if (cached == wanted || cached == DMA_BIDIRECTIONAL)
		ck_assert_ptr_eq(map_unlocked(attach, wanted), sgt);
	else
		expect_err_ptr(map_unlocked(attach, wanted), -EBUSY);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map unmap detach");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 4.1 [6.16+]: pin at map, unpin at unmap, for a static importer */
TEST(exporter_with_pin_is_pinned_while_mapped)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_pin_ops, PAGE);
	attach = attach_mock();
	expect_diary(&mock, "attach");
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	expect_ptr(sgt);
	expect_diary(&mock, "pin map");
	unmap_unlocked(attach, sgt, DMA_TO_DEVICE);
	expect_diary(&mock, "unmap unpin");
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "detach");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 5 map algorithm (2), (5) */
TEST(failed_pin_is_passed_on_and_failed_map_unpins)
{
	struct dma_buf_attachment *attach;

	mock_buf_export(&mock, &mock_buf_pin_ops, PAGE);
	attach = attach_mock();
	mock.pin_error = -ENOSPC;
	expect_err_ptr(map_unlocked(attach, DMA_TO_DEVICE), -ENOSPC);
	forget_warnings();
	expect_diary(&mock, "attach pin");
	mock.pin_error = 0;
	mock.map_error = -EIO;
	expect_err_ptr(map_unlocked(attach, DMA_TO_DEVICE), -EIO);
	expect_diary(&mock, "pin map unpin");
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
}

static long map_to_device(void *attach)
{
	return dmabuf_is_err(map_unlocked(attach, DMA_TO_DEVICE));
}

/* spec: buf.md 12 B5, 5 map algorithm (4); _i: usage */
TEST_EACH(kernel_fence_and_no_other_gates_a_map, 0, 4)
{
	struct dma_fence *f = mock_fence();
	struct dma_buf_attachment *attach;
	struct actor mapper;

	mock_buf_export(&mock, &mock_buf_cache_ops, PAGE);
	attach = attach_mock();
	resv_add(mock.dmabuf->resv, f, _i);
	actor_start(&mapper);
	actor_go(&mapper, map_to_device, attach);
	if (_i == DMA_RESV_USAGE_KERNEL)
		ck_assert(!actor_done(&mapper, WAITS_MS));
	else
		ck_assert_int_eq(actor_result(&mapper), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(actor_result(&mapper), 0);
	actor_stop(&mapper);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "attach map unmap detach");
	dma_buf_put(mock.dmabuf);
	dma_fence_put(f);
}

/* spec: buf.md 12 B5 "a cached table is returned without any wait" */
TEST(cached_table_comes_without_a_wait)
{
	struct dma_fence *f = mock_fence();
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	mock_buf_export(&mock, &mock_buf_cache_ops, PAGE);
	attach = attach_mock();
	sgt = map_unlocked(attach, DMA_TO_DEVICE);
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_KERNEL);
	ck_assert_ptr_eq(map_unlocked(attach, DMA_TO_DEVICE), sgt);
	dma_buf_detach(mock.dmabuf, attach);
	dma_buf_put(mock.dmabuf);
	mock_signal_and_put(f);
}

/* spec: buf.md 5 map algorithm (4) "interruptible; on error unmap again and return it"; _i: ops */
TEST_EACH(interrupted_map_is_undone, 0, 3)
{
	const struct dma_buf_ops *ops[] = { &mock_buf_ops, &mock_buf_cache_ops, &mock_buf_pin_ops };
	struct dma_fence *f = mock_fence();
	struct dma_buf_attachment *attach;
	struct pest pest;

	mock_buf_export(&mock, ops[_i], PAGE);
	attach = attach_mock();
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_KERNEL);
	catch_signals(SA_RESTART);
	pest_start(&pest);
	expect_err_ptr(map_unlocked(attach, DMA_TO_DEVICE), -ERESTARTSYS);
	pest_stop(&pest);
	expect_diary(&mock, _i == 2 ? "attach pin map unmap unpin" : "attach map unmap");
	ck_assert_ptr_null(attach->sgt);
	dma_buf_detach(mock.dmabuf, attach);
	expect_diary(&mock, "detach");
	dma_buf_put(mock.dmabuf);
	mock_signal_and_put(f);
}

/* --- access by the CPU --- */

static enum dma_data_direction access_dir;

static long begin_access(void *dmabuf)
{
	return dma_buf_begin_cpu_access(dmabuf, access_dir);
}

/* spec: buf.md 7.1, 12 B6; _i = direction * 4 + usage */
TEST_EACH(begin_waits_for_what_the_direction_asks, 0, 12)
{
	enum dma_resv_usage usage = _i % 4;
	struct dma_fence *f = mock_fence();
	struct actor cpu;
	bool waits;

	access_dir = _i / 4;
	waits = usage <=
		(access_dir == DMA_FROM_DEVICE ? DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	resv_add(mock.dmabuf->resv, f, usage);
	actor_start(&cpu);
	actor_go(&cpu, begin_access, mock.dmabuf);
	if (waits)
		ck_assert(!actor_done(&cpu, WAITS_MS));
	else
		ck_assert_int_eq(actor_result(&cpu), 0);
	dma_fence_signal(f);
	ck_assert_int_eq(actor_result(&cpu), 0);
	ck_assert_int_eq(mock.dir, access_dir);
	ck_assert_int_eq(dma_buf_end_cpu_access(mock.dmabuf, access_dir), 0);
	actor_stop(&cpu);
	dma_buf_put(mock.dmabuf);
	expect_diary(&mock, "begin end release");
	dma_fence_put(f);
}

/* spec: buf.md 7.1 "without the op only the wait happens" */
TEST(access_works_without_the_ops)
{
	struct dma_fence *f = mock_fence();
	struct later later;

	mock_buf_export(&mock, &mock_buf_min_ops, PAGE);
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_WRITE);
	signal_later(&later, 20, f);
	ck_assert_int_eq(dma_buf_begin_cpu_access(mock.dmabuf, DMA_FROM_DEVICE), 0);
	ck_assert(fence_flag(f, DMA_FENCE_FLAG_SIGNALED_BIT));
	ck_assert_int_eq(dma_buf_end_cpu_access(mock.dmabuf, DMA_FROM_DEVICE), 0);
	later_join(&later);
	dma_buf_put(mock.dmabuf);
	dma_fence_put(f);
}

/* spec: buf.md 7.1 "first ops->begin_cpu_access; if 0 then wait" */
TEST(failing_begin_op_is_passed_on_without_a_wait)
{
	struct dma_fence *f = mock_fence();

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_WRITE);
	mock.begin_error = -ENOMEM;
	ck_assert_int_eq(dma_buf_begin_cpu_access(mock.dmabuf, DMA_BIDIRECTIONAL), -ENOMEM);
	expect_diary(&mock, "begin");
	dma_buf_put(mock.dmabuf);
	mock_signal_and_put(f);
}

/* spec: buf.md 7.1 "if the wait fails after a successful op, the op is not undone" */
TEST_EACH(interrupted_begin_gives_erestartsys_and_does_not_end, 0, 2)
{
	struct dma_fence *f = mock_fence();
	struct pest pest;

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_WRITE);
	catch_signals(_i ? SA_RESTART : 0);
	pest_start(&pest);
	ck_assert_int_eq(dma_buf_begin_cpu_access(mock.dmabuf, DMA_FROM_DEVICE), -ERESTARTSYS);
	pest_stop(&pest);
	expect_diary(&mock, "begin");
	dma_fence_signal(f);
	ck_assert_int_eq(dma_buf_begin_cpu_access(mock.dmabuf, DMA_FROM_DEVICE), 0);
	expect_diary(&mock, "begin");
	dma_buf_put(mock.dmabuf);
	dma_fence_put(f);
}

/* spec: buf.md 7.1 "end: only the op. No fence handling" */
TEST(end_calls_the_op_and_does_not_wait)
{
	struct dma_fence *f = mock_fence();

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	resv_add(mock.dmabuf->resv, f, DMA_RESV_USAGE_KERNEL);
	ck_assert_int_eq(dma_buf_end_cpu_access(mock.dmabuf, DMA_TO_DEVICE), 0);
	ck_assert_int_eq(mock.dir, DMA_TO_DEVICE);
	mock.end_error = -EIO;
	ck_assert_int_eq(dma_buf_end_cpu_access(mock.dmabuf, DMA_TO_DEVICE), -EIO);
	expect_diary(&mock, "end end");
	dma_buf_put(mock.dmabuf);
	mock_signal_and_put(f);
}

/* spec: buf.md 7.1 "-EINVAL NULL"; DMA_NONE is the header's */
TEST(access_refuses_null_and_no_direction)
{
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	ck_assert_int_eq(dma_buf_begin_cpu_access(NULL, DMA_FROM_DEVICE), -EINVAL);
	ck_assert_int_eq(dma_buf_end_cpu_access(NULL, DMA_FROM_DEVICE), -EINVAL);
	ck_assert_int_eq(dma_buf_begin_cpu_access(mock.dmabuf, DMA_NONE), -EINVAL);
	forget_warnings();
	expect_diary(&mock, "");
	dma_buf_put(mock.dmabuf);
}

/* --- mmap --- */

/* spec: buf.md 7.4 dma_buf_mmap "-EINVAL NULL (warning)" */
TEST(mmap_without_buffer_warns_and_gives_einval)
{
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ };

	ck_assert_int_eq(dma_buf_mmap(NULL, &vma, 0), -EINVAL);
	expect_warning(NULL);
	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, NULL, 0), -EINVAL);
	forget_warnings();
	expect_diary(&mock, "");
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 7.4 "-EINVAL no op" */
TEST(mmap_without_the_op_gives_einval)
{
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ };

	mock_buf_export(&mock, &mock_buf_min_ops, PAGE);
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, &vma, 0), -EINVAL);
	dma_buf_put(mock.dmabuf);
}

static const struct {
	size_t buffer, size;
	unsigned long pgoff;
	int ret;
} mmaps[] = {
	{ 4 * PAGE, 4 * PAGE, 0, 0 },
	{ 4 * PAGE, PAGE, 3, 0 },
	{ 4 * PAGE, 2 * PAGE, 2, 0 },
	{ 4 * PAGE, 5 * PAGE, 0, -EINVAL },
	{ 4 * PAGE, PAGE, 4, -EINVAL },
	{ 4 * PAGE, 2 * PAGE, 3, -EINVAL },
	{ 4 * PAGE, PAGE, ULONG_MAX - 1, -EINVAL },
	{ 4 * PAGE, PAGE, ULONG_MAX, -EOVERFLOW },
	{ 4 * PAGE, 2 * PAGE, ULONG_MAX - 1, -EOVERFLOW },
	{ 4 * PAGE, 3 * PAGE, ULONG_MAX - 1, -EOVERFLOW },
	{ 4 * PAGE, PAGE - 1, 0, -EINVAL },
	/* the tail page of a buffer that is no multiple of the page cannot be mapped */
	{ 4 * PAGE + 1, 4 * PAGE, 0, 0 },
	{ 4 * PAGE + 1, 5 * PAGE, 0, -EINVAL },
	{ 5 * PAGE - 1, PAGE, 4, -EINVAL },
	{ PAGE - 1, PAGE, 0, -EINVAL },
};

/* spec: buf.md 7.4 dma_buf_mmap checks */
TEST_EACH(mmap_checks_the_range, 0, 15)
{
	struct dmabuf_vma vma = { .vm_size = mmaps[_i].size,
				  .vm_prot = PROT_READ | PROT_WRITE,
				  .vm_pgoff = 99 };

	mock_buf_export(&mock, &mock_buf_ops, mmaps[_i].buffer);
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, &vma, mmaps[_i].pgoff), mmaps[_i].ret);
	expect_diary(&mock, mmaps[_i].ret ? "" : "mmap");
	if (mmaps[_i].ret == 0) {
		ck_assert_uint_eq(mock.vma.vm_pgoff, mmaps[_i].pgoff);
		ck_assert_uint_eq(mock.vma.vm_size, mmaps[_i].size);
	}
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 7.4 "the op"'s error */
TEST(error_of_the_mmap_op_is_passed_on)
{
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ };

	mock_buf_export(&mock, &mock_buf_ops, PAGE);
	mock.mmap_error = -EAGAIN;
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, &vma, 0), -EAGAIN);
	dma_buf_put(mock.dmabuf);
}

/* spec: buf.md 3.4 "writable mapping of a buffer exported without O_RDWR fails with -EACCES" */
TEST(writable_mmap_of_a_read_only_buffer_gives_eacces)
{
	struct dmabuf_vma vma = { .vm_size = PAGE, .vm_prot = PROT_READ | PROT_WRITE };

	mock_buf_export_with(&mock, &mock_buf_ops, PAGE, O_RDONLY, NULL);
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, &vma, 0), -EACCES);
	expect_diary(&mock, "");
	vma.vm_prot = PROT_READ;
	ck_assert_int_eq(dma_buf_mmap(mock.dmabuf, &vma, 0), 0);
	expect_diary(&mock, "mmap");
	dma_buf_put(mock.dmabuf);
}
