/* SPDX-License-Identifier: MIT */
/* Buffers that are handed out as fds, found again, put and closed while others reap the ones that nobody holds. */
#include <fcntl.h>

#include <dmabuf/dma-buf.h>

#include "race.h"

#define SLOTS 3
#define SIZE  4096

/* What the exporter knows of its buffer; kept until the end, to see double releases. */
struct exported {
	struct exported *next;
	struct dma_buf *dmabuf;
	unsigned int releases; /* atomic */
};

static struct exported *all; /* atomic */
static struct race_count made, released, found;

static struct sg_table *no_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	(void)attach;
	(void)dir;
	return dmabuf_err_ptr(-ENODEV);
}

static void no_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		     enum dma_data_direction dir)
{
	(void)attach;
	(void)sgt;
	(void)dir;
}

static void note_release(struct dma_buf *dmabuf)
{
	struct exported *exported = dmabuf->priv;

	ck_assert_uint_eq(__atomic_add_fetch(&exported->releases, 1, __ATOMIC_RELAXED), 1);
	race_add(&released, 1);
}

static const struct dma_buf_ops ops = {
	.map_dma_buf = no_map,
	.unmap_dma_buf = no_unmap,
	.release = note_release,
};

static struct dma_buf *export_one(void)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exported *exported = calloc(1, sizeof(*exported));

	ck_assert_ptr_nonnull(exported);
	exported->next = __atomic_load_n(&all, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&all, &exported->next, exported, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	info.ops = &ops;
	info.size = SIZE;
	info.flags = O_RDWR;
	info.priv = exported;
	exported->dmabuf = dma_buf_export(&info);
	expect_ptr(exported->dmabuf);
	race_add(&made, 1);
	return exported->dmabuf;
}

/* An fd of the moment and its buffer, which the fd alone keeps alive. */
static struct place {
	pthread_mutex_t lock;
	struct dma_buf *dmabuf;
	int fd;
} places[SLOTS];

static int fd_of(struct dma_buf *dmabuf)
{
	int fd = dma_buf_fd(dmabuf, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void make_and_close(struct racer *me)
{
	struct place *place = &places[dice_below(&me->dice, SLOTS)];
	struct dma_buf *fresh = export_one();
	bool keep = dice_below(&me->dice, 2);
	int fd;

	if (keep)
		get_dma_buf(fresh);
	fd = fd_of(fresh);
	pthread_mutex_lock(&place->lock);
	place->dmabuf = fresh;
	fd = __atomic_exchange_n(&place->fd, fd, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&place->lock);
	race_dawdle(me, 200);
	close(fd);
	if (keep)
		dma_buf_put(fresh);
}

/* An fd of one's own for the same file; what it must lead to. */
static int take_fd(struct place *place, struct dma_buf **ret_expected)
{
	int fd;

	pthread_mutex_lock(&place->lock);
	fd = fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
	*ret_expected = place->dmabuf;
	pthread_mutex_unlock(&place->lock);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void find(struct racer *me)
{
	struct dma_buf *expected, *dmabuf;
	int fd = take_fd(&places[dice_below(&me->dice, SLOTS)], &expected);

	dmabuf = dma_buf_get(fd);
	ck_assert_ptr_eq(dmabuf, expected);
	if (dice_below(&me->dice, 2)) {
		close(fd);
		fd = -1;
	}
	ck_assert_uint_eq(
		__atomic_load_n(&((struct exported *)dmabuf->priv)->releases, __ATOMIC_RELAXED), 0);
	race_add(&found, 1);
	if (dice_below(&me->dice, 3) == 0)
		close(fd_of(dmabuf)); /* takes our reference */
	else
		dma_buf_put(dmabuf);
	if (fd >= 0)
		close(fd);
}

static void reap(struct racer *me)
{
	race_dawdle(me, 1000);
	dmabuf_buf_reap();
}

static bool all_released(void)
{
	dmabuf_buf_reap();
	return race_sum(&released) == race_sum(&made);
}

/* spec: buf.md: one buffer, one end: after the last put and the last close, wherever they are */
TEST(buffers_end_once_after_their_last_holder)
{
	struct exported *next;
	int i, fds;

	/* What the library opens for itself, once. */
	close(fd_of(export_one()));
	ck_assert(EVENTUALLY(all_released()));
	fds = count_fds();
	for (i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&places[i].lock, NULL);
		places[i].dmabuf = export_one();
		places[i].fd = fd_of(places[i].dmabuf);
	}
	race_all(make_and_close, find, find, reap);
	for (i = 0; i < SLOTS; i++)
		close(places[i].fd);
	ck_assert_msg(EVENTUALLY(all_released()), "%lu of %lu buffers were released",
		      race_sum(&released), race_sum(&made));
	ck_assert_int_eq(count_fds(), fds);
	ck_assert_uint_gt(race_sum(&found), 0);
	for (; all; all = next) {
		next = all->next;
		free(all);
	}
}
