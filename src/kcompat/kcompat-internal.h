/* SPDX-License-Identifier: MIT */
/* What the files of libdmabuf-kcompat share: sleeping on a word, and threads of its own. */
#ifndef DMABUF_SRC_KCOMPAT_INTERNAL_H
#define DMABUF_SRC_KCOMPAT_INTERNAL_H

#include <linux/sched.h>

/* Sleep while *@word is @expected. 0 woken, or for no reason; -EINTR a signal handler ran. */
int kcompat_futex_wait(unsigned int *word, unsigned int expected);
void kcompat_futex_wake(unsigned int *word, int count);

/* Start a detached thread that blocks every signal. 0 or -errno. */
int kcompat_thread_start(void *(*func)(void *data), void *data);

/* wake_up_process() if the task sleeps in one of the states of @mode. */
int kcompat_task_wake(struct task_struct *task, unsigned int mode);

#endif
