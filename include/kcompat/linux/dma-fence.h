/* SPDX-License-Identifier: MIT */
/* Fences, and what the kernel's header of this name brings along. */
#ifndef KCOMPAT_LINUX_DMA_FENCE_H
#define KCOMPAT_LINUX_DMA_FENCE_H

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include <dmabuf/dma-fence.h>

#endif
