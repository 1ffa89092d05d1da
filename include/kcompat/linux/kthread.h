/* SPDX-License-Identifier: MIT */
/* Threads of the kernel's kind: started stopped, asked to end, and waited for. */
#ifndef KCOMPAT_LINUX_KTHREAD_H
#define KCOMPAT_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

/*
 * Make a thread that begins with @func(@data) at the first wake_up_process(). The rest is its name. Error pointers:
 * -EAGAIN, -ENOMEM.
 */
struct task_struct *kthread_create(int (*func)(void *data), void *data, const char *name, ...)
	KCOMPAT_API(kthread_create) __printf(3, 4);

/* Wakes a new thread and returns when it has begun. */
void __kcompat_kthread_begin(struct task_struct *task) KCOMPAT_API(kthread_begin);
#define kthread_run(func, data, ...)                                              \
	({                                                                        \
		struct task_struct *task_ = kthread_create(func, data, __VA_ARGS__); \
		if (!IS_ERR(task_))                                               \
			__kcompat_kthread_begin(task_);                           \
		task_;                                                            \
	})

/* Asked by the thread itself. */
bool kthread_should_stop(void) KCOMPAT_API(kthread_should_stop);

/*
 * Ask it to end, wake it and wait for that. What its function returned; -EINTR if it never began. A thread that may end by
 * itself must be held with get_task_struct().
 */
int kthread_stop(struct task_struct *task) KCOMPAT_API(kthread_stop);
/* The same, then put_task_struct(). */
int kthread_stop_put(struct task_struct *task) KCOMPAT_API(kthread_stop_put);

#endif
