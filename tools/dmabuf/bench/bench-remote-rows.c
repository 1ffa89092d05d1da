// SPDX-License-Identifier: MIT
/*
 * Rows about fences whose owner is another process: asking, signalling with
 * nobody asleep, and the way from a signal to the waiter. Called by
 * bench-run.c.
 *
 * Each side has a timeline. Before a stretch of rounds the fences for all of
 * them are passed, not timed; then only shared memory, and for sleepers the
 * bell, is between the two.
 *
 * Invariant: fence i of a stretch has seqno first + i on its owner's timeline.
 */
#include "bench-connect.h"
#include "bench-pingpong.h"

static struct dmabuf_share *share;
static struct dmabuf_timeline *timeline;
static struct dma_fence *theirs[PINGPONG_ROUNDS];
static uint64_t first; /* seqno of our fence 0 */

/* New fences of our timeline go to the other side; we keep none. */
static void pass_fences(unsigned int count)
{
	struct dma_fence *ours[DMABUF_SHARE_FENCES_MAX];
	unsigned int done, size, i;

	for (done = 0; done < count; done += size) {
		size = bench_part(count - done, DMABUF_SHARE_FENCES_MAX);
		for (i = 0; i < size; i++)
			ours[i] = bench_must_ptr(dmabuf_timeline_fence(timeline), "no fence");
		if (!done)
			first = ours[0]->seqno;
		share_send(share, &(struct dmabuf_share_msg){ .fences = ours, .num_fences = size });
		for (i = 0; i < size; i++)
			dma_fence_put(ours[i]);
	}
}

static void take_fences(unsigned int count)
{
	unsigned int done, size;

	for (done = 0; done < count; done += size) {
		size = bench_part(count - done, DMABUF_SHARE_FENCES_MAX);
		share_recv(share, &(struct dmabuf_share_msg){ .fences = theirs + done,
							      .num_fences = size });
	}
}

static void drop_fences(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		dma_fence_put(theirs[i]);
}

static void advance(uint64_t seqno)
{
	bench_must(dmabuf_timeline_advance(timeline, seqno), "cannot advance");
}

static void prepare_lead(const struct bench *bench)
{
	(void)bench;
	share = connect_side(BENCH_LEAD);
	timeline = bench_must_ptr(dmabuf_timeline_create("lead"), "cannot make a timeline");
}

static void prepare_partner(const struct bench *bench)
{
	(void)bench;
	share = connect_side(BENCH_PARTNER);
	timeline = bench_must_ptr(dmabuf_timeline_create("partner"), "cannot make a timeline");
}

/* The wake-ups. */

static void remote_begin(enum bench_side side, unsigned int rounds)
{
	if (side == BENCH_LEAD)
		pass_fences(rounds);
	take_fences(rounds);
	if (side == BENCH_PARTNER)
		pass_fences(rounds);
}

static void remote_signal(enum bench_side side, unsigned int round)
{
	(void)side;
	advance(first + round);
}

static void remote_wait(enum bench_side side, unsigned int round)
{
	(void)side;
	bench_must(dma_fence_wait(theirs[round], false), "cannot wait");
}

static void remote_spin(enum bench_side side, unsigned int round)
{
	(void)side;
	while (!dma_fence_is_signaled(theirs[round]))
		pause_cpu();
}

static void remote_end(enum bench_side side, unsigned int rounds)
{
	(void)side;
	drop_fences(rounds);
}

#define REMOTE_GAME(how, idle)                                                                  \
	{                                                                                       \
		.begin = remote_begin, .signal = remote_signal, .wait = how, .end = remote_end, \
		.idle_ns = idle                                                                 \
	}

static const struct pingpong sleep_game = REMOTE_GAME(remote_wait, PINGPONG_IDLE_NS);
static const struct pingpong wait_game = REMOTE_GAME(remote_wait, 0);
static const struct pingpong spin_game = REMOTE_GAME(remote_spin, 0);

/* Asking: the partner owns the fences, the lead imports and asks. */

static int64_t partner_pass(const struct bench *bench, uint64_t count)
{
	(void)bench;
	pass_fences(count);
	return first;
}

static int64_t partner_pass_done(const struct bench *bench, uint64_t count)
{
	(void)bench;
	pass_fences(count);
	advance(first + count - 1);
	return first;
}

/* One fence, asked again and again. */
static int64_t measure_ask(const struct bench *bench, uint64_t count)
{
	int64_t spent;

	(void)bench;
	bench_pair_start(1);
	take_fences(1);
	bench_pair_join();
	spent = BENCH_TIME(i, count, bench_keep(dma_fence_is_signaled(theirs[0])));
	drop_fences(1);
	return spent;
}

static void expect_done(struct dma_fence *fence)
{
	if (!dma_fence_is_signaled(fence))
		bench_die(0, "a fence is not done that should be");
}

/* Many fences, all done, each asked for the first time. */
static int64_t measure_ask_first(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;

	(void)bench;
	while (count) {
		unsigned int size = bench_part(count, PINGPONG_ROUNDS);

		bench_pair_start(size);
		take_fences(size);
		bench_pair_join();
		spent += BENCH_TIME(i, size, expect_done(theirs[i]));
		drop_fences(size);
		count -= size;
	}
	return spent;
}

/* Signalling: the lead owns them, the partner has them and does not sleep. */

static int64_t partner_take(const struct bench *bench, uint64_t count)
{
	(void)bench;
	take_fences(count);
	drop_fences(count);
	return 0;
}

static int64_t measure_no_waiter(const struct bench *bench, uint64_t count)
{
	int64_t spent = 0;

	(void)bench;
	while (count) {
		unsigned int size = bench_part(count, PINGPONG_ROUNDS);

		bench_pair_start(size);
		pass_fences(size);
		bench_pair_join();
		spent += BENCH_TIME(i, size, advance(first + i));
		count -= size;
	}
	return spent;
}

#define PAIR(measure_function, partner_function)                                           \
	.open = connect_open, .prepare = prepare_lead, .partner_prepare = prepare_partner, \
	.measure = measure_function, .partner = partner_function

static const struct bench rows[] = {
	{ .name = "remote_fence_is_signaled_no", PAIR(measure_ask, partner_pass) },
	{ .name = "remote_fence_is_signaled_yes", PAIR(measure_ask, partner_pass_done) },
	{ .name = "remote_fence_is_signaled_first", PAIR(measure_ask_first, partner_pass_done) },
	{ .name = "remote_signal_no_waiter", PAIR(measure_no_waiter, partner_take) },
	{ .name = "remote_signal_to_wake_same_cpu",
	  .peer = "futex_pingpong_same_cpu",
	  .place = BENCH_SAME_CPU,
	  .arg = &wait_game,
	  PAIR(pingpong_measure, pingpong_partner) },
	{ .name = "remote_signal_to_wake_cross_cpu",
	  .peer = "futex_idle_wake_cross_cpu",
	  .place = BENCH_TWO_CPUS,
	  .arg = &sleep_game,
	  PAIR(pingpong_measure, pingpong_partner) },
	{ .name = "remote_signal_to_wait_cross_cpu",
	  .peer = "spin_pingpong_cross_cpu",
	  .place = BENCH_TWO_CPUS,
	  .arg = &wait_game,
	  PAIR(pingpong_measure, pingpong_partner) },
	{ .name = "remote_signal_to_spin_cross_cpu",
	  .peer = "spin_pingpong_cross_cpu",
	  .place = BENCH_TWO_CPUS,
	  .arg = &spin_game,
	  PAIR(pingpong_measure, pingpong_partner) },
};

const struct bench_group bench_remote_rows = BENCH_GROUP(rows);
