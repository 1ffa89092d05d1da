/* SPDX-License-Identifier: MIT */
/* Threads for tests: somebody who does things on request, something that happens later, signals that keep coming. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "mock-fence.h"

/* A thread that runs one function at a time on request, so that a test can say who does what and see who is stuck. */
struct actor {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	long (*fn)(void *data);
	void *data;
	long result;
	bool busy, stop;
};

void actor_start(struct actor *actor);
/* Gives it something to do and comes back at once. It must be idle. */
void actor_go(struct actor *actor, long (*fn)(void *data), void *data);
/* Is it idle now, or at the latest in @ms? */
bool actor_done(struct actor *actor, int ms);
/* What its function returned; fails the test if it is stuck. */
long actor_result(struct actor *actor);
/* actor_go() and actor_result() */
long actor_do(struct actor *actor, long (*fn)(void *data), void *data);
void actor_stop(struct actor *actor);

/* Something that happens in @ms, on another thread. */
struct later {
	pthread_t thread;
	int ms;
	void (*fn)(void *data);
	void *data;
};

void later_start(struct later *later, int ms, void (*fn)(void *data), void *data);
void later_join(struct later *later);
/* The fence is signalled in @ms. Keep a reference until later_join(). */
void signal_later(struct later *later, int ms, struct dma_fence *fence);

/* SIGUSR1 for the starting thread, every few milliseconds until stopped. */
struct pest {
	pthread_t thread, victim;
	bool stop; /* atomic */
};

/* Installs a handler that only counts, with these sa_flags. */
void catch_signals(int sa_flags);
int signals_caught(void);
void pest_start(struct pest *pest);
void pest_stop(struct pest *pest);

#endif
