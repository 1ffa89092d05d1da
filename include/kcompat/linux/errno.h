/* SPDX-License-Identifier: MIT */
/* The errors that never reach a program. libc's <errno.h> comes here too, so nothing else may be in this file. */
#ifndef KCOMPAT_LINUX_ERRNO_H
#define KCOMPAT_LINUX_ERRNO_H

#include_next <linux/errno.h>

#ifndef ERESTARTSYS
#define ERESTARTSYS 512
#endif
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517
#define ENOTSUPP 524

#endif
