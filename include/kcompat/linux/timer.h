/* SPDX-License-Identifier: MIT */
/*
 * Timers. All of a process run on one thread, one after the other, in the order of their times. The sleeps of
 * <linux/sched.h> end from the same queue: when a sleep has ended, every timer that was due before has run.
 */
#ifndef KCOMPAT_LINUX_TIMER_H
#define KCOMPAT_LINUX_TIMER_H

#include <time.h> /* It has a timer_delete() of its own, so it comes before ours. */

#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/rbtree.h>

struct timer_list {
	unsigned long expires;		/* in jiffies */
	void (*function)(struct timer_list *timer);
	u32 flags;
	/* private: */
	struct rb_node node;
	unsigned long order;		/* of those due at the same time, the first queued runs first */
	bool queued;
};

/* Every function runs on the timers' thread, so that these make no difference. */
#define TIMER_DEFERRABLE 0x00080000
#define TIMER_PINNED 0x00100000
#define TIMER_IRQSAFE 0x00200000

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer), u32 flags) KCOMPAT_API(timer_setup);
#define timer_setup_on_stack(timer, function, flags) timer_setup(timer, function, flags)
/* Warns when the timer is still queued. */
void destroy_timer_on_stack(struct timer_list *timer) KCOMPAT_API(destroy_timer_on_stack);

/* (Re)arm. 1 if it was queued already. */
int mod_timer(struct timer_list *timer, unsigned long expires) KCOMPAT_API(mod_timer);
void add_timer(struct timer_list *timer) KCOMPAT_API(add_timer);
/* Take it out of the queue: 1 if it was there. Its function may be running; the form with _sync waits for that. */
int __kcompat_timer_delete(struct timer_list *timer) KCOMPAT_API(timer_delete);
#define timer_delete(timer) __kcompat_timer_delete(timer)
int timer_delete_sync(struct timer_list *timer) KCOMPAT_API(timer_delete_sync);
#define del_timer(timer) timer_delete(timer)
#define del_timer_sync(timer) timer_delete_sync(timer)

/* Queued; false from the moment its function begins. */
static inline bool timer_pending(const struct timer_list *timer)
{
	return READ_ONCE(timer->queued);
}

#define from_timer(var, timer, member) container_of(timer, typeof(*(var)), member)
#define timer_container_of(var, timer, member) from_timer(var, timer, member)

#endif
