/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_FENCE_H
#define DMABUF_TOOL_BENCH_FENCE_H

#include <dmabuf/dma-fence.h>

#include "bench.h"

/* The plainest fence there can be: two names. */
extern const struct dma_fence_ops bench_fence_ops;

/* Calls between two moments at which what was put is really freed. */
#define BENCH_FREE_EVERY 1000

/*
 * As BENCH_TIME(), for a @statement that ends fences: their memory is freed
 * while the clock stands.
 */
#define BENCH_TIME_FREEING(count, statement)                                      \
	({                                                                        \
		int64_t spent_ns_ = 0;                                            \
		uint64_t left_ = (count);                                         \
		while (left_) {                                                   \
			unsigned int part_ = bench_part(left_, BENCH_FREE_EVERY); \
			spent_ns_ += BENCH_TIME(i_, part_, statement);            \
			dmabuf_barrier();                                         \
			left_ -= part_;                                           \
		}                                                                 \
		spent_ns_;                                                        \
	})

#endif
