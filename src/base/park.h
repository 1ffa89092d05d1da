/* SPDX-License-Identifier: MIT */
/*
 * Time, and sleeping on a word of memory: the only places that know futexes and clocks.
 */
#ifndef DMABUF_SRC_BASE_PARK_H
#define DMABUF_SRC_BASE_PARK_H

#include <dmabuf/base.h>

enum futex_scope { FUTEX_ONE_PROCESS, FUTEX_SHARED };

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t dmabuf_base_now(void);

/*
 * Sleep while *@word is @expected, at most @timeout_ns. Returns 0 woken (or the word differed, or for no reason at all:
 * look again), -ETIMEDOUT, -EINTR when a signal handler ran, whatever its SA_RESTART says.
 */
int dmabuf_base_futex_wait(uint32_t *word, uint32_t expected, enum futex_scope scope, long timeout_ns);

/* Wake at most @count sleepers. */
void dmabuf_base_futex_wake(uint32_t *word, int count, enum futex_scope scope);

/* How many processors there are. */
unsigned int dmabuf_base_cpus(void);

static inline void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" ::: "memory");
#endif
}

#endif
