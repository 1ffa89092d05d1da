/* SPDX-License-Identifier: MIT */
/*
 * kcompat: messages, warnings, and the string functions that libc lacks.
 *
 * Called by: drivers. A message goes to the program's handler, or to standard error.
 *
 * Invariant: a message is handed on whole, in one call.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/bug.h>
#include <linux/string.h>

#define MESSAGE_MAX 1024
#define DEFAULT_LEVEL '4'

static void to_stderr(char level, const char *text)
{
	(void)level;
	fputs(text, stderr);
}

static dmabuf_kcompat_printk_t print = to_stderr;

void dmabuf_kcompat_printk_set(dmabuf_kcompat_printk_t handler)
{
	__atomic_store_n(&print, handler ? handler : to_stderr, __ATOMIC_RELEASE);
}

static void hand_on(char level, const char *text)
{
	__atomic_load_n(&print, __ATOMIC_ACQUIRE)(level, text);
}

int printk(const char *format, ...)
{
	char text[MESSAGE_MAX], level = DEFAULT_LEVEL;
	va_list args;
	int length;

	if (format[0] == KERN_SOH[0] && format[1]) {
		level = format[1];
		format += 2;
	}
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hand_on(level, text);
	return length;
}

void __kcompat_warn(const char *file, int line, const char *func, const char *format, ...)
{
	char text[MESSAGE_MAX] = "";
	va_list args;

	if (format) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	printk(KERN_WARNING "WARNING: at %s:%d %s(): %s\n", file, line, func, text);
}

void __kcompat_bug(const char *file, int line, const char *func)
{
	printk(KERN_EMERG "BUG: at %s:%d %s()\n", file, line, func);
	abort();
}

ssize_t strscpy(char *dest, const char *source, size_t size)
{
	size_t length;

	if (!size)
		return -E2BIG;
	length = strnlen(source, size);
	if (length == size) {
		memcpy(dest, source, size - 1);
		dest[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dest, source, length + 1);
	return (ssize_t)length;
}
