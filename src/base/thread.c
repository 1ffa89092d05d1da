/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Starting a thread.
 *
 * Called by: share, for the one service thread of a process.
 *
 * Invariant: the thread blocks every signal, so that handlers run where the program expects them.
 */
#include <pthread.h>
#include <signal.h>

#include "src/base/thread.h"

#define STACK_SIZE (256 * 1024)

static void *run(void *func)
{
	((void (*)(void))func)();
	return NULL;
}

int dmabuf_base_thread_start(const char *name, void (*func)(void))
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, &attr, run, (void *)func);
	if (ret == 0)
		pthread_setname_np(thread, name);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}
