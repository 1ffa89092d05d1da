/* SPDX-License-Identifier: MIT */
/*
 * Everything around a test: a test is TEST(a_sentence_that_holds) { ... } and nothing more. Each runs in a process of
 * its own with a time limit; TAP goes to stdout. A program's argument is a part of a name: only such tests run.
 *
 * A warning of the library that the test did not ask for with expect_warning() fails it.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <dmabuf/base.h>

#if defined(__SANITIZE_THREAD__)
#define TEST_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_UNDER_TSAN 1
#endif
#endif
#ifndef TEST_UNDER_TSAN
#define TEST_UNDER_TSAN 0
#endif

/* The numbers from..to-1 are given to the test as _i, one process each. */
#define TEST_EACH(name, from, to)                                              \
	static void name(int _i);                                              \
	static const TTest name##_ttest = { #name, name, __FILE__, __LINE__ }; \
	__attribute__((constructor)) static void name##_register(void)         \
	{                                                                      \
		test_register(&name##_ttest, from, to);                        \
	}                                                                      \
	static void name(int _i __attribute__((unused)))

#define TEST(name) TEST_EACH(name, 0, 1)

void test_register(const TTest *test, int from, int to);

/* --- what the library says --- */

/* The library warned since the last such call, and @part (NULL: anything) is in what it said. Forgets all of it. */
#define expect_warning(part) expect_warning_at(part, __FILE__, __LINE__)
void expect_warning_at(const char *part, const char *file, int line);
/* It said nothing. */
#define expect_no_warning() expect_no_warning_at(__FILE__, __LINE__)
void expect_no_warning_at(const char *file, int line);
/* For calls where the contract leaves a warning open. */
void forget_warnings(void);
/* @fn, in a child, ends in a trap after a warning. */
#define expect_fatal(fn, data) expect_fatal_at(fn, data, __FILE__, __LINE__)
void expect_fatal_at(void (*fn)(void *data), void *data, const char *file, int line);

#define expect_err_ptr(ptr, error)                                                             \
	do {                                                                                   \
		const void *err_ptr_ = (ptr);                                                  \
		ck_assert_msg(dmabuf_is_err(err_ptr_), "%s is %p, not an error pointer", #ptr, \
			      err_ptr_);                                                       \
		ck_assert_int_eq(dmabuf_ptr_err(err_ptr_), error);                             \
	} while (0)

#define expect_ptr(ptr)                                                                        \
	do {                                                                                   \
		const void *ptr_ = (ptr);                                                      \
		ck_assert_msg(ptr_ && !dmabuf_is_err(ptr_), "%s is %p, error %ld", #ptr, ptr_, \
			      dmabuf_is_err(ptr_) ? dmabuf_ptr_err(ptr_) : 0);                 \
	} while (0)

/* --- time --- */

#define MS 1000000L
int64_t now_ns(void);
void sleep_ms(int ms);

/* True as soon as @expr is, at the latest in two seconds. */
#define EVENTUALLY(expr)                                   \
	({                                                 \
		int64_t end_ = now_ns() + 2000 * MS;       \
		bool ok_;                                  \
		while (!(ok_ = (expr)) && now_ns() < end_) \
			sleep_ms(1);                       \
		ok_;                                       \
	})

/* --- files and processes --- */

int count_fds(void);
void send_fd(int sock, int fd);
int recv_fd(int sock);

/* A child that runs @fn(@data) and exits with its result. */
pid_t child_start(int (*fn)(void *data), void *data);
/* Its exit code; 1000 + number if a signal ended it. */
int child_end(pid_t pid);
#define run_in_child(fn, data) child_end(child_start(fn, data))

/* Leaves the test; it counts as passed, the reason is in the output. For what the machine lacks. */
#define skip(reason)                                             \
	do {                                                     \
		dprintf(1, "# SKIP %s: %s\n", __func__, reason); \
		return;                                          \
	} while (0)

/* --- chance --- */

struct dice {
	uint64_t state;
};

/* Seeded from DMABUF_TEST_SEED, else always the same; prints the seed. @stream keeps threads apart. */
void dice_init(struct dice *dice, unsigned int stream);
unsigned int dice_below(struct dice *dice, unsigned int limit);

#endif
