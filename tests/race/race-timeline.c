/* SPDX-License-Identifier: MIT */
/* A timeline that is advanced, failed and destroyed while fences are taken from it, waited for, listened to and let go. */
#include <dmabuf/share.h>

#include "race.h"

#define SLOTS	  4
#define ENDED_MAX 2000 /* timelines that ended early keep their place on the board */

/* Used with the lock for reading, exchanged with the lock for writing. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct dmabuf_timeline *timeline;
static uint64_t issued, done; /* atomic: of this timeline; done is announced before it is so */

static struct race_slot slots[SLOTS];
static struct race_count fences, advances, ended_early;

static void expect_status(int status)
{
	ck_assert_msg(status == 1 || status == -EIO || status == -ECANCELED, "status %d", status);
}

static void raise_to(uint64_t *to, uint64_t value)
{
	uint64_t seen = __atomic_load_n(to, __ATOMIC_RELAXED);

	while (seen < value && !__atomic_compare_exchange_n(to, &seen, value, false,
							    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* lock held for reading */
static void issue_one(struct racer *me)
{
	struct dma_fence *f = dmabuf_timeline_fence(timeline);

	if (dmabuf_is_err(f)) {
		ck_assert_int_eq(dmabuf_ptr_err(f), -ECANCELED);
		return;
	}
	race_add(&fences, 1);
	raise_to(&issued, f->seqno);
	dma_fence_put(race_slot_replace(&slots[dice_below(&me->dice, SLOTS)], f));
}

static void issue(struct racer *me)
{
	pthread_rwlock_rdlock(&lock);
	issue_one(me);
	pthread_rwlock_unlock(&lock);
	race_dawdle(me, 500);
}

static void advance(struct racer *me)
{
	uint64_t to;
	int ret;

	pthread_rwlock_rdlock(&lock);
	to = __atomic_load_n(&issued, __ATOMIC_RELAXED);
	if (dice_below(&me->dice, 2) && to > 2)
		to -= dice_below(&me->dice, 3);
	ret = dmabuf_timeline_advance(timeline, to);
	ck_assert_msg(ret == 0 || ret == -ECANCELED, "advance to %" PRIu64 " gave %d", to, ret);
	race_add(&advances, ret == 0);
	pthread_rwlock_unlock(&lock);
	race_dawdle(me, 1000);
}

static void take_and_listen(struct racer *me)
{
	struct dma_fence *f = race_slot_take(&slots[dice_below(&me->dice, SLOTS)]);

	if (!f)
		return;
	race_callback_life(me, f);
	if (dma_fence_is_signaled(f))
		expect_status(dma_fence_get_status(f));
	dma_fence_put(f);
}

/* Every fence ends: by an advance, or with its timeline. */
static void take_and_wait(struct racer *me)
{
	struct dma_fence *f = race_slot_take(&slots[dice_below(&me->dice, SLOTS)]);

	if (!f)
		return;
	ck_assert_int_gt(dma_fence_wait_timeout(f, false, 5000 * MS), 0);
	expect_status(dma_fence_get_status(f));
	dma_fence_put(f);
}

static void begin_timeline(void)
{
	timeline = dmabuf_timeline_create("race");
	expect_ptr(timeline);
	issued = done = 0;
}

static void end_and_begin(struct racer *me)
{
	struct dmabuf_timeline *old;
	bool early = dice_below(&me->dice, 4) == 0 && race_sum(&ended_early) < ENDED_MAX;

	usleep(dice_below(&me->dice, 2000));
	pthread_rwlock_wrlock(&lock);
	old = timeline;
	if (!early)
		ck_assert_int_eq(dmabuf_timeline_advance(old, issued), 0);
	begin_timeline();
	pthread_rwlock_unlock(&lock);
	race_add(&ended_early, early);
	if (early && dice_below(&me->dice, 2))
		ck_assert_int_eq(dmabuf_timeline_fail(old, -EIO), 0);
	dmabuf_timeline_destroy(old);
}

/* spec: share.h: advance, fail and destroy; fence.md 3.6, 3.7: whoever waits is told, once */
TEST(timelines_advance_and_end_under_their_waiters)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		race_slot_init(&slots[i]);
	begin_timeline();
	race_all(issue, advance, take_and_listen, take_and_wait, end_and_begin);
	dmabuf_timeline_destroy(timeline);
	for (i = 0; i < SLOTS; i++) {
		if (slots[i].fence)
			expect_status(dma_fence_get_status(slots[i].fence));
		dma_fence_put(slots[i].fence);
	}
	ck_assert_uint_gt(race_sum(&fences), 0);
	ck_assert_uint_gt(race_sum(&advances), 0);
}

/* In order, each once: what one thread sees of a timeline that another one advances. */
static void follow(struct racer *me)
{
	struct dma_fence *f[3];
	int i, num = 1 + (int)dice_below(&me->dice, 3);

	for (i = 0; i < num; i++) {
		f[i] = dmabuf_timeline_fence(timeline);
		expect_ptr(f[i]);
		raise_to(&issued, f[i]->seqno);
	}
	if (dice_below(&me->dice, 2))
		race_callback_life(me, f[0]);
	ck_assert_int_gt(dma_fence_wait_timeout(f[num - 1], false, 5000 * MS), 0);
	for (i = 0; i < num; i++) {
		ck_assert(dma_fence_is_signaled(f[i]));
		ck_assert_int_eq(dma_fence_get_status(f[i]), 1);
		ck_assert_uint_le(f[i]->seqno, __atomic_load_n(&done, __ATOMIC_RELAXED));
		dma_fence_put(f[i]);
	}
}

static void advance_one(struct racer *me)
{
	uint64_t to = __atomic_load_n(&issued, __ATOMIC_RELAXED);

	race_dawdle(me, 300);
	raise_to(&done, to);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, to), 0);
	if (dice_below(&me->dice, 4) == 0)
		sched_yield();
}

static void drain_at_the_end(void)
{
	raise_to(&done, issued);
	ck_assert_int_eq(dmabuf_timeline_advance(timeline, issued), 0);
	dmabuf_timeline_destroy(timeline);
}

static void *keep_advancing(void *arg)
{
	struct racer me;
	int *stop = arg;

	dice_init(&me.dice, 77);
	while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		advance_one(&me);
	return NULL;
}

/* spec: share.h advance: "signals every fence up to @seqno", none beyond */
TEST(no_fence_of_a_timeline_ends_too_early_or_too_late)
{
	pthread_t advancer;
	int stop = 0;

	begin_timeline();
	ck_assert_int_eq(pthread_create(&advancer, NULL, keep_advancing, &stop), 0);
	race_all(follow, follow, follow);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(advancer, NULL);
	drain_at_the_end();
}
