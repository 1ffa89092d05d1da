/* SPDX-License-Identifier: MIT */
/*
 * kcompat: modules that are linked into a program.
 *
 * Called by: constructors that module_init() and module_exit() make, then the program.
 *
 * Invariant: the list is complete before main() begins.
 */
#include <linux/module.h>

static struct dmabuf_kcompat_module *modules, **modules_end = &modules;

void dmabuf_kcompat_module_add(struct dmabuf_kcompat_module *module)
{
	*modules_end = module;
	modules_end = &module->next;
}

int dmabuf_kcompat_modules_init(void)
{
	for (struct dmabuf_kcompat_module *module = modules; module; module = module->next) {
		int ret = module->init ? module->init() : 0;

		if (ret < 0)
			return ret;
	}
	return 0;
}

static void exit_from(struct dmabuf_kcompat_module *module)
{
	if (!module)
		return;
	exit_from(module->next);
	if (module->exit)
		module->exit();
}

void dmabuf_kcompat_modules_exit(void)
{
	exit_from(modules);
}
