/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. RCU by liburcu's bulletproof flavour: threads need not register, the read side is inlined.
 *
 * Called by: fence and resv for what their lock-free readers look at.
 *
 * Invariant: all uses go through here, so that ThreadSanitizer, which cannot see into liburcu 0.13, learns the one
 * ordering that matters: every read section that ended before a deferred call began happens before that call.
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define _LGPL_SOURCE /* Inlined; its reader structs are aligned less than declared, which a sanitizer would report. */
#endif
#include <urcu-bp.h>
#include <urcu-call-rcu.h>

#include <unistd.h>

#include "src/base/rcu.h"

_Static_assert(sizeof(struct dmabuf_rcu_head) == sizeof(struct rcu_head), "dmabuf_rcu_head stores an rcu_head");
_Static_assert(offsetof(struct dmabuf_rcu_head, func) == offsetof(struct rcu_head, func), "same layout");

#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
static char grace_period;
#define tsan_reader_left() __tsan_release(&grace_period)
#define tsan_grace_period_over() __tsan_acquire(&grace_period)
#else
#define tsan_reader_left() ((void)0)
#define tsan_grace_period_over() ((void)0)
#endif

void dmabuf_base_rcu_read_lock(void)
{
	rcu_read_lock();
}

void dmabuf_base_rcu_read_unlock(void)
{
	tsan_reader_left();
	rcu_read_unlock();
}

#ifdef __SANITIZE_THREAD__
/* Runs on liburcu's thread between the grace period and the real function, which waits in @next's place. */
struct deferred {
	struct rcu_head rcu;
	struct dmabuf_rcu_head *head;
	void (*func)(struct dmabuf_rcu_head *head);
};

static void run_deferred(struct rcu_head *rcu)
{
	struct deferred *deferred = caa_container_of(rcu, struct deferred, rcu);

	tsan_grace_period_over();
	deferred->func(deferred->head);
	free(deferred);
}

void dmabuf_base_rcu_defer(struct dmabuf_rcu_head *head, void (*func)(struct dmabuf_rcu_head *head))
{
	struct deferred *deferred = malloc(sizeof(*deferred));

	if (!deferred)
		abort();
	deferred->head = head;
	deferred->func = func;
	tsan_reader_left();
	call_rcu(&deferred->rcu, run_deferred);
}

/* Deferred calls run in order: when one queued now has run, all before it have. liburcu's own barrier hides from TSan. */
struct barrier {
	struct dmabuf_rcu_head head;
	uint32_t passed;
};

static void pass_barrier(struct dmabuf_rcu_head *head)
{
	__atomic_store_n(&((struct barrier *)head)->passed, 1, __ATOMIC_RELEASE);
}

void dmabuf_barrier(void)
{
	struct barrier barrier = { .passed = 0 };

	dmabuf_base_rcu_defer(&barrier.head, pass_barrier);
	while (!__atomic_load_n(&barrier.passed, __ATOMIC_ACQUIRE))
		usleep(1000);
}
#else
void dmabuf_base_rcu_defer(struct dmabuf_rcu_head *head, void (*func)(struct dmabuf_rcu_head *head))
{
	call_rcu((struct rcu_head *)head, (void (*)(struct rcu_head *))func);
}

void dmabuf_barrier(void)
{
	rcu_barrier();
}
#endif

void dmabuf_base_rcu_fork_prepare(void)
{
	call_rcu_before_fork();
	urcu_bp_before_fork();
}

void dmabuf_base_rcu_fork_parent(void)
{
	urcu_bp_after_fork_parent();
	call_rcu_after_fork_parent();
}

void dmabuf_base_rcu_fork_child(void)
{
	urcu_bp_after_fork_child();
	call_rcu_after_fork_child();
}
