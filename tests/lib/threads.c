/* SPDX-License-Identifier: MIT */
/* The threads of tests/lib/threads.h. */
#include <stdlib.h>
#include <time.h>

#include "test.h"
#include "threads.h"

#define STUCK_MS 10000
#define PEST_MS	 4

static void *actor_main(void *arg)
{
	struct actor *a = arg;
	long result;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (!a->busy && !a->stop)
			pthread_cond_wait(&a->changed, &a->lock);
		if (!a->busy)
			break;
		pthread_mutex_unlock(&a->lock);
		result = a->fn(a->data);
		pthread_mutex_lock(&a->lock);
		a->result = result;
		a->busy = false;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

void actor_start(struct actor *a)
{
	pthread_condattr_t attr;

	memset(a, 0, sizeof(*a));
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	ck_assert_int_eq(pthread_create(&a->thread, NULL, actor_main, a), 0);
}

void actor_go(struct actor *a, long (*fn)(void *data), void *data)
{
	pthread_mutex_lock(&a->lock);
	if (a->busy)
		abort();
	a->fn = fn;
	a->data = data;
	a->busy = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

bool actor_done(struct actor *a, int ms)
{
	int64_t end_ns = now_ns() + ms * MS;
	struct timespec end = { end_ns / 1000000000, end_ns % 1000000000 };
	bool done;

	pthread_mutex_lock(&a->lock);
	while (a->busy && pthread_cond_timedwait(&a->changed, &a->lock, &end) == 0)
		;
	done = !a->busy;
	pthread_mutex_unlock(&a->lock);
	return done;
}

long actor_result(struct actor *a)
{
	ck_assert_msg(actor_done(a, STUCK_MS), "the other thread is stuck");
	return a->result;
}

long actor_do(struct actor *a, long (*fn)(void *data), void *data)
{
	actor_go(a, fn, data);
	return actor_result(a);
}

void actor_stop(struct actor *a)
{
	actor_result(a);
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
}

static void *later_main(void *arg)
{
	struct later *later = arg;

	sleep_ms(later->ms);
	later->fn(later->data);
	return NULL;
}

void later_start(struct later *later, int ms, void (*fn)(void *data), void *data)
{
	later->ms = ms;
	later->fn = fn;
	later->data = data;
	ck_assert_int_eq(pthread_create(&later->thread, NULL, later_main, later), 0);
}

void later_join(struct later *later)
{
	pthread_join(later->thread, NULL);
}

static void signal_fence(void *data)
{
	dma_fence_signal(data);
}

void signal_later(struct later *later, int ms, struct dma_fence *fence)
{
	later_start(later, ms, signal_fence, fence);
}

static volatile sig_atomic_t caught;

static void count_signal(int signo)
{
	(void)signo;
	caught++;
}

void catch_signals(int sa_flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = sa_flags };

	sigaction(SIGUSR1, &action, NULL);
}

int signals_caught(void)
{
	return caught;
}

static void *pest_main(void *arg)
{
	struct pest *pest = arg;

	while (!__atomic_load_n(&pest->stop, __ATOMIC_RELAXED)) {
		sleep_ms(PEST_MS);
		pthread_kill(pest->victim, SIGUSR1);
	}
	return NULL;
}

void pest_start(struct pest *pest)
{
	pest->victim = pthread_self();
	pest->stop = false;
	ck_assert_int_eq(pthread_create(&pest->thread, NULL, pest_main, pest), 0);
}

void pest_stop(struct pest *pest)
{
	__atomic_store_n(&pest->stop, true, __ATOMIC_RELAXED);
	pthread_join(pest->thread, NULL);
}
