/* SPDX-License-Identifier: MIT */
/* Random numbers from the system. */
#ifndef KCOMPAT_LINUX_RANDOM_H
#define KCOMPAT_LINUX_RANDOM_H

#include_next <linux/random.h>

#include <linux/types.h>

void get_random_bytes(void *buf, size_t size) KCOMPAT_API(get_random_bytes);
u64 get_random_u64(void) KCOMPAT_API(get_random_u64);
#define get_random_u32() ((u32)get_random_u64())
/* Evenly out of 0..@limit-1; 0 stands for 2^32. */
u32 get_random_u32_below(u32 limit) KCOMPAT_API(get_random_u32_below);
#define get_random_u32_inclusive(low, high) ((low) + get_random_u32_below((u32)(high) - (u32)(low) + 1))

#endif
