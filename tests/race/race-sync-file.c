/* SPDX-License-Identifier: MIT */
/* File descriptors of fences, made, polled, asked and closed while the fences are signalled. */
#include <fcntl.h>
#include <poll.h>

#include <dmabuf/dma-buf.h>
#include <dmabuf/sync-file.h>

#include "race.h"

#define SLOTS 3

/* An fd and its fence; used and exchanged under the lock. */
static struct place {
	pthread_mutex_t lock;
	struct dma_fence *fence;
	int fd;
} places[SLOTS];

static struct race_count made, polled;

static int sync_fd(struct dma_fence *f)
{
	struct sync_file *file = sync_file_create(f);
	int fd;

	ck_assert_ptr_nonnull(file);
	fd = dmabuf_sync_file_install(file);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool shows_pollin(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int ret = poll(&p, 1, 0);

	ck_assert_int_ge(ret, 0);
	return ret && (p.revents & POLLIN);
}

/* The old fence is signalled before its fd is closed, after that, or in the meantime by others. */
static void make_and_close(struct racer *me)
{
	struct place *place = &places[dice_below(&me->dice, SLOTS)];
	struct dma_fence *f = mock_fence(), *old;
	int fd = sync_fd(f), old_fd;
	bool first = dice_below(&me->dice, 2);

	race_add(&made, 1);
	pthread_mutex_lock(&place->lock);
	old = place->fence;
	old_fd = place->fd;
	place->fence = f;
	place->fd = fd;
	pthread_mutex_unlock(&place->lock);
	if (first)
		dma_fence_signal(old);
	if (dma_fence_test_signaled_flag(old))
		ck_assert_int_eq(dma_fence_wait(old, false), 0);
	if (first)
		ck_assert(EVENTUALLY(shows_pollin(old_fd)));
	close(old_fd);
	race_dawdle(me, 300);
	mock_signal_and_put(old);
}

static void signal_some(struct racer *me)
{
	struct place *place = &places[dice_below(&me->dice, SLOTS)];
	struct dma_fence *f;

	pthread_mutex_lock(&place->lock);
	f = dma_fence_get(place->fence);
	pthread_mutex_unlock(&place->lock);
	race_dawdle(me, 500);
	dma_fence_signal(f);
	dma_fence_put(f);
}

/* An fd of one's own for the same file. */
static int take_fd(struct place *place, struct dma_fence **ret_fence)
{
	int fd;

	pthread_mutex_lock(&place->lock);
	fd = fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
	*ret_fence = dma_fence_get(place->fence);
	pthread_mutex_unlock(&place->lock);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void ask(struct racer *me)
{
	struct dma_fence *f, *found;
	int fd = take_fd(&places[dice_below(&me->dice, SLOTS)], &f);

	found = sync_file_get_fence(fd);
	ck_assert_ptr_eq(found, f);
	dma_fence_put(found);
	if (shows_pollin(fd)) {
		ck_assert(dma_fence_test_signaled_flag(f));
		race_add(&polled, 1);
	} else if (dice_below(&me->dice, 2)) {
		race_dawdle(me, 500);
	}
	close(fd);
	dma_fence_put(f);
}

static void reap(struct racer *me)
{
	race_dawdle(me, 2000);
	dmabuf_buf_reap();
}

static bool all_released(void)
{
	dmabuf_buf_reap();
	return __atomic_load_n(&mock_released, __ATOMIC_RELAXED) == race_sum(&made);
}

/* spec: fence.md 1 sync_file; uapi.md 3: POLLIN from the signal on, never before; close at any time */
TEST(sync_files_live_and_die_around_the_signal)
{
	int i, fds;

	/* What the library opens for itself, once. */
	close(sync_fd(dma_fence_get_stub()));
	dmabuf_buf_reap();
	fds = count_fds();
	for (i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&places[i].lock, NULL);
		places[i].fence = mock_fence();
		places[i].fd = sync_fd(places[i].fence);
		race_add(&made, 1);
	}
	race_all(make_and_close, signal_some, ask, reap);
	for (i = 0; i < SLOTS; i++) {
		close(places[i].fd);
		mock_signal_and_put(places[i].fence);
	}
	ck_assert_msg(EVENTUALLY(all_released()), "%u of %lu fences were released", mock_released,
		      race_sum(&made));
	ck_assert_int_eq(count_fds(), fds);
}
