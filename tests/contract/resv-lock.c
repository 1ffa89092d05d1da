/* SPDX-License-Identifier: MIT */
/* What the kernel promises about the lock of a reservation object: every form of it, and what is known of the holder. */
#include "mock-fence.h"
#include "resv.h"
#include "test.h"
#include "threads.h"

#define STAYS_MS 30

static struct dma_resv obj, other;

static void begin(void)
{
	dma_resv_init(&obj);
	dma_resv_init(&other);
}

static void end(void)
{
	dma_resv_fini(&obj);
	dma_resv_fini(&other);
}

static long lock_and_unlock(void *data)
{
	int ret = dma_resv_lock(data, NULL);

	if (ret == 0)
		dma_resv_unlock(data);
	return ret;
}

/* spec: resv.md 3 dma_resv_init "initialises the lock in reservation_ww_class" */
TEST(the_lock_is_of_the_reservation_class)
{
	begin();
	ck_assert_ptr_eq(obj.lock.ww_class, &reservation_ww_class);
	end();
}

/* spec: resv.md 3 dma_resv_lock "ctx NULL = plain lock of a single object" */
TEST(lock_makes_others_wait)
{
	struct actor actor;

	actor_start(&actor);
	begin();
	ck_assert_int_eq(dma_resv_lock(&obj, NULL), 0);
	actor_go(&actor, lock_and_unlock, &obj);
	ck_assert(!actor_done(&actor, STAYS_MS));
	dma_resv_unlock(&obj);
	ck_assert_int_eq(actor_result(&actor), 0);
	end();
	actor_stop(&actor);
}

/* spec: resv.md 3 dma_resv_is_locked "locked by anyone" */
TEST(is_locked_is_true_whoever_holds_it)
{
	struct ww_acquire_ctx ctx;

	begin();
	ck_assert(!dma_resv_is_locked(&obj));
	dma_resv_lock(&obj, NULL);
	ck_assert(dma_resv_is_locked(&obj));
	dma_resv_unlock(&obj);
	ck_assert(!dma_resv_is_locked(&obj));
	ww_acquire_init(&ctx, &reservation_ww_class);
	dma_resv_lock(&obj, &ctx);
	ck_assert(dma_resv_is_locked(&obj));
	dma_resv_unlock(&obj);
	ww_acquire_fini(&ctx);
	end();
}

static long ask_is_locked(void *data)
{
	return dma_resv_is_locked(data);
}

/* spec: resv.md 3 dma_resv_is_locked, seen from another thread */
TEST(is_locked_is_true_for_others_too)
{
	struct actor actor;

	actor_start(&actor);
	begin();
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(actor_do(&actor, ask_is_locked, &obj), true);
	dma_resv_unlock(&obj);
	ck_assert_int_eq(actor_do(&actor, ask_is_locked, &obj), false);
	end();
	actor_stop(&actor);
}

/* spec: resv.md 3 dma_resv_locking_ctx */
TEST(locking_ctx_is_the_ticket_of_the_holder)
{
	struct ww_acquire_ctx ctx;

	begin();
	ck_assert_ptr_null(dma_resv_locking_ctx(&obj));
	dma_resv_lock(&obj, NULL);
	ck_assert_ptr_null(dma_resv_locking_ctx(&obj));
	dma_resv_unlock(&obj);
	ww_acquire_init(&ctx, &reservation_ww_class);
	dma_resv_lock(&obj, &ctx);
	dma_resv_lock(&other, &ctx);
	ck_assert_ptr_eq(dma_resv_locking_ctx(&obj), &ctx);
	ck_assert_ptr_eq(dma_resv_locking_ctx(&other), &ctx);
	dma_resv_unlock(&obj);
	ck_assert_ptr_null(dma_resv_locking_ctx(&obj));
	dma_resv_unlock(&other);
	ww_acquire_fini(&ctx);
	end();
}

/* spec: resv.md 3 dma_resv_trylock "true if taken", "leaves no acquire context in the lock", 7.1 D2 */
TEST(trylock_takes_a_free_object_without_a_ticket)
{
	begin();
	ck_assert(dma_resv_trylock(&obj));
	ck_assert(dma_resv_held(&obj));
	ck_assert_ptr_null(dma_resv_locking_ctx(&obj));
	dma_resv_unlock(&obj);
	end();
}

static long trylock(void *data)
{
	return dma_resv_trylock(data);
}

/* spec: resv.md 3 dma_resv_trylock "never blocks" */
TEST(trylock_of_a_held_object_fails_at_once)
{
	struct actor actor;

	actor_start(&actor);
	begin();
	dma_resv_lock(&obj, NULL);
	ck_assert(!dma_resv_trylock(&obj));
	ck_assert_int_eq(actor_do(&actor, trylock, &obj), false);
	dma_resv_unlock(&obj);
	end();
	actor_stop(&actor);
}

/* spec: resv.md 3 dma_resv_trylock "legal while other locks of the class are held, with or without a ctx", 7.1 D5 */
TEST_EACH(trylock_is_legal_while_others_are_held, 0, 2)
{
	struct ww_acquire_ctx ctx;

	begin();
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, _i ? &ctx : NULL), 0);
	ck_assert(dma_resv_trylock(&other));
	ck_assert_ptr_null(dma_resv_locking_ctx(&other));
	ck_assert_uint_eq(ctx.acquired, _i);
	expect_no_warning();
	dma_resv_unlock(&other);
	dma_resv_unlock(&obj);
	ww_acquire_fini(&ctx);
	end();
}

/* spec: resv.md 3 dma_resv_held, dma_resv_assert_held */
TEST(assert_held_warns_unless_held)
{
	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_assert_held(&obj);
	expect_no_warning();
	dma_resv_unlock(&obj);
	dma_resv_assert_held(&obj);
	expect_warning("not held");
	end();
}

static long assert_held(void *data)
{
	dma_resv_assert_held(data);
	return 0;
}

/* spec: resv.md 3 dma_resv_assert_held "should track the owner and make the assert real" */
TEST(assert_held_warns_who_is_not_the_holder)
{
	struct actor actor;

	actor_start(&actor);
	begin();
	dma_resv_lock(&obj, NULL);
	actor_do(&actor, assert_held, &obj);
	expect_warning("not held");
	dma_resv_unlock(&obj);
	end();
	actor_stop(&actor);
}

/* spec: resv.md 3 dma_resv_held after every way of taking it */
TEST_EACH(every_form_of_lock_makes_the_holder, 0, 4)
{
	struct ww_acquire_ctx ctx;

	begin();
	ww_acquire_init(&ctx, &reservation_ww_class);
	if (_i == 0)
		ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	else if (_i == 1)
		ck_assert_int_eq(dma_resv_lock_interruptible(&obj, &ctx), 0);
	else if (_i == 2)
		ck_assert_int_eq(dma_resv_lock_interruptible(&obj, NULL), 0);
	else
		ck_assert(dma_resv_trylock(&obj));
	ck_assert(dma_resv_held(&obj));
	ck_assert_ptr_eq(dma_resv_locking_ctx(&obj), _i < 2 ? &ctx : NULL);
	ck_assert_uint_eq(ctx.acquired, _i < 2);
	dma_resv_unlock(&obj);
	ck_assert(!dma_resv_held(&obj));
	ww_acquire_fini(&ctx);
	end();
}

static long lock_interruptible(void *data)
{
	return dma_resv_lock_interruptible(data, NULL);
}

/* spec: resv.md 3 dma_resv_lock_interruptible "-EINTR" */
TEST(interrupted_lock_gives_eintr_and_is_not_taken)
{
	struct actor actor;

	actor_start(&actor);
	begin();
	catch_signals(SA_RESTART);
	dma_resv_lock(&obj, NULL);
	actor_go(&actor, lock_interruptible, &obj);
	ck_assert(!actor_done(&actor, STAYS_MS));
	while (!actor_done(&actor, 2))
		pthread_kill(actor.thread, SIGUSR1);
	ck_assert_int_eq(actor_result(&actor), -EINTR);
	ck_assert(dma_resv_held(&obj));
	dma_resv_unlock(&obj);
	ck_assert(!dma_resv_is_locked(&obj));
	end();
	actor_stop(&actor);
}

/* --- two threads, two objects, one back-off --- */

struct young {
	struct actor actor;
	struct ww_acquire_ctx ctx;
};

static long young_backs_off(void *data)
{
	struct young *y = data;
	int ret;

	ww_acquire_init(&y->ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&other, &y->ctx), 0);
	ret = dma_resv_lock_interruptible(&obj, &y->ctx);
	dma_resv_unlock(&other);
	return ret;
}

static long young_locks_slowly(void *data)
{
	struct young *y = data;

	dma_resv_lock_slow(&obj, &y->ctx);
	return dma_resv_lock(&other, &y->ctx);
}

static long young_locks_slowly_until_interrupted(void *data)
{
	struct young *y = data;

	return dma_resv_lock_slow_interruptible(&obj, &y->ctx);
}

static long young_ends(void *data)
{
	struct young *y = data;

	if (y->ctx.acquired) {
		dma_resv_unlock(&obj);
		dma_resv_unlock(&other);
	}
	ww_acquire_fini(&y->ctx);
	return 0;
}

/* spec: resv.md 3 dma_resv_lock "-EDEADLK", dma_resv_lock_slow */
TEST(slow_lock_waits_for_the_contended_object)
{
	struct ww_acquire_ctx ctx;
	struct young young;

	actor_start(&young.actor);
	begin();
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	ck_assert_int_eq(actor_do(&young.actor, young_backs_off, &young), -EDEADLK);
	actor_go(&young.actor, young_locks_slowly, &young);
	ck_assert(!actor_done(&young.actor, STAYS_MS));
	dma_resv_unlock(&obj);
	ck_assert_int_eq(actor_result(&young.actor), 0);
	ck_assert_ptr_eq(dma_resv_locking_ctx(&obj), &young.ctx);
	ck_assert_ptr_eq(dma_resv_locking_ctx(&other), &young.ctx);
	actor_do(&young.actor, young_ends, &young);
	ww_acquire_fini(&ctx);
	end();
	actor_stop(&young.actor);
}

/* spec: resv.md 3 dma_resv_lock_slow_interruptible "0, -EINTR" */
TEST(interrupted_slow_lock_gives_eintr)
{
	struct ww_acquire_ctx ctx;
	struct young young;

	actor_start(&young.actor);
	begin();
	catch_signals(0);
	ww_acquire_init(&ctx, &reservation_ww_class);
	ck_assert_int_eq(dma_resv_lock(&obj, &ctx), 0);
	ck_assert_int_eq(actor_do(&young.actor, young_backs_off, &young), -EDEADLK);
	actor_go(&young.actor, young_locks_slowly_until_interrupted, &young);
	ck_assert(!actor_done(&young.actor, STAYS_MS));
	while (!actor_done(&young.actor, 2))
		pthread_kill(young.actor.thread, SIGUSR1);
	ck_assert_int_eq(actor_result(&young.actor), -EINTR);
	ck_assert_ptr_eq(dma_resv_locking_ctx(&obj), &ctx);
	dma_resv_unlock(&obj);
	actor_do(&young.actor, young_ends, &young);
	ww_acquire_fini(&ctx);
	end();
	actor_stop(&young.actor);
}

/* --- room --- */

static void add_to_locked(void *fence)
{
	dma_resv_add_fence(&obj, fence, DMA_RESV_USAGE_READ);
}

/* spec: resv.md 3 dma_resv_reset_max_fences "to catch add-without-reserve" */
TEST(room_given_up_is_gone)
{
	struct dma_fence *f = mock_fence(), *g = mock_fence();

	begin();
	dma_resv_lock(&obj, NULL);
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 3), 0);
	dma_resv_add_fence(&obj, f, DMA_RESV_USAGE_READ);
	dma_resv_reset_max_fences(&obj);
	expect_fatal(add_to_locked, g);
	expect_resv(&obj, { f, DMA_RESV_USAGE_READ });
	ck_assert_int_eq(dma_resv_reserve_fences(&obj, 1), 0);
	dma_resv_add_fence(&obj, g, DMA_RESV_USAGE_READ);
	dma_resv_unlock(&obj);
	end();
	mock_signal_and_put(f);
	mock_signal_and_put(g);
}

/* spec: resv.md 3 dma_resv_reset_max_fences on an object without a list */
TEST(room_of_an_empty_object_can_be_given_up)
{
	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_reset_max_fences(&obj);
	ck_assert_ptr_null(obj.fences);
	dma_resv_unlock(&obj);
	end();
}

/* spec: resv.md 3 dma_resv_reset_max_fences "R" */
TEST(reset_of_room_without_the_lock_warns)
{
	begin();
	dma_resv_reset_max_fences(&obj);
	expect_warning("not held");
	end();
}

/* spec: resv.md 3 dma_resv_fini "noR" */
TEST(fini_of_a_held_object_warns)
{
	begin();
	dma_resv_lock(&obj, NULL);
	dma_resv_fini(&obj);
	expect_warning(NULL);
	dma_resv_fini(&other);
}
