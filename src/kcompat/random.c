/* SPDX-License-Identifier: MIT */
/*
 * kcompat: random numbers: the system's, and sequences that a seed decides.
 *
 * Called by: drivers and their tests.
 *
 * Invariant: a number below a limit is evenly distributed.
 */
#include <sys/random.h>

#include <linux/bug.h>
#include <linux/prandom.h>

void get_random_bytes(void *buf, size_t size)
{
	char *end = (char *)buf + size;

	while (buf != end) {
		ssize_t got = getrandom(buf, (size_t)(end - (char *)buf), 0);

		BUG_ON(got < 0 && errno != EINTR);
		if (got > 0)
			buf = (char *)buf + got;
	}
}

u64 get_random_u64(void)
{
	u64 number;

	get_random_bytes(&number, sizeof(number));
	return number;
}

u32 get_random_u32_below(u32 limit)
{
	u64 range = limit ? limit : 1ULL << 32;
	u64 usable = (1ULL << 32) / range * range;
	u64 number;

	do
		number = get_random_u32();
	while (number >= usable);
	return (u32)(number % range);
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	state->state = seed;
}

/* A counter with an odd step, well mixed. */
u32 prandom_u32_state(struct rnd_state *state)
{
	u64 x = state->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return (u32)(x >> 32);
}
