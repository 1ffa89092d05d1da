/* SPDX-License-Identifier: MIT */
/*
 * Work for other threads. Works of a queue run side by side, as many as the queue allows, each on a thread of its own; a
 * work that is queued again while it runs waits until that run is over. A work may free itself.
 */
#ifndef KCOMPAT_LINUX_WORKQUEUE_H
#define KCOMPAT_LINUX_WORKQUEUE_H

#include <linux/list.h>
#include <linux/timer.h>

struct work_struct;
struct workqueue_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	/* private: */
	struct list_head entry;			/* in the list of what waits to run; empty otherwise */
	struct workqueue_struct *queue;		/* where it was queued last */
	u64 number;				/* of that time */
	unsigned int cancels;			/* calls of cancel_work_sync() that wait */
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};

void __kcompat_init_work(struct work_struct *work, work_func_t func) KCOMPAT_API(init_work);
#define INIT_WORK(work, func) __kcompat_init_work(work, func)
#define INIT_WORK_ONSTACK(work, func) __kcompat_init_work(work, func)
/* Warns when it is queued. */
void destroy_work_on_stack(struct work_struct *work) KCOMPAT_API(destroy_work_on_stack);
void __kcompat_init_delayed_work(struct delayed_work *dwork, work_func_t func) KCOMPAT_API(init_delayed_work);
#define INIT_DELAYED_WORK(dwork, func) __kcompat_init_delayed_work(dwork, func)
#define to_delayed_work(w) container_of(w, struct delayed_work, work)

/* Hints about processors and priority, which make no difference here. */
#define WQ_UNBOUND (1 << 1)
#define WQ_FREEZABLE (1 << 2)
#define WQ_MEM_RECLAIM (1 << 3)
#define WQ_HIGHPRI (1 << 4)
#define WQ_CPU_INTENSIVE (1 << 5)
#define WQ_MAX_ACTIVE 512
#define WQ_DFL_ACTIVE (WQ_MAX_ACTIVE / 2)

/* @max_active: how many works of the queue run at a time; 0: WQ_DFL_ACTIVE. NULL: out of memory. */
struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max_active, ...)
	KCOMPAT_API(alloc_workqueue) __printf(1, 4);
#define alloc_ordered_workqueue(name, flags, ...) alloc_workqueue(name, flags, 1, ##__VA_ARGS__)
/* Waits until it is empty. */
void destroy_workqueue(struct workqueue_struct *wq) KCOMPAT_API(destroy_workqueue);

/* False: it was queued already, or is being cancelled. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *work) KCOMPAT_API(queue_work);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
	KCOMPAT_API(queue_delayed_work);
/* True: it was queued, and has another time now. */
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork, unsigned long delay)
	KCOMPAT_API(mod_delayed_work);
/* Wait until a work that is queued or runs has ended; true if there was anything to wait for. */
bool flush_work(struct work_struct *work) KCOMPAT_API(flush_work);
bool flush_delayed_work(struct delayed_work *dwork) KCOMPAT_API(flush_delayed_work);
/* Take it out of the queue; true if it was there. Waits for a run that has begun. */
bool cancel_work_sync(struct work_struct *work) KCOMPAT_API(cancel_work_sync);
bool cancel_delayed_work_sync(struct delayed_work *dwork) KCOMPAT_API(cancel_delayed_work_sync);
/* Wait until everything that was queued before this call has run. */
void flush_workqueue(struct workqueue_struct *wq) KCOMPAT_API(flush_workqueue);
/* Wait until it is empty, also of what works queue meanwhile. */
void drain_workqueue(struct workqueue_struct *wq) KCOMPAT_API(drain_workqueue);

static inline bool work_pending(struct work_struct *work)
{
	return !list_empty(&work->entry);
}

/* The queue for those who have none. */
extern struct workqueue_struct *system_wq KCOMPAT_API(system_wq);
#define system_unbound_wq system_wq
#define system_highpri_wq system_wq
#define system_long_wq system_wq

#define schedule_work(work) queue_work(system_wq, work)
#define schedule_delayed_work(dwork, delay) queue_delayed_work(system_wq, dwork, delay)

#endif
