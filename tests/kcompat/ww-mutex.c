/* SPDX-License-Identifier: MIT */
/*
 * The kernel's kernel/locking/test-ww_mutex.c, unmodified, one line for each of its steps. They are static functions of a
 * module that stops at the first failure, so the file is included here and the steps are called one by one.
 *
 * With WOUND_WAIT its class is of the other kind; the kernel's file uses wait-die.
 */
#include <linux/ww_mutex.h>

#ifdef WOUND_WAIT
#undef DEFINE_WD_CLASS
#define DEFINE_WD_CLASS(name) DEFINE_WW_CLASS(name)
#endif

#include "kernel/locking/test-ww_mutex.c"

#include "selftest.h"

static int mutex_with(void *flags)
{
	return __test_mutex((unsigned int)(unsigned long)flags);
}

static int run_mutex(void)
{
	/* Bit 0: spin, bit 1: try, bit 2: with a ticket. */
	static const char *const names[__TEST_MTX_LAST] = {
		"test_mutex()", "test_mutex(spin)", "test_mutex(try)", "test_mutex(spin, try)",
		"test_mutex(ctx)", "test_mutex(spin, ctx)", "test_mutex(try, ctx)", "test_mutex(spin, try, ctx)",
	};

	for (unsigned long flags = 0; flags < __TEST_MTX_LAST; flags++)
		selftest_run(&(struct subtest){ mutex_with, names[flags] }, 1, (void *)flags);
	return 0;
}

static int aa_lock(void *data)
{
	return test_aa(data);
}

static int abba(void *data)
{
	return test_abba((unsigned long)data & 1, (unsigned long)data & 2);
}

static int cycle(void *threads)
{
	return __test_cycle((unsigned int)(unsigned long)threads);
}

static int stress_inorder(void *data)
{
	return stress(16, 2 * (int)num_online_cpus(), STRESS_INORDER);
}

static int stress_reorder(void *data)
{
	return stress(16, 2 * (int)num_online_cpus(), STRESS_REORDER);
}

static int stress_all(void *data)
{
	return stress(2047, (int)(hweight32(STRESS_ALL) * num_online_cpus()), STRESS_ALL);
}

static void run_with(int (*func)(void *data), const char *name, unsigned long data)
{
	selftest_run(&(struct subtest){ func, name }, 1, (void *)data);
}

int ww_mutex_test(void)
{
	u64 seed = get_random_u64();

	pr_info("seed %llu\n", (unsigned long long)seed);
	prandom_seed_state(&rng, seed);
	wq = alloc_workqueue("test-ww_mutex", WQ_UNBOUND, 0);
	if (!wq)
		return -ENOMEM;
	run_mutex();
	run_with(aa_lock, "test_aa(lock)", false);
	run_with(aa_lock, "test_aa(trylock)", true);
	run_with(abba, "test_abba()", 0);
	run_with(abba, "test_abba(trylock)", 1);
	run_with(abba, "test_abba(resolve)", 2);
	run_with(abba, "test_abba(trylock, resolve)", 3);
	for (unsigned int n = 2; n <= num_online_cpus() + 1; n++) {
		char name[32];

		snprintf(name, sizeof(name), "test_cycle(%u threads)", n);
		run_with(cycle, name, n);
	}
	RUN(stress_inorder);
	RUN(stress_reorder);
	RUN(stress_all);
	test_ww_mutex_exit();
	return 0;
}
