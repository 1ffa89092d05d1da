/* SPDX-License-Identifier: MIT */
/* The allocator in front of the C library's; see no-memory.h. The library allocates by calloc(3) only, in one place. */
#include <stdlib.h>

#include "no-memory.h"

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static __thread bool scarce, failed;
static __thread unsigned int left;

void no_memory(unsigned int good)
{
	scarce = true;
	failed = false;
	left = good;
}

bool memory_again(void)
{
	scarce = false;
	return failed;
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (!scarce || left-- > 0)
		return __real_calloc(n, size);
	left = 0;
	failed = true;
	return NULL;
}
