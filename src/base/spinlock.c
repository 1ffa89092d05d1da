/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. The slow half of the spinlock: spin for about the length of a critical section, then sleep on the word.
 *
 * Called by: spin_lock() when the lock is taken, spin_unlock() when somebody sleeps; programs through the exported twins.
 *
 * Invariant: the word is SPIN_HELD_WAITERS whenever somebody may be asleep on it, so that an unlock never loses a wake.
 */
#include "src/base/park.h"
#include "src/base/spinlock.h"

#define SPINS_BEFORE_SLEEP 200

void dmabuf_base_spin_lock_slow(struct dmabuf_spinlock *lock)
{
	for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
		uint32_t expected = SPIN_FREE;

		if (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) == SPIN_FREE &&
		    __atomic_compare_exchange_n(&lock->word, &expected, SPIN_HELD, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		cpu_pause();
	}
	/* Having slept once we cannot know whether others still sleep: keep the waiters' mark, at the cost of one wake. */
	while (__atomic_exchange_n(&lock->word, SPIN_HELD_WAITERS, __ATOMIC_ACQUIRE) != SPIN_FREE)
		dmabuf_base_futex_wait(&lock->word, SPIN_HELD_WAITERS, FUTEX_ONE_PROCESS, MAX_SCHEDULE_TIMEOUT);
}

void dmabuf_base_spin_wake(struct dmabuf_spinlock *lock)
{
	dmabuf_base_futex_wake(&lock->word, 1, FUTEX_ONE_PROCESS);
}

void dmabuf_spinlock_init(struct dmabuf_spinlock *lock)
{
	lock->word = SPIN_FREE;
}

void dmabuf_spinlock_lock(struct dmabuf_spinlock *lock)
{
	spin_lock(lock);
}

void dmabuf_spinlock_unlock(struct dmabuf_spinlock *lock)
{
	spin_unlock(lock);
}
