/* SPDX-License-Identifier: MIT */
/* Ticks: a jiffy is a nanosecond, as in all timeouts of the library. */
#ifndef KCOMPAT_LINUX_JIFFIES_H
#define KCOMPAT_LINUX_JIFFIES_H

#include <linux/ktime.h>

#undef HZ
#define HZ 1000000000L
#define jiffies ((unsigned long)ktime_get())
#define MAX_JIFFY_OFFSET ((unsigned long)(LONG_MAX >> 1) - 1)

/* Which of two moments comes first, also when the counter has run over between them. */
#define time_before(a, b) ((long)((unsigned long)(a) - (unsigned long)(b)) < 0)
#define time_after(a, b) time_before(b, a)
#define time_before_eq(a, b) (!time_after(a, b))
#define time_after_eq(a, b) (!time_before(a, b))
#define time_is_before_jiffies(a) time_after(jiffies, a)
#define time_is_after_jiffies(a) time_before(jiffies, a)

#define nsecs_to_jiffies(ns) ((unsigned long)(ns))
#define usecs_to_jiffies(us) ((unsigned long)(us) * NSEC_PER_USEC)
#define msecs_to_jiffies(ms) ((unsigned long)(ms) * NSEC_PER_MSEC)
#define jiffies_to_nsecs(j) ((u64)(j))
#define jiffies_to_usecs(j) ((unsigned int)((unsigned long)(j) / NSEC_PER_USEC))
#define jiffies_to_msecs(j) ((unsigned int)((unsigned long)(j) / NSEC_PER_MSEC))

#endif
