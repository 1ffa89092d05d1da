/* SPDX-License-Identifier: MIT */
/* Threads that add, remove, signal, wait and put at the same time. What has to hold in every interleaving is counted. */
#include "mock-fence.h"
#include "test.h"
#include "threads.h"

#define RUN_MS 300
enum {
	SLOTS = 4,
	CBS = 3
};

/* The fences of the moment, one per slot; a slot is read and replaced under its lock. */
static struct slot {
	pthread_mutex_t lock;
	struct dma_fence *fence;
} slots[SLOTS];

static int stop; /* atomic */

static struct dma_fence *take(struct slot *slot)
{
	struct dma_fence *fence;

	pthread_mutex_lock(&slot->lock);
	fence = dma_fence_get(slot->fence);
	pthread_mutex_unlock(&slot->lock);
	return fence;
}

/* Puts a fresh fence into the slot; the old one is the caller's. */
static struct dma_fence *replace(struct slot *slot)
{
	struct dma_fence *old, *fresh = mock_fence();

	pthread_mutex_lock(&slot->lock);
	old = slot->fence;
	slot->fence = fresh;
	pthread_mutex_unlock(&slot->lock);
	return old;
}

static long signal_all_the_time(void *data)
{
	struct dice *dice = data;
	long signals = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct dma_fence *f = replace(&slots[dice_below(dice, SLOTS)]);

		if (dice_below(dice, 8) == 0)
			__atomic_store_n(&mock_of(f)->done, true, __ATOMIC_RELEASE);
		dma_fence_is_signaled(f);
		dma_fence_signal(f);
		ck_assert_int_eq(dma_fence_signal(f), -EINVAL);
		ck_assert_uint_le(__atomic_load_n(&mock_of(f)->enables, __ATOMIC_RELAXED), 1);
		dma_fence_put(f);
		signals++;
	}
	return signals;
}

/* One callback through its life: it runs exactly if it was added and not removed. */
static void one_life(struct dma_fence *f, struct dice *dice)
{
	struct mock_cb cb[CBS];
	bool added[CBS], removed[CBS];
	int i;

	for (i = 0; i < CBS; i++) {
		int ret = mock_cb_add(f, &cb[i]);

		ck_assert_msg(ret == 0 || ret == -ENOENT, "add gave %d", ret);
		added[i] = ret == 0;
	}
	if (dice_below(dice, 2))
		ck_assert_int_ge(dma_fence_wait_timeout(f, false, dice_below(dice, 50) * 1000), 0);
	for (i = CBS - 1; i >= 0; i--) {
		removed[i] = dma_fence_remove_callback(f, &cb[i].base);
		if (!added[i])
			ck_assert(!removed[i]);
		/* after remove nothing is running any more */
		ck_assert_uint_eq(mock_cb_ran(&cb[i]), added[i] && !removed[i]);
		if (added[i] && !removed[i])
			ck_assert(dma_fence_is_signaled(f));
		if (!added[i])
			ck_assert_int_eq(dma_fence_get_status(f), 1);
	}
	for (i = 1; i < CBS; i++) {
		if (mock_cb_ran(&cb[i - 1]) && mock_cb_ran(&cb[i]))
			ck_assert_uint_lt(cb[i - 1].order, cb[i].order);
	}
}

static long listen_all_the_time(void *data)
{
	struct dice *dice = data;
	long lives = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct dma_fence *f = take(&slots[dice_below(dice, SLOTS)]);

		one_life(f, dice);
		dma_fence_put(f);
		lives++;
	}
	return lives;
}

/* spec: fence.md 2.2 race rule, 3.3, 3.6; selftests.md 1 race_signal_callback */
TEST(callback_runs_once_or_was_removed_or_refused)
{
	struct actor signaler, listener[2];
	struct dice dice[3];
	int i;

	for (i = 0; i < SLOTS; i++) {
		pthread_mutex_init(&slots[i].lock, NULL);
		slots[i].fence = mock_fence();
	}
	for (i = 0; i < 3; i++)
		dice_init(&dice[i], i);
	actor_start(&signaler);
	actor_go(&signaler, signal_all_the_time, &dice[0]);
	for (i = 0; i < 2; i++) {
		actor_start(&listener[i]);
		actor_go(&listener[i], listen_all_the_time, &dice[1 + i]);
	}
	sleep_ms(RUN_MS);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	ck_assert_int_gt(actor_result(&signaler), 0);
	actor_stop(&signaler);
	for (i = 0; i < 2; i++) {
		ck_assert_int_gt(actor_result(&listener[i]), 0);
		actor_stop(&listener[i]);
	}
	for (i = 0; i < SLOTS; i++)
		mock_signal_and_put(slots[i].fence);
}

static long signal_it(void *data)
{
	return dma_fence_signal(data);
}

/* spec: fence.md 3.3 "atomically test-and-set": of two signals one wins */
TEST(two_signals_at_once_have_one_winner)
{
	struct actor other;
	int i;

	actor_start(&other);
	for (i = 0; i < 2000; i++) {
		struct dma_fence *f = mock_fence();
		struct mock_cb cb;
		int mine;

		mock_cb_add(f, &cb);
		actor_go(&other, signal_it, f);
		mine = dma_fence_signal(f);
		ck_assert_int_eq(mine + actor_result(&other), -EINVAL);
		ck_assert_uint_eq(mock_cb_ran(&cb), 1);
		dma_fence_put(f);
	}
	actor_stop(&other);
}

static long wait_it(void *data)
{
	return dma_fence_wait(data, true);
}

/* spec: fence.md 3.7: no wake-up is lost, and the waiter may drop the last reference at once */
TEST(no_wakeup_is_lost)
{
	struct actor waiter;
	struct dice dice;
	int i, spin;

	dice_init(&dice, 0);
	actor_start(&waiter);
	for (i = 0; i < 3000; i++) {
		struct dma_fence *f = mock_fence();

		actor_go(&waiter, wait_it, f);
		for (spin = dice_below(&dice, 3000); spin > 0; spin--)
			__asm__ volatile("" ::: "memory");
		dma_fence_signal(f);
		ck_assert_int_eq(actor_result(&waiter), 0);
		dma_fence_put(f);
	}
	actor_stop(&waiter);
}
