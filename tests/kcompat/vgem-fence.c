/* SPDX-License-Identifier: MIT */
/*
 * The kernel's drivers/gpu/drm/vgem/vgem_fence.c, unmodified, as the implementer of our fences: it attaches fences to
 * reservation objects of the library, signals them when it is told to, and by a timer when it is not.
 *
 * What the kernel has in DRM is here: a file with a buffer in it.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include "drivers/gpu/drm/vgem/vgem_drv.h"

#include "selftest.h"

struct drm_gem_object *drm_gem_object_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *object = handle - 1 < ARRAY_SIZE(file->objects) ? file->objects[handle - 1] : NULL;

	if (object)
		kref_get(&object->count);
	return object;
}

static void forget(struct kref *count)
{
}

void drm_gem_object_put(struct drm_gem_object *object)
{
	kref_put(&object->count, forget);
}

/* An open vgem device with one buffer, handle 1. */
struct device_file {
	struct drm_file file;
	struct vgem_file vgem;
	struct drm_gem_object object;
	struct dma_resv resv;
};

static void open_device(struct device_file *dev)
{
	*dev = (struct device_file){ .file.driver_priv = &dev->vgem, .file.objects = { &dev->object } };
	kref_init(&dev->object.count);
	dev->object.resv = &dev->resv;
	dma_resv_init(&dev->resv);
	vgem_fence_open(&dev->vgem);
}

static void close_device(struct device_file *dev)
{
	vgem_fence_close(&dev->vgem);
	dma_resv_fini(&dev->resv);
}

/* The number of a new fence, or an error. */
static int attach(struct device_file *dev, u32 handle, u32 flags)
{
	struct drm_vgem_fence_attach arg = { .handle = handle, .flags = flags };
	int ret = vgem_fence_attach_ioctl(NULL, &arg, &dev->file);

	return ret < 0 ? ret : (int)arg.out_fence;
}

static int signal_fence(struct device_file *dev, u32 fence)
{
	struct drm_vgem_fence_signal arg = { .fence = fence };

	return vgem_fence_signal_ioctl(NULL, &arg, &dev->file);
}

static int write_fence_keeps_readers_waiting(void *arg)
{
	struct device_file dev;
	int fence;

	open_device(&dev);
	fence = attach(&dev, 1, VGEM_FENCE_WRITE);
	EXPECT(fence > 0);
	EXPECT(!dma_resv_test_signaled(&dev.resv, dma_resv_usage_rw(false)));
	EXPECT(!dma_resv_test_signaled(&dev.resv, dma_resv_usage_rw(true)));
	EXPECT(attach(&dev, 1, 0) == -EBUSY);
	EXPECT(signal_fence(&dev, (u32)fence) == 0);
	EXPECT(dma_resv_test_signaled(&dev.resv, dma_resv_usage_rw(true)));
	EXPECT(signal_fence(&dev, (u32)fence) == -ENOENT);
	close_device(&dev);
	EXPECT(kref_read(&dev.object.count) == 1);
	return 0;
}

static int read_fences_share_and_hold_back_a_writer(void *arg)
{
	struct device_file dev;
	int a, b;

	open_device(&dev);
	a = attach(&dev, 1, 0);
	b = attach(&dev, 1, 0);
	EXPECT(a > 0 && b > 0 && a != b);
	EXPECT(dma_resv_test_signaled(&dev.resv, dma_resv_usage_rw(false)));
	EXPECT(!dma_resv_test_signaled(&dev.resv, dma_resv_usage_rw(true)));
	EXPECT(attach(&dev, 1, VGEM_FENCE_WRITE) == -EBUSY);
	EXPECT(signal_fence(&dev, (u32)a) == 0);
	EXPECT(attach(&dev, 1, VGEM_FENCE_WRITE) == -EBUSY);
	EXPECT(signal_fence(&dev, (u32)b) == 0);
	EXPECT(attach(&dev, 1, VGEM_FENCE_WRITE) > 0);
	close_device(&dev);
	return 0;
}

static int bad_requests_are_refused(void *arg)
{
	struct device_file dev;

	open_device(&dev);
	EXPECT(attach(&dev, 2, 0) == -ENOENT);
	EXPECT(attach(&dev, 1, ~VGEM_FENCE_WRITE) == -EINVAL);
	EXPECT(signal_fence(&dev, 1) == -ENOENT);
	close_device(&dev);
	return 0;
}

static int closing_the_device_signals(void *arg)
{
	struct device_file dev;

	open_device(&dev);
	EXPECT(attach(&dev, 1, VGEM_FENCE_WRITE) > 0);
	vgem_fence_close(&dev.vgem);
	EXPECT(dma_resv_test_signaled(&dev.resv, DMA_RESV_USAGE_BOOKKEEP));
	dma_resv_fini(&dev.resv);
	return 0;
}

static int wait_for_buffer(void *resv)
{
	return dma_resv_wait_timeout(resv, DMA_RESV_USAGE_READ, false, 5 * HZ) > 0 ? 0 : -ETIME;
}

static int waiter_wakes_at_the_signal(void *arg)
{
	struct task_struct *waiter;
	struct device_file dev;
	int fence;

	open_device(&dev);
	fence = attach(&dev, 1, VGEM_FENCE_WRITE);
	EXPECT(fence > 0);
	waiter = kthread_run(wait_for_buffer, &dev.resv, "waiter");
	EXPECT(!IS_ERR(waiter));
	get_task_struct(waiter);
	msleep(20);
	EXPECT(signal_fence(&dev, (u32)fence) == 0);
	EXPECT(kthread_stop_put(waiter) == 0);
	close_device(&dev);
	return 0;
}

/* vgem's own limit, ten seconds. */
static int forgotten_fence_expires(void *arg)
{
	unsigned long start = jiffies;
	struct device_file dev;
	int fence;
	long left;

	open_device(&dev);
	fence = attach(&dev, 1, VGEM_FENCE_WRITE);
	EXPECT(fence > 0);
	EXPECT(dma_resv_wait_timeout(&dev.resv, DMA_RESV_USAGE_READ, false, 9 * HZ) == 0);
	left = dma_resv_wait_timeout(&dev.resv, DMA_RESV_USAGE_READ, false, 5 * HZ);
	EXPECT(left > 0);
	EXPECT(time_after_eq(jiffies, start + 10 * HZ));
	EXPECT(signal_fence(&dev, (u32)fence) == -ETIMEDOUT);
	close_device(&dev);
	return 0;
}

int vgem_fence(void)
{
	RUN(write_fence_keeps_readers_waiting);
	RUN(read_fences_share_and_hold_back_a_writer);
	RUN(bad_requests_are_refused);
	RUN(closing_the_device_signals);
	RUN(waiter_wakes_at_the_signal);
	RUN(forgotten_fence_expires);
	return 0;
}
