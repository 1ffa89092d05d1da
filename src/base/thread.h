/* SPDX-License-Identifier: MIT */
/* A thread of the library's own: detached, without signals. */
#ifndef DMABUF_SRC_BASE_THREAD_H
#define DMABUF_SRC_BASE_THREAD_H

#include <dmabuf/base.h>

/* Run @func on a new thread until it returns. Returns 0 or -errno. */
int dmabuf_base_thread_start(const char *name, void (*func)(void));

#endif
