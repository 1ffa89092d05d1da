/* SPDX-License-Identifier: MIT */
/* Locks that come in any order. */
#ifndef KCOMPAT_LINUX_WW_MUTEX_H
#define KCOMPAT_LINUX_WW_MUTEX_H

#include <linux/mutex.h>

#include <dmabuf/ww-mutex.h>

#endif
