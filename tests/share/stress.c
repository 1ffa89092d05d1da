/* SPDX-License-Identifier: MIT */
/*
 * An owner that advances as fast as it can, and three threads of another process that wait for it in three ways. Every
 * single wait has a limit far below the second after which a sleeper looks by itself: a lost wake-up is a failure.
 */
#include <poll.h>

#include <dmabuf/sync-file.h>

#include "mock-fence.h"
#include "puppet.h"
#include "threads.h"

#define RUN_NS (1000 * MS)
#define LIMIT_NS (TEST_UNDER_TSAN ? 900 * MS : 500 * MS)

static struct puppet p;

/* --- there --- */

/*
 * Serve fences until the time is up: pass one, do a little work, advance; on @timelines timelines in turn. All that was
 * issued is done when this returns.
 */
static long far_serve(long timelines, long duration)
{
	int64_t end = now_ns() + duration;
	struct dice dice;
	long served = 0;

	dice_init(&dice, 1);
	while (now_ns() < end) {
		long t = served % timelines, seqno = far_pass(t, 0);

		if (seqno < 0)
			return seqno;
		if (dice_below(&dice, 8) == 0)
			usleep(dice_below(&dice, 200));
		if (far_advance(t, seqno) < 0)
			return -EIO;
		served++;
	}
	return served;
}

/* --- here --- */

static long consumed;	/* atomic */

static long wait_for(struct dma_fence *f)
{
	return dma_fence_wait_timeout(f, false, LIMIT_NS) > 0 ? 0 : -ETIMEDOUT;
}

static long call_for(struct dma_fence *f)
{
	int64_t end = now_ns() + LIMIT_NS;
	struct mock_cb cb;

	if (mock_cb_add(f, &cb) < 0)
		return 0;
	while (!mock_cb_ran(&cb)) {
		if (now_ns() > end && dma_fence_remove_callback(f, &cb.base))
			return -ETIMEDOUT;
		usleep(20);
	}
	return 0;
}

static long poll_for(struct dma_fence *f)
{
	struct sync_file *file = sync_file_create(f);
	struct pollfd pfd = { .events = POLLIN };
	int ret;

	if (!file)
		return -ENOMEM;
	pfd.fd = dmabuf_sync_file_install(file);
	ret = poll(&pfd, 1, LIMIT_NS / MS);
	close(pfd.fd);
	return ret == 1 ? 0 : -ETIMEDOUT;
}

/* Take messages as they come, each thread its own, until the owner is silent. */
static long consume(long (*wait)(struct dma_fence *f))
{
	for (;;) {
		struct dma_fence *f = NULL;
		int ret = share_receive(p.share, NULL, &f, LIMIT_NS);

		if (ret == -ETIMEDOUT)
			return 0;
		if (ret < 0)
			return ret;
		ret = (int)wait(f);
		if (ret == 0 && dma_fence_get_status(f) != 1)
			ret = -EIO;
		dma_fence_put(f);
		if (ret < 0)
			return ret;
		__atomic_add_fetch(&consumed, 1, __ATOMIC_RELAXED);
	}
}

static long consume_by_wait(void *unused)
{
	(void)unused;
	return consume(wait_for);
}

static long consume_by_callback(void *unused)
{
	(void)unused;
	return consume(call_for);
}

static long consume_by_poll(void *unused)
{
	(void)unused;
	return consume(poll_for);
}

static void run(long (*const ways[3])(void *), long timelines)
{
	struct actor actors[3];
	long served;

	puppet_start(&p);
	for (long t = 0; t < timelines; t++)
		ask_ok(&p, far_create, t, 0);
	for (int i = 0; i < 3; i++) {
		actor_start(&actors[i]);
		actor_go(&actors[i], ways[i], NULL);
	}
	tell(&p, far_serve, timelines, RUN_NS);
	served = answer(&p);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(actor_result(&actors[i]), 0);
	for (int i = 0; i < 3; i++)
		actor_stop(&actors[i]);
	ck_assert_int_gt(served, 100);
	ck_assert_int_eq(__atomic_load_n(&consumed, __ATOMIC_RELAXED), served);
	puppet_end(&p);
}

/* spec: design-sharing.md 1 Sleeping: nobody sleeps through a signal, whichever way they wait */
TEST_EACH(no_wake_is_lost_by_a_waiter_a_callback_and_a_poller, 1, 4)
{
	static long (*const ways[3])(void *) = { consume_by_wait, consume_by_callback, consume_by_poll };

	run(ways, _i);
}

/* spec: design-sharing.md 1 Sleeping: three sleepers on one word, of which each may hide the ring from the others */
TEST_EACH(no_wake_is_lost_among_three_sleepers, 1, 4)
{
	static long (*const ways[3])(void *) = { consume_by_wait, consume_by_wait, consume_by_wait };

	run(ways, _i);
}
