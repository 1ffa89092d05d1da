/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks: those of the library, so that a driver's lock can be a fence's. There are no interrupts to turn off; the
 * holder of any spinlock is in atomic context. There is no trylock, since the native headers have none.
 */
#ifndef KCOMPAT_LINUX_SPINLOCK_H
#define KCOMPAT_LINUX_SPINLOCK_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>

#define __SPIN_LOCK_UNLOCKED(name) { 0 }
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

static inline void spin_lock_init(spinlock_t *lock)
{
	dmabuf_spinlock_init(lock);
}

static inline void spin_lock(spinlock_t *lock)
{
	dmabuf_spinlock_lock(lock);
}

static inline void spin_unlock(spinlock_t *lock)
{
	dmabuf_spinlock_unlock(lock);
}

#define spin_lock_irq(lock) spin_lock(lock)
#define spin_unlock_irq(lock) spin_unlock(lock)
#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define spin_lock_nested(lock, subclass) ((void)(subclass), spin_lock(lock))

/* @flags must be an unsigned long, as in the kernel. */
#define spin_lock_irqsave(lock, flags)                                        \
	do {                                                                  \
		unsigned long *flags_ = &(flags);                             \
		spin_lock(lock);                                              \
		*flags_ = 0;                                                  \
	} while (0)
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), spin_unlock(lock))

/* Held by anybody, at the moment of asking. */
static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->word) != 0;
}

#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))

#endif
