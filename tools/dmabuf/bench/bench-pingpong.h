/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_PINGPONG_H
#define DMABUF_TOOL_BENCH_PINGPONG_H

#include "bench-pair.h"

/* Rounds that are prepared together. */
#define PINGPONG_ROUNDS 512

/* For a waiter that shall sleep: twice as long as the library ever spins. */
#define PINGPONG_IDLE_NS 40000

/*
 * One way to send a signal and to wait for it. The lead's side signals round
 * 0, the partner waits for it and signals its own round 0, and so on.
 */
struct pingpong {
	/* Both sides, not timed: the next @rounds start again at 0. Or NULL. */
	void (*begin)(enum bench_side side, unsigned int rounds);
	void (*signal)(enum bench_side side, unsigned int round);
	void (*wait)(enum bench_side side, unsigned int round);
	/* Both sides, not timed. Or NULL. */
	void (*end)(enum bench_side side, unsigned int rounds);
	/*
	 * How long a side keeps busy before it signals, so that the other one
	 * surely sleeps. Not part of the result.
	 */
	int64_t idle_ns;
};

/*
 * pingpong_side() - play one side of @count rounds; returns the nanoseconds
 * they took, both ways and keeping busy included
 */
int64_t pingpong_side(const struct pingpong *game, enum bench_side side, uint64_t count,
		      int64_t *ret_idle_ns);

/*
 * For struct bench with @arg a struct pingpong: two processes play it, and
 * what is measured is one way, from the signal to the end of the wait.
 */
int64_t pingpong_measure(const struct bench *bench, uint64_t count);
int64_t pingpong_partner(const struct bench *bench, uint64_t count);

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" : : : "memory");
#endif
}

#endif
