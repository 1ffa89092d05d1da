/* SPDX-License-Identifier: MIT */
/*
 * kcompat: small numbers for pointers, as an array that grows.
 *
 * Called by: drivers, who hold a lock of their own.
 *
 * Invariant: slot i stands for the number base + i; a slot that is taken may hold NULL.
 */
#include <stdlib.h>

#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kernel.h>

struct kcompat_idr_slot {
	void *ptr;
	bool taken;
};

void idr_init_base(struct idr *idr, int base)
{
	*idr = (struct idr){ .base = base };
}

/* The slot of a number that was given, else NULL. */
static struct kcompat_idr_slot *slot_of(const struct idr *idr, unsigned long id)
{
	unsigned long i = id - (unsigned long)idr->base;

	return i < (unsigned long)idr->num_slots && idr->slots[i].taken ? &idr->slots[i] : NULL;
}

static int make_room(struct idr *idr, int wanted)
{
	int room = max(wanted, idr->num_slots + idr->num_slots / 2 + 8);
	struct kcompat_idr_slot *slots = realloc(idr->slots, (size_t)room * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memset(&slots[idr->num_slots], 0, (size_t)(room - idr->num_slots) * sizeof(*slots));
	idr->slots = slots;
	idr->num_slots = room;
	return 0;
}

int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp)
{
	int i = max(start - idr->base, 0);

	(void)gfp;
	if (WARN(start < 0, "idr_alloc: numbers are not negative"))
		return -EINVAL;
	while (i < idr->num_slots && idr->slots[i].taken)
		i++;
	if (end > 0 && idr->base + i >= end)
		return -ENOSPC;
	if (i >= idr->num_slots && make_room(idr, i + 1) < 0)
		return -ENOMEM;
	idr->slots[i] = (struct kcompat_idr_slot){ ptr, true };
	return idr->base + i;
}

void *idr_find(const struct idr *idr, unsigned long id)
{
	struct kcompat_idr_slot *slot = slot_of(idr, id);

	return slot ? slot->ptr : NULL;
}

void *idr_replace(struct idr *idr, void *ptr, unsigned long id)
{
	struct kcompat_idr_slot *slot = slot_of(idr, id);
	void *old;

	if (!slot)
		return ERR_PTR(-ENOENT);
	old = slot->ptr;
	slot->ptr = ptr;
	return old;
}

void *idr_remove(struct idr *idr, unsigned long id)
{
	struct kcompat_idr_slot *slot = slot_of(idr, id);
	void *old = idr_find(idr, id);

	if (slot)
		*slot = (struct kcompat_idr_slot){ NULL, false };
	return old;
}

int idr_for_each(const struct idr *idr, int (*func)(int id, void *ptr, void *data), void *data)
{
	int ret = 0;

	for (int i = 0; i < idr->num_slots && !ret; i++) {
		if (idr->slots[i].ptr)
			ret = func(idr->base + i, idr->slots[i].ptr, data);
	}
	return ret;
}

bool idr_is_empty(const struct idr *idr)
{
	for (int i = 0; i < idr->num_slots; i++) {
		if (idr->slots[i].taken)
			return false;
	}
	return true;
}

void idr_destroy(struct idr *idr)
{
	free(idr->slots);
	*idr = (struct idr){ .base = idr->base };
}
