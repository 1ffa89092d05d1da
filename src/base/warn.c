/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Where warnings go: to the program's handler, or nowhere. Error pointers live here too.
 *
 * Called by: every layer, for what the kernel reports by WARN and BUG.
 *
 * Invariant: the library itself never prints.
 */
#include <stdarg.h>
#include <stdio.h>

#include "src/base/warn.h"

#define SENTENCE_MAX 256
#define ERRNO_MAX 4095

static void (*warn_handler)(void *data, const char *sentence);
static void *warn_data;

void dmabuf_warn_set(void (*handler)(void *data, const char *sentence), void *data)
{
	warn_data = data;
	__atomic_store_n(&warn_handler, handler, __ATOMIC_RELEASE); /* Pairs with the load in tell(). */
}

static void tell(const char *format, va_list args)
{
	/* Pairs with the store in dmabuf_warn_set(): a handler that is seen finds its data. */
	void (*handler)(void *, const char *) = __atomic_load_n(&warn_handler, __ATOMIC_ACQUIRE);
	char sentence[SENTENCE_MAX];

	if (!handler)
		return;
	vsnprintf(sentence, sizeof(sentence), format, args);
	handler(warn_data, sentence);
}

void dmabuf_base_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(format, args);
	va_end(args);
}

void dmabuf_base_bug(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(format, args);
	va_end(args);
	__builtin_trap();
}

void *dmabuf_err_ptr(long error)
{
	return (void *)error;
}

long dmabuf_ptr_err(const void *ptr)
{
	return (long)ptr;
}

bool dmabuf_is_err(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-ERRNO_MAX;
}
