// SPDX-License-Identifier: MIT
/*
 * Measures one row. Called by cmd-bench.c for each of them.
 *
 * A row runs in a process of its own, which never used the library before and
 * may fork a partner: so no row sees threads, memory or fences of another, and
 * one that fails takes nothing with it. The numbers come back through memory
 * that is shared with it.
 *
 * Invariant: when bench_run() returns, no process of the row is left; nor is
 * one a moment after we ourselves were killed.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dmabuf/base.h>

#include "bench-pair.h"

#define NSEC_PER_SEC  INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)

#define TIMED_NS    (20 * NSEC_PER_MSEC) /* what a repeat has to take */
#define ENOUGH_NS   (80 * NSEC_PER_MSEC) /* where much of it is preparation */
#define ROW_LIMIT_S 60 /* then something hangs */
#define HEAP_KEPT   (64 << 20)

/* How a row's processes tell us how it went. */
struct outcome {
	bool ok;
	bool has_text; /* atomic: only the first counts */
	char text[BENCH_TEXT_SIZE];
	double ns[BENCH_REPEAT_MAX]; /* per call */
};

static struct outcome *outcome;

void bench_die(int error, const char *what)
{
	if (!__atomic_exchange_n(&outcome->has_text, true, __ATOMIC_ACQ_REL))
		snprintf(outcome->text, sizeof(outcome->text), "%s%s%s", what, error ? ": " : "",
			 error ? strerror(-error) : "");
	_exit(1);
}

long bench_must(long ret, const char *what)
{
	if (ret < 0)
		bench_die(ret, what);
	return ret;
}

long bench_must_sys(long ret, const char *what)
{
	if (ret == -1)
		bench_die(-errno, what);
	return ret;
}

void *bench_must_ptr(void *ptr, const char *what)
{
	if (!ptr || dmabuf_is_err(ptr))
		bench_die(ptr ? dmabuf_ptr_err(ptr) : -ENOMEM, what);
	return ptr;
}

int64_t bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void *bench_shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_die(-errno, "no shared memory");
	return memory;
}

static void on_library_warning(void *data, const char *sentence)
{
	(void)data;
	bench_die(0, sentence);
}

/* How many calls make a repeat long enough? */
static uint64_t calibrate(const struct bench *bench)
{
	uint64_t count = 1;

	for (;;) {
		int64_t begin = bench_now();
		int64_t timed = bench->measure(bench, count);

		if (timed >= TIMED_NS || bench_now() - begin >= ENOUGH_NS)
			return count;
		if (timed < TIMED_NS / 16)
			count *= 16;
		else
			count += count * (TIMED_NS - timed) / timed + count / 8 + 1;
	}
}

/* Measure again and again; @count follows where a wake-up has two speeds. */
static void repeat_row(const struct bench *bench, unsigned int repeat)
{
	uint64_t count = calibrate(bench);
	unsigned int i;

	for (i = 0; i < repeat; i++) {
		int64_t timed = bench->measure(bench, count);

		outcome->ns[i] = (double)timed / count;
		if (timed > 4 * TIMED_NS)
			count = count * TIMED_NS / timed + 1;
	}
}

/* The life of a row's first process. */
static void run_row(const struct bench *bench, unsigned int repeat)
{
	prctl(PR_SET_NAME, bench->name); /* For perf(1) and top(1). */
	alarm(ROW_LIMIT_S);
	/* What a row frees it takes again: as the kernel's caches keep their pages, so does the heap. */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	dmabuf_warn_set(on_library_warning, NULL);
	if (bench->open)
		bench->open(bench);
	if (bench->partner)
		bench_pair_open(bench);
	if (bench->prepare)
		bench->prepare(bench);
	/* Not before: a library that sees one CPU only may do without spinning. */
	bench_go_to_cpu(bench->place, BENCH_LEAD);
	repeat_row(bench, repeat);
	if (bench->partner)
		bench_pair_close();
	outcome->ok = true;
	_exit(0);
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void summarize(unsigned int runs, struct bench_result *result)
{
	double *ns = outcome->ns;

	qsort(ns, runs, sizeof(ns[0]), compare_doubles);
	result->runs = runs;
	result->min = ns[0];
	result->max = ns[runs - 1];
	result->median = (ns[(runs - 1) / 2] + ns[runs / 2]) / 2;
}

/* Why there are no numbers. */
static void explain(int status, struct bench_result *result)
{
	if (__atomic_load_n(&outcome->has_text, __ATOMIC_ACQUIRE))
		memcpy(result->why, outcome->text, sizeof(result->why));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(result->why, sizeof(result->why), "took longer than %d s", ROW_LIMIT_S);
	else if (WIFSIGNALED(status))
		snprintf(result->why, sizeof(result->why), "was killed by signal %d",
			 WTERMSIG(status));
	else
		snprintf(result->why, sizeof(result->why), "its process ended early");
}

/* The row's process, and the partner that became ours if that one failed. */
static int reap_all(pid_t row)
{
	int status = 0;

	while (waitpid(row, &status, 0) < 0 && errno == EINTR)
		;
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return status;
}

static bool prepare_outcome(void)
{
	if (!outcome) {
		outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (outcome == MAP_FAILED)
			outcome = NULL;
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	}
	if (outcome)
		memset(outcome, 0, sizeof(*outcome));
	return outcome;
}

void bench_run(const struct bench *bench, unsigned int repeat, struct bench_result *result)
{
	pid_t self = getpid(), row;
	int status;

	*result = (struct bench_result){ .bench = bench };
	if (bench->place == BENCH_TWO_CPUS && bench_cpus() < 2) {
		result->skipped = true;
		snprintf(result->why, sizeof(result->why), "needs two CPUs");
		return;
	}
	fflush(stdout);
	row = prepare_outcome() ? fork() : -1;
	if (row < 0) {
		snprintf(result->why, sizeof(result->why), "no process for it: %s",
			 strerror(errno));
		return;
	}
	if (row == 0) {
		bench_follow_parent(self);
		run_row(bench, repeat);
	}
	status = reap_all(row);
	result->ok = outcome->ok && status == 0;
	if (result->ok)
		summarize(repeat, result);
	else
		explain(status, result);
}
