/* SPDX-License-Identifier: MIT */
/* Sleeping for a time, and spinning for one. */
#ifndef KCOMPAT_LINUX_DELAY_H
#define KCOMPAT_LINUX_DELAY_H

#include <linux/sched.h>

void msleep(unsigned int ms) KCOMPAT_API(msleep);
void usleep_range(unsigned long min_us, unsigned long max_us) KCOMPAT_API(usleep_range);
/* Milliseconds left when a signal handler ran, else 0. */
unsigned long msleep_interruptible(unsigned int ms) KCOMPAT_API(msleep_interruptible);
void ndelay(unsigned long ns) KCOMPAT_API(ndelay);

#define ssleep(seconds) msleep((seconds) * 1000)
#define fsleep(us) usleep_range(us, 2 * (us))
#define udelay(us) ndelay((us) * NSEC_PER_USEC)
#define mdelay(ms) ndelay((ms) * NSEC_PER_MSEC)

#endif
