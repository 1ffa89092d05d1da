/* SPDX-License-Identifier: MIT */
/*
 * The kernel's drivers/dma-buf/sw_sync.c, unmodified, as the implementer of our fences: its timelines, its fences and its
 * ioctls run on the library, its sync_files are the library's, and poll(2) sees them signal.
 *
 * What the kernel has in sync_debug.c is here: a list of the timelines, of which we keep the length.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sync_file.h>

#include "drivers/dma-buf/sync_debug.h"
#include "selftest.h"

/* The interface of /sys/kernel/debug/sync/sw_sync, which has no header. */
struct create_fence {
	__u32 value;
	char name[32];
	__s32 fd;
};

struct get_deadline {
	__u64 ns;
	__u32 pad;
	__s32 fd;
};

#define CREATE_FENCE _IOWR('W', 0, struct create_fence)
#define INC _IOW('W', 1, __u32)
#define GET_DEADLINE _IOWR('W', 2, struct get_deadline)

static atomic_t timelines;

void sync_timeline_debug_add(struct sync_timeline *timeline)
{
	atomic_inc(&timelines);
}

void sync_timeline_debug_remove(struct sync_timeline *timeline)
{
	atomic_dec(&timelines);
}

/* --- what a program does with /sys/kernel/debug/sync/sw_sync --- */

static struct file *timeline_open(void)
{
	struct file *file = anon_inode_getfile("sw_sync", &sw_sync_debugfs_fops, NULL, O_RDWR);

	if (IS_ERR(file) || file->f_op->open(NULL, file))
		abort();
	return file;
}

static int fence_fd(struct file *timeline, u32 value)
{
	struct create_fence arg = { .value = value, .name = "point" };
	long ret = vfs_ioctl(timeline, CREATE_FENCE, (unsigned long)&arg);

	return ret ? (int)ret : arg.fd;
}

static long inc(struct file *timeline, u32 by)
{
	return vfs_ioctl(timeline, INC, (unsigned long)&by);
}

static bool is_readable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & POLLIN;
}

static int status_of(int fd)
{
	struct dma_fence *fence = sync_file_get_fence(fd);
	int status = fence ? dma_fence_get_status(fence) : -EBADF;

	dma_fence_put(fence);
	return status;
}

/* A sync_file whose descriptor was closed goes when the next one is made. */
static bool all_gone(void)
{
	for (int i = 0; i < 2000 && atomic_read(&timelines); i++) {
		struct dma_fence *stub = dma_fence_get_stub();
		struct sync_file *next = sync_file_create(stub);

		dma_fence_put(stub);
		if (next)
			fput(next->file);
		msleep(1);
	}
	return atomic_read(&timelines) == 0;
}

/* --- tests --- */

static int timeline_ends_with_its_file(void *arg)
{
	struct file *timeline = timeline_open();

	EXPECT(atomic_read(&timelines) == 1);
	fput(timeline);
	EXPECT(atomic_read(&timelines) == 0);
	return 0;
}

static int fence_signals_at_its_value(void *arg)
{
	struct file *timeline = timeline_open();
	int fd = fence_fd(timeline, 5);

	EXPECT(fd >= 0);
	EXPECT(!is_readable(fd) && status_of(fd) == 0);
	EXPECT(inc(timeline, 1) == 0);
	EXPECT(!is_readable(fd) && status_of(fd) == 0);
	EXPECT(inc(timeline, 4) == 0);
	EXPECT(is_readable(fd) && status_of(fd) == 1);
	EXPECT(inc(timeline, 5) == 0);
	EXPECT(is_readable(fd) && status_of(fd) == 1);
	close(fd);
	fput(timeline);
	return 0;
}

static int fence_of_a_passed_value_is_born_signalled(void *arg)
{
	struct file *timeline = timeline_open();
	int fd;

	EXPECT(inc(timeline, 7) == 0);
	fd = fence_fd(timeline, 7);
	EXPECT(fd >= 0);
	EXPECT(status_of(fd) == 1 && is_readable(fd));
	close(fd);
	fput(timeline);
	return 0;
}

static int fences_of_one_value_are_one(void *arg)
{
	struct file *timeline = timeline_open();
	int a = fence_fd(timeline, 3), b = fence_fd(timeline, 3), c = fence_fd(timeline, 4);
	struct dma_fence *fa = sync_file_get_fence(a), *fb = sync_file_get_fence(b), *fc = sync_file_get_fence(c);

	EXPECT(fa && fa == fb && fc && fc != fa);
	EXPECT(fa->context == fc->context && fa->seqno == 3 && fc->seqno == 4);
	EXPECT(dma_fence_is_later(fc, fa) && !dma_fence_is_later(fa, fc));
	dma_fence_put(fa);
	dma_fence_put(fb);
	dma_fence_put(fc);
	close(a);
	close(b);
	close(c);
	fput(timeline);
	return 0;
}

static int names_say_who_made_it(void *arg)
{
	struct file *timeline = timeline_open();
	int fd = fence_fd(timeline, 1);
	struct dma_fence *fence = sync_file_get_fence(fd);

	EXPECT(fence);
	EXPECT(strcmp(fence->ops->get_driver_name(fence), "sw_sync") == 0);
	EXPECT(strcmp(fence->ops->get_timeline_name(fence), current->comm) == 0);
	dma_fence_put(fence);
	close(fd);
	fput(timeline);
	return 0;
}

static int closing_the_timeline_fails_its_fences(void *arg)
{
	struct file *timeline = timeline_open();
	int done = fence_fd(timeline, 1), pending = fence_fd(timeline, 2);

	EXPECT(inc(timeline, 1) == 0);
	fput(timeline);
	EXPECT(status_of(done) == 1);
	EXPECT(status_of(pending) == -ENOENT && is_readable(pending));
	close(done);
	close(pending);
	return 0;
}

static int wait_on_fence(void *fence)
{
	return (int)dma_fence_wait(fence, false);
}

static int waiter_wakes_at_the_increment(void *arg)
{
	struct file *timeline = timeline_open();
	int fd = fence_fd(timeline, 1);
	struct dma_fence *fence = sync_file_get_fence(fd);
	struct task_struct *waiter;

	EXPECT(fence);
	EXPECT(dma_fence_wait_timeout(fence, false, 0) == 0);
	waiter = kthread_run(wait_on_fence, fence, "waiter");
	EXPECT(!IS_ERR(waiter));
	get_task_struct(waiter);
	msleep(20);
	EXPECT(inc(timeline, 1) == 0);
	EXPECT(kthread_stop_put(waiter) == 0);
	EXPECT(dma_fence_get_status(fence) == 1);
	dma_fence_put(fence);
	close(fd);
	fput(timeline);
	return 0;
}

#define MANY 200

/* Points made in any order are signalled in the timeline's. */
static int points_in_random_order(void *arg)
{
	struct file *timeline = timeline_open();
	u32 values[MANY], fds[MANY];

	for (u32 i = 0; i < MANY; i++)
		values[i] = i + 1;
	for (u32 i = MANY - 1; i > 0; i--) {
		u32 other = get_random_u32_below(i + 1);

		swap(values[i], values[other]);
	}
	for (u32 i = 0; i < MANY; i++) {
		int fd = fence_fd(timeline, values[i]);

		EXPECT(fd >= 0);
		fds[values[i] - 1] = (u32)fd;
	}
	for (u32 now = 1; now <= MANY; now++) {
		EXPECT(inc(timeline, 1) == 0);
		for (u32 value = now > 3 ? now - 3 : 1; value <= MANY && value < now + 3; value++)
			EXPECT(status_of((int)fds[value - 1]) == (value <= now));
	}
	for (u32 i = 0; i < MANY; i++)
		close((int)fds[i]);
	fput(timeline);
	return 0;
}

static int deadline_is_the_earliest(void *arg)
{
	struct file *timeline = timeline_open();
	int fd = fence_fd(timeline, 1);
	struct get_deadline deadline = { .fd = fd };
	struct dma_fence *fence = sync_file_get_fence(fd);

	EXPECT(fence);
	EXPECT(vfs_ioctl(timeline, GET_DEADLINE, (unsigned long)&deadline) == -ENOENT);
	dma_fence_set_deadline(fence, 3000);
	dma_fence_set_deadline(fence, 1000);
	dma_fence_set_deadline(fence, 2000);
	EXPECT(vfs_ioctl(timeline, GET_DEADLINE, (unsigned long)&deadline) == 0);
	EXPECT(deadline.ns == 1000);
	EXPECT(vfs_ioctl(timeline, GET_DEADLINE, (unsigned long)&deadline) == -EINVAL);
	dma_fence_put(fence);
	close(fd);
	fput(timeline);
	return 0;
}

static int bad_requests_are_refused(void *arg)
{
	struct file *timeline = timeline_open();

	EXPECT(vfs_ioctl(timeline, _IO('W', 99), 0) == -ENOTTY);
	EXPECT(vfs_ioctl(timeline, CREATE_FENCE, 8) == -EFAULT);
	EXPECT(vfs_ioctl(timeline, INC, 8) == -EFAULT);
	fput(timeline);
	return 0;
}

static int increment_of_more_than_an_int(void *arg)
{
	struct file *timeline = timeline_open();
	int fd = fence_fd(timeline, 0x7ffffff0);

	EXPECT(status_of(fd) == 0);
	EXPECT(inc(timeline, 0x7ffffff0u) == 0);
	EXPECT(status_of(fd) == 1);
	close(fd);
	fput(timeline);
	return 0;
}

#define STEPS 3000

struct race {
	struct file *timeline;
	atomic_t reached;
};

struct counted {
	struct dma_fence_cb cb;
	struct dma_fence *fence;
	struct race *race;
};

static void count_reached(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	atomic_inc(&container_of(cb, struct counted, cb)->race->reached);
}

/* Makes points a little ahead of the timeline, and sees each of them signal once. */
static int make_points(void *data)
{
	struct race *race = data;
	struct counted *counted = kcalloc(STEPS, sizeof(*counted), GFP_KERNEL);
	int ret = 0;

	if (!counted)
		return -ENOMEM;
	for (u32 i = 0; i < STEPS && !ret; i++) {
		int fd = fence_fd(race->timeline, i + get_random_u32_below(8));
		struct dma_fence *fence = sync_file_get_fence(fd);

		if (!fence) {
			ret = fd < 0 ? fd : -EBADF;
			break;
		}
		counted[i].race = race;
		counted[i].fence = fence;	/* A timeline keeps no reference of its fences. */
		if (dma_fence_add_callback(fence, &counted[i].cb, count_reached))
			atomic_inc(&race->reached);
		close(fd);
		if (i % 64 == 63)
			ret = (int)dma_fence_wait(fence, false);
	}
	while (!kthread_should_stop())
		msleep(1);
	for (u32 i = 0; i < STEPS; i++)
		dma_fence_put(counted[i].fence);
	kfree(counted);
	return ret;
}

static int makers_and_increments_race(void *arg)
{
	struct race race = { .timeline = timeline_open() };
	struct task_struct *makers[2];
	int ret = 0;

	for (int i = 0; i < 2; i++) {
		makers[i] = kthread_run(make_points, &race, "maker/%d", i);
		EXPECT(!IS_ERR(makers[i]));
	}
	for (int i = 0; i < 60 * 1000 && atomic_read(&race.reached) < 2 * STEPS; i++) {
		EXPECT(inc(race.timeline, 1 + get_random_u32_below(4)) == 0);
		usleep_range(20, 50);
	}
	EXPECT(atomic_read(&race.reached) == 2 * STEPS);
	for (int i = 0; i < 2; i++)
		ret = kthread_stop(makers[i]) ?: ret;
	fput(race.timeline);
	return ret;
}

static int everything_is_released(void *arg)
{
	EXPECT(all_gone());
	return 0;
}

int sw_sync(void)
{
	RUN(timeline_ends_with_its_file);
	RUN(fence_signals_at_its_value);
	RUN(fence_of_a_passed_value_is_born_signalled);
	RUN(fences_of_one_value_are_one);
	RUN(names_say_who_made_it);
	RUN(closing_the_timeline_fails_its_fences);
	RUN(waiter_wakes_at_the_increment);
	RUN(points_in_random_order);
	RUN(deadline_is_the_earliest);
	RUN(bad_requests_are_refused);
	RUN(increment_of_more_than_an_int);
	RUN(makers_and_increments_race);
	RUN(everything_is_released);
	return 0;
}
