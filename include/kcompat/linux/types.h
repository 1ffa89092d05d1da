/* SPDX-License-Identifier: MIT */
/* Integers by width, and the types that every kernel header takes for granted. */
#ifndef KCOMPAT_LINUX_TYPES_H
#define KCOMPAT_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdarg.h>
#include <sys/types.h>

#include <kcompat.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef unsigned int gfp_t;
typedef unsigned short umode_t;
typedef struct dmabuf_spinlock spinlock_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#endif
