/* SPDX-License-Identifier: MIT */
/*
 * The moment between a sleeper's last look and its sleep, held open: the futex call is wrapped, and something happens
 * just before it. Whatever it is, the sleeper must not sleep through the signal it waits for. See tests/model/bell.pml.
 */
#include <signal.h>

#include "mock-fence.h"
#include "puppet.h"
#include "src/base/park.h"

#define SOON (300 * MS)	/* far less than the second after which a sleeper looks by itself */

int __real_dmabuf_base_futex_wait(uint32_t *word, uint32_t expected, enum futex_scope scope, long timeout_ns);
int __wrap_dmabuf_base_futex_wait(uint32_t *word, uint32_t expected, enum futex_scope scope, long timeout_ns);

static struct puppet p;
static struct dma_fence *waited, *other;
static struct mock_cb cb;
static void (*before_sleep)(void);
static unsigned int happened;

int __wrap_dmabuf_base_futex_wait(uint32_t *word, uint32_t expected, enum futex_scope scope, long timeout_ns)
{
	void (*happens)(void) = before_sleep;

	if (scope == FUTEX_SHARED && happens) {
		before_sleep = NULL;
		happened++;
		happens();
	}
	return __real_dmabuf_base_futex_wait(word, expected, scope, timeout_ns);
}

/* Wait for a fence, with @happens in the gap; it has to end at once. */
static void wait_through(void (*happens)(void))
{
	puppet_start(&p);
	ask_ok(&p, far_create, 0, 0);
	ask_ok(&p, far_create, 1, 0);
	waited = next_fence(&p, 0);
	other = next_fence(&p, 1);
	before_sleep = happens;
	ck_assert_int_gt(dma_fence_wait_timeout(waited, false, SOON), 0);
	ck_assert_uint_eq(happened, 1);
	put_fences(waited, other);
	puppet_end(&p);
}

static void ring(void)
{
	ask_ok(&p, far_advance, 0, 1);
}

/* spec: design-sharing.md 1 Sleeping: "bell = 1, full fence, re-check the slot, FUTEX_WAIT on the bell" */
TEST(a_ring_just_before_the_sleep_prevents_it)
{
	wait_through(ring);
}

static void ring_then_other_sleeper(void)
{
	ring();
	/* Another thread's sleep, begun and ended: it sets the sleeper's bit once more. */
	ck_assert_int_eq(dma_fence_wait_timeout(other, false, 5 * MS), 0);
}

/* spec: design-sharing.md 1 Sleeping "no third party can steal a wake": nor can another sleeper of this process */
TEST(another_sleeper_after_the_ring_does_not_hide_it)
{
	wait_through(ring_then_other_sleeper);
}

static void ring_then_callback(void)
{
	ring();
	ck_assert_int_eq(mock_cb_add(other, &cb), 0);
}

/* spec: design-sharing.md 1 Sleeping: the door's bit is on the same word */
TEST(a_callback_added_after_the_ring_does_not_hide_it)
{
	wait_through(ring_then_callback);
	ck_assert_uint_eq(mock_cb_ran(&cb), 1);
	ck_assert_int_eq(cb.status, -ECANCELED);
}

static void ring_for_the_other(void)
{
	ask_ok(&p, far_advance, 1, 1);
	ring();
}

/* spec: design-sharing.md 1 Sleeping: one bell for all timelines of a connection */
TEST(two_rings_before_the_sleep_are_no_less_than_one)
{
	wait_through(ring_for_the_other);
}

static bool owner_is_known_dead(void)
{
	return dma_fence_is_signaled(other);
}

static void die_just_before_the_sleep(void)
{
	puppet_kill(&p);
	ck_assert(EVENTUALLY(owner_is_known_dead()));
}

/* spec: design-sharing.md 3 owner death: "waiters wake" */
TEST(a_death_just_before_the_sleep_prevents_it)
{
	wait_through(die_just_before_the_sleep);
}
