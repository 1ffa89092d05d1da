// SPDX-License-Identifier: MIT
/*
 * The figures to beat: Linux 6.12 doing the same within the kernel, with no
 * system call in the way. Called by bench-report.c, which scales them by what
 * an atomic addition takes on the machine at hand.
 *
 * They come from a kernel for one CPU, whose spinlocks cost nothing, and from
 * loops that free what they made after the clock has stopped.
 *
 * Invariant: a name stands here once, as it stands in the rows.
 */
#include <stddef.h>
#include <string.h>

#include "bench-kernel.h"

static const struct {
	const char *name;
	double ns;
} figures[] = {
	{ "fence_init", 1.5 },
	{ "fence_alloc_init_put", 57 },
	{ "fence_get_put", 9.4 },
	{ "fence_signal_no_cb", 38 },
	{ "fence_signal_1cb", 39 },
	{ "fence_signal_again", 32 },
	{ "fence_add_remove_callback", 11.0 },
	{ "fence_add_callback", 8.4 },
	{ "fence_signal_1000cb(total)", 1280 },
	{ "fence_is_signaled_yes", 0.5 },
	{ "fence_is_signaled_no", 0.5 },
	{ "fence_get_status", 4.0 },
	{ "fence_wait_signaled", 10.7 },
	{ "fence_wait_unsignaled_t0", 11.0 },
	{ "array_create2_put", 69 },
	{ "array_create64_put", 3170 },
	{ "array64_signal_all(total)", 3580 },
	{ "unwrap_merge2_put", 140 },
	{ "unwrap_merge_same_put", 93 },
	{ "unwrap_iter64", 158 },
	{ "unwrap_merge_64+1_put", 2370 },
	{ "chain_alloc_init_put", 36 },
	{ "chain_find_seqno_head", 21 },
	{ "chain_find_seqno_mid_of_1024(total)", 5790 },
	{ "chain_find_seqno_tail_of_1024(total)", 11570 },
	{ "chain_walk_1024(total)", 11290 },
	{ "resv_init_fini", 3.0 },
	{ "resv_lock_unlock", 9.9 },
	{ "resv_ww_lock_unlock", 16.8 },
	{ "resv_lock_reserve_add_replace_unlock", 23.0 },
	{ "resv_test_signaled_1", 15 },
	{ "resv_wait_t0_1", 27 },
	{ "resv_get_singleton_1", 41 },
	{ "resv_iter_locked_16", 26 },
	{ "resv_iter_unlocked_16", 199 },
	{ "resv_test_signaled_16", 15 },
	{ "resv_get_fences_16", 378 },
	{ "resv_get_singleton_16", 450 },
	{ "unwrap_merge_1024_one_by_one(total)", 31700000 },
	{ "timeline_advance_1000(total)", 49400 },
};

double bench_kernel_ns(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (!strcmp(figures[i].name, name))
			return figures[i].ns;
	}
	return 0;
}
