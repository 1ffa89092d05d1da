/* SPDX-License-Identifier: MIT */
/*
 * Random operations on wait/wound mutexes against a model that follows resv.md 6.3 word for word. Waiters that are no
 * threads make it exact: one thread plays them all, so every answer and every queue is known beforehand.
 */
#include "src/resv/ww-waiter.h"

#include "test.h"

enum {
	GHOSTS = 9,
	LOCKS = 4,
	STEPS = 1500
};

static DEFINE_WD_CLASS(wd_class);

struct ghost {
	struct ww_waiter waiter; /* first: over() is given it */
	struct ww_acquire_ctx ctx;
	uint64_t identity[2] __attribute__((aligned(16)));
	int calls, result;
	/* the model */
	bool has_ticket;
	int age; /* lower is older */
	int wants; /* a lock it queues for, or -1 */
	int told; /* what over() must have been called with, 1 for not at all */
	unsigned int held;
};

struct model_lock {
	int holder; /* a ghost, or -1 */
	int queue[GHOSTS], num;
};

static struct ghost ghosts[GHOSTS];
static struct ww_mutex locks[LOCKS];
static struct model_lock model[LOCKS];
static int births;

static void over(struct ww_waiter *waiter, int result)
{
	struct ghost *g = (struct ghost *)waiter;

	g->calls++;
	g->result = result;
}

/* --- the model --- */

static bool older(int a, int b)
{
	return ghosts[a].age < ghosts[b].age;
}

static void model_leave(struct model_lock *m, int who)
{
	int i;

	for (i = 0; m->queue[i] != who; i++)
		ck_assert_int_lt(i, m->num);
	for (m->num--; i < m->num; i++)
		m->queue[i] = m->queue[i + 1];
	ghosts[who].wants = -1;
}

static void model_kill(struct model_lock *m, int who)
{
	model_leave(m, who);
	ghosts[who].told = -EDEADLK;
}

static void model_take(struct model_lock *m, int who)
{
	m->holder = who;
	if (ghosts[who].has_ticket)
		ghosts[who].held++;
}

static bool dies_for(int who, int ahead)
{
	return ghosts[who].has_ticket && ghosts[who].held && ghosts[ahead].has_ticket &&
	       older(ahead, who);
}

static int model_lock(int lock, int who)
{
	struct model_lock *m = &model[lock];
	struct ghost *g = &ghosts[who];
	int i, place;

	if (m->holder < 0) {
		model_take(m, who);
		return 0;
	}
	if (g->has_ticket && m->holder == who)
		return -EALREADY;
	for (i = 0; i < m->num; i++) {
		if (dies_for(who, m->queue[i]))
			return -EDEADLK;
	}
	/* Queue in front of the oldest of the younger tickets behind which no older one stands; those with locks go. */
	place = m->num;
	for (i = m->num - 1; g->has_ticket && i >= 0; i--) {
		int other = m->queue[i];

		if (!ghosts[other].has_ticket)
			continue;
		if (older(other, who))
			break;
		if (dies_for(other, who)) {
			model_kill(m, other);
			place = place > i ? place - 1 : place;
		} else {
			place = i;
		}
	}
	if (dies_for(who, m->holder))
		return -EDEADLK;
	for (i = m->num; i > place; i--)
		m->queue[i] = m->queue[i - 1];
	m->queue[place] = who;
	m->num++;
	g->wants = lock;
	return -EINPROGRESS;
}

/* A new holder: the first waiter with a ticket backs off if it has locks and is younger. */
static void model_check(struct model_lock *m)
{
	int i;

	for (i = 0; i < m->num && ghosts[m->holder].has_ticket; i++) {
		if (!ghosts[m->queue[i]].has_ticket)
			continue;
		if (dies_for(m->queue[i], m->holder))
			model_kill(m, m->queue[i]);
		break;
	}
}

static void model_unlock(int lock)
{
	struct model_lock *m = &model[lock];
	int next;

	if (ghosts[m->holder].has_ticket)
		ghosts[m->holder].held--;
	m->holder = -1;
	if (!m->num)
		return;
	next = m->queue[0];
	model_leave(m, next);
	ghosts[next].told = 0;
	model_take(m, next);
	model_check(m);
}

/* --- both --- */

static void born(int who)
{
	struct ghost *g = &ghosts[who];

	memset(g, 0, sizeof(*g));
	g->waiter.owner = (uint64_t)(uintptr_t)g->identity;
	g->waiter.over = over;
	g->has_ticket = who % 4 != 3;
	g->age = births++;
	g->wants = -1;
	g->told = 1;
	if (g->has_ticket) {
		ww_acquire_init(&g->ctx, &wd_class);
		g->waiter.ctx = &g->ctx;
	}
}

static void check_all(void)
{
	struct dmabuf_list *pos;
	int i;

	for (i = 0; i < GHOSTS; i++) {
		struct ghost *g = &ghosts[i];

		ck_assert_int_eq(g->calls, g->told != 1);
		if (g->calls)
			ck_assert_int_eq(g->result, g->told);
		g->calls = 0;
		g->told = 1;
		ck_assert_uint_eq(g->ctx.acquired, g->held);
	}
	for (i = 0; i < LOCKS; i++) {
		int n = 0, holder = model[i].holder;

		for (pos = locks[i].waiters.next; pos != &locks[i].waiters; pos = pos->next, n++) {
			ck_assert_int_lt(n, model[i].num);
			ck_assert_ptr_eq(pos, &ghosts[model[i].queue[n]].waiter.node);
		}
		ck_assert_int_eq(n, model[i].num);
		ck_assert_int_eq(ww_mutex_is_locked(&locks[i]), holder >= 0);
		ck_assert_uint_eq(locks[i].task, holder < 0 ? 0 : ghosts[holder].waiter.owner);
		ck_assert_ptr_eq(locks[i].ctx, holder < 0 ? NULL : ghosts[holder].waiter.ctx);
	}
}

static void lock_some(int who, int lock)
{
	/* Who has no ticket and holds the lock would wait for itself. */
	if (ghosts[who].wants >= 0 || (!ghosts[who].has_ticket && model[lock].holder == who))
		return;
	ck_assert_int_eq(dmabuf_ww_lock_async(&locks[lock], &ghosts[who].waiter),
			 model_lock(lock, who));
}

static void unlock_some(int who, int lock)
{
	bool mine = model[lock].holder == who;

	ck_assert_int_eq(dmabuf_ww_unlock_owner(&locks[lock], ghosts[who].waiter.owner),
			 mine ? 0 : -EPERM);
	if (mine)
		model_unlock(lock);
}

static void cancel_some(int who, int lock)
{
	if (ghosts[who].wants < 0)
		return;
	lock = ghosts[who].wants;
	ck_assert(dmabuf_ww_cancel_async(&locks[lock], &ghosts[who].waiter));
	model_leave(&model[lock], who);
}

/* Gives up everything and comes back with a new ticket. */
static void leave(int who)
{
	int i;

	cancel_some(who, 0);
	for (i = 0; i < LOCKS; i++) {
		if (model[i].holder == who)
			unlock_some(who, i);
	}
	check_all();
	if (ghosts[who].has_ticket)
		ww_acquire_fini(&ghosts[who].ctx);
	born(who);
}

/* spec: resv.md 6.3 all rows of wait-die, 6.2; _i: run */
TEST_EACH(random_waiters_agree_with_the_model, 0, 12)
{
	struct dice dice;
	int i, who, lock;

	dice_init(&dice, _i);
	for (i = 0; i < GHOSTS; i++)
		born(i);
	for (i = 0; i < LOCKS; i++) {
		ww_mutex_init(&locks[i], &wd_class);
		model[i].holder = -1;
	}
	for (i = 0; i < STEPS; i++) {
		who = dice_below(&dice, GHOSTS);
		lock = dice_below(&dice, LOCKS);
		switch (dice_below(&dice, 8)) {
		case 0:
		case 1:
			unlock_some(who, lock);
			break;
		case 2:
			cancel_some(who, lock);
			break;
		case 3:
			if (dice_below(&dice, 4) == 0)
				leave(who);
			break;
		default:
			lock_some(who, lock);
			break;
		}
		check_all();
	}
	for (i = 0; i < GHOSTS; i++)
		leave(i);
	for (i = 0; i < LOCKS; i++)
		ww_mutex_destroy(&locks[i]);
}
