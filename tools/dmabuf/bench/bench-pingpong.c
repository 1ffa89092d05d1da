// SPDX-License-Identifier: MIT
/*
 * A signal goes to and fro between two sides. All wake-up rows are measured by
 * this one loop, so that they differ by their signals and waits alone. Called
 * by the rows of the machine, of fences and of remote fences.
 *
 * Where a waiter has to be asleep before it is signalled, the signaller first
 * keeps its CPU busy for a while; that time is measured and taken off.
 *
 * Invariant: a side signals round n only after it has seen round n of the
 * other (the partner), or n - 1 (the lead): two signals are never on the way.
 */
#include "bench-pingpong.h"

static int64_t keep_busy(int64_t idle_ns)
{
	int64_t begin, now;

	if (!idle_ns)
		return 0;
	begin = now = bench_now();
	while (now - begin < idle_ns)
		now = bench_now();
	return now - begin;
}

static int64_t play_lead(const struct pingpong *game, unsigned int rounds)
{
	int64_t idle = 0;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		idle += keep_busy(game->idle_ns);
		game->signal(BENCH_LEAD, i);
		game->wait(BENCH_LEAD, i);
	}
	return idle;
}

static int64_t play_partner(const struct pingpong *game, unsigned int rounds)
{
	int64_t idle = 0;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		game->wait(BENCH_PARTNER, i);
		idle += keep_busy(game->idle_ns);
		game->signal(BENCH_PARTNER, i);
	}
	return idle;
}

int64_t pingpong_side(const struct pingpong *game, enum bench_side side, uint64_t count,
		      int64_t *ret_idle_ns)
{
	int64_t spent = 0, idle = 0;

	while (count) {
		unsigned int rounds = bench_part(count, PINGPONG_ROUNDS);
		int64_t begin;

		if (game->begin)
			game->begin(side, rounds);
		begin = bench_now();
		if (side == BENCH_LEAD)
			idle += play_lead(game, rounds);
		else
			idle += play_partner(game, rounds);
		spent += bench_now() - begin;
		if (game->end)
			game->end(side, rounds);
		count -= rounds;
	}
	*ret_idle_ns = idle;
	return spent;
}

int64_t pingpong_measure(const struct bench *bench, uint64_t count)
{
	int64_t spent, idle;

	bench_pair_start(count);
	spent = pingpong_side(bench->arg, BENCH_LEAD, count, &idle);
	return (spent - idle - bench_pair_join()) / 2;
}

int64_t pingpong_partner(const struct bench *bench, uint64_t count)
{
	int64_t idle;

	pingpong_side(bench->arg, BENCH_PARTNER, count, &idle);
	return idle;
}
