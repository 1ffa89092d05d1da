/* SPDX-License-Identifier: MIT */
/* What kernel-style code expects to have without asking. */
#ifndef KCOMPAT_LINUX_KERNEL_H
#define KCOMPAT_LINUX_KERNEL_H

#include_next <linux/kernel.h>

#include <limits.h>
#include <stdio.h>

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/math.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/types.h>

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MAX INT32_MAX
#define S32_MIN INT32_MIN
#define S64_MAX INT64_MAX
#define S64_MIN INT64_MIN

#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(u64)(x))

/* An annotation only: the library itself reports a wait in atomic context. */
#define might_sleep() ((void)0)

#endif
