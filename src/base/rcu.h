/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update: readers of a published pointer are never blocked, memory is freed once none of them can see it.
 * Protects nothing in shared memory.
 */
#ifndef DMABUF_SRC_BASE_RCU_H
#define DMABUF_SRC_BASE_RCU_H

#include <dmabuf/base.h>

void dmabuf_base_rcu_read_lock(void);
void dmabuf_base_rcu_read_unlock(void);

/* Call @func(@head) on another thread after a grace period. */
void dmabuf_base_rcu_defer(struct dmabuf_rcu_head *head, void (*func)(struct dmabuf_rcu_head *head));

void dmabuf_base_rcu_fork_prepare(void);
void dmabuf_base_rcu_fork_parent(void);
void dmabuf_base_rcu_fork_child(void);

/* Publish and read a pointer that RCU protects; the two pair with each other. */
#define rcu_publish(slot, value) __atomic_store_n(&(slot), value, __ATOMIC_RELEASE)
#define rcu_read(slot) __atomic_load_n(&(slot), __ATOMIC_ACQUIRE)

#endif
