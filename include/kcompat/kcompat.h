/* SPDX-License-Identifier: MIT */
/*
 * The one place where a kernel word becomes one of ours.
 *
 * The headers beside this file carry the kernel's names so that kernel-style C compiles unchanged on top of libdmabuf.
 * They are a client of the native headers in <dmabuf/...>; nothing of the library includes them. A program asks for them
 * with pkg-config libdmabuf-kcompat, which puts this directory *before* the system's: a header that the system has as
 * well passes on to it with #include_next.
 *
 * What is here does what its name says. What user space cannot do is absent, so that its use fails to compile.
 */
#ifndef KCOMPAT_H
#define KCOMPAT_H

#include <dmabuf/base.h>

/*
 * Types that stand in signatures of the native headers. Macros, because `struct spinlock` and `struct dmabuf_spinlock`
 * must be one type.
 */
#define spinlock dmabuf_spinlock
#define list_head dmabuf_list
#define kref dmabuf_kref
#define rcu_head dmabuf_rcu_head
#define seq_file dmabuf_seq

/*
 * A function of libdmabuf-kcompat: to C it has the kernel's name, to the linker one of ours, so that it can live beside
 * any other library's rb_erase() or idr_alloc().
 */
#define KCOMPAT_API(name) __asm__("dmabuf_kcompat_" #name) __attribute__((visibility("default")))

#endif
