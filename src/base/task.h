/* SPDX-License-Identifier: MIT */
/*
 * What the library knows about the calling thread: an identity, and whether it is in atomic context, that is holds a
 * spinlock (callbacks run under one).
 */
#ifndef DMABUF_SRC_BASE_TASK_H
#define DMABUF_SRC_BASE_TASK_H

#include <dmabuf/base.h>

struct dmabuf_task {
	uint32_t atomic_depth;	/* spinlocks held */
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

/* A number that is different in every child of a fork. */
uint32_t dmabuf_base_generation(void);

/* Call @func in the child of every fork, before the program runs there; from constructors only, for a few functions. */
void dmabuf_base_on_fork_child(void (*func)(void));

#endif
