/* SPDX-License-Identifier: MIT */
/* What the historic seqno fence promises: it keeps the buffer, and everything else is the creator's. */
#include <dmabuf/seqno-fence.h>

#include "mock-buf.h"
#include "mock-fence.h"
#include "test.h"

static struct mock_buf buf;
static struct dmabuf_spinlock lock;
static unsigned int enables, asked, waits, released;
static bool answer;

static const char *driver(struct dma_fence *fence)
{
	/* It is asked for as soon as the fence is made: the inner ops have to be there. */
	ck_assert_ptr_nonnull(to_seqno_fence(fence)->ops);
	return "engine";
}

static const char *timeline(struct dma_fence *fence)
{
	(void)fence;
	return "ring";
}

static bool enable(struct dma_fence *fence)
{
	(void)fence;
	enables++;
	return true;
}

static bool is_done(struct dma_fence *fence)
{
	(void)fence;
	asked++;
	return answer;
}

static signed long own_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	(void)fence;
	waits++;
	return intr ? timeout : 7;
}

static void release(struct dma_fence *fence)
{
	released++;
	free(fence);
}

static const struct dma_fence_ops full_ops = {
	.get_driver_name = driver,
	.get_timeline_name = timeline,
	.enable_signaling = enable,
	.signaled = is_done,
	.wait = own_wait,
	.release = release,
};

static const struct dma_fence_ops least_ops = {
	.get_driver_name = driver,
	.get_timeline_name = timeline,
	.enable_signaling = enable,
	.wait = own_wait,
};

static struct seqno_fence *make(const struct dma_fence_ops *ops)
{
	struct seqno_fence *f = calloc(1, sizeof(*f));

	if (!buf.dmabuf)
		mock_buf_export(&buf, &mock_buf_min_ops, 4096);
	seqno_fence_init(f, &lock, buf.dmabuf, 12, 64, 99, SEQNO_FENCE_WAIT_NONZERO, ops);
	return f;
}

/* spec: fence.md 7 struct, seqno_fence_init, conditions */
TEST(seqno_fence_keeps_what_it_was_given)
{
	struct seqno_fence *f = make(&full_ops);

	ck_assert_int_eq(SEQNO_FENCE_WAIT_GEQUAL, 0);
	ck_assert_int_eq(SEQNO_FENCE_WAIT_NONZERO, 1);
	ck_assert_uint_eq(f->base.context, 12);
	ck_assert_uint_eq(f->base.seqno, 99);
	ck_assert_uint_eq(f->seqno_ofs, 64);
	ck_assert_int_eq(f->condition, SEQNO_FENCE_WAIT_NONZERO);
	ck_assert_ptr_eq(f->sync_buf, buf.dmabuf);
	ck_assert_ptr_eq(f->ops, &full_ops);
	ck_assert_str_eq(f->base.ops->get_driver_name(&f->base), "engine");
	ck_assert_str_eq(f->base.ops->get_timeline_name(&f->base), "ring");
	dma_fence_signal(&f->base);
	dma_fence_put(&f->base);
	dma_buf_put(buf.dmabuf);
}

/* spec: fence.md 7 "takes a reference on sync_buf, dropped at destruction"; _i: with a release op */
TEST_EACH(seqno_fence_holds_the_buffer_until_its_end, 0, 2)
{
	struct seqno_fence *f = make(_i ? &full_ops : &least_ops);

	dma_buf_put(buf.dmabuf);
	ck_assert_uint_eq(buf.released, 0);
	dma_fence_signal(&f->base);
	ck_assert_uint_eq(buf.released, 0);
	dma_fence_put(&f->base);
	ck_assert_uint_eq(buf.released, 1);
	ck_assert_uint_eq(released, _i);
}

/* spec: fence.md 7 "the fence may be destroyed before completion while the dma-buf lives on" */
TEST(buffer_outlives_an_unfinished_seqno_fence)
{
	struct seqno_fence *f = make(&full_ops);

	dma_fence_put(&f->base);
	ck_assert_uint_eq(buf.released, 0);
	dma_buf_put(buf.dmabuf);
	ck_assert_uint_eq(buf.released, 1);
}

/* spec: fence.md 7 seqno_fence_ops "forwards enable_signaling, signaled, wait" */
TEST(seqno_fence_forwards_to_its_creator)
{
	struct seqno_fence *f = make(&full_ops);

	ck_assert(!dma_fence_is_signaled(&f->base));
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(dma_fence_wait_timeout(&f->base, true, 1234), 1234);
	ck_assert_int_eq(dma_fence_wait_timeout(&f->base, false, 1234), 7);
	ck_assert_uint_eq(waits, 2);
	ck_assert_uint_eq(enables, 1);
	answer = true;
	ck_assert(dma_fence_is_signaled(&f->base));
	dma_fence_put(&f->base);
	dma_buf_put(buf.dmabuf);
}

/* spec: fence.md 7 "signaled (false if absent)" */
TEST(seqno_fence_without_the_signaled_op_is_pending)
{
	struct seqno_fence *f = make(&least_ops);

	ck_assert(!dma_fence_is_signaled(&f->base));
	dma_fence_signal(&f->base);
	ck_assert(dma_fence_is_signaled(&f->base));
	dma_fence_put(&f->base);
	dma_buf_put(buf.dmabuf);
}

static void make_badly(void *data)
{
	static struct dma_fence_ops ops;
	int what = *(int *)data;
	struct seqno_fence *f = calloc(1, sizeof(*f));

	ops = full_ops;
	if (what == 3)
		ops.wait = NULL;
	if (what == 4)
		ops.enable_signaling = NULL;
	if (what == 5)
		ops.get_driver_name = NULL;
	if (what == 6)
		ops.get_timeline_name = NULL;
	seqno_fence_init(what == 0 ? NULL : f, &lock, what == 1 ? NULL : buf.dmabuf, 1, 0, 1,
			 SEQNO_FENCE_WAIT_GEQUAL, what == 2 ? NULL : &ops);
}

/* spec: fence.md 7 "fatal if fence, sync_buf, ops, or ops' wait / enable_signaling / names are missing" */
TEST_EACH(seqno_fence_without_what_it_needs_is_fatal, 0, 7)
{
	mock_buf_export(&buf, &mock_buf_min_ops, 4096);
	expect_fatal(make_badly, &_i);
	dma_buf_put(buf.dmabuf);
}

/* spec: fence.md 7 to_seqno_fence "cast or NULL" */
TEST(cast_to_seqno_fence_is_null_for_others)
{
	struct seqno_fence *f = make(&full_ops);
	struct dma_fence *other = mock_fence();

	ck_assert_ptr_eq(to_seqno_fence(&f->base), f);
	ck_assert_ptr_null(to_seqno_fence(other));
	mock_signal_and_put(other);
	dma_fence_put(&f->base);
	dma_buf_put(buf.dmabuf);
}
