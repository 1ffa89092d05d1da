/* SPDX-License-Identifier: MIT */
/* Wait queues: sleeping until a condition holds, and waking those who sleep. */
#ifndef KCOMPAT_LINUX_WAIT_H
#define KCOMPAT_LINUX_WAIT_H

#include_next <linux/wait.h>
/* Macros there, an enum in libc's <sys/wait.h>, which may come later. */
#undef P_ALL
#undef P_PID
#undef P_PGID
#undef P_PIDFD

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

struct wait_queue_entry;
/* Wakes; true if somebody slept. Called with the queue's lock held. */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key);

struct wait_queue_entry {
	unsigned int flags;
	void *private;			/* the task, for the functions below */
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

#define WQ_FLAG_EXCLUSIVE 0x01

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) { { 0 }, LIST_HEAD_INIT((name).head) }
#define DECLARE_WAIT_QUEUE_HEAD(name) struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
	KCOMPAT_API(default_wake_function);
/* The same, and takes the entry out of the queue. */
int autoremove_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
	KCOMPAT_API(autoremove_wake_function);

#define __kcompat_wait_entry(name, wake)                                                       \
	{                                                                                      \
		.private = current, .func = (wake), .entry = LIST_HEAD_INIT((name).entry),     \
	}
#define DEFINE_WAIT(name) struct wait_queue_entry name = __kcompat_wait_entry(name, autoremove_wake_function)
#define init_wait(wait) (*(wait) = (struct wait_queue_entry)__kcompat_wait_entry(*(wait), autoremove_wake_function))

static inline void init_waitqueue_head(struct wait_queue_head *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->head);
}

static inline void init_waitqueue_func_entry(struct wait_queue_entry *entry, wait_queue_func_t func)
{
	*entry = (struct wait_queue_entry){ .func = func };
}

static inline bool waitqueue_active(struct wait_queue_head *queue)
{
	return !list_empty(&queue->head);
}

void add_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry) KCOMPAT_API(add_wait_queue);
void remove_wait_queue(struct wait_queue_head *queue, struct wait_queue_entry *entry) KCOMPAT_API(remove_wait_queue);

/* Queue @entry unless it is, and announce the sleep. */
void prepare_to_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state) KCOMPAT_API(prepare_to_wait);
void prepare_to_wait_exclusive(struct wait_queue_head *queue, struct wait_queue_entry *entry, int state)
	KCOMPAT_API(prepare_to_wait_exclusive);
void finish_wait(struct wait_queue_head *queue, struct wait_queue_entry *entry) KCOMPAT_API(finish_wait);

/* Wakes all that are not exclusive and @exclusive of those that are; 0: all. */
void __wake_up(struct wait_queue_head *queue, unsigned int mode, int exclusive, void *key) KCOMPAT_API(wake_up);
#define wake_up(queue) __wake_up(queue, TASK_NORMAL, 1, NULL)
#define wake_up_nr(queue, nr) __wake_up(queue, TASK_NORMAL, nr, NULL)
#define wake_up_all(queue) __wake_up(queue, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible(queue) __wake_up(queue, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(queue) __wake_up(queue, TASK_INTERRUPTIBLE, 0, NULL)

/* What is left of @timeout, at least 1 if @condition came true; 0 out of time, -ERESTARTSYS interrupted. */
#define __kcompat_wait_event(queue, condition, state, timeout)                         \
	({                                                                             \
		long left_ = (timeout);                                                \
		bool holds_ = (condition);                                             \
		DEFINE_WAIT(wait_);                                                    \
		while (!holds_ && left_ > 0) {                                         \
			prepare_to_wait(queue, &wait_, state);                         \
			holds_ = (condition);                                          \
			if (holds_)                                                    \
				break;                                                 \
			if (signal_pending_state(state, current)) {                    \
				left_ = -ERESTARTSYS;                                  \
				break;                                                 \
			}                                                              \
			left_ = schedule_timeout(left_);                               \
			holds_ = (condition);                                          \
		}                                                                      \
		finish_wait(queue, &wait_);                                            \
		holds_ && left_ < 1 ? 1 : left_;                                       \
	})

#define wait_event(queue, condition) \
	((void)__kcompat_wait_event(&(queue), condition, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define wait_event_timeout(queue, condition, timeout) \
	__kcompat_wait_event(&(queue), condition, TASK_UNINTERRUPTIBLE, timeout)
#define wait_event_interruptible(queue, condition)                                                           \
	({                                                                                                   \
		long ret_ = __kcompat_wait_event(&(queue), condition, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT); \
		ret_ < 0 ? (int)ret_ : 0;                                                                    \
	})
#define wait_event_interruptible_timeout(queue, condition, timeout) \
	__kcompat_wait_event(&(queue), condition, TASK_INTERRUPTIBLE, timeout)

#endif
