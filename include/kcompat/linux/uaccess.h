/* SPDX-License-Identifier: MIT */
/*
 * Memory of the program. It is in the same address space, but may be anything: a pointer to nowhere is an error and not a
 * crash, unless the machine forbids process_vm_readv().
 */
#ifndef KCOMPAT_LINUX_UACCESS_H
#define KCOMPAT_LINUX_UACCESS_H

#include <linux/compiler.h>

/* Bytes that could *not* be copied. */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long size) KCOMPAT_API(copy_from_user);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long size) KCOMPAT_API(copy_to_user);

#endif
