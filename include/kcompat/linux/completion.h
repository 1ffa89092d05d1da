/* SPDX-License-Identifier: MIT */
/* Completions: one thread waits until another has done something, once. */
#ifndef KCOMPAT_LINUX_COMPLETION_H
#define KCOMPAT_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;		/* waits that may pass; UINT_MAX: all of them */
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER(name) { 0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) }
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

static inline void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

static inline void reinit_completion(struct completion *x)
{
	WRITE_ONCE(x->done, 0);
}

void complete(struct completion *x) KCOMPAT_API(complete);
void complete_all(struct completion *x) KCOMPAT_API(complete_all);
bool completion_done(struct completion *x) KCOMPAT_API(completion_done);
bool try_wait_for_completion(struct completion *x) KCOMPAT_API(try_wait_for_completion);

/* Returns as wait_event_timeout() does, with -ERESTARTSYS only in TASK_INTERRUPTIBLE. */
long __kcompat_wait_for(struct completion *x, unsigned int state, long timeout) KCOMPAT_API(wait_for_completion);
#define wait_for_completion(x) ((void)__kcompat_wait_for(x, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define wait_for_completion_timeout(x, timeout) \
	((unsigned long)__kcompat_wait_for(x, TASK_UNINTERRUPTIBLE, (long)(timeout)))
#define wait_for_completion_interruptible(x)                                                   \
	({                                                                                     \
		long ret_ = __kcompat_wait_for(x, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);   \
		ret_ < 0 ? (int)ret_ : 0;                                                      \
	})
#define wait_for_completion_interruptible_timeout(x, timeout) \
	__kcompat_wait_for(x, TASK_INTERRUPTIBLE, (long)(timeout))

#endif
