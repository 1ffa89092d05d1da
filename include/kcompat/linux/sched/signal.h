/* SPDX-License-Identifier: MIT */
/*
 * Signals. A program's signals are never pending: their handlers run. What kernel-style code asks is whether it should
 * give up its sleep, so signal_pending() says whether a handler ran while this thread slept in schedule(). That stays so
 * until flush_signals(), which whoever calls into such code does where the kernel would return to the program;
 * vfs_ioctl() does. A kthread blocks all signals.
 *
 * A signal that comes between the last look and the sleep does not end it: that takes a second one.
 */
#ifndef KCOMPAT_LINUX_SCHED_SIGNAL_H
#define KCOMPAT_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

static inline int signal_pending(struct task_struct *task)
{
	return READ_ONCE(task->interrupted);
}

static inline int signal_pending_state(unsigned int state, struct task_struct *task)
{
	return (state & TASK_INTERRUPTIBLE) && signal_pending(task);
}

static inline void flush_signals(struct task_struct *task)
{
	WRITE_ONCE(task->interrupted, false);
}

#endif
