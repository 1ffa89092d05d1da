/* SPDX-License-Identifier: MIT */
/*
 * kcompat: the expiry queue: timers, and the ends of sleeps.
 *
 * Called by: drivers. One thread, started by the first who needs it, works the queue off in the order of the times. A
 * sleep with a limit is an entry as well: so a timer due before has run by then.
 *
 * Invariant: a timer's function runs without the queue's lock, an entry for a sleep is done with it; the sleeper can leave
 * as soon as it has taken its entry out.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include "kcompat-internal.h"

struct sleeper {
	struct timer_list timer;
	struct task_struct *task;
};

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_news;	/* there is a new first entry; on CLOCK_MONOTONIC */
static pthread_cond_t timer_ended = PTHREAD_COND_INITIALIZER;
static struct rb_root queue = { NULL };
static unsigned long next_order;
static struct timer_list *running;	/* whose function runs; NULL: none */
static __thread bool on_timer_thread;

ktime_t ktime_get(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* --- the queue; queue_lock held --- */

static bool is_before(const struct timer_list *a, const struct timer_list *b)
{
	return a->expires != b->expires ? a->expires < b->expires : a->order < b->order;
}

static void enqueue(struct timer_list *timer)
{
	struct rb_node **link = &queue.rb_node, *parent = NULL;

	timer->order = next_order++;
	while (*link) {
		parent = *link;
		link = is_before(timer, rb_entry(parent, struct timer_list, node)) ? &parent->rb_left :
										     &parent->rb_right;
	}
	rb_link_node(&timer->node, parent, link);
	rb_insert_color(&timer->node, &queue);
	WRITE_ONCE(timer->queued, true);
	if (rb_first(&queue) == &timer->node)
		pthread_cond_signal(&queue_news);
}

/* 1 if it was there. */
static int dequeue(struct timer_list *timer)
{
	if (!timer->queued)
		return 0;
	rb_erase(&timer->node, &queue);
	WRITE_ONCE(timer->queued, false);
	return 1;
}

/* --- the thread --- */

static void end_sleep(struct timer_list *timer)
{
	wake_up_process(container_of(timer, struct sleeper, timer)->task);
}

static void expire(struct timer_list *timer)
{
	dequeue(timer);
	if (timer->function == end_sleep) {
		end_sleep(timer);
		return;
	}
	running = timer;
	pthread_mutex_unlock(&queue_lock);
	timer->function(timer);
	pthread_mutex_lock(&queue_lock);
	running = NULL;
	pthread_cond_broadcast(&timer_ended);
}

static void *work_off(void *data)
{
	struct rb_node *first;

	on_timer_thread = true;
	pthread_mutex_lock(&queue_lock);
	for (;;) {
		struct timer_list *timer;

		while (!(first = rb_first(&queue)))
			pthread_cond_wait(&queue_news, &queue_lock);
		timer = rb_entry(first, struct timer_list, node);
		if (timer->expires <= jiffies) {
			expire(timer);
		} else {
			struct timespec until = {
				.tv_sec = (time_t)(timer->expires / NSEC_PER_SEC),
				.tv_nsec = (long)(timer->expires % NSEC_PER_SEC),
			};

			pthread_cond_timedwait(&queue_news, &queue_lock, &until);
		}
	}
	return data;
}

static void start_thread(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (pthread_cond_init(&queue_news, &attr) || kcompat_thread_start(work_off, NULL))
		abort();
	pthread_condattr_destroy(&attr);
}

static void lock_queue(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_thread);
	pthread_mutex_lock(&queue_lock);
}

/* --- timers --- */

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer), u32 flags)
{
	*timer = (struct timer_list){ .function = function, .flags = flags };
}

void destroy_timer_on_stack(struct timer_list *timer)
{
	WARN(timer_pending(timer), "a timer's memory goes while it is queued");
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	int was_queued;

	lock_queue();
	was_queued = dequeue(timer);
	timer->expires = expires;
	enqueue(timer);
	pthread_mutex_unlock(&queue_lock);
	return was_queued;
}

void add_timer(struct timer_list *timer)
{
	if (WARN(timer_pending(timer), "add_timer: it is queued already"))
		return;
	mod_timer(timer, timer->expires);
}

int __kcompat_timer_delete(struct timer_list *timer)
{
	int was_queued;

	lock_queue();
	was_queued = dequeue(timer);
	pthread_mutex_unlock(&queue_lock);
	return was_queued;
}

int timer_delete_sync(struct timer_list *timer)
{
	int was_queued;

	if (WARN(on_timer_thread && timer == running, "timer_delete_sync: a timer's function waits for itself"))
		return timer_delete(timer);
	lock_queue();
	was_queued = dequeue(timer);
	while (running == timer) {
		pthread_cond_wait(&timer_ended, &queue_lock);
		was_queued |= dequeue(timer);
	}
	pthread_mutex_unlock(&queue_lock);
	return was_queued;
}

/* --- sleeps --- */

signed long schedule_timeout(signed long timeout)
{
	struct sleeper sleeper = { .task = current };
	signed long left;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	if (WARN(timeout < 0, "schedule_timeout: %ld is no time to sleep", timeout)) {
		__set_current_state(TASK_RUNNING);
		return 0;
	}
	timer_setup(&sleeper.timer, end_sleep, 0);
	mod_timer(&sleeper.timer, jiffies + (unsigned long)timeout);
	schedule();
	timer_delete(&sleeper.timer);
	left = (signed long)(sleeper.timer.expires - jiffies);
	return left > 0 ? left : 0;
}

signed long schedule_timeout_interruptible(signed long timeout)
{
	__set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

signed long schedule_timeout_uninterruptible(signed long timeout)
{
	__set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}

static void sleep_all_of(unsigned long timeout)
{
	while (timeout)
		timeout = (unsigned long)schedule_timeout_uninterruptible((signed long)timeout);
}

void msleep(unsigned int ms)
{
	sleep_all_of(msecs_to_jiffies(ms));
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	(void)max_us;
	sleep_all_of(usecs_to_jiffies(min_us));
}

unsigned long msleep_interruptible(unsigned int ms)
{
	unsigned long left = msecs_to_jiffies(ms);

	while (left && !signal_pending(current))
		left = (unsigned long)schedule_timeout_interruptible((signed long)left);
	return DIV_ROUND_UP(left, (unsigned long)NSEC_PER_MSEC);
}

void ndelay(unsigned long ns)
{
	unsigned long end = jiffies + ns;

	while (time_before(jiffies, end))
		cpu_relax();
}
