/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. The order of merged fences: by context, within one context newest first.
 *
 * Called by: dma-fence-unwrap.c. What comes out of a merge goes into the next one, so most of what is sorted here is sorted
 * already, with something new at its end: the head in order costs one comparison each.
 *
 * Invariant: stable, and never fails: without memory for merging it inserts one by one.
 */
#include "src/base/alloc.h"
#include "src/fence/fence-internal.h"

/* So many out of order at the end are inserted where they belong; more are merged. */
#define FEW 8

/* How many from the start are in order. */
static unsigned int ordered_head(struct dma_fence **fences, unsigned int num)
{
	unsigned int i = 1;

	while (i < num && fence_is_in_order(fences[i - 1], fences[i]))
		i++;
	return i;
}

/* Move fences[at] to its place among those before it, which are in order. */
static void insert(struct dma_fence **fences, unsigned int at)
{
	struct dma_fence *fence = fences[at];
	unsigned int low = 0, high = at;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (fence_is_in_order(fences[middle], fence))
			low = middle + 1;
		else
			high = middle;
	}
	__builtin_memmove(&fences[low + 1], &fences[low], (at - low) * sizeof(*fences));
	fences[low] = fence;
}

/* Merge the ordered from[0..middle) and from[middle..num) into @to. */
static void merge(struct dma_fence **from, unsigned int middle, unsigned int num, struct dma_fence **to)
{
	unsigned int left = 0, right = middle;

	if (fence_is_in_order(from[middle - 1], from[middle])) {
		__builtin_memcpy(to, from, num * sizeof(*from));
		return;
	}
	for (unsigned int i = 0; i < num; i++) {
		bool take_left = right == num || (left < middle && fence_is_in_order(from[left], from[right]));

		to[i] = take_left ? from[left++] : from[right++];
	}
}

/* Runs of @width become runs of twice that, from one place to the other. */
static void merge_pass(struct dma_fence **from, struct dma_fence **to, unsigned int num, unsigned int width)
{
	for (unsigned int start = 0; start < num; start += 2 * width) {
		unsigned int len = num - start < 2 * width ? num - start : 2 * width;

		if (len > width)
			merge(from + start, width, len, to + start);
		else
			__builtin_memcpy(to + start, from + start, len * sizeof(*from));
	}
}

static void merge_sort(struct dma_fence **fences, struct dma_fence **space, unsigned int num)
{
	struct dma_fence **from = fences, **to = space, **swap;

	for (unsigned int width = 1; width < num; width *= 2) {
		merge_pass(from, to, num, width);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != fences)
		__builtin_memcpy(fences, from, num * sizeof(*fences));
}

void dma_fence_sort(struct dma_fence **fences, unsigned int num)
{
	unsigned int head = num ? ordered_head(fences, num) : 0;
	struct dma_fence **space = NULL;

	if (num - head > FEW)
		space = dmabuf_base_alloc(num * sizeof(*fences));
	if (space) {
		merge_sort(fences, space, num);
		dmabuf_base_free(space);
		return;
	}
	while (head < num)
		insert(fences, head++);
}
