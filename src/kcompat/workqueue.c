/* SPDX-License-Identifier: MIT */
/*
 * kcompat: work queues.
 *
 * Called by: drivers. Workers are threads that take any work of any queue; one is started when a work waits and nobody is
 * idle, and ends when there was nothing to do for a while.
 *
 * Invariant: once its function has begun, nothing here touches a work: it may be gone. What runs is known by number.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <linux/slab.h>
#include <linux/workqueue.h>

#include "kcompat-internal.h"

#define IDLE_SECONDS 2

struct workqueue_struct {
	struct list_head node;		/* in the list of all queues */
	struct list_head waiting;	/* works */
	int max_active, active;
	char name[24];
};

/* What a worker does at the moment; on its stack. */
struct worker {
	struct list_head node;
	struct work_struct *work;	/* never followed */
	struct workqueue_struct *queue;
	u64 number;
};

static struct workqueue_struct system_queue = {
	.node = LIST_HEAD_INIT(system_queue.node),
	.waiting = LIST_HEAD_INIT(system_queue.waiting),
	.max_active = WQ_DFL_ACTIVE,
	.name = "events",
};
struct workqueue_struct *system_wq = &system_queue;

/* All that follows is under this lock. */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;
static pthread_cond_t work_ended = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(queues);	/* all but the system's */
static LIST_HEAD(workers);	/* that run something */
static unsigned int num_waiting, num_idle;
static u64 last_number;

/* --- workers --- */

static struct worker *runner_of(const struct work_struct *work)
{
	struct worker *worker;

	list_for_each_entry(worker, &workers, node) {
		if (worker->work == work)
			return worker;
	}
	return NULL;
}

/* The first work of @wq that may begin now, or NULL. */
static struct work_struct *pick_from(struct workqueue_struct *wq)
{
	struct work_struct *work;

	if (wq->active >= wq->max_active)
		return NULL;
	list_for_each_entry(work, &wq->waiting, entry) {
		if (!runner_of(work))
			return work;
	}
	return NULL;
}

static struct work_struct *pick(void)
{
	struct work_struct *work = pick_from(&system_queue);
	struct workqueue_struct *wq;

	list_for_each_entry(wq, &queues, node) {
		if (!work)
			work = pick_from(wq);
	}
	return work;
}

static void take_out(struct work_struct *work)
{
	list_del_init(&work->entry);
	num_waiting--;
}

static void run(struct work_struct *work)
{
	struct worker self = { .work = work, .queue = work->queue, .number = work->number };
	work_func_t func = work->func;

	take_out(work);
	self.queue->active++;
	list_add(&self.node, &workers);
	pthread_mutex_unlock(&pool_lock);
	func(work);
	pthread_mutex_lock(&pool_lock);
	list_del(&self.node);
	self.queue->active--;
	pthread_cond_broadcast(&work_ended);
}

/* Wait for work. False: none came for long. */
static bool idle(void)
{
	struct timespec until;
	int ret;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IDLE_SECONDS;
	num_idle++;
	ret = pthread_cond_timedwait(&work_came, &pool_lock, &until);
	num_idle--;
	return ret == 0;
}

static void *work_off(void *data)
{
	struct work_struct *work;

	pthread_setname_np(pthread_self(), "kworker");
	pthread_mutex_lock(&pool_lock);
	do {
		while ((work = pick()))
			run(work);
	} while (idle() || num_waiting);
	pthread_mutex_unlock(&pool_lock);
	return data;
}

/* --- works --- */

void __kcompat_init_work(struct work_struct *work, work_func_t func)
{
	*work = (struct work_struct){ .func = func };
	INIT_LIST_HEAD(&work->entry);
}

void destroy_work_on_stack(struct work_struct *work)
{
	WARN(work_pending(work), "a work's memory goes while it is queued");
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	bool queued;

	pthread_mutex_lock(&pool_lock);
	queued = list_empty(&work->entry) && !work->cancels;
	if (queued) {
		work->queue = wq;
		work->number = ++last_number;
		list_add_tail(&work->entry, &wq->waiting);
		num_waiting++;
		if (num_idle < num_waiting)
			WARN(kcompat_thread_start(work_off, NULL) < 0, "no thread for a work could be started");
		pthread_cond_signal(&work_came);
	}
	pthread_mutex_unlock(&pool_lock);
	return queued;
}

/* Does a work of @wq with a number from @from to @to wait or run? */
static bool is_busy_in(struct workqueue_struct *wq, u64 from, u64 to)
{
	struct work_struct *work;
	struct worker *worker;

	list_for_each_entry(work, &wq->waiting, entry) {
		if (work->number >= from && work->number <= to)
			return true;
	}
	list_for_each_entry(worker, &workers, node) {
		if (worker->queue == wq && worker->number >= from && worker->number <= to)
			return true;
	}
	return false;
}

static void wait_for_numbers(struct workqueue_struct *wq, u64 from, u64 to)
{
	while (is_busy_in(wq, from, to))
		pthread_cond_wait(&work_ended, &pool_lock);
}

bool flush_work(struct work_struct *work)
{
	struct worker *worker;
	bool waited = true;

	pthread_mutex_lock(&pool_lock);
	worker = runner_of(work);
	if (work_pending(work))
		wait_for_numbers(work->queue, work->number, work->number);
	else if (worker)
		wait_for_numbers(worker->queue, worker->number, worker->number);
	else
		waited = false;
	pthread_mutex_unlock(&pool_lock);
	return waited;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was_queued;

	pthread_mutex_lock(&pool_lock);
	was_queued = work_pending(work);
	if (was_queued)
		take_out(work);
	work->cancels++; /* Its own run cannot queue it again. */
	while (runner_of(work))
		pthread_cond_wait(&work_ended, &pool_lock);
	work->cancels--;
	pthread_cond_broadcast(&work_ended); /* For who flushes what was taken out. */
	pthread_mutex_unlock(&pool_lock);
	return was_queued;
}

/* --- later --- */

static void queue_now(struct timer_list *timer)
{
	struct delayed_work *dwork = from_timer(dwork, timer, timer);

	queue_work(dwork->wq, &dwork->work);
}

void __kcompat_init_delayed_work(struct delayed_work *dwork, work_func_t func)
{
	__kcompat_init_work(&dwork->work, func);
	timer_setup(&dwork->timer, queue_now, 0);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	if (timer_pending(&dwork->timer) || work_pending(&dwork->work))
		return false;
	mod_delayed_work(wq, dwork, delay);
	return true;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
{
	bool was_queued = timer_delete(&dwork->timer);

	dwork->wq = wq;
	if (!delay)
		return !queue_work(wq, &dwork->work) || was_queued;
	mod_timer(&dwork->timer, jiffies + delay);
	return was_queued;
}

bool flush_delayed_work(struct delayed_work *dwork)
{
	if (timer_delete_sync(&dwork->timer))
		queue_work(dwork->wq, &dwork->work);
	return flush_work(&dwork->work);
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was_queued = timer_delete_sync(&dwork->timer);

	return cancel_work_sync(&dwork->work) || was_queued;
}

/* --- queues --- */

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max_active, ...)
{
	struct workqueue_struct *wq = calloc(1, sizeof(*wq));
	va_list args;

	(void)flags;
	if (!wq)
		return NULL;
	va_start(args, max_active);
	vsnprintf(wq->name, sizeof(wq->name), name, args);
	va_end(args);
	wq->max_active = max_active ? max_active : WQ_DFL_ACTIVE;
	INIT_LIST_HEAD(&wq->waiting);
	pthread_mutex_lock(&pool_lock);
	list_add_tail(&wq->node, &queues);
	pthread_mutex_unlock(&pool_lock);
	return wq;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	pthread_mutex_lock(&pool_lock);
	wait_for_numbers(wq, 0, last_number);
	pthread_mutex_unlock(&pool_lock);
}

void drain_workqueue(struct workqueue_struct *wq)
{
	pthread_mutex_lock(&pool_lock);
	wait_for_numbers(wq, 0, U64_MAX);
	pthread_mutex_unlock(&pool_lock);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	drain_workqueue(wq);
	pthread_mutex_lock(&pool_lock);
	list_del(&wq->node);
	pthread_mutex_unlock(&pool_lock);
	free(wq);
}
