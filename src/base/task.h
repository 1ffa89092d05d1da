/* SPDX-License-Identifier: MIT */
/*
 * What the library knows about the calling thread: an identity, and whether it is in atomic context, that is holds a
 * spinlock (callbacks run under one).
 */
#ifndef DMABUF_SRC_BASE_TASK_H
#define DMABUF_SRC_BASE_TASK_H

#include <dmabuf/base.h>

/* Something to do once the thread has left atomic context; embed it. */
struct base_work {
	struct base_work *next;
	void (*func)(struct base_work *work);
	uint32_t queued;		/* atomic: it waits to run */
};

struct dmabuf_task {
	uint32_t atomic_depth;		/* spinlocks held */
	bool running_work;		/* the list below is being worked off */
	struct base_work *work, **work_end;
	uint32_t lock_wake;		/* atomic: what the thread sleeps on while it waits for a ww_mutex */
} __attribute__((aligned(16)));

extern __thread struct dmabuf_task dmabuf_task_self;

/* Identity of the calling thread; the low four bits are free for flags. */
static inline uint64_t task_id(void)
{
	return (uint64_t)(uintptr_t)&dmabuf_task_self;
}

/* True while the thread must not sleep. */
static inline bool task_is_atomic(void)
{
	return dmabuf_task_self.atomic_depth > 0;
}

/*
 * Call @work->func on this thread as soon as it holds no spinlock: at once, or at the unlock that ends atomic context.
 * In the order queued, without recursion: work queued by work runs after it. False: it was queued already.
 */
bool dmabuf_base_work_queue(struct base_work *work);
void dmabuf_base_work_run(void);

static inline void task_enter_atomic(void)
{
	dmabuf_task_self.atomic_depth++;
}

static inline void task_leave_atomic(void)
{
	if (--dmabuf_task_self.atomic_depth == 0 && __builtin_expect(dmabuf_task_self.work != NULL, 0))
		dmabuf_base_work_run();
}

/* A number that is different in every child of a fork. */
uint32_t dmabuf_base_generation(void);

/* Call @func in the child of every fork, before the program runs there; from constructors only, for a few functions. */
void dmabuf_base_on_fork_child(void (*func)(void));

#endif
