/* SPDX-License-Identifier: MIT */
/**
 * DOC: Wait/wound mutexes
 *
 * Locks that can be taken in any order. A thread that wants several takes a ticket, an acquire context, first; an older
 * ticket wins. In a wait-die class a younger thread that already holds locks and meets a lock of an older one gets
 * -EDEADLK: it releases all it holds, waits for the contended lock alone, and starts over *with the same ticket*, so that
 * it ages and wins in the end.
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
 * @is_wait_die: always true here; a wound-wait class is not offered by this version
 */
struct ww_class {
	uint64_t stamp;
	const char *acquire_name;
	const char *mutex_name;
	bool is_wait_die;
};

/** define DEFINE_WD_CLASS - define a wait-die class named @classname */
#define DEFINE_WD_CLASS(classname) struct ww_class classname = { 0, #classname "_acquire", #classname "_mutex", true }

/**
 * struct ww_acquire_ctx - a ticket
 * @task: identity of the owner: a thread, or whoever a request came from
 * @stamp: age; lower is older and wins; kept over retries
 * @acquired: locks held
 * @ww_class: class of the locks this ticket is for
 * @done_acquire: ww_acquire_done() was called
 */
struct ww_acquire_ctx {
	void *task;
	uint64_t stamp;
	unsigned int acquired;
	bool done_acquire;
	struct ww_class *ww_class;
	void *reserved[2];
};

/**
 * struct ww_mutex - a lock of a class
 * @owner: holder's identity, bit 0: somebody waits; atomic
 * @ctx: the holder's ticket, NULL if it has none; atomic
 * @wait_lock: protects @waiters and every change of holder that has to look at them
 * @waiters: those who want it: oldest ticket first, those without a ticket where they queued
 * @ww_class: class
 */
struct ww_mutex {
	uint64_t owner;
	struct ww_acquire_ctx *ctx;
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
 * Source: Linux 6.12 kernel/locking/ww_mutex.h; differs: wait-die classes only.
 */
DMABUF_API int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);

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

#ifdef __cplusplus
}
#endif

#endif
