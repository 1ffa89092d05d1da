/* SPDX-License-Identifier: MIT */
/* Small numbers for pointers. The caller's lock protects the table. */
#ifndef KCOMPAT_LINUX_IDR_H
#define KCOMPAT_LINUX_IDR_H

#include <linux/gfp.h>

struct kcompat_idr_slot;

struct idr {
	/* private: */
	struct kcompat_idr_slot *slots;		/* by number less @base; NULL while none was given */
	int base, num_slots;
};

#define IDR_INIT(name) { 0 }
#define DEFINE_IDR(name) struct idr name = IDR_INIT(name)

/* Numbers below @base are never asked for. */
void idr_init_base(struct idr *idr, int base) KCOMPAT_API(idr_init_base);
#define idr_init(idr) idr_init_base(idr, 0)
/* The smallest free number from @start to @end-1; @end 0: no end. -ENOMEM, -ENOSPC, -EINVAL. @ptr may be NULL. */
int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp) KCOMPAT_API(idr_alloc);
/* What @id stands for; NULL also when it was not given. */
void *idr_find(const struct idr *idr, unsigned long id) KCOMPAT_API(idr_find);
/* The old pointer, or -ENOENT in an error pointer. */
void *idr_replace(struct idr *idr, void *ptr, unsigned long id) KCOMPAT_API(idr_replace);
void *idr_remove(struct idr *idr, unsigned long id) KCOMPAT_API(idr_remove);
/* Upwards, skipping NULL pointers, until @func returns something else than 0; that is returned. */
int idr_for_each(const struct idr *idr, int (*func)(int id, void *ptr, void *data), void *data) KCOMPAT_API(idr_for_each);
void idr_destroy(struct idr *idr) KCOMPAT_API(idr_destroy);
bool idr_is_empty(const struct idr *idr) KCOMPAT_API(idr_is_empty);

#endif
