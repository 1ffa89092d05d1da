/* SPDX-License-Identifier: MIT */
/* One fence, many threads: signal against add, remove, wait, enable, query, put and the RCU ways to a reference. */
#include "src/base/rcu.h"

#include "race.h"

#define SLOTS 3

/* Published for readers under RCU; the slot holds a reference. */
static struct dma_fence *slots[SLOTS];
static struct race_count made, signals;

static struct dma_fence *fresh_fence(struct racer *me)
{
	struct dma_fence *f =
		mock_fence_with(dice_below(&me->dice, 4) ? &mock_ops : &mock_plain_ops,
				dma_fence_context_alloc(1), 1);

	if (dice_below(&me->dice, 8) == 0)
		mock_of(f)->enable_fails = true;
	if (dice_below(&me->dice, 4) == 0)
		dma_fence_set_error(f, -EIO);
	race_add(&made, 1);
	return f;
}

/* Without a lock, as readers of a reservation do it. */
static struct dma_fence *take(struct racer *me)
{
	struct dma_fence **slot = &slots[dice_below(&me->dice, SLOTS)], *f;

	dmabuf_base_rcu_read_lock();
	if (dice_below(&me->dice, 2))
		f = dma_fence_get_rcu_safe(slot);
	else
		while (!(f = dma_fence_get_rcu(rcu_read(*slot))))
			;
	dmabuf_base_rcu_read_unlock();
	return f;
}

static void signal_and_replace(struct racer *me)
{
	struct dma_fence *f = fresh_fence(me);
	int ret;

	f = __atomic_exchange_n(&slots[dice_below(&me->dice, SLOTS)], f, __ATOMIC_ACQ_REL);
	race_dawdle(me, 300);
	switch (dice_below(&me->dice, 4)) {
	case 0:
		__atomic_store_n(&mock_of(f)->done, true, __ATOMIC_RELEASE);
		dma_fence_is_signaled(f);
		dma_fence_signal(f);
		break;
	case 1:
		dma_fence_check_and_signal(f);
		break;
	default:
		ret = dma_fence_signal(f);
		ck_assert(ret == 0 || ret == -EINVAL);
	}
	ck_assert_int_eq(dma_fence_signal(f), -EINVAL);
	ck_assert_uint_le(__atomic_load_n(&mock_of(f)->enables, __ATOMIC_RELAXED), 1);
	ck_assert(!mock_of(f)->enabled_unlocked);
	race_add(&signals, 1);
	dma_fence_put(f);
}

static void listen(struct racer *me)
{
	struct dma_fence *f = take(me);

	race_callback_life(me, f);
	dma_fence_put(f);
}

static void look(struct racer *me)
{
	struct dma_fence *f[2] = { take(me), take(me) };
	int error = f[0]->error, status;
	uint32_t idx = 9;
	long ret;

	switch (dice_below(&me->dice, 4)) {
	case 0:
		dma_fence_enable_sw_signaling(f[0]);
		break;
	case 1:
		ret = dma_fence_wait_any_timeout(f, 2, false, dice_below(&me->dice, 2) * 20000l,
						 &idx);
		ck_assert_int_ge(ret, 0);
		if (ret > 0) {
			ck_assert_uint_lt(idx, 2);
			ck_assert(dma_fence_test_signaled_flag(f[idx]));
		}
		break;
	case 2:
		if (dma_fence_wait_timeout(f[0], false, 0) > 0)
			ck_assert(dma_fence_test_signaled_flag(f[0]));
		break;
	}
	status = dma_fence_get_status(f[0]);
	ck_assert_msg(status == 0 || status == (error ? error : 1),
		      "status %d of a fence with error %d", status, error);
	if (status)
		ck_assert_int_gt(dma_fence_timestamp(f[0]), 0);
	dma_fence_put(f[0]);
	dma_fence_put(f[1]);
}

/* spec: fence.md 2.2 race rule, 3.2 get_rcu(_safe), 3.3, 3.4, 3.6, 3.7 */
TEST(signal_meets_everything_one_can_do_with_a_fence)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		slots[i] = mock_fence();
		race_add(&made, 1);
	}
	race_all(signal_and_replace, listen, listen, look);
	for (i = 0; i < SLOTS; i++)
		mock_signal_and_put(slots[i]);
	ck_assert_uint_eq(race_sum(&signals), race_sum(&made) - SLOTS);
	ck_assert_uint_eq(mock_released, race_sum(&made));
}

static struct race_slot contested;
static struct race_count winners, contests;

static void signal_contested(struct racer *me)
{
	struct dma_fence *f = race_slot_take(&contested);
	int ret = dice_below(&me->dice, 2)	? dma_fence_signal(f) :
		  dma_fence_check_and_signal(f) ? -EINVAL :
						  0;

	ck_assert(ret == 0 || ret == -EINVAL);
	race_add(&winners, ret == 0);
	if (ret == 0) {
		race_add(&contests, 1);
		dma_fence_put(race_slot_replace(&contested, mock_fence()));
	}
	dma_fence_put(f);
}

/* spec: fence.md 3.3 "atomically test-and-set": each fence has one who signalled it */
TEST(signallers_of_one_fence_have_one_winner)
{

	race_slot_init(&contested);
	contested.fence = mock_fence();
	race_all(signal_contested, signal_contested, signal_contested);
	mock_signal_and_put(contested.fence);
	ck_assert_uint_eq(race_sum(&winners), race_sum(&contests));
	ck_assert_uint_eq(mock_released, race_sum(&contests) + 1);
}

static struct race_slot awaited;

static void wait_for_it(struct racer *me)
{
	struct dma_fence *f = race_slot_take(&awaited);

	if (!f)
		return;
	if (dice_below(&me->dice, 2))
		ck_assert_int_eq(dma_fence_wait(f, true), 0);
	else
		ck_assert_int_gt(
			dma_fence_wait_any_timeout(&f, 1, true, MAX_SCHEDULE_TIMEOUT, NULL), 0);
	dma_fence_put(f);
}

static void signal_it(struct racer *me)
{
	struct dma_fence *f = mock_fence(), *old = race_slot_replace(&awaited, dma_fence_get(f));

	race_add(&made, 1);
	dma_fence_put(old);
	race_dawdle(me, 3000);
	mock_signal_and_put(f);
}

/* spec: fence.md 3.7: no wake-up is lost, and each waiter may drop the last reference at once */
TEST(no_waiter_sleeps_on)
{

	race_slot_init(&awaited);
	race_all(signal_it, wait_for_it, wait_for_it);
	dma_fence_put(awaited.fence);
	ck_assert_uint_eq(mock_released, race_sum(&made));
}

static struct mock_cb late;

static long add_late(void *data)
{
	return mock_cb_add(data, &late);
}

/* spec: fence.md 2.2 race rule, 3.6: who is kept waiting by the signal itself is refused, and not queued for ever */
TEST(callback_that_comes_during_the_signal_is_refused)
{
	struct dma_fence *f = mock_fence();
	struct actor adder;

	actor_start(&adder);
	dmabuf_spinlock_lock(f->lock);
	actor_go(&adder, add_late, f);
	sleep_ms(20);
	ck_assert_int_eq(dma_fence_signal_locked(f), 0);
	dmabuf_spinlock_unlock(f->lock);
	ck_assert_int_eq(actor_result(&adder), -ENOENT);
	ck_assert(!dma_fence_remove_callback(f, &late.base));
	ck_assert_uint_eq(mock_cb_ran(&late), 0);
	actor_stop(&adder);
	dma_fence_put(f);
}
