/* SPDX-License-Identifier: MIT */
/*
 * Plumbing that the kernel-named headers need in their signatures: a spinlock, a list node, a reference count, error
 * pointers. Everything here carries our own prefix, so that it can live beside any other library's list or lock.
 *
 * ABI: opaque dmabuf_* calls are stable; a struct that callers embed (a lock, a fence) follows the library's soname.
 */
#ifndef DMABUF_BASE_H
#define DMABUF_BASE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** define DMABUF_API - marks a function that the shared library exports */
#define DMABUF_API __attribute__((visibility("default")))

/* A wait that a signal ended; the kernel's number, which no libc header gives to user space. */
#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif

/* "No limit" for every timeout. A timeout is a signed long in nanoseconds: the jiffy of this library is a nanosecond. */
#ifndef MAX_SCHEDULE_TIMEOUT
#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#endif

#ifdef __cplusplus
static_assert(sizeof(long) == 8, "libdmabuf needs an LP64 machine: timeouts are nanoseconds in a long");
#else
_Static_assert(sizeof(long) == 8, "libdmabuf needs an LP64 machine: timeouts are nanoseconds in a long");
#endif

/** struct dmabuf_list - node or head of a circular doubly linked list */
struct dmabuf_list {
	struct dmabuf_list *next, *prev;
};

/** struct dmabuf_spinlock - a 4-byte lock: spins briefly, then sleeps; the holder is in atomic context */
struct dmabuf_spinlock {
	uint32_t word;	/* 0 free, 1 held, 2 held and somebody sleeps */
};

/** struct dmabuf_kref - a reference count; atomic */
struct dmabuf_kref {
	uint32_t count;
};

/**
 * struct dmabuf_rcu_head - storage for a deferred free
 *
 * Has the layout of liburcu's struct rcu_head without its header: including <urcu/call-rcu.h> here would hide the
 * flavour-specific call_rcu() from a program that includes its own liburcu flavour afterwards.
 */
struct dmabuf_rcu_head {
	void *next;
	void (*func)(struct dmabuf_rcu_head *head);
};

/**
 * dmabuf_spinlock_init() - make a lock usable
 * @lock: memory of the caller
 *
 * A zeroed lock is initialised as well.
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing; there is no matching fini.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours.
 */
DMABUF_API void dmabuf_spinlock_init(struct dmabuf_spinlock *lock);

/**
 * dmabuf_spinlock_lock() - take a lock and enter atomic context
 * @lock: lock to take
 *
 * Until the matching unlock the thread must not sleep or wait for a fence. Locks of a thread may nest.
 *
 * Context: Any. Spins, then sleeps in the kernel until the holder leaves.
 * Locks: takes @lock; must not be held by the caller.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; stands for spin_lock_irqsave().
 */
DMABUF_API void dmabuf_spinlock_lock(struct dmabuf_spinlock *lock);

/**
 * dmabuf_spinlock_unlock() - release a lock
 * @lock: lock the caller holds
 *
 * Context: Any.
 * Locks: releases @lock.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; stands for spin_unlock_irqrestore().
 */
DMABUF_API void dmabuf_spinlock_unlock(struct dmabuf_spinlock *lock);

/**
 * dmabuf_err_ptr() - encode a negative errno in a pointer
 * @error: -1 to -4095
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: @error in negative errno numbers.
 * Across: one process.
 * Return: the error pointer.
 * Source: ours; stands for ERR_PTR().
 */
DMABUF_API void *dmabuf_err_ptr(long error);

/**
 * dmabuf_ptr_err() - the errno in an error pointer
 * @ptr: pointer for which dmabuf_is_err() is true
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: negative errno numbers.
 * Across: one process.
 * Return: the negative errno.
 * Source: ours; stands for PTR_ERR().
 */
DMABUF_API long dmabuf_ptr_err(const void *ptr);

/**
 * dmabuf_is_err() - is this pointer an error?
 * @ptr: what a function with an error-pointer return gave
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: true for an encoded errno, false for an object and for NULL.
 * Source: ours; stands for IS_ERR().
 */
DMABUF_API bool dmabuf_is_err(const void *ptr);

/**
 * dmabuf_barrier() - wait until every deferred free has run
 *
 * For a plug-in before it is unloaded and for leak checks: fences and fence lists are freed a grace period after their
 * last reference, on another thread. After this call all those whose last put came earlier are gone.
 *
 * Context: Sleeps. Not from a callback.
 * Locks: none may be held.
 * Owns: nothing.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; stands for rcu_barrier().
 */
DMABUF_API void dmabuf_barrier(void);

/**
 * dmabuf_warn_set() - hear of misuse that the kernel would report with a warning
 * @handler: called with one sentence for each misuse, or NULL to stop; may run in atomic context and on any thread
 * @data: handed to @handler
 *
 * The library never prints. Without a handler such misuse is silent, as a kernel without a console. A misuse after which
 * nothing can go on (the kernel's BUG) calls the handler and then traps.
 *
 * Context: Any, but not while other threads are inside the library.
 * Locks: none.
 * Owns: @data stays with the caller and must outlive the registration.
 * Units: none.
 * Across: one process.
 * Return: nothing.
 * Source: ours; stands for WARN().
 */
DMABUF_API void dmabuf_warn_set(void (*handler)(void *data, const char *sentence), void *data);

#ifdef __cplusplus
}
#endif

#endif
