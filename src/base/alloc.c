/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. The allocator of the upper layers.
 *
 * Called by: fence, resv, buf and everything below; they never call malloc themselves, so that a port to another
 * environment replaces this file.
 *
 * Invariant: memory is zeroed.
 */
#include <stdlib.h>

#include "src/base/alloc.h"

void *dmabuf_base_alloc(size_t size)
{
	return calloc(1, size);
}

void dmabuf_base_free(void *ptr)
{
	free(ptr);
}

size_t dmabuf_base_good_size(size_t size)
{
	/* glibc hands out multiples of 16 with an 8-byte header in front. */
	return ((size + 8 + 15) & ~(size_t)15) - 8;
}
