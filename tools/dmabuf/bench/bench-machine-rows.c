// SPDX-License-Identifier: MIT
/*
 * Rows that describe the machine and nothing of ours: what an atomic addition,
 * a mutex, a system call and a wake-up cost here. Measured in every run.
 *
 * Called by bench-run.c. The wake-ups are plain futexes and plain spinning on
 * shared memory between two processes: the least that any hand-over costs.
 *
 * Invariant: no call into the library.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench-pingpong.h"

#define COURT_ALIGN 4096

/*
 * One word for each side to signal with, each on a page of its own: CPUs fetch
 * neighbouring cache lines too.
 */
struct court {
	_Alignas(COURT_ALIGN) uint32_t word;
};

static struct court *court;
static uint32_t played[BENCH_SIDES]; /* signals seen by this process's side */

static int64_t measure_atomic_add(const struct bench *bench, uint64_t count)
{
	static uint64_t word;

	(void)bench;
	return BENCH_TIME(i, count, __atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST));
}

static int64_t measure_mutex_pair(const struct bench *bench, uint64_t count)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)bench;
	return BENCH_TIME(i, count, pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex));
}

static int64_t measure_null_syscall(const struct bench *bench, uint64_t count)
{
	(void)bench;
	return BENCH_TIME(i, count, syscall(SYS_getpid));
}

static void open_court(const struct bench *bench)
{
	(void)bench;
	court = bench_shared_memory(sizeof(*court) * BENCH_SIDES);
}

static enum bench_side other(enum bench_side side)
{
	return side == BENCH_LEAD ? BENCH_PARTNER : BENCH_LEAD;
}

static void spin_signal(enum bench_side side, unsigned int round)
{
	(void)round;
	__atomic_store_n(&court[side].word, court[side].word + 1, __ATOMIC_RELEASE);
}

static void spin_wait(enum bench_side side, unsigned int round)
{
	const uint32_t *word = &court[other(side)].word;

	(void)round;
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == played[side])
		pause_cpu();
	played[side]++;
}

static void futex_signal(enum bench_side side, unsigned int round)
{
	spin_signal(side, round);
	syscall(SYS_futex, &court[side].word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void futex_wait(enum bench_side side, unsigned int round)
{
	const uint32_t *word = &court[other(side)].word;

	(void)round;
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == played[side])
		syscall(SYS_futex, word, FUTEX_WAIT, played[side], NULL, NULL, 0);
	played[side]++;
}

static const struct pingpong spin_game = { .signal = spin_signal, .wait = spin_wait };
static const struct pingpong futex_game = { .signal = futex_signal, .wait = futex_wait };
static const struct pingpong idle_game = {
	.signal = futex_signal,
	.wait = futex_wait,
	.idle_ns = PINGPONG_IDLE_NS,
};

#define PINGPONG_ROW(row_name, row_place, game)                                              \
	{                                                                                    \
		.name = row_name, .place = row_place, .always = true, .arg = &(game),        \
		.open = open_court, .measure = pingpong_measure, .partner = pingpong_partner \
	}

static const struct bench rows[] = {
	{ .name = "atomic_add", .always = true, .measure = measure_atomic_add },
	{ .name = "mutex_pair", .always = true, .measure = measure_mutex_pair },
	{ .name = "null_syscall", .always = true, .measure = measure_null_syscall },
	PINGPONG_ROW("futex_pingpong_same_cpu", BENCH_SAME_CPU, futex_game),
	PINGPONG_ROW("futex_pingpong_cross_cpu", BENCH_TWO_CPUS, futex_game),
	PINGPONG_ROW("futex_idle_wake_cross_cpu", BENCH_TWO_CPUS, idle_game),
	PINGPONG_ROW("spin_pingpong_cross_cpu", BENCH_TWO_CPUS, spin_game),
};

const struct bench_group bench_machine_rows = BENCH_GROUP(rows);
