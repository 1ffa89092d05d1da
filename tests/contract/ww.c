/* SPDX-License-Identifier: MIT */
/* What the kernel promises about wait/wound mutexes of a wait-die class: the decision table, row by row. */
#include "ww-party.h"

static DEFINE_WD_CLASS(wd_class);
static struct ww_mutex lock_a, lock_b, lock_c;

static void init_locks(void)
{
	ww_mutex_init(&lock_a, &wd_class);
	ww_mutex_init(&lock_b, &wd_class);
	ww_mutex_init(&lock_c, &wd_class);
}

static void destroy_locks(void)
{
	ww_mutex_destroy(&lock_a);
	ww_mutex_destroy(&lock_b);
	ww_mutex_destroy(&lock_c);
}

/* --- tickets --- */

/* spec: resv.md 6.1 ww_acquire_init "stamp = ++class.stamp", lower is older */
TEST(tickets_are_numbered_in_order)
{
	struct party old, young;

	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_uint_lt(old.ctx.stamp, young.ctx.stamp);
	ck_assert_uint_eq(young.ctx.stamp, wd_class.stamp);
	ck_assert_uint_eq(old.ctx.acquired, 0);
	ck_assert_ptr_eq(old.ctx.ww_class, &wd_class);
	party_stop(&old);
	party_stop(&young);
}

/* spec: resv.md 6.2 ww_mutex_lock, ww_mutex_unlock "decrements acquired, clears lock->ctx" */
TEST(locking_counts_in_the_ticket)
{
	struct ww_acquire_ctx ctx;

	init_locks();
	ww_acquire_init(&ctx, &wd_class);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	ck_assert_int_eq(ww_mutex_lock(&lock_b, &ctx), 0);
	ck_assert_uint_eq(ctx.acquired, 2);
	ck_assert_ptr_eq(lock_a.ctx, &ctx);
	ck_assert(ww_mutex_is_locked(&lock_a));
	ww_mutex_unlock(&lock_a);
	ck_assert_uint_eq(ctx.acquired, 1);
	ck_assert_ptr_null(lock_a.ctx);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	ww_mutex_unlock(&lock_b);
	ck_assert_uint_eq(ctx.acquired, 0);
	ww_acquire_done(&ctx);
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.2 "ctx NULL: always 0, behaves as a plain mutex" */
TEST(lock_without_ticket_is_a_plain_lock)
{
	init_locks();
	ck_assert_int_eq(ww_mutex_lock(&lock_a, NULL), 0);
	ck_assert(ww_mutex_is_locked(&lock_a));
	ck_assert_ptr_null(lock_a.ctx);
	ww_mutex_unlock(&lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	destroy_locks();
}

/* --- the decision table --- */

/* spec: resv.md 6.3 row "L->ctx == ctx" */
TEST(own_lock_again_gives_ealready_and_changes_nothing)
{
	struct ww_acquire_ctx ctx;

	init_locks();
	ww_acquire_init(&ctx, &wd_class);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), -EALREADY);
	ck_assert_uint_eq(ctx.acquired, 1);
	ww_mutex_unlock(&lock_a);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	ww_acquire_fini(&ctx);
	destroy_locks();
}

/* spec: resv.md 6.3 row "held, ctx->acquired == 0: always waits, never -EDEADLK" */
TEST(first_lock_of_a_ticket_waits_even_for_an_older_holder)
{
	struct party old, young;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	ck_assert_ptr_eq(lock_a.ctx, &young.ctx);
	party_unlock(&young, &lock_a);
	party_stop(&old);
	party_stop(&young);
	destroy_locks();
}

/* spec: resv.md 6.3 row "wait-die class; holder has older ctx; my acquired > 0" */
TEST(older_holder_kills_who_has_locks)
{
	struct party old, young;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), -EDEADLK);
	ck_assert_uint_eq(young.ctx.acquired, 1);
	ck_assert_ptr_eq(lock_a.ctx, &old.ctx);
	party_unlock(&young, &lock_b);
	party_unlock(&old, &lock_a);
	party_stop(&old);
	party_stop(&young);
	destroy_locks();
}

/* spec: resv.md 6.3 row "wait-die; holder younger: wait" */
TEST(older_ticket_waits_for_a_younger_holder)
{
	struct party old, young;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	ck_assert_int_eq(party_lock(&old, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	party_unlock(&young, &lock_a);
	expect_ends(&old, 0);
	ck_assert_uint_eq(old.ctx.acquired, 2);
	party_unlock(&old, &lock_a);
	party_unlock(&old, &lock_b);
	party_stop(&old);
	party_stop(&young);
	destroy_locks();
}

/* spec: resv.md 6.3 row "wait-die; holder without ctx: wait" */
TEST(holder_without_ticket_is_waited_for)
{
	struct party loner, someone;

	init_locks();
	loner_start(&loner);
	party_start(&someone, &wd_class);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&someone, &lock_b), 0);
	party_go(&someone, &lock_a);
	expect_waits(&someone);
	party_unlock(&loner, &lock_a);
	expect_ends(&someone, 0);
	party_unlock(&someone, &lock_a);
	party_unlock(&someone, &lock_b);
	party_stop(&loner);
	party_stop(&someone);
	destroy_locks();
}

/* spec: resv.md 6.3 row "an older ctx waiter is already queued ahead; my acquired > 0" */
TEST(older_waiter_ahead_kills_who_has_locks)
{
	struct party old, young, loner;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	party_go(&old, &lock_a);
	expect_waits(&old);
	ck_assert_int_eq(party_lock(&young, &lock_a), -EDEADLK);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	party_unlock(&young, &lock_b);
	party_stop(&old);
	party_stop(&young);
	party_stop(&loner);
	destroy_locks();
}

/* spec: resv.md 6.3 row "while I wait with acquired > 0 an older waiter queues up: it wakes me, I get -EDEADLK" */
TEST(older_waiter_arriving_kills_a_waiter_who_has_locks)
{
	struct party old, young, loner;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_go(&old, &lock_a);
	expect_ends(&young, -EDEADLK);
	expect_waits(&old);
	party_unlock(&young, &lock_b);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	party_stop(&old);
	party_stop(&young);
	party_stop(&loner);
	destroy_locks();
}

/* spec: resv.md 6.3: who has nothing to give up is not killed by an older waiter, and the oldest goes first */
TEST(oldest_waiter_goes_first)
{
	struct party old, young, loner;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&loner, &lock_a), 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_go(&old, &lock_a);
	expect_waits(&old);
	expect_waits(&young);
	party_unlock(&loner, &lock_a);
	expect_ends(&old, 0);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	party_unlock(&young, &lock_a);
	party_stop(&old);
	party_stop(&young);
	party_stop(&loner);
	destroy_locks();
}

/* spec: resv.md 6.3 row "holder has older ctx": the kill also comes when the lock passes to an older one while I wait */
TEST(waiter_with_locks_dies_when_an_older_waiter_is_ahead_of_it_at_hand_over)
{
	struct party old, middle, young;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&middle, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_int_eq(party_lock(&young, &lock_a), 0);
	ck_assert_int_eq(party_lock(&middle, &lock_b), 0);
	party_go(&middle, &lock_a);
	expect_waits(&middle);
	party_go(&old, &lock_a);
	expect_ends(&middle, -EDEADLK);
	party_unlock(&young, &lock_a);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	party_unlock(&middle, &lock_b);
	party_stop(&old);
	party_stop(&middle);
	party_stop(&young);
	destroy_locks();
}

/* spec: resv.md 6.3 "waiters without a ctx are treated as always waiting" */
TEST(lock_without_ticket_waits_and_is_never_killed)
{
	struct party old, loner;

	init_locks();
	party_start(&old, &wd_class);
	loner_start(&loner);
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	party_go(&loner, &lock_a);
	expect_waits(&loner);
	party_unlock(&old, &lock_a);
	expect_ends(&loner, 0);
	party_unlock(&loner, &lock_a);
	party_stop(&old);
	party_stop(&loner);
	destroy_locks();
}

/* spec: resv.md 6.3 "waiters without one stay in FIFO position" */
TEST(waiters_without_ticket_go_in_order)
{
	enum {
		N = 4
	};
	struct party loner[N];
	int i, j;

	init_locks();
	ww_mutex_lock(&lock_a, NULL);
	for (i = 0; i < N; i++) {
		loner_start(&loner[i]);
		party_go(&loner[i], &lock_a);
		ck_assert(!actor_done(&loner[i].actor, STAYS_MS));
	}
	ww_mutex_unlock(&lock_a);
	for (i = 0; i < N; i++) {
		ck_assert_int_eq(actor_result(&loner[i].actor), 0);
		for (j = i + 1; j < N; j++)
			ck_assert(!actor_done(&loner[j].actor, 1));
		party_unlock(&loner[i], &lock_a);
	}
	for (i = 0; i < N; i++)
		party_stop(&loner[i]);
	destroy_locks();
}

/* spec: resv.md 6.1 "a ctx that backs off and retries keeps its stamp"; 6.4 */
TEST(ticket_keeps_its_stamp_over_back_off)
{
	struct party old, young;
	uint64_t stamp;

	init_locks();
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	stamp = young.ctx.stamp;
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), -EDEADLK);
	party_unlock(&young, &lock_b);
	ck_assert_uint_eq(young.ctx.acquired, 0);
	party_go(&young, &lock_a);
	expect_waits(&young);
	party_unlock(&old, &lock_a);
	expect_ends(&young, 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_uint_eq(young.ctx.stamp, stamp);
	ck_assert_uint_eq(young.ctx.acquired, 2);
	party_unlock(&young, &lock_a);
	party_unlock(&young, &lock_b);
	party_stop(&old);
	party_stop(&young);
	destroy_locks();
}

/* spec: resv.md 6.1 "compare with a signed difference so that wrap is harmless" */
TEST(age_is_compared_over_the_wrap_of_stamps)
{
	struct party old, young;

	init_locks();
	wd_class.stamp = UINT64_MAX - 1;
	party_start(&old, &wd_class);
	party_start(&young, &wd_class);
	ck_assert_uint_gt(old.ctx.stamp, young.ctx.stamp);
	ck_assert_int_eq(party_lock(&old, &lock_a), 0);
	ck_assert_int_eq(party_lock(&young, &lock_b), 0);
	ck_assert_int_eq(party_lock(&young, &lock_a), -EDEADLK);
	party_go(&old, &lock_b);
	expect_waits(&old);
	party_unlock(&young, &lock_b);
	expect_ends(&old, 0);
	party_unlock(&old, &lock_a);
	party_unlock(&old, &lock_b);
	party_stop(&old);
	party_stop(&young);
	destroy_locks();
}

/* --- misuse --- */

/* spec: resv.md 6.1 ww_acquire_done "calling twice is an error" */
TEST(done_twice_warns)
{
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &wd_class);
	ww_acquire_done(&ctx);
	expect_no_warning();
	ww_acquire_done(&ctx);
	expect_warning(NULL);
	ww_acquire_fini(&ctx);
	forget_warnings();
}

/* spec: resv.md 6.6 "locking with a ctx after ww_acquire_done" */
TEST(lock_after_done_warns)
{
	struct ww_acquire_ctx ctx;

	init_locks();
	ww_acquire_init(&ctx, &wd_class);
	ww_acquire_done(&ctx);
	if (ww_mutex_lock(&lock_a, &ctx) == 0)
		ww_mutex_unlock(&lock_a);
	expect_warning(NULL);
	ww_acquire_fini(&ctx);
	forget_warnings();
	destroy_locks();
}

/* spec: resv.md 6.1 ww_acquire_fini "all locks must be released before" */
TEST(fini_with_locks_held_warns)
{
	struct ww_acquire_ctx ctx;

	init_locks();
	ww_acquire_init(&ctx, &wd_class);
	ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
	ww_acquire_fini(&ctx);
	expect_warning(NULL);
}

/* spec: resv.md 6.6 "unlocking by a task that does not hold it" */
TEST(unlock_by_another_thread_warns_and_changes_nothing)
{
	struct party holder, stranger;

	init_locks();
	party_start(&holder, &wd_class);
	party_start(&stranger, &wd_class);
	ck_assert_int_eq(party_lock(&holder, &lock_a), 0);
	party_unlock(&stranger, &lock_a);
	expect_warning(NULL);
	ck_assert(ww_mutex_is_locked(&lock_a));
	ck_assert_ptr_eq(lock_a.ctx, &holder.ctx);
	ck_assert_uint_eq(holder.ctx.acquired, 1);
	ck_assert_uint_eq(stranger.ctx.acquired, 0);
	party_go(&stranger, &lock_a);
	expect_waits(&stranger);
	party_unlock(&holder, &lock_a);
	expect_no_warning();
	expect_ends(&stranger, 0);
	party_unlock(&stranger, &lock_a);
	party_stop(&holder);
	party_stop(&stranger);
	destroy_locks();
}

/* spec: resv.md 6.6 "unlocking by a task that does not hold it" */
TEST(unlock_of_a_free_lock_warns_and_changes_nothing)
{
	init_locks();
	ww_mutex_unlock(&lock_a);
	expect_warning(NULL);
	ck_assert(!ww_mutex_is_locked(&lock_a));
	ck_assert_int_eq(ww_mutex_lock(&lock_a, NULL), 0);
	ww_mutex_unlock(&lock_a);
	destroy_locks();
}

/* spec: resv.md 6.1 ww_mutex_destroy (header: a held one is warned about) */
TEST(destroy_of_a_held_lock_warns)
{
	init_locks();
	ww_mutex_lock(&lock_a, NULL);
	ww_mutex_destroy(&lock_a);
	expect_warning(NULL);
}

/* --- many threads --- */

enum {
	NUM_THREADS = 4,
	NUM_LOCKS = 12,
	ROUNDS = 300
};

static struct ww_mutex locks[NUM_LOCKS];
static int inside[NUM_LOCKS]; /* threads in a lock; plain, so that TSan sees a hole too */
static long entered[NUM_LOCKS];

struct worker {
	struct actor actor;
	struct dice dice;
	long back_offs;
};

static void shuffle(struct dice *dice, int *order, int n)
{
	int i, j, swap;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i > 0; i--) {
		j = dice_below(dice, i + 1);
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
}

/* Pattern 2 of the design document: the contended lock moves to the front. */
static void lock_set(struct worker *w, struct ww_acquire_ctx *ctx, int *order, int n)
{
	int i = 0, j, contended, ret;

	while (i < n) {
		ret = ww_mutex_lock(&locks[order[i]], ctx);
		if (ret == 0) {
			i++;
			continue;
		}
		ck_assert_int_eq(ret, -EDEADLK);
		ck_assert_int_gt(i, 0);
		w->back_offs++;
		for (j = 0; j < i; j++)
			ww_mutex_unlock(&locks[order[j]]);
		contended = order[i];
		memmove(order + 1, order, i * sizeof(*order));
		order[0] = contended;
		i = 0;
	}
}

static long work(void *data)
{
	struct ww_acquire_ctx ctx;
	int order[NUM_LOCKS], round, i, n;
	struct worker *w = data;

	for (round = 0; round < ROUNDS; round++) {
		shuffle(&w->dice, order, NUM_LOCKS);
		n = 1 + dice_below(&w->dice, NUM_LOCKS);
		ww_acquire_init(&ctx, &wd_class);
		lock_set(w, &ctx, order, n);
		ww_acquire_done(&ctx);
		for (i = 0; i < n; i++) {
			ck_assert_int_eq(++inside[order[i]], 1);
			entered[order[i]]++;
		}
		for (i = 0; i < n; i++) {
			inside[order[i]]--;
			ww_mutex_unlock(&locks[order[i]]);
		}
		ww_acquire_fini(&ctx);
	}
	return round;
}

/* spec: resv.md 9 V6, selftests.md 5 stress */
TEST(threads_locking_in_random_order_all_finish)
{
	struct worker worker[NUM_THREADS];
	int i;

	for (i = 0; i < NUM_LOCKS; i++)
		ww_mutex_init(&locks[i], &wd_class);
	for (i = 0; i < NUM_THREADS; i++) {
		memset(&worker[i], 0, sizeof(worker[i]));
		dice_init(&worker[i].dice, i);
		actor_start(&worker[i].actor);
	}
	for (i = 0; i < NUM_THREADS; i++)
		actor_go(&worker[i].actor, work, &worker[i]);
	for (i = 0; i < NUM_THREADS; i++) {
		ck_assert_int_eq(actor_result(&worker[i].actor), ROUNDS);
		actor_stop(&worker[i].actor);
	}
	for (i = 0; i < NUM_LOCKS; i++) {
		ck_assert(!ww_mutex_is_locked(&locks[i]));
		ww_mutex_destroy(&locks[i]);
	}
}

static long counted;

static long count_with_and_without_tickets(void *data)
{
	struct worker *w = data;
	struct ww_acquire_ctx ctx;
	int i;

	for (i = 0; i < 5000; i++) {
		if (dice_below(&w->dice, 2)) {
			ww_acquire_init(&ctx, &wd_class);
			ck_assert_int_eq(ww_mutex_lock(&lock_a, &ctx), 0);
			counted++;
			ww_mutex_unlock(&lock_a);
			ww_acquire_fini(&ctx);
		} else {
			ck_assert_int_eq(ww_mutex_lock(&lock_a, NULL), 0);
			counted++;
			ww_mutex_unlock(&lock_a);
		}
	}
	return i;
}

/* spec: selftests.md 5 test_mutex */
TEST(one_holder_at_a_time)
{
	struct worker worker[NUM_THREADS];
	int i;

	init_locks();
	for (i = 0; i < NUM_THREADS; i++) {
		dice_init(&worker[i].dice, i);
		actor_start(&worker[i].actor);
		actor_go(&worker[i].actor, count_with_and_without_tickets, &worker[i]);
	}
	for (i = 0; i < NUM_THREADS; i++) {
		ck_assert_int_eq(actor_result(&worker[i].actor), 5000);
		actor_stop(&worker[i].actor);
	}
	ck_assert_int_eq(counted, NUM_THREADS * 5000);
	destroy_locks();
}

/* A ring of n: everybody holds one lock and wants the next one's. */
struct ring_member {
	struct actor actor;
	struct ww_mutex *first, *second;
	pthread_barrier_t *all_hold_one;
};

static long go_round(void *data)
{
	struct ring_member *m = data;
	struct ww_acquire_ctx ctx;
	int ret, killed = 0;

	ww_acquire_init(&ctx, &wd_class);
	ret = ww_mutex_lock(m->first, &ctx);
	pthread_barrier_wait(m->all_hold_one);
	if (ret == 0)
		ret = ww_mutex_lock(m->second, &ctx);
	if (ret == -EDEADLK) {
		killed = 1;
		ww_mutex_unlock(m->first);
		ret = ww_mutex_lock(m->second, &ctx);
		while (ret == 0 && (ret = ww_mutex_lock(m->first, &ctx)) == -EDEADLK) {
			struct ww_mutex *swap = m->first;

			ww_mutex_unlock(m->second);
			m->first = m->second;
			m->second = swap;
			ret = ww_mutex_lock(m->second, &ctx);
		}
	}
	ck_assert_int_eq(ret, 0);
	ww_mutex_unlock(m->first);
	ww_mutex_unlock(m->second);
	ww_acquire_fini(&ctx);
	return killed;
}

/* spec: selftests.md 5 test_abba, test_cycle; _i: size of the ring */
TEST_EACH(cycle_is_broken_by_edeadlk_and_all_finish, 2, 6)
{
	struct ring_member member[6];
	pthread_barrier_t all_hold_one;
	long killed = 0;
	int i;

	pthread_barrier_init(&all_hold_one, NULL, _i);
	for (i = 0; i < _i; i++)
		ww_mutex_init(&locks[i], &wd_class);
	for (i = 0; i < _i; i++) {
		member[i].first = &locks[i];
		member[i].second = &locks[(i + 1) % _i];
		member[i].all_hold_one = &all_hold_one;
		actor_start(&member[i].actor);
		actor_go(&member[i].actor, go_round, &member[i]);
	}
	for (i = 0; i < _i; i++) {
		killed += actor_result(&member[i].actor);
		actor_stop(&member[i].actor);
	}
	ck_assert_int_ge(killed, 1);
	pthread_barrier_destroy(&all_hold_one);
}
