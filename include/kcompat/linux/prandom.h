/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed decides. The sequence is not the kernel's. */
#ifndef KCOMPAT_LINUX_PRANDOM_H
#define KCOMPAT_LINUX_PRANDOM_H

#include <linux/random.h>

struct rnd_state {
	u64 state;
};

void prandom_seed_state(struct rnd_state *state, u64 seed) KCOMPAT_API(prandom_seed_state);
u32 prandom_u32_state(struct rnd_state *state) KCOMPAT_API(prandom_u32_state);

#endif
