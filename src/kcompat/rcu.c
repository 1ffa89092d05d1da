/* SPDX-License-Identifier: MIT */
/*
 * kcompat: RCU, by the liburcu that the library uses.
 *
 * Called by: drivers, under the kernel's names; see include/kcompat/linux/rcupdate.h. That header cannot be included here,
 * as liburcu and the kernel give the same names to different things: so the functions have their linker names.
 *
 * Invariant: ThreadSanitizer, which cannot see into liburcu, is told that read sections happen before what was deferred
 * until after them.
 */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define _LGPL_SOURCE /* Inlined; a sanitizer would report how liburcu aligns its readers. */
#endif
#include <urcu-bp.h>
#include <urcu-call-rcu.h>

#include <stdlib.h>

#include <dmabuf/base.h>

#define API __attribute__((visibility("default")))

API void dmabuf_kcompat_rcu_read_lock(void);
API void dmabuf_kcompat_rcu_read_unlock(void);
API void dmabuf_kcompat_synchronize_rcu(void);
API void dmabuf_kcompat_rcu_barrier(void);
API void dmabuf_kcompat_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
API void dmabuf_kcompat_kfree_rcu(struct rcu_head *head, size_t offset);

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

void dmabuf_kcompat_rcu_read_lock(void)
{
	rcu_read_lock();
}

void dmabuf_kcompat_rcu_read_unlock(void)
{
	tsan_reader_left();
	rcu_read_unlock();
}

void dmabuf_kcompat_synchronize_rcu(void)
{
	synchronize_rcu();
	tsan_grace_period_over();
}

void dmabuf_kcompat_rcu_barrier(void)
{
	dmabuf_barrier();
	tsan_grace_period_over();
}

#ifdef __SANITIZE_THREAD__
/* What call_rcu() was asked for, with a head of its own: the caller's is his function's. */
struct deferred {
	struct rcu_head rcu;
	struct rcu_head *head;
	void (*func)(struct rcu_head *head);
};

static void run_deferred(struct rcu_head *rcu)
{
	struct deferred *deferred = caa_container_of(rcu, struct deferred, rcu);

	tsan_grace_period_over();
	deferred->func(deferred->head);
	tsan_reader_left(); /* For who waits in rcu_barrier(). */
	free(deferred);
}

void dmabuf_kcompat_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	struct deferred *deferred = malloc(sizeof(*deferred));

	if (!deferred)
		abort();
	deferred->head = head;
	deferred->func = func;
	tsan_reader_left();
	call_rcu(&deferred->rcu, run_deferred);
}
#else
void dmabuf_kcompat_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	call_rcu(head, func);
}
#endif

/* A function for each place of the head in what is to be freed: there is no room to note it. */
#define FREE_FROM(offset)                                         \
	static void free_from_##offset(struct rcu_head *head)     \
	{                                                         \
		free((char *)head - 8 * (offset));                \
	}
#define ALL_8(X, t) X(t##0) X(t##1) X(t##2) X(t##3) X(t##4) X(t##5) X(t##6) X(t##7)
/* Octal: 0 to 63. */
#define ALL_64(X) ALL_8(X, 00) ALL_8(X, 01) ALL_8(X, 02) ALL_8(X, 03) ALL_8(X, 04) ALL_8(X, 05) ALL_8(X, 06) ALL_8(X, 07)
ALL_64(FREE_FROM)

#define NAME_OF(offset) free_from_##offset,
static void (*const free_from[])(struct rcu_head *head) = { ALL_64(NAME_OF) };

void dmabuf_kcompat_kfree_rcu(struct rcu_head *head, size_t offset)
{
	dmabuf_kcompat_call_rcu(head, free_from[offset / 8]);
}
