/* SPDX-License-Identifier: MIT */
/*
 * Layer: heap. The `system` heap: zeroed pages of a new memory file for every buffer.
 *
 * Called by: dma_heap_buffer_alloc() on the heap named "system".
 *
 * Invariant: a memory file backs one buffer only, ever: whoever has seen it can keep pages of it in ways nobody can see.
 */
#include <dmabuf/dma-heap.h>

#include "src/base/memory.h"
#include "src/heap/memory-buf.h"

static struct dma_buf *allocate(struct dma_heap *heap, unsigned long len, uint32_t fd_flags, uint64_t heap_flags)
{
	struct dmabuf_memory *memory = dmabuf_base_memory_create("dmabuf:system", len);

	(void)heap_flags;
	if (dmabuf_is_err(memory))
		return (struct dma_buf *)memory;
	return dmabuf_memory_export(memory, len, dma_heap_get_name(heap), (int)fd_flags);
}

static const struct dma_heap_ops system_heap_ops = { .allocate = allocate };

static void __attribute__((constructor)) add_system_heap(void)
{
	const struct dma_heap_export_info info = { .name = "system", .ops = &system_heap_ops };

	dma_heap_add(&info);
}
