/* SPDX-License-Identifier: MIT */
/*
 * Layer: heap. The list of heaps and the checks every allocation goes through.
 *
 * Called by: programs that want memory; a heap's own file adds itself from a constructor. Counterpart of the kernel's
 * drivers/dma-buf/dma-heap.c.
 *
 * Invariant: a heap in the list is complete and stays for ever, so that a pointer to it never dangles.
 */
#include <fcntl.h>
#include <string.h>

#include <dmabuf/dma-heap.h>

#include "src/base/alloc.h"
#include "src/base/list.h"
#include "src/base/memory.h"
#include "src/base/mutex.h"

struct dma_heap {
	struct dmabuf_list node;
	const char *name;
	const struct dma_heap_ops *ops;
	void *priv;
};

static struct base_mutex heaps_lock = BASE_MUTEX_INIT;
static struct dmabuf_list heaps = { &heaps, &heaps };

/* heaps_lock held. */
static struct dma_heap *find_locked(const char *name)
{
	struct dmabuf_list *pos;

	list_for_each(pos, &heaps) {
		struct dma_heap *heap = base_container(pos, struct dma_heap, node);

		if (!strcmp(heap->name, name))
			return heap;
	}
	return NULL;
}

struct dma_heap *dma_heap_add(const struct dma_heap_export_info *exp_info)
{
	struct dma_heap *heap;
	bool taken;

	if (!exp_info || !exp_info->name || !*exp_info->name || !exp_info->ops || !exp_info->ops->allocate)
		return dmabuf_err_ptr(-EINVAL);
	heap = dmabuf_base_alloc(sizeof(*heap));
	if (!heap)
		return dmabuf_err_ptr(-ENOMEM);
	heap->name = exp_info->name;
	heap->ops = exp_info->ops;
	heap->priv = exp_info->priv;
	dmabuf_base_mutex_lock(&heaps_lock);
	taken = find_locked(heap->name);
	if (!taken)
		list_insert_before(&heaps, &heap->node);
	dmabuf_base_mutex_unlock(&heaps_lock);
	if (taken) {
		dmabuf_base_free(heap);
		return dmabuf_err_ptr(-EINVAL);
	}
	return heap;
}

struct dma_heap *dma_heap_find(const char *name)
{
	struct dma_heap *heap;

	if (!name)
		return NULL;
	dmabuf_base_mutex_lock(&heaps_lock);
	heap = find_locked(name);
	dmabuf_base_mutex_unlock(&heaps_lock);
	return heap;
}

const char *dma_heap_get_name(struct dma_heap *heap)
{
	return heap->name;
}

void *dma_heap_get_drvdata(struct dma_heap *heap)
{
	return heap->priv;
}

struct dma_buf *dma_heap_buffer_alloc(struct dma_heap *heap, size_t len, uint32_t fd_flags, uint64_t heap_flags)
{
	size_t page = dmabuf_base_page_size();
	size_t rounded;

	if (!heap || (fd_flags & ~(uint32_t)(O_CLOEXEC | O_ACCMODE)) || heap_flags)
		return dmabuf_err_ptr(-EINVAL);
	rounded = (len + page - 1) & ~(page - 1);
	if (!rounded)
		return dmabuf_err_ptr(-EINVAL);
	return heap->ops->allocate(heap, rounded, fd_flags, heap_flags);
}
