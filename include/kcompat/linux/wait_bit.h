/* SPDX-License-Identifier: MIT */
/* Waiting on a variable: its address is the queue. */
#ifndef KCOMPAT_LINUX_WAIT_BIT_H
#define KCOMPAT_LINUX_WAIT_BIT_H

#include <linux/wait.h>

/* Variables may share a queue: whoever is woken looks at his condition again. */
struct wait_queue_head *__var_waitqueue(void *variable) KCOMPAT_API(var_waitqueue);

static inline void wake_up_var(void *variable)
{
	wake_up_all(__var_waitqueue(variable));
}

#define wait_var_event(variable, condition) wait_event(*__var_waitqueue(variable), condition)
#define wait_var_event_timeout(variable, condition, timeout) \
	wait_event_timeout(*__var_waitqueue(variable), condition, timeout)
#define wait_var_event_interruptible(variable, condition) \
	wait_event_interruptible(*__var_waitqueue(variable), condition)

#endif
