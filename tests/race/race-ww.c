/* SPDX-License-Identifier: MIT */
/*
 * Wait/wound mutexes taken by several threads and by waiters that are no threads, which wait, give up and are handed the
 * lock. One holder at a time: what each of them counts under a lock adds up.
 */
#include "src/resv/ww-waiter.h"

#include "race.h"

#define LOCKS 4

static DEFINE_WD_CLASS(die_class);
static DEFINE_WW_CLASS(wound_class);
static struct ww_class *class;

static struct {
	struct ww_mutex lock;
	unsigned long inside; /* plain, so that TSan sees a hole too */
} locks[LOCKS];

static struct race_count entered, backed_off;

static void work_inside(int i)
{
	locks[i].inside++;
	race_add(&entered, 1);
}

static void unlock_all(bool *held)
{
	int i;

	for (i = 0; i < LOCKS; i++) {
		if (held[i])
			ww_mutex_unlock(&locks[i].lock);
		held[i] = false;
	}
}

/* One more lock for the ticket; all others go first if it has to back off. */
static void lock_more(struct racer *me, struct ww_acquire_ctx *ctx, bool *held, int i)
{
	unsigned int had = ctx->acquired;
	int ret = dice_below(&me->dice, 2) ? ww_mutex_lock_interruptible(&locks[i].lock, ctx) :
					     ww_mutex_lock(&locks[i].lock, ctx);

	if (ret == -EALREADY) {
		ck_assert(held[i]);
		return;
	}
	if (ret == -EDEADLK) {
		ck_assert_uint_gt(had, 0);
		race_add(&backed_off, 1);
		unlock_all(held);
		ww_mutex_lock_slow(&locks[i].lock, ctx);
		ret = 0;
	}
	ck_assert_int_eq(ret, 0);
	held[i] = true;
	work_inside(i);
}

static void lock_with_ticket(struct racer *me)
{
	struct ww_acquire_ctx ctx;
	bool held[LOCKS] = { false };
	unsigned int n;

	ww_acquire_init(&ctx, class);
	for (n = 1 + dice_below(&me->dice, LOCKS); n > 0; n--)
		lock_more(me, &ctx, held, (int)dice_below(&me->dice, LOCKS));
	if (dice_below(&me->dice, 2))
		ww_acquire_done(&ctx);
	race_dawdle(me, 200);
	unlock_all(held);
	ck_assert_uint_eq(ctx.acquired, 0);
	ww_acquire_fini(&ctx);
}

static void lock_without(struct racer *me)
{
	int i = (int)dice_below(&me->dice, LOCKS);

	if (dice_below(&me->dice, 3) == 0) {
		if (!ww_mutex_trylock(&locks[i].lock, NULL))
			return;
	} else {
		ck_assert_int_eq(ww_mutex_lock(&locks[i].lock, NULL), 0);
	}
	work_inside(i);
	race_dawdle(me, 100);
	ww_mutex_unlock(&locks[i].lock);
}

/* --- without a thread --- */

struct ghost {
	struct ww_waiter waiter;
	struct ww_acquire_ctx ctx;
	uint64_t identity[2] __attribute__((aligned(16)));
	int over; /* atomic: how often it was called */
	int result;
	bool held[LOCKS];
};

static void ghost_over(struct ww_waiter *waiter, int result)
{
	struct ghost *g = (struct ghost *)waiter;

	g->result = result;
	__atomic_add_fetch(&g->over, 1, __ATOMIC_RELEASE);
}

static void ghost_start(struct racer *me, struct ghost *g)
{
	memset(g, 0, sizeof(*g));
	g->waiter.owner = (uint64_t)(uintptr_t)g->identity;
	g->waiter.over = ghost_over;
	if (dice_below(&me->dice, 4)) {
		ww_acquire_init(&g->ctx, class);
		g->waiter.ctx = &g->ctx;
	}
}

/* Queued, and perhaps not for long: it is called once, or told that it will not be. */
static int ghost_lock(struct racer *me, struct ghost *g, int i)
{
	int ret;

	__atomic_store_n(&g->over, 0, __ATOMIC_RELAXED);
	ret = dmabuf_ww_lock_async(&locks[i].lock, &g->waiter);
	if (ret != -EINPROGRESS)
		return ret;
	race_dawdle(me, 200);
	if (dice_below(&me->dice, 2) && dmabuf_ww_cancel_async(&locks[i].lock, &g->waiter)) {
		ck_assert_int_eq(__atomic_load_n(&g->over, __ATOMIC_ACQUIRE), 0);
		return -EINTR;
	}
	while (!__atomic_load_n(&g->over, __ATOMIC_ACQUIRE))
		sched_yield();
	ck_assert_int_eq(__atomic_load_n(&g->over, __ATOMIC_ACQUIRE), 1);
	return g->result;
}

static void ghost_unlock_all(struct ghost *g)
{
	int i;

	for (i = 0; i < LOCKS; i++) {
		if (g->held[i])
			ck_assert_int_eq(dmabuf_ww_unlock_owner(&locks[i].lock, g->waiter.owner),
					 0);
		g->held[i] = false;
	}
}

static void haunt(struct racer *me)
{
	struct ghost g;
	unsigned int n;

	ghost_start(me, &g);
	/* Without a ticket a second lock would wait for others while they wait for the first. */
	for (n = g.waiter.ctx ? 1 + dice_below(&me->dice, LOCKS) : 1; n > 0; n--) {
		int i = (int)dice_below(&me->dice, LOCKS), ret = ghost_lock(me, &g, i);

		if (ret == -EDEADLK) {
			ghost_unlock_all(&g);
		} else if (ret == 0) {
			g.held[i] = true;
			work_inside(i);
		} else {
			ck_assert_msg(ret == -EINTR || (ret == -EALREADY && g.held[i]),
				      "async gave %d", ret);
		}
	}
	ghost_unlock_all(&g);
	if (g.waiter.ctx) {
		ck_assert_uint_eq(g.ctx.acquired, 0);
		ww_acquire_fini(&g.ctx);
	}
}

static void begin(struct ww_class *of)
{
	int i;

	class = of;
	for (i = 0; i < LOCKS; i++)
		ww_mutex_init(&locks[i].lock, class);
}

static void end(void)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < LOCKS; i++) {
		ck_assert(!ww_mutex_is_locked(&locks[i].lock));
		ww_mutex_destroy(&locks[i].lock);
		sum += locks[i].inside;
	}
	ck_assert_uint_eq(sum, race_sum(&entered));
}

/* spec: resv.md 6.3, 6.4; src/resv/ww-waiter.h: over() is called once, or cancel said that it will not be */
TEST(tickets_and_ghosts_share_locks_that_die)
{

	begin(&die_class);
	race_all(lock_with_ticket, lock_with_ticket, lock_without, haunt, haunt);
	end();
}

/* spec: resv.md 6.3, 6.4 in a class that wounds */
TEST(tickets_share_locks_that_wound)
{

	begin(&wound_class);
	race_all(lock_with_ticket, lock_with_ticket, lock_with_ticket, lock_without);
	end();
}

/* --- an elder that is faster than those who were woken --- */

static struct ww_acquire_ctx elder, younger;
static bool younger_backed_off, younger_got_it; /* atomic */

static long wait_without_ticket(void *data)
{
	(void)data;
	ck_assert_int_eq(ww_mutex_lock(&locks[0].lock, NULL), 0);
	ww_mutex_unlock(&locks[0].lock);
	return 0;
}

static long wait_with_a_lock(void *data)
{
	(void)data;
	ww_acquire_init(&younger, class);
	ck_assert_int_eq(ww_mutex_lock(&locks[1].lock, &younger), 0);
	if (ww_mutex_lock(&locks[0].lock, &younger) == -EDEADLK)
		__atomic_store_n(&younger_backed_off, true, __ATOMIC_RELEASE);
	else
		ww_mutex_unlock(&locks[0].lock);
	__atomic_store_n(&younger_got_it, !younger_backed_off, __ATOMIC_RELEASE);
	ww_mutex_unlock(&locks[1].lock);
	ww_acquire_fini(&younger);
	return 0;
}

/*
 * It holds lock 0 in front of both of them: only lock 1 could be missing now, so the younger one must let it go. False: both
 * had come and gone before the elder had its turn.
 */
static bool expect_lock_1(void)
{
	ck_assert_msg(EVENTUALLY(__atomic_load_n(&younger_backed_off, __ATOMIC_ACQUIRE) ||
				 __atomic_load_n(&younger_got_it, __ATOMIC_ACQUIRE)),
		      "nobody told the younger one");
	ck_assert_int_eq(ww_mutex_lock(&locks[1].lock, &elder), 0);
	ww_mutex_unlock(&locks[1].lock);
	return __atomic_load_n(&younger_backed_off, __ATOMIC_ACQUIRE);
}

/*
 * spec: resv.md 6.3: a younger ticket does not wait for an older one while it holds locks; also if the older one came by
 * the lock without queueing, behind somebody without a ticket, who alone is woken.
 */
TEST(elder_that_was_faster_kills_the_young_behind_others)
{
	struct actor first, second;
	bool won;

	begin(&die_class);
	ww_acquire_init(&elder, class);
	ck_assert_int_eq(ww_mutex_lock(&locks[0].lock, NULL), 0);
	actor_start(&first);
	actor_start(&second);
	actor_go(&first, wait_without_ticket, NULL);
	sleep_ms(20);
	actor_go(&second, wait_with_a_lock, NULL);
	sleep_ms(20);
	ww_mutex_unlock(&locks[0].lock);
	won = ww_mutex_trylock(&locks[0].lock, &elder);
	if (won) {
		won = expect_lock_1();
		ww_mutex_unlock(&locks[0].lock);
	}
	ck_assert_int_eq(actor_result(&first) + actor_result(&second), 0);
	actor_stop(&first);
	actor_stop(&second);
	ww_acquire_fini(&elder);
	end();
	if (!won)
		skip("the one that was woken was faster this time");
}
