/* SPDX-License-Identifier: MIT */
/*
 * Modules. All modules of a program are linked into it; dmabuf_kcompat_modules_init() runs their init functions in the
 * order in which they were linked, dmabuf_kcompat_modules_exit() the exit functions in the opposite order.
 */
#ifndef KCOMPAT_LINUX_MODULE_H
#define KCOMPAT_LINUX_MODULE_H

#include_next <linux/module.h>

#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>

struct module;
#define THIS_MODULE ((struct module *)NULL)

typedef struct dmabuf_kcompat_module {
	const char *file;
	int (*init)(void);	/* NULL: this is an exit function */
	void (*exit)(void);	/* NULL: this is an init function */
	struct dmabuf_kcompat_module *next;
} dmabuf_kcompat_module_t;

void dmabuf_kcompat_module_add(struct dmabuf_kcompat_module *module) __attribute__((visibility("default")));
/* Returns 0, or the error of the first init function that failed: the later ones were not run. */
int dmabuf_kcompat_modules_init(void) __attribute__((visibility("default")));
void dmabuf_kcompat_modules_exit(void) __attribute__((visibility("default")));

#define __kcompat_module(kind, func)                                                               \
	static void __attribute__((__constructor__)) __PASTE(kcompat_add_##kind##_, func)(void)    \
	{                                                                                          \
		static struct dmabuf_kcompat_module module = { .file = __FILE__, .kind = (func) }; \
		dmabuf_kcompat_module_add(&module);                                                \
	}
#define module_init(func) __kcompat_module(init, func)
#define module_exit(func) __kcompat_module(exit, func)
#define late_initcall(func) module_init(func)

#define __kcompat_modinfo(what) \
	static const char __PASTE(kcompat_modinfo_, __COUNTER__)[] __attribute__((__unused__)) = what
#define MODULE_LICENSE(text) __kcompat_modinfo("license=" text)
#define MODULE_AUTHOR(text) __kcompat_modinfo("author=" text)
#define MODULE_DESCRIPTION(text) __kcompat_modinfo("description=" text)
#define MODULE_IMPORT_NS(ns) __kcompat_modinfo("import_ns=" #ns)

#endif
