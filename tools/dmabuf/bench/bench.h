/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_BENCH_H
#define DMABUF_TOOL_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_REPEAT_MAX     1000
#define BENCH_REPEAT_DEFAULT 7
#define BENCH_TEXT_SIZE	     160

/* enum bench_place - where the one or two sides of a row run */
enum bench_place {
	BENCH_ANYWHERE, /* as the scheduler likes */
	BENCH_SAME_CPU, /* both on the first CPU we may use */
	BENCH_APART, /* on the first and the second, if there is one */
	BENCH_TWO_CPUS, /* the same, and not without a second */
};

/*
 * One row of the result. It has a process to itself, so that its functions
 * may keep what they need in static variables, and leave the cleaning up to
 * the end of that process. Whatever goes wrong ends in bench_die().
 */
struct bench {
	const char *name;
	const char *peer; /* row that "ratio" is relative to, or NULL */
	enum bench_place place;
	bool always; /* measured whatever the filter says */
	size_t bytes; /* what one call is about, 0: nothing */
	const void *arg; /* as the row's functions like, or NULL */

	/* Before there is a second process: what both inherit. Or NULL. */
	void (*open)(const struct bench *bench);
	/* Once, not timed. Or NULL. */
	void (*prepare)(const struct bench *bench);
	/* Make @count calls; returns the nanoseconds they took. */
	int64_t (*measure)(const struct bench *bench, uint64_t count);

	/* The second process, if @partner is there: see bench-pair.h. */
	void (*partner_prepare)(const struct bench *bench);
	int64_t (*partner)(const struct bench *bench, uint64_t count);
};

struct bench_group {
	const struct bench *rows;
	size_t count;
};

#define BENCH_GROUP(array)                                  \
	{                                                   \
		(array), sizeof(array) / sizeof((array)[0]) \
	}

extern const struct bench_group bench_machine_rows;
extern const struct bench_group bench_fence_rows;
extern const struct bench_group bench_container_rows;
extern const struct bench_group bench_resv_rows;
extern const struct bench_group bench_buf_rows;
extern const struct bench_group bench_remote_rows;
extern const struct bench_group bench_handoff_rows;
extern const struct bench_group bench_scale_rows;

/* What came out. */
struct bench_result {
	const struct bench *bench;
	bool ok;
	bool skipped; /* this machine cannot do it; @why says so */
	unsigned int runs;
	double median; /* nanoseconds per call, as the next two */
	double min;
	double max;
	double ratio; /* to its peer; 0: nothing to compare with */
	double kernel; /* what Linux would take on this machine; 0: not known */
	char why[BENCH_TEXT_SIZE]; /* if not @ok */
};

/* bench_run() - measure one row @repeat times, in a process of its own */
void bench_run(const struct bench *bench, unsigned int repeat, struct bench_result *ret_result);

/* The table: a heading, a line for each row as it comes, and how to read it. */
void bench_table_begin(void);
void bench_table_row(const struct bench_result *result);
void bench_table_end(void);

/* bench_write_json() - all rows that were measured; 0 or -errno */
int bench_write_json(int fd, const struct bench_result *results, size_t count);

/*
 * For the rows.
 */

/* bench_die() - this row cannot be measured; @error is a negative errno or 0 */
void bench_die(int error, const char *what) __attribute__((noreturn));

/* bench_must() - go on if @ret is no negative errno; returns it */
long bench_must(long ret, const char *what);

/* bench_must_sys() - go on if @ret is not -1, which says to look at errno; returns it */
long bench_must_sys(long ret, const char *what);

/* bench_must_ptr() - go on if it is neither NULL nor an error pointer; returns it */
void *bench_must_ptr(void *ptr, const char *what);

/* bench_now() - CLOCK_MONOTONIC in nanoseconds */
int64_t bench_now(void);

/* bench_shared_memory() - zeroed pages that a second process will share */
void *bench_shared_memory(size_t size);

/* bench_part() - of what is @left to do, at most @most at a time */
static inline unsigned int bench_part(uint64_t left, unsigned int most)
{
	return left < most ? left : most;
}

/* The compiler must have @value ready, and forget what it knows of memory. */
#define bench_keep(value) __asm__ __volatile__("" : : "g"(value) : "memory")

/* Nanoseconds that @count times @statement take; @i counts. */
#define BENCH_TIME(i, count, statement)                  \
	({                                               \
		const int64_t begin_ns_ = bench_now();   \
		for (uint64_t i = 0; i < (count); i++) { \
			statement;                       \
		}                                        \
		bench_now() - begin_ns_;                 \
	})

#endif
