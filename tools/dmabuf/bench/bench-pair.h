/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_PAIR_H
#define DMABUF_TOOL_BENCH_PAIR_H

#include "bench.h"

/* enum bench_side - the two ends of a row: it is measured in the first */
enum bench_side {
	BENCH_LEAD,
	BENCH_PARTNER,
	BENCH_SIDES,
};

/* bench_cpus() - how many CPUs we may run on, two if there are more */
int bench_cpus(void);

/* bench_go_to_cpu() - stay on the CPU that is this side's of a row */
void bench_go_to_cpu(enum bench_place place, enum bench_side side);

/* bench_follow_parent() - die with @parent, which is expected to be our parent */
void bench_follow_parent(int parent);

/* bench_pair_open() - fork the partner, which serves until bench_pair_close() */
void bench_pair_open(const struct bench *bench);

/* bench_pair_close() - end the partner and reap it */
void bench_pair_close(void);

/* bench_pair_start() - let the partner's function run with @count; does not wait */
void bench_pair_start(uint64_t count);

/* bench_pair_join() - wait for that; returns what the partner's function did */
int64_t bench_pair_join(void);

#endif
