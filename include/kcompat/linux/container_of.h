/* SPDX-License-Identifier: MIT */
/* From a member to the structure around it. */
#ifndef KCOMPAT_LINUX_CONTAINER_OF_H
#define KCOMPAT_LINUX_CONTAINER_OF_H

#include <linux/compiler.h>

/* The first operand is never evaluated: it makes the compiler complain when @ptr is of another type than the member. */
#define container_of(ptr, type, member)                                       \
	((type *)((char *)(0 ? &((type *)0)->member : (ptr)) - offsetof(type, member)))

#endif
