/* SPDX-License-Identifier: MIT */
/* The threads of tests/race/race.h. */
#include <time.h>

#include "race.h"

#define DEFAULT_SECONDS 0.3
#define STUCK_S		12
#define RACERS_MAX	8

static int over; /* atomic */

static void *racer_main(void *arg)
{
	struct racer *me = arg;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		me->step(me);
		me->steps++;
	}
	return NULL;
}

static int duration_ms(void)
{
	const char *env = getenv("DMABUF_TEST_SECONDS");
	double seconds = env ? atof(env) : DEFAULT_SECONDS;

	return seconds > 0 ? (int)(seconds * 1000) : 1;
}

static void join(struct racer *racer, unsigned int number)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += STUCK_S;
	ck_assert_msg(pthread_timedjoin_np(racer->thread, NULL, &end) == 0,
		      "racer %u is stuck after %lu steps", number,
		      __atomic_load_n(&racer->steps, __ATOMIC_RELAXED));
}

void race(void (*const *steps)(struct racer *me), unsigned int num)
{
	static struct racer racers[RACERS_MAX];
	unsigned int i;

	ck_assert_uint_le(num, RACERS_MAX);
	for (i = 0; i < num; i++) {
		racers[i] = (struct racer){ .step = steps[i] };
		dice_init(&racers[i].dice, i);
		ck_assert_int_eq(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]),
				 0);
	}
	sleep_ms(duration_ms());
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (i = 0; i < num; i++)
		join(&racers[i], i);
	for (i = 0; i < num; i++)
		ck_assert_msg(racers[i].steps > 0, "racer %u never got to run", i);
}

void race_dawdle(struct racer *me, unsigned int most)
{
	unsigned int spin;

	for (spin = dice_below(&me->dice, most + 1); spin > 0; spin--)
		__asm__ volatile("" ::: "memory");
	if (dice_below(&me->dice, 16) == 0)
		sched_yield();
}

void race_slot_init(struct race_slot *slot)
{
	pthread_mutex_init(&slot->lock, NULL);
	slot->fence = NULL;
}

struct dma_fence *race_slot_take(struct race_slot *slot)
{
	struct dma_fence *fence;

	pthread_mutex_lock(&slot->lock);
	fence = dma_fence_get(slot->fence);
	pthread_mutex_unlock(&slot->lock);
	return fence;
}

struct dma_fence *race_slot_replace(struct race_slot *slot, struct dma_fence *fresh)
{
	struct dma_fence *old;

	pthread_mutex_lock(&slot->lock);
	old = slot->fence;
	slot->fence = fresh;
	pthread_mutex_unlock(&slot->lock);
	return old;
}

/* Sometimes not at all, else for up to 50 us. True if it is known to be signalled. */
static bool maybe_wait(struct racer *me, struct dma_fence *f)
{
	long ret;

	if (dice_below(&me->dice, 2)) {
		race_dawdle(me, 500);
		return dma_fence_test_signaled_flag(f);
	}
	ret = dma_fence_wait_timeout(f, dice_below(&me->dice, 2),
				     dice_below(&me->dice, 50) * 1000l);
	ck_assert_int_ge(ret, 0);
	return ret > 0;
}

bool race_callback_life(struct racer *me, struct dma_fence *f)
{
	struct mock_cb cb;
	int ret = mock_cb_add(f, &cb);
	bool removed, ended;

	ck_assert_msg(ret == 0 || ret == -ENOENT, "add gave %d", ret);
	if (ret == -ENOENT)
		ck_assert_int_ne(dma_fence_get_status(f), 0);
	ended = maybe_wait(me, f);
	removed = dma_fence_remove_callback(f, &cb.base);
	if (ret < 0 || ended)
		ck_assert(!removed);
	/* After remove nothing is running any more. */
	ck_assert_uint_eq(mock_cb_ran(&cb), ret == 0 && !removed);
	if (mock_cb_ran(&cb))
		ck_assert(dma_fence_test_signaled_flag(f) && !cb.unlocked && !cb.linked);
	return mock_cb_ran(&cb);
}
