/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Clock and futex calls.
 *
 * Called by: every sleep of the library, in one process or on shared memory.
 *
 * Invariant: a sleep always has an end in the kernel's eyes. Only so does a signal handler with SA_RESTART end it: the
 * kernel restarts a futex wait without a time limit by itself.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "src/base/park.h"

#define NSEC_PER_SEC 1000000000L
#define LONGEST_SLEEP_NS (3600 * NSEC_PER_SEC)

int64_t dmabuf_base_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int dmabuf_base_futex_wait(uint32_t *word, uint32_t expected, enum futex_scope scope, long timeout_ns)
{
	int op = FUTEX_WAIT | (scope == FUTEX_ONE_PROCESS ? FUTEX_PRIVATE_FLAG : 0);
	struct timespec ts;

	if (timeout_ns > LONGEST_SLEEP_NS)
		timeout_ns = LONGEST_SLEEP_NS;
	ts.tv_sec = timeout_ns / NSEC_PER_SEC;
	ts.tv_nsec = timeout_ns % NSEC_PER_SEC;
	if (syscall(SYS_futex, word, op, expected, &ts, NULL, 0) == 0)
		return 0;
	return errno == EINTR || errno == ETIMEDOUT ? -errno : 0;
}

void dmabuf_base_futex_wake(uint32_t *word, int count, enum futex_scope scope)
{
	syscall(SYS_futex, word, FUTEX_WAKE | (scope == FUTEX_ONE_PROCESS ? FUTEX_PRIVATE_FLAG : 0), count, NULL, NULL, 0);
}

unsigned int dmabuf_base_cpus(void)
{
	static unsigned int cpus; /* atomic */
	unsigned int known = __atomic_load_n(&cpus, __ATOMIC_RELAXED);
	long online;

	if (!known) {
		online = sysconf(_SC_NPROCESSORS_ONLN);
		known = online > 0 ? (unsigned int)online : 1;
		__atomic_store_n(&cpus, known, __ATOMIC_RELAXED);
	}
	return known;
}
