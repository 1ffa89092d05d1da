/* SPDX-License-Identifier: MIT */
/* Reports of misuse, for the handler of dmabuf_warn_set(). */
#ifndef DMABUF_SRC_BASE_WARN_H
#define DMABUF_SRC_BASE_WARN_H

#include <dmabuf/base.h>

/* Tell the handler; the caller goes on. */
void dmabuf_base_warn(const char *format, ...) __attribute__((format(printf, 1, 2), cold));
/* Tell the handler and trap: going on would lose a fence or use freed memory. */
void dmabuf_base_bug(const char *format, ...) __attribute__((format(printf, 1, 2), cold, noreturn));

/* @condition is a misuse: report it and say whether it held. */
#define warn_if(condition, ...) \
	(__builtin_expect(!!(condition), 0) ? (dmabuf_base_warn(__VA_ARGS__), true) : false)

#endif
