/* SPDX-License-Identifier: MIT */
/*
 * The adaptive futex lock behind struct dmabuf_spinlock, inlined for the library's own use. Whoever holds one is in
 * atomic context: it must not sleep, wait or call what may.
 */
#ifndef DMABUF_SRC_BASE_SPINLOCK_H
#define DMABUF_SRC_BASE_SPINLOCK_H

#include "src/base/task.h"

enum { SPIN_FREE, SPIN_HELD, SPIN_HELD_WAITERS };

void dmabuf_base_spin_lock_slow(struct dmabuf_spinlock *lock);
void dmabuf_base_spin_wake(struct dmabuf_spinlock *lock);

static inline void spin_lock(struct dmabuf_spinlock *lock)
{
	uint32_t expected = SPIN_FREE;

	task_enter_atomic();
	/* Pairs with the release exchange in spin_unlock(). */
	if (!__atomic_compare_exchange_n(&lock->word, &expected, SPIN_HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		dmabuf_base_spin_lock_slow(lock);
}

static inline bool spin_trylock(struct dmabuf_spinlock *lock)
{
	uint32_t expected = SPIN_FREE;

	if (!__atomic_compare_exchange_n(&lock->word, &expected, SPIN_HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	task_enter_atomic();
	return true;
}

static inline void spin_unlock(struct dmabuf_spinlock *lock)
{
	/* Pairs with the acquire in spin_lock() and dmabuf_base_spin_lock_slow(). */
	if (__atomic_exchange_n(&lock->word, SPIN_FREE, __ATOMIC_RELEASE) == SPIN_HELD_WAITERS)
		dmabuf_base_spin_wake(lock);
	task_leave_atomic();
}

#endif
