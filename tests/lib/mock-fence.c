/* SPDX-License-Identifier: MIT */
/* The fence of tests/lib/mock-fence.h. */
#include "mock-fence.h"
#include "test.h"

unsigned int mock_released;
static unsigned int callbacks_run;

struct mock_fence *mock_of(struct dma_fence *fence)
{
	return (struct mock_fence *)fence;
}

static const char *driver_name(struct dma_fence *fence)
{
	(void)fence;
	return "mock";
}

static const char *timeline_name(struct dma_fence *fence)
{
	(void)fence;
	return "queue";
}

static bool is_locked(struct dma_fence *fence)
{
	return __atomic_load_n(&fence->lock->word, __ATOMIC_RELAXED) != 0;
}

static bool enable_signaling(struct dma_fence *fence)
{
	struct mock_fence *mock = mock_of(fence);

	__atomic_add_fetch(&mock->enables, 1, __ATOMIC_RELAXED);
	if (!is_locked(fence))
		mock->enabled_unlocked = true;
	if (!mock->enable_fails)
		return true;
	if (mock->enable_error)
		dma_fence_set_error(fence, mock->enable_error);
	return false;
}

static bool signaled(struct dma_fence *fence)
{
	struct mock_fence *mock = mock_of(fence);

	__atomic_add_fetch(&mock->asked, 1, __ATOMIC_RELAXED);
	if (!__atomic_load_n(&mock->done, __ATOMIC_ACQUIRE))
		return false;
	if (mock->done_error)
		dma_fence_set_error(fence, mock->done_error);
	return true;
}

static signed long own_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	(void)intr;
	(void)timeout;
	__atomic_add_fetch(&mock_of(fence)->waits, 1, __ATOMIC_RELAXED);
	return mock_of(fence)->wait_result;
}

static void release(struct dma_fence *fence)
{
	__atomic_add_fetch(&mock_released, 1, __ATOMIC_RELAXED);
	dma_fence_free(fence);
}

const struct dma_fence_ops mock_plain_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = release,
};

const struct dma_fence_ops mock_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = signaled,
	.release = release,
};

const struct dma_fence_ops mock_64bit_ops = {
	.use_64bit_seqno = true,
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.release = release,
};

const struct dma_fence_ops mock_wait_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.wait = own_wait,
	.release = release,
};

struct dma_fence *mock_fence_with(const struct dma_fence_ops *ops, uint64_t context, uint64_t seqno)
{
	struct mock_fence *mock = calloc(1, sizeof(*mock));

	ck_assert_ptr_nonnull(mock);
	dmabuf_spinlock_init(&mock->lock);
	dma_fence_init(&mock->base, ops, &mock->lock, context, seqno);
	return &mock->base;
}

struct dma_fence *mock_fence_at(uint64_t context, uint64_t seqno)
{
	return mock_fence_with(&mock_ops, context, seqno);
}

struct dma_fence *mock_fence(void)
{
	return mock_fence_at(dma_fence_context_alloc(1), 1);
}

void mock_signal_and_put(struct dma_fence *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

unsigned int fence_refs(struct dma_fence *fence)
{
	return __atomic_load_n(&fence->refcount.count, __ATOMIC_RELAXED);
}

bool fence_flag(struct dma_fence *fence, int bit)
{
	return __atomic_load_n(&fence->flags, __ATOMIC_ACQUIRE) & (1ul << bit);
}

void mock_cb_func(struct dma_fence *fence, struct dma_fence_cb *base)
{
	struct mock_cb *cb = (struct mock_cb *)base;

	cb->linked = base->node.next != &base->node || base->node.prev != &base->node;
	cb->unlocked = !is_locked(fence);
	cb->status = fence->error ? fence->error : 1;
	cb->order = __atomic_fetch_add(&callbacks_run, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&cb->ran, 1, __ATOMIC_RELEASE);
}

int mock_cb_add(struct dma_fence *fence, struct mock_cb *cb)
{
	memset(cb, 0, sizeof(*cb));
	/* The library has to initialise what it uses. */
	memset(&cb->base, 0xa5, sizeof(cb->base));
	return dma_fence_add_callback(fence, &cb->base, mock_cb_func);
}

unsigned int mock_cb_ran(struct mock_cb *cb)
{
	return __atomic_load_n(&cb->ran, __ATOMIC_ACQUIRE);
}
