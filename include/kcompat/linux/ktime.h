/* SPDX-License-Identifier: MIT */
/* Times: nanoseconds of CLOCK_MONOTONIC. */
#ifndef KCOMPAT_LINUX_KTIME_H
#define KCOMPAT_LINUX_KTIME_H

#include <linux/types.h>

typedef s64 ktime_t;

#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L
#define USEC_PER_MSEC 1000L
#define USEC_PER_SEC 1000000L
#define MSEC_PER_SEC 1000L
#define KTIME_MAX INT64_MAX

ktime_t ktime_get(void) KCOMPAT_API(ktime_get);

#define ktime_get_ns() ((u64)ktime_get())
#define ktime_to_ns(t) ((s64)(t))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ms_to_ktime(ms) ((ktime_t)(ms) * NSEC_PER_MSEC)
#define us_to_ktime(us) ((ktime_t)(us) * NSEC_PER_USEC)
#define ktime_to_us(t) ((s64)(t) / NSEC_PER_USEC)
#define ktime_to_ms(t) ((s64)(t) / NSEC_PER_MSEC)
#define ktime_add(a, b) ((ktime_t)(a) + (ktime_t)(b))
#define ktime_sub(a, b) ((ktime_t)(a) - (ktime_t)(b))
#define ktime_add_ns(t, ns) ktime_add(t, ns)
#define ktime_add_us(t, us) ktime_add(t, us_to_ktime(us))
#define ktime_add_ms(t, ms) ktime_add(t, ms_to_ktime(ms))
#define ktime_sub_ns(t, ns) ktime_sub(t, ns)
#define ktime_before(a, b) ((ktime_t)(a) < (ktime_t)(b))
#define ktime_after(a, b) ktime_before(b, a)
#define ktime_us_delta(later, earlier) ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms(ktime_sub(later, earlier))

static inline int ktime_compare(ktime_t a, ktime_t b)
{
	return (a > b) - (a < b);
}

static inline ktime_t ktime_set(s64 seconds, unsigned long ns)
{
	return seconds >= KTIME_MAX / NSEC_PER_SEC ? KTIME_MAX : seconds * NSEC_PER_SEC + (s64)ns;
}

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

static inline struct timespec64 ktime_to_timespec64(ktime_t t)
{
	s64 seconds = t / NSEC_PER_SEC - (t % NSEC_PER_SEC < 0);

	return (struct timespec64){ seconds, t - seconds * NSEC_PER_SEC };
}

#endif
