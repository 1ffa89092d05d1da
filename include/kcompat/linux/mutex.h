/* SPDX-License-Identifier: MIT */
/* Sleeping locks with an owner. */
#ifndef KCOMPAT_LINUX_MUTEX_H
#define KCOMPAT_LINUX_MUTEX_H

#include <linux/spinlock.h>
#include <linux/wait.h>

struct mutex {
	struct task_struct *owner;	/* NULL: free */
	struct wait_queue_head waiters;
};

#define __MUTEX_INITIALIZER(name) { NULL, __WAIT_QUEUE_HEAD_INITIALIZER((name).waiters) }
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

void mutex_init(struct mutex *lock) KCOMPAT_API(mutex_init);
/* Warns when somebody holds it. */
void mutex_destroy(struct mutex *lock) KCOMPAT_API(mutex_destroy);
void mutex_lock(struct mutex *lock) KCOMPAT_API(mutex_lock);
/* 0, or -EINTR when a signal handler ran meanwhile. */
int __must_check mutex_lock_interruptible(struct mutex *lock) KCOMPAT_API(mutex_lock_interruptible);
/* 1 if it was free and is ours now. */
int mutex_trylock(struct mutex *lock) KCOMPAT_API(mutex_trylock);
void mutex_unlock(struct mutex *lock) KCOMPAT_API(mutex_unlock);

static inline bool mutex_is_locked(struct mutex *lock)
{
	return READ_ONCE(lock->owner) != NULL;
}

#endif
