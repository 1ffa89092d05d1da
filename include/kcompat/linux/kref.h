/* SPDX-License-Identifier: MIT */
/* Reference counts. struct kref is the one in a struct dma_fence. */
#ifndef KCOMPAT_LINUX_KREF_H
#define KCOMPAT_LINUX_KREF_H

#include <linux/compiler.h>

static inline void kref_init(struct kref *ref)
{
	WRITE_ONCE(ref->count, 1);
}

static inline unsigned int kref_read(const struct kref *ref)
{
	return READ_ONCE(ref->count);
}

static inline void kref_get(struct kref *ref)
{
	__atomic_fetch_add(&ref->count, 1, __ATOMIC_RELAXED);
}

/* False when the count had fallen to zero. */
static inline bool __must_check kref_get_unless_zero(struct kref *ref)
{
	u32 count = READ_ONCE(ref->count);

	while (count)
		if (__atomic_compare_exchange_n(&ref->count, &count, count + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/* 1 if this was the last one and @release has run. */
static inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (__atomic_fetch_sub(&ref->count, 1, __ATOMIC_ACQ_REL) > 1)
		return 0;
	release(ref);
	return 1;
}

#endif
