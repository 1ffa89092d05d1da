/* SPDX-License-Identifier: MIT */
/* Pages. Their size is the machine's, known at run time. */
#ifndef KCOMPAT_LINUX_MM_H
#define KCOMPAT_LINUX_MM_H

#include <linux/slab.h>
#include <linux/wait_bit.h>

unsigned long __kcompat_page_size(void) KCOMPAT_API(page_size) __attribute__((__const__));
#undef PAGE_SIZE
#define PAGE_SIZE __kcompat_page_size()
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(address) ALIGN(address, PAGE_SIZE)
#define PAGE_ALIGNED(address) IS_ALIGNED((unsigned long)(address), PAGE_SIZE)

#endif
