/* SPDX-License-Identifier: MIT */
/*
 * Threads that get into each other's way as long as there is time: each does its step over and over. What has to hold in
 * every interleaving is counted by the test.
 *
 * DMABUF_TEST_SECONDS says how long each race takes, 0.3 if it is not set. DMABUF_TEST_SEED is the seed of the dice.
 */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include "mock-fence.h"
#include "test.h"
#include "threads.h"

/* libcheck notes each assertion that holds in a file, under a lock: these are too many, and must not keep threads apart. */
#define _mark_point(file, line) ((void)0)

struct racer {
	void (*step)(struct racer *me);
	struct dice dice;
	unsigned long steps;
	pthread_t thread;
};

/* One thread for each step, at most 8. Fails if one of them does not come back, or never got to run. */
void race(void (*const *steps)(struct racer *me), unsigned int num);
#define race_all(...)                                                     \
	do {                                                              \
		void (*const steps_[])(struct racer *) = { __VA_ARGS__ }; \
		race(steps_, sizeof(steps_) / sizeof(steps_[0]));         \
	} while (0)

/* A moment of work, so that threads meet in different places. */
void race_dawdle(struct racer *me, unsigned int most);

/* A place for the fence of the moment, which threads take a reference from and replace. */
struct race_slot {
	pthread_mutex_t lock;
	struct dma_fence *fence; /* may be NULL */
};

void race_slot_init(struct race_slot *slot);
struct dma_fence *race_slot_take(struct race_slot *slot);
/* Takes the reference to @fresh; the one to the old fence is the caller's. */
struct dma_fence *race_slot_replace(struct race_slot *slot, struct dma_fence *fresh);

/* Sums over all threads. */
struct race_count {
	unsigned long num; /* atomic */
};

static inline void race_add(struct race_count *count, unsigned long num)
{
	__atomic_add_fetch(&count->num, num, __ATOMIC_RELAXED);
}

static inline unsigned long race_sum(struct race_count *count)
{
	return __atomic_load_n(&count->num, __ATOMIC_RELAXED);
}

/*
 * A callback through its life on @f, which the caller has a reference to: added, waited for or not, removed; it ran
 * exactly if it was added and not removed. True if it ran.
 */
bool race_callback_life(struct racer *me, struct dma_fence *f);

#endif
