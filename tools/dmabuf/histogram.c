// SPDX-License-Identifier: MIT
/*
 * A histogram of fixed size: buckets grow with the value, so that any number
 * of nanoseconds is kept to within 7 %. Used by the demo's stages for hand-off
 * latencies, which may come by the million.
 *
 * Invariant: values below HISTOGRAM_STEPS have a bucket each; from there on
 * every doubling has HISTOGRAM_STEPS buckets, and buckets are in order.
 */
#include "histogram.h"

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < HISTOGRAM_STEPS)
		return value;
	shift = 63 - __builtin_clzll(value) - HISTOGRAM_STEP_BITS;
	return (shift + 1) * HISTOGRAM_STEPS + (value >> shift) - HISTOGRAM_STEPS;
}

/* The largest value that lands in this bucket. */
static uint64_t bucket_end(unsigned int bucket)
{
	const unsigned int shift = bucket / HISTOGRAM_STEPS;
	uint64_t step = bucket % HISTOGRAM_STEPS;

	if (!shift)
		return step;
	step += HISTOGRAM_STEPS;
	return (step << (shift - 1)) + ((UINT64_C(1) << (shift - 1)) - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->bucket[bucket_of(value)]++;
	if (value > histogram->max)
		histogram->max = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, unsigned int percent)
{
	const uint64_t rank = (histogram->count * percent + 99) / 100;
	uint64_t seen = 0, end;
	unsigned int i;

	if (!histogram->count)
		return 0;
	for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		seen += histogram->bucket[i];
		if (seen >= rank)
			break;
	}
	end = bucket_end(i);
	return end < histogram->max ? end : histogram->max;
}
