/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_HISTOGRAM_H
#define DMABUF_TOOL_HISTOGRAM_H

#include <stdint.h>

/* Each doubling is divided into so many steps: 1/16, about 6 %. */
#define HISTOGRAM_STEP_BITS	4
#define HISTOGRAM_STEPS		(1 << HISTOGRAM_STEP_BITS)
#define HISTOGRAM_BUCKETS	((64 - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS)

/* How often which value was seen; zeroed memory is an empty one. */
struct histogram {
	uint64_t count;
	uint64_t max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* histogram_add() - note one value */
void histogram_add(struct histogram *histogram, uint64_t value);

/**
 * histogram_quantile() - below which value is this part of them?
 * @histogram: values
 * @percent: 1 to 100
 *
 * Return: the upper end of the bucket, never above the largest value; 0 for an
 * empty histogram.
 */
uint64_t histogram_quantile(const struct histogram *histogram, unsigned int percent);

#endif
