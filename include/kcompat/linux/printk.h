/* SPDX-License-Identifier: MIT */
/*
 * Messages. They go to standard error, or to the handler of dmabuf_kcompat_printk_set().
 *
 * No format attribute: kernel-style code prints a u64 with %llu, and ours is an unsigned long of the same size. The
 * formats of vsnprintf() are understood, not the kernel's own additions to %p.
 */
#ifndef KCOMPAT_LINUX_PRINTK_H
#define KCOMPAT_LINUX_PRINTK_H

#include <linux/compiler.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_CONT KERN_SOH "c"

int printk(const char *format, ...) KCOMPAT_API(printk);

/* @level: '0' to '7', or 'c' for a continued line. */
typedef void (*dmabuf_kcompat_printk_t)(char level, const char *text);
void dmabuf_kcompat_printk_set(dmabuf_kcompat_printk_t handler) __attribute__((visibility("default")));

#ifndef pr_fmt
#define pr_fmt(format) format
#endif

#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...) printk(KERN_CONT format, ##__VA_ARGS__)
#ifdef DEBUG
#define pr_debug(format, ...) printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__)
#else
#define pr_debug(format, ...) ((void)(0 && printk(pr_fmt(format), ##__VA_ARGS__)))
#endif

#define __kcompat_once(statement)                                         \
	do {                                                              \
		static bool done_;                                        \
		if (!__atomic_exchange_n(&done_, true, __ATOMIC_RELAXED)) \
			statement;                                        \
	} while (0)
#define pr_err_once(...) __kcompat_once(pr_err(__VA_ARGS__))
#define pr_warn_once(...) __kcompat_once(pr_warn(__VA_ARGS__))
#define pr_notice_once(...) __kcompat_once(pr_notice(__VA_ARGS__))
#define pr_info_once(...) __kcompat_once(pr_info(__VA_ARGS__))

#endif
