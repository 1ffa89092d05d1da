/* SPDX-License-Identifier: MIT */
/*
 * The frame around tests in the kernel's style: main(), TAP, time limits.
 *
 * A sub-test fails when it returns an error, when it or the library warns meanwhile, and when it takes too long. -EINTR,
 * which the kernel's own frame lets pass, is an error here.
 *
 * SELFTEST_NAME is what the lines begin with, SELFTEST_ENTRY the function to call. SELFTEST_DATA, if any, names the values
 * 0, 1, ... of what sub-tests get as data.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/kernel.h>
#include <linux/rcupdate.h>

#include "selftest.h"

#define LIMIT_SECONDS 60

#ifdef SELFTEST_DATA
static const char *const data_names[] = { SELFTEST_DATA };
#endif

static unsigned int num_run, num_failed, num_warnings;
static char title[160];

static void show_kernel_message(char level, const char *text)
{
	(void)level;
	if (strncmp(text, "WARNING: ", 9) == 0)
		__atomic_fetch_add(&num_warnings, 1, __ATOMIC_RELAXED);
	printf("# %s%s", text, text[0] && text[strlen(text) - 1] == '\n' ? "" : "\n");
}

static void show_library_warning(void *data, const char *sentence)
{
	(void)data;
	__atomic_fetch_add(&num_warnings, 1, __ATOMIC_RELAXED);
	printf("# the library warns: %s\n", sentence);
}

static void out_of_time(int sig)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "not ok %u - %s # not done after %d seconds\n", num_run, title,
			      LIMIT_SECONDS);

	(void)sig;
	if (write(STDOUT_FILENO, text, (size_t)length) < 0)
		_exit(2);
	_exit(1);
}

static void run_one(const struct subtest *test, void *data)
{
	const char *suffix = "";
	int ret;

#ifdef SELFTEST_DATA
	suffix = data_names[(unsigned long)data];
#endif
	snprintf(title, sizeof(title), "%s: %s%s%s", SELFTEST_NAME, test->name, *suffix ? " " : "", suffix);
	num_run++;
	__atomic_store_n(&num_warnings, 0, __ATOMIC_RELAXED);
	alarm(LIMIT_SECONDS);
	ret = test->func(data);
	alarm(0);
	if (ret)
		printf("# returned %d\n", ret);
	else if (__atomic_load_n(&num_warnings, __ATOMIC_RELAXED))
		printf("# passed, but with warnings\n");
	else
		goto passed;
	num_failed++;
	printf("not ");
passed:
	printf("ok %u - %s\n", num_run, title);
}

int selftest_run(const struct subtest *tests, unsigned long count, void *data)
{
	for (unsigned long i = 0; i < count; i++)
		run_one(&tests[i], data);
	return 0;
}

int main(void)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, out_of_time);
	dmabuf_kcompat_printk_set(show_kernel_message);
	dmabuf_warn_set(show_library_warning, NULL);
	ret = SELFTEST_ENTRY();
	/* Between and after the sub-tests: a cache with objects left, for one. */
	if (ret || __atomic_load_n(&num_warnings, __ATOMIC_RELAXED)) {
		printf("not ok %u - %s: end # returned %d\n", ++num_run, SELFTEST_NAME, ret);
		num_failed++;
	}
	rcu_barrier();
	printf("1..%u\n", num_run);
	return num_failed ? 1 : 0;
}
