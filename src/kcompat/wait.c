/* SPDX-License-Identifier: MIT */
/*
 * kcompat: wait queues, queues by address, completions, mutexes.
 *
 * Called by: drivers. All of it stands on the state of a task (task.c); a queue only knows whom to wake.
 *
 * Invariant: a waiter leaves the queue under its lock before its entry, which is on its stack, goes.
 */
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/wait_bit.h>

#include "kcompat-internal.h"

/* --- wait queues --- */

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	(void)flags;
	(void)key;
	return kcompat_task_wake(entry->private, mode);
}

int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	int woken = default_wake_function(entry, mode, flags, key);

	if (woken)
		list_del_init(&entry->entry);
	return woken;
}

/* The queue's lock held. Exclusive waiters stand behind the others. */
static void enqueue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	if (entry->flags & WQ_FLAG_EXCLUSIVE)
		list_add_tail(&entry->entry, &queue->head);
	else
		list_add(&entry->entry, &queue->head);
}

void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	spin_lock(&queue->lock);
	enqueue(queue, entry);
	spin_unlock(&queue->lock);
}

void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	spin_lock(&queue->lock);
	list_del_init(&entry->entry);
	spin_unlock(&queue->lock);
}

void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
{
	spin_lock(&queue->lock);
	if (list_empty(&entry->entry))
		enqueue(queue, entry);
	set_current_state((unsigned int)state);
	spin_unlock(&queue->lock);
}

void prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
{
	entry->flags |= WQ_FLAG_EXCLUSIVE;
	prepare_to_wait(queue, entry, state);
}

void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry)
{
	__set_current_state(TASK_RUNNING);
	remove_wait_queue(queue, entry);
}

/* The queue's lock held. */
static void wake_locked(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key)
{
	struct wait_queue_entry *entry, *following;

	list_for_each_entry_safe(entry, following, &queue->head, entry) {
		bool is_exclusive = entry->flags & WQ_FLAG_EXCLUSIVE;

		if (entry->func(entry, mode, 0, key) && is_exclusive && --exclusive == 0)
			break;
	}
}

void __wake_up(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key)
{
	spin_lock(&queue->lock);
	wake_locked(queue, mode, exclusive, key);
	spin_unlock(&queue->lock);
}

/* --- by address --- */

#define VAR_QUEUES 64

static struct wait_queue_head var_queues[VAR_QUEUES];

static void __attribute__((constructor)) init_var_queues(void)
{
	for (int i = 0; i < VAR_QUEUES; i++)
		init_waitqueue_head(&var_queues[i]);
}

struct wait_queue_head *__var_waitqueue(void *variable)
{
	return &var_queues[((uintptr_t)variable * 0x9e3779b97f4a7c15ULL) >> 58];
}

/* --- completions --- */

/*
 * Who waits may be gone, and the completion with him, as soon as he can get the lock: so the wake-up happens under it.
 */
void complete(struct completion *x)
{
	spin_lock(&x->wait.lock);
	if (x->done < UINT_MAX)
		x->done++;
	wake_locked(&x->wait, TASK_NORMAL, 0, NULL);
	spin_unlock(&x->wait.lock);
}

void complete_all(struct completion *x)
{
	spin_lock(&x->wait.lock);
	x->done = UINT_MAX;
	wake_locked(&x->wait, TASK_NORMAL, 0, NULL);
	spin_unlock(&x->wait.lock);
}

bool completion_done(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = x->done > 0;
	spin_unlock(&x->wait.lock);
	return done;
}

bool try_wait_for_completion(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = x->done > 0;
	if (done && x->done < UINT_MAX)
		x->done--;
	spin_unlock(&x->wait.lock);
	return done;
}

long __kcompat_wait_for(struct completion *x, unsigned int state, long timeout)
{
	return __kcompat_wait_event(&x->wait, try_wait_for_completion(x), state, timeout);
}

/* --- mutexes --- */

void mutex_init(struct mutex *lock)
{
	lock->owner = NULL;
	init_waitqueue_head(&lock->waiters);
}

void mutex_destroy(struct mutex *lock)
{
	WARN(mutex_is_locked(lock), "mutex_destroy: somebody holds it");
}

int mutex_trylock(struct mutex *lock)
{
	struct task_struct *nobody = NULL;

	/* Pairs with the store in mutex_unlock(). */
	return __atomic_compare_exchange_n(&lock->owner, &nobody, current, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *lock)
{
	WARN(READ_ONCE(lock->owner) == current, "mutex_lock: this thread holds it already");
	wait_event(lock->waiters, mutex_trylock(lock));
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return wait_event_interruptible(lock->waiters, mutex_trylock(lock)) ? -EINTR : 0;
}

void mutex_unlock(struct mutex *lock)
{
	if (WARN(READ_ONCE(lock->owner) != current, "mutex_unlock: this thread does not hold it"))
		return;
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELEASE); /* Pairs with the exchange in mutex_trylock(). */
	wake_up_all(&lock->waiters);
}
