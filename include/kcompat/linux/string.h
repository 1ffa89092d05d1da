/* SPDX-License-Identifier: MIT */
/* libc's strings, and the kernel's safe copy. */
#ifndef KCOMPAT_LINUX_STRING_H
#define KCOMPAT_LINUX_STRING_H

#include_next <linux/string.h>

#include <linux/compiler.h>

/*
 * Copy what fits into @size bytes and always end it with a 0. Returns the length of the copy, or -E2BIG when @source was
 * longer.
 */
ssize_t strscpy(char *dest, const char *source, size_t size) KCOMPAT_API(strscpy);

char *kstrdup(const char *text, gfp_t gfp) KCOMPAT_API(kstrdup);
void *kmemdup(const void *source, size_t size, gfp_t gfp) KCOMPAT_API(kmemdup);

#endif
