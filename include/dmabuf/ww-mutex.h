/* SPDX-License-Identifier: MIT */
/**
 * DOC: Wait/wound mutexes
 *
 * Locks that can be taken in any order. A thread that wants several takes a ticket, an acquire context, first; an older
 * ticket wins. Who loses gets -EDEADLK: it releases all it holds, waits for the contended lock alone, and starts over
 * *with the same ticket*, so that it ages and wins in the end.
 *
 * Two kinds of classes differ in who notices. In a *wait-die* class a younger ticket that holds locks and meets an older
 * one in its way backs off at once. In a *wound-wait* class the older one marks the younger holder as wounded and waits;
 * the wounded backs off when it next has to wait itself.
 */
#ifndef DMABUF_WW_MUTEX_H
#define DMABUF_WW_MUTEX_H

#include <dmabuf/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct ww_class - locks that are taken together
 * @stamp: last ticket given out; atomic
 * @acquire_name: name of the tickets in reports
 * @mutex_name: name of the locks in reports
 * @is_wait_die: the younger backs off by itself; false: the older one wounds it
 */
struct ww_class {
	uint64_t stamp;
	const char *acquire_name;
	const char *mutex_name;
	bool is_wait_die;
};

/** define DEFINE_WD_CLASS - define a wait-die class named @classname */
#define DEFINE_WD_CLASS(classname) struct ww_class classname = { 0, #classname "_acquire", #classname "_mutex", true }
/** define DEFINE_WW_CLASS - define a wound-wait class named @classname */
#define DEFINE_WW_CLASS(classname) struct ww_class classname = { 0, #classname "_acquire", #classname "_mutex", false }

struct ww_mutex;

/**
 * struct ww_acquire_ctx - a ticket
 * @task: identity of the owner: a thread, or whoever a request came from
 * @stamp: age; lower is older and wins; kept over retries
 * @acquired: locks held
 * @wounded: an older ticket wants one of them; atomic
 * @is_wait_die: copied from the class
 * @done_acquire: ww_acquire_done() was called
 * @ww_class: class of the locks this ticket is for; NULL once the ticket has ended
 * @contending_lock: the lock that gave -EDEADLK: the one to take next
 * @deadlock_inject_interval: between two injected failures, see dmabuf_ww_inject()
 * @deadlock_inject_countdown: locks until the next one
 */
struct ww_acquire_ctx {
	void *task;
	uint64_t stamp;
	unsigned int acquired;
	unsigned short wounded;
	unsigned short is_wait_die;
	unsigned int done_acquire;
	struct ww_class *ww_class;
	struct ww_mutex *contending_lock;
	unsigned int deadlock_inject_interval;
	unsigned int deadlock_inject_countdown;
	void *reserved[2];
};

/**
 * struct ww_mutex - a lock of a class
 * @owner: the holder's ticket, or its identity if it has none; low bits: which of the two, and that somebody waits; atomic
 * @ctx: the holder's ticket, NULL if it has none; for reading by the holder
 * @task: the holder's identity; for the holder to recognise itself
 * @wait_lock: protects @waiters, and @owner while somebody waits
 * @waiters: those who want it: oldest ticket first, those without a ticket where they queued
 * @ww_class: class
 */
struct ww_mutex {
	uint64_t owner;
	struct ww_acquire_ctx *ctx;
	uint64_t task;
	struct dmabuf_spinlock wait_lock;
	struct dmabuf_list waiters;
	struct ww_class *ww_class;
};

/**
 * ww_acquire_init() - take a ticket
 * @ctx: memory of the caller
 * @ww_class: class of the locks that will be taken
 *
 * One ticket per thread and class at a time.
 *
 * Context: Any.
 * Locks: none of the class may be held.
 * Owns: nothing; ww_acquire_fini() ends it.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: none.
 */
DMABUF_API void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *ww_class);

/**
 * ww_acquire_done() - say that no more locks will be taken with this ticket
 * @ctx: ticket
 *
 * Optional; a later lock with it, or a second call, is warned about.
 *
 * Context: Any.
 * Locks: those of @ctx stay held.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: the check is always on.
 */
DMABUF_API void ww_acquire_done(struct ww_acquire_ctx *ctx);

/**
 * ww_acquire_fini() - give the ticket back
 * @ctx: ticket
 *
 * Context: Any.
 * Locks: all locks of @ctx released before, else a warning.
 * Owns: the memory is the caller's again.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: the check is always on.
 */
DMABUF_API void ww_acquire_fini(struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_init() - make a lock usable
 * @lock: memory of the caller
 * @ww_class: its class
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: none.
 */
DMABUF_API void ww_mutex_init(struct ww_mutex *lock, struct ww_class *ww_class);

/**
 * ww_mutex_destroy() - end a lock's life
 * @lock: lock nobody holds nor wants
 *
 * Context: Any.
 * Locks: @lock not held; a held one is warned about.
 * Owns: the memory is the caller's again.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: none.
 */
DMABUF_API void ww_mutex_destroy(struct ww_mutex *lock);

/**
 * ww_mutex_lock() - take a lock, with or without a ticket
 * @lock: lock
 * @ctx: ticket, or NULL for a single lock
 *
 * Context: Sleeps.
 * Locks: takes @lock.
 * Owns: on 0 the caller holds @lock.
 * Units: none.
 * Across: one process.
 * Return: 0; with a ticket also -EALREADY if @ctx holds @lock already, and -EDEADLK if an older ticket is in the way and
 *	@ctx holds other locks: release them all and lock this one first. Never -EDEADLK for the first lock of a ticket.
 * Source: Linux 6.12 kernel/locking/ww_mutex.h; differs: none.
 */
DMABUF_API int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_lock_interruptible() - ww_mutex_lock() that a signal ends
 * @lock: lock
 * @ctx: ticket, or NULL
 *
 * Context: Sleeps.
 * Locks: takes @lock.
 * Owns: on 0 the caller holds @lock; locks held before stay held in any case.
 * Units: none.
 * Across: one process.
 * Return: as ww_mutex_lock(), or -EINTR when a signal handler ran; that comes before -EDEADLK.
 * Source: Linux 6.12 kernel/locking/mutex.c; differs: a signal that arrives just before the sleep does not end it.
 */
DMABUF_API int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_lock_slow() - after -EDEADLK: wait for the contended lock, alone
 * @lock: the lock that gave -EDEADLK
 * @ctx: ticket, which holds no lock
 *
 * Context: Sleeps.
 * Locks: takes @lock; all others of @ctx released before (asserted).
 * Owns: the caller holds @lock.
 * Units: none.
 * Across: one process.
 * Return: nothing: it cannot fail.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: the checks are always on.
 */
DMABUF_API void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_lock_slow_interruptible() - ww_mutex_lock_slow() that a signal ends
 * @lock: the lock that gave -EDEADLK
 * @ctx: ticket, which holds no lock
 *
 * Context: Sleeps.
 * Locks: takes @lock; all others of @ctx released before (asserted).
 * Owns: on 0 the caller holds @lock.
 * Units: none.
 * Across: one process.
 * Return: 0, or -EINTR when a signal handler ran.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: the checks are always on.
 */
DMABUF_API int ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_trylock() - take a lock if nobody holds it
 * @lock: lock
 * @ctx: ticket, or NULL
 *
 * Context: Any.
 * Locks: takes @lock or nothing.
 * Owns: on 1 the caller holds @lock.
 * Units: none.
 * Across: one process.
 * Return: 1 taken; 0 somebody holds it, @ctx itself included.
 * Source: Linux 6.12 kernel/locking/mutex.c; differs: none.
 */
DMABUF_API int ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

/**
 * ww_mutex_unlock() - release a lock
 * @lock: lock the calling thread holds
 *
 * Context: Any.
 * Locks: releases @lock. By a thread that does not hold it: a warning and no change.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: Linux 6.12 kernel/locking/mutex.c; differs: the owner check is always on.
 */
DMABUF_API void ww_mutex_unlock(struct ww_mutex *lock);

/**
 * ww_mutex_is_locked() - does anyone hold it?
 * @lock: lock
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true if held by anyone; may be out of date at once.
 * Source: Linux 6.12 include/linux/ww_mutex.h; differs: none.
 */
DMABUF_API bool ww_mutex_is_locked(struct ww_mutex *lock);

/**
 * dmabuf_ww_inject() - let locks fail on purpose
 * @on: from now on
 *
 * For tests of back-off paths: a ticket that holds locks gets -EDEADLK now and then although the lock is free, seldom
 * enough that a caller who backs off and tries again always ends.
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; the kernel's CONFIG_DEBUG_WW_MUTEX_SLOWPATH, at run time.
 */
DMABUF_API void dmabuf_ww_inject(bool on);

#ifdef __cplusplus
}
#endif

#endif
