/* SPDX-License-Identifier: MIT */
/*
 * Many threads do random things with wait/wound mutexes: take them in every way, try, get interrupted, back off, give up.
 * Nothing is prescribed; what must hold is checked as it goes: one holder at a time, the oldest is never told to back
 * off, nobody is told so for its first lock, everybody ends.
 */
#include "src/resv/ww-waiter.h"

#include "test.h"
#include "threads.h"

enum {
	THREADS = 5,
	LOCKS = 6,
	ROUNDS = 120,
	STEPS = 12
};

static DEFINE_WD_CLASS(die_class);
static DEFINE_WW_CLASS(wound_class);
static struct ww_class *class;

static struct {
	struct ww_mutex lock;
	int inside; /* plain, so that TSan sees a hole too */
} locks[LOCKS];

struct worker {
	struct actor actor;
	struct dice dice;
	struct ww_acquire_ctx ctx;
	bool has_ticket;
	bool held[LOCKS];
	unsigned int num_held;
	long deadlks, intrs;
};

/* --- who is the oldest? Nobody older than that can come any more. --- */

static pthread_mutex_t birth_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ww_acquire_ctx *alive[THREADS + 1]; /* the last is a ghost's, see below */

static void ticket_take(struct ww_acquire_ctx *ctx, int slot)
{
	pthread_mutex_lock(&birth_lock);
	ww_acquire_init(ctx, class);
	alive[slot] = ctx;
	pthread_mutex_unlock(&birth_lock);
}

static void ticket_end(struct ww_acquire_ctx *ctx, int slot)
{
	pthread_mutex_lock(&birth_lock);
	alive[slot] = NULL;
	ww_acquire_fini(ctx);
	pthread_mutex_unlock(&birth_lock);
}

/* The oldest, and not wounded by one who has gone since. */
static bool must_win(struct ww_acquire_ctx *ctx)
{
	bool oldest = !__atomic_load_n(&ctx->wounded, __ATOMIC_RELAXED);
	int i;

	pthread_mutex_lock(&birth_lock);
	for (i = 0; i <= THREADS; i++)
		oldest = oldest && (!alive[i] || alive[i] == ctx ||
				    (int64_t)(ctx->stamp - alive[i]->stamp) < 0);
	pthread_mutex_unlock(&birth_lock);
	return oldest;
}

/* --- what a thread may do --- */

static void enter(struct worker *w, int i)
{
	ck_assert_int_eq(++locks[i].inside, 1);
	ck_assert_ptr_eq(locks[i].lock.ctx, w->has_ticket ? &w->ctx : NULL);
	w->held[i] = true;
	w->num_held++;
}

static void leave(struct worker *w, int i)
{
	ck_assert_int_eq(--locks[i].inside, 0);
	w->held[i] = false;
	w->num_held--;
	ww_mutex_unlock(&locks[i].lock);
}

static void leave_all(struct worker *w)
{
	int i;

	for (i = 0; i < LOCKS; i++) {
		if (w->held[i])
			leave(w, i);
	}
}

/* A lock failed: all go, and that one comes first, perhaps after some signals. */
static void back_off(struct worker *w, int i)
{
	w->deadlks++;
	leave_all(w);
	ck_assert_uint_eq(w->ctx.acquired, 0);
	if (dice_below(&w->dice, 3) == 0)
		ck_assert_int_eq(ww_mutex_lock(&locks[i].lock, &w->ctx), 0);
	else
		ww_mutex_lock_slow(&locks[i].lock, &w->ctx);
	enter(w, i);
}

static void lock_one(struct worker *w, int i, bool intr)
{
	struct ww_acquire_ctx *ctx = w->has_ticket ? &w->ctx : NULL;
	bool wins = ctx && must_win(ctx);
	int ret;

	if (!ctx && w->num_held) /* would wait for others while they wait for it */
		return;
	ret = intr ? ww_mutex_lock_interruptible(&locks[i].lock, ctx) :
		     ww_mutex_lock(&locks[i].lock, ctx);
	switch (ret) {
	case 0:
		enter(w, i);
		break;
	case -EALREADY:
		ck_assert(ctx && w->held[i]);
		break;
	case -EINTR:
		ck_assert(intr && !w->held[i]);
		w->intrs++;
		break;
	case -EDEADLK:
		ck_assert_uint_gt(w->num_held, 0);
		ck_assert_msg(!wins, "the oldest ticket was told to back off");
		back_off(w, i);
		break;
	default:
		ck_abort_msg("a lock gave %d", ret);
	}
	ck_assert_uint_eq(w->ctx.acquired, w->has_ticket ? w->num_held : 0);
}

static void try_one(struct worker *w, int i)
{
	if (ww_mutex_trylock(&locks[i].lock, w->has_ticket ? &w->ctx : NULL)) {
		ck_assert(!w->held[i]);
		enter(w, i);
	}
}

static void step(struct worker *w)
{
	int i = dice_below(&w->dice, LOCKS);

	switch (dice_below(&w->dice, 8)) {
	case 0:
		try_one(w, i);
		break;
	case 1:
		if (w->held[i])
			leave(w, i);
		break;
	case 2:
	case 3:
		lock_one(w, i, true);
		break;
	case 4:
		sched_yield();
		break;
	default:
		lock_one(w, i, false);
		break;
	}
}

static struct worker workers[THREADS];

static long work(void *data)
{
	struct worker *w = data;
	int slot = (int)(w - workers), round, steps;

	for (round = 0; round < ROUNDS; round++) {
		w->has_ticket = dice_below(&w->dice, 6);
		if (w->has_ticket)
			ticket_take(&w->ctx, slot);
		else
			memset(&w->ctx, 0, sizeof(w->ctx));
		for (steps = dice_below(&w->dice, STEPS); steps > 0; steps--)
			step(w);
		leave_all(w);
		if (w->has_ticket)
			ticket_end(&w->ctx, slot);
	}
	return round;
}

/* Everybody is signalled now and then until all have ended. */
static void pester_until_done(void)
{
	int i, busy;

	do {
		for (i = 0, busy = 0; i < THREADS; i++) {
			if (actor_done(&workers[i].actor, 0))
				continue;
			busy++;
			pthread_kill(workers[i].actor.thread, SIGUSR1);
		}
		sleep_ms(1);
	} while (busy);
}

/* --- together with waiters that are no threads --- */

struct ghost {
	struct ww_waiter waiter;
	struct ww_acquire_ctx ctx;
	uint64_t identity[2] __attribute__((aligned(16)));
	int over; /* atomic: 1 when result is there */
	int result;
	bool held[LOCKS];
};

static void ghost_over(struct ww_waiter *waiter, int result)
{
	struct ghost *g = (struct ghost *)waiter;

	g->result = result;
	__atomic_store_n(&g->over, 1, __ATOMIC_RELEASE);
}

static void ghost_leave_all(struct ghost *g)
{
	int i;

	for (i = 0; i < LOCKS; i++) {
		if (!g->held[i])
			continue;
		g->held[i] = false;
		ck_assert_int_eq(--locks[i].inside, 0);
		ck_assert_int_eq(dmabuf_ww_unlock_owner(&locks[i].lock, g->waiter.owner), 0);
	}
}

/* Until it is over, or not if the dice say so. */
static int ghost_lock(struct ghost *g, struct dice *dice, int i)
{
	int ret;

	__atomic_store_n(&g->over, 0, __ATOMIC_RELEASE);
	ret = dmabuf_ww_lock_async(&locks[i].lock, &g->waiter);
	if (ret != -EINPROGRESS)
		return ret;
	if (dice_below(dice, 4) == 0 && dmabuf_ww_cancel_async(&locks[i].lock, &g->waiter))
		return -EINTR;
	while (!__atomic_load_n(&g->over, __ATOMIC_ACQUIRE))
		sched_yield();
	return g->result;
}

static long haunt(void *data)
{
	static struct ghost g;
	int round, i, n, ret;
	struct dice *dice = data;

	for (round = 0; round < ROUNDS; round++) {
		memset(&g, 0, sizeof(g));
		g.waiter.owner = (uint64_t)(uintptr_t)g.identity;
		g.waiter.over = ghost_over;
		g.waiter.ctx = &g.ctx;
		ticket_take(&g.ctx, THREADS);
		for (n = dice_below(dice, STEPS); n > 0; n--) {
			i = dice_below(dice, LOCKS);
			ret = ghost_lock(&g, dice, i);
			if (ret == -EDEADLK) {
				ck_assert_uint_gt(g.ctx.acquired, 0);
				ghost_leave_all(&g);
			}
			if (ret == 0) {
				ck_assert_int_eq(++locks[i].inside, 1);
				g.held[i] = true;
			}
		}
		ghost_leave_all(&g);
		ck_assert_uint_eq(g.ctx.acquired, 0);
		ticket_end(&g.ctx, THREADS);
	}
	return round;
}

/* Signals come to end sleeps only. */
static void heed(int signo)
{
	(void)signo;
}

static void play(bool with_ghost)
{
	struct dice ghost_dice;
	struct actor ghost;
	struct sigaction action = { .sa_handler = heed };
	int i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < LOCKS; i++)
		ww_mutex_init(&locks[i].lock, class);
	for (i = 0; i < THREADS; i++)
		actor_start(&workers[i].actor);
	for (i = 0; i < THREADS; i++)
		actor_go(&workers[i].actor, work, &workers[i]);
	if (with_ghost) {
		dice_init(&ghost_dice, 99);
		actor_start(&ghost);
		actor_go(&ghost, haunt, &ghost_dice);
	}
	pester_until_done();
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(actor_result(&workers[i].actor), ROUNDS);
		actor_stop(&workers[i].actor);
	}
	if (with_ghost) {
		ck_assert_int_eq(actor_result(&ghost), ROUNDS);
		actor_stop(&ghost);
	}
	for (i = 0; i < LOCKS; i++) {
		ck_assert(!ww_mutex_is_locked(&locks[i].lock));
		ww_mutex_destroy(&locks[i].lock);
	}
}

static void begin(struct ww_class *of, int run)
{
	int i;

	class = of;
	for (i = 0; i < THREADS; i++)
		dice_init(&workers[i].dice, 100 * run + i);
}

/* spec: resv.md 6.3, 6.4, 9 V6; selftests.md 5 stress; _i: run, odd ones in a wound-wait class */
TEST_EACH(threads_doing_anything_all_finish, 0, 8)
{
	begin(_i & 1 ? &wound_class : &die_class, _i);
	play(false);
}

/* spec: src/resv/ww-waiter.h, 9 V6; with somebody who is no thread */
TEST_EACH(threads_and_a_ghost_doing_anything_all_finish, 0, 4)
{
	begin(&die_class, 10 + _i);
	play(true);
}
