/* SPDX-License-Identifier: MIT */
/*
 * Takes the place of the kernel's drivers/dma-buf/selftest.h: the sub-tests of its st-*.c files become lines of TAP. The
 * same for tests of our own that are written in the kernel's style.
 */
#ifndef TESTS_KCOMPAT_SELFTEST_H
#define TESTS_KCOMPAT_SELFTEST_H

#include <linux/compiler.h>

struct subtest {
	int (*func)(void *data);	/* 0: passed */
	const char *name;
};

#define SUBTEST(test) { test, #test }

/* Run them all. Returns 0 whatever they return: the lines tell, and the exit status of the program. */
#define subtests(tests, data) selftest_run(tests, sizeof(tests) / sizeof((tests)[0]), data)
int selftest_run(const struct subtest *tests, unsigned long count, void *data);

/* One by itself, without data. */
#define RUN(test) selftest_run(&(struct subtest)SUBTEST(test), 1, NULL)

/* What the program that includes this offers to main(). */
int SELFTEST_ENTRY(void);

/* Ends a sub-test that fails. */
#define EXPECT(condition)                                                            \
	do {                                                                         \
		if (!(condition)) {                                                  \
			pr_err("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			return -EINVAL;                                              \
		}                                                                    \
	} while (0)

#endif
