/* SPDX-License-Identifier: MIT */
/*
 * Read-copy-update: liburcu's bulletproof flavour, the same that the library stands on, so that a read section of a driver
 * holds back what the library frees as well.
 */
#ifndef KCOMPAT_LINUX_RCUPDATE_H
#define KCOMPAT_LINUX_RCUPDATE_H

#include <linux/compiler.h>

typedef void (*rcu_callback_t)(struct rcu_head *head);

void rcu_read_lock(void) KCOMPAT_API(rcu_read_lock);
void rcu_read_unlock(void) KCOMPAT_API(rcu_read_unlock);
void synchronize_rcu(void) KCOMPAT_API(synchronize_rcu);
/* @func runs on another thread, after every read section that began before this call has ended. */
void call_rcu(struct rcu_head *head, rcu_callback_t func) KCOMPAT_API(call_rcu);
/* Returns when every @func of an earlier call_rcu() has run. */
void rcu_barrier(void) KCOMPAT_API(rcu_barrier);

/* kfree() of @ptr, whose member @rcu is an rcu_head less than 512 bytes from its start, after a grace period. */
#define kfree_rcu(ptr, rcu)                                                                         \
	do {                                                                                        \
		typeof(ptr) freed_ = (ptr);                                                         \
		_Static_assert(offsetof(typeof(*freed_), rcu) < 512, "rcu_head is too far inside"); \
		if (freed_)                                                                         \
			__kcompat_kfree_rcu(&freed_->rcu, offsetof(typeof(*freed_), rcu));          \
	} while (0)
void __kcompat_kfree_rcu(struct rcu_head *head, size_t offset) KCOMPAT_API(kfree_rcu);

/* Publish a pointer, and read it. Whoever reads it sees what was written before it was published. */
#define rcu_assign_pointer(slot, ptr) __atomic_store_n(&(slot), ptr, __ATOMIC_RELEASE)
#define rcu_dereference(slot) __atomic_load_n(&(slot), __ATOMIC_ACQUIRE)
#define rcu_dereference_protected(slot, condition) ((void)(condition), rcu_dereference(slot))
#define rcu_access_pointer(slot) READ_ONCE(slot)
#define rcu_replace_pointer(slot, ptr, condition) ((void)(condition), __atomic_exchange_n(&(slot), ptr, __ATOMIC_ACQ_REL))
#define RCU_INIT_POINTER(slot, ptr) WRITE_ONCE(slot, ptr)

#endif
