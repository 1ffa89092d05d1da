/* SPDX-License-Identifier: MIT */
/* Sections of a module; one program has no use for them. */
#ifndef KCOMPAT_LINUX_INIT_H
#define KCOMPAT_LINUX_INIT_H

#include <linux/compiler.h>

#define __init __attribute__((__unused__))
#define __exit __attribute__((__unused__))
#define __initdata
#define __initconst
#define __read_mostly
#define __ro_after_init

#endif
