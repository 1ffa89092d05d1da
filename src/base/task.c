/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Per-thread state of the library and the order of its fork handlers.
 *
 * Called by: everything that takes a spinlock or owns a lock. A layer that keeps per-process state (a board, a service
 * thread) asks dmabuf_base_generation() whether it is still in the process that made it.
 *
 * Invariant: the generation changes in the child of a fork before any code of the program runs there.
 */
#include <pthread.h>

#include "src/base/rcu.h"
#include "src/base/task.h"
#include "src/base/warn.h"

__thread struct dmabuf_task dmabuf_task_self;

#define CHILD_FUNCS_MAX 8

static uint32_t generation = 1;
static void (*child_funcs[CHILD_FUNCS_MAX])(void);

void dmabuf_base_on_fork_child(void (*func)(void))
{
	unsigned int i = 0;

	while (i < CHILD_FUNCS_MAX && child_funcs[i])
		i++;
	if (i == CHILD_FUNCS_MAX)
		dmabuf_base_bug("more fork handlers than there is room for");
	child_funcs[i] = func;
}

static void after_fork_child(void)
{
	generation++;
	dmabuf_base_rcu_fork_child();
	for (unsigned int i = 0; i < CHILD_FUNCS_MAX && child_funcs[i]; i++)
		child_funcs[i]();
}

static void __attribute__((constructor)) install_fork_handlers(void)
{
	pthread_atfork(dmabuf_base_rcu_fork_prepare, dmabuf_base_rcu_fork_parent, after_fork_child);
}

uint32_t dmabuf_base_generation(void)
{
	return generation;
}
