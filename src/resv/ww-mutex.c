/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. Wait/wound mutexes: who may take a lock, who waits, who must back off.
 *
 * Called by: dma-resv; share for locks wanted by another process. Counterpart of kernel/locking/ww_mutex.h.
 *
 * The owner word alone decides who holds the lock. Without waiters it goes from 0 to the holder and back by one atomic
 * operation each; with waiters (bit 0) every change happens under wait_lock. A lock that is released with waiters is
 * free for anybody, the first waiter is woken to try; one that was woken before and lost, and one that is not a thread,
 * gets the lock handed over.
 *
 * Invariant: bit 0 of owner is set exactly while the queue is not empty, as seen under wait_lock. A holder whose ticket
 * was read with bit 0 set and wait_lock held cannot end the ticket before wait_lock is released. See tests/model/ww.pml.
 */
#include "src/base/list.h"
#include "src/base/park.h"
#include "src/base/spinlock.h"
#include "src/base/task.h"
#include "src/base/warn.h"
#include "src/resv/ww-internal.h"
#include "src/resv/ww-waiter.h"

#define OWNER_WAITERS 1ull
#define OWNER_MASK (~15ull)
#define SPINS_BEFORE_QUEUE 100

static bool is_older(const struct ww_acquire_ctx *a, const struct ww_acquire_ctx *b)
{
	return (int64_t)(a->stamp - b->stamp) < 0;
}

void ww_mutex_init(struct ww_mutex *lock, struct ww_class *ww_class)
{
	lock->owner = 0;
	lock->ctx = NULL;
	dmabuf_spinlock_init(&lock->wait_lock);
	list_reset(&lock->waiters);
	lock->ww_class = ww_class;
}

void ww_mutex_destroy(struct ww_mutex *lock)
{
	warn_if(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED), "ww_mutex_destroy: somebody holds or wants the lock");
	lock->ww_class = NULL;
}

bool ww_mutex_is_locked(struct ww_mutex *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & OWNER_MASK;
}

static struct ww_waiter *first_waiter(struct ww_mutex *lock)
{
	return list_is_empty(&lock->waiters) ? NULL : base_container(lock->waiters.next, struct ww_waiter, node);
}

/* Tell a thread that may sleep on some ww_mutex to look again. It holds a lock or queues, so it is still there. */
static void wake_task(struct dmabuf_task *task)
{
	__atomic_store_n(&task->lock_wake, 1, __ATOMIC_RELEASE); /* Pairs with the exchange in wait_for_turn(). */
	dmabuf_base_futex_wake(&task->lock_wake, 1, FUTEX_ONE_PROCESS);
}

static void wake(struct ww_waiter *waiter)
{
	wake_task((struct dmabuf_task *)(uintptr_t)waiter->owner);
}

/* wait_lock held: take @waiter out of the queue, keeping the owner word's mark right. */
static void leave_queue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	list_remove(&waiter->node);
	/* Pairs with the exchange in unlock_held(): our look at the holder's ticket comes before the ticket's end. */
	if (list_is_empty(&lock->waiters))
		__atomic_fetch_and(&lock->owner, ~OWNER_WAITERS, __ATOMIC_RELEASE);
}

/* Wait-die: must @waiter back off because a ticket that is older holds the lock, or queues in front of it? */
static bool must_die(const struct ww_waiter *waiter, const struct ww_acquire_ctx *ahead)
{
	return waiter->ctx && waiter->ctx->acquired && ahead && is_older(ahead, waiter->ctx);
}

/*
 * Wound-wait, wait_lock held: an older ticket waits for a lock that @holder has. It is told to back off when it next has
 * to wait; should it be asleep on another lock, it is woken for that. False: it may stay.
 */
static bool wound(const struct ww_acquire_ctx *older, struct ww_acquire_ctx *holder)
{
	if (!older || !older->acquired || !holder || !is_older(older, holder))
		return false;
	__atomic_store_n(&holder->wounded, 1, __ATOMIC_RELAXED);
	wake_task(holder->task);
	return true;
}

/* wait_lock held: end a wait by -EDEADLK. A thread finds out by itself. */
static void kill_waiter(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	if (!waiter->over) {
		wake(waiter);
		return;
	}
	leave_queue(lock, waiter);
	waiter->over(waiter, -EDEADLK);
}

/*
 * wait_lock held: the holder has a ticket now. Wait-die: of the waiters only the first with a ticket may hold other locks.
 * Wound-wait: the first that is older and holds locks wounds it.
 */
static void check_waiters(struct ww_mutex *lock, struct ww_acquire_ctx *holder)
{
	struct dmabuf_list *pos;

	list_for_each(pos, &lock->waiters) {
		struct ww_waiter *waiter = base_container(pos, struct ww_waiter, node);

		if (!waiter->ctx)
			continue;
		if (!holder->is_wait_die && !wound(waiter->ctx, holder))
			continue;
		if (holder->is_wait_die && must_die(waiter, holder))
			kill_waiter(lock, waiter);
		return;
	}
}

/*
 * The lock was just taken: make the ticket visible. The exchange is a full barrier: either a waiter that queues now sees
 * our ticket, or we see its mark and look at the queue ourselves. Pairs with the exchange-like updates in enqueue().
 */
static void set_ctx(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	(void)__atomic_exchange_n(&lock->ctx, ctx, __ATOMIC_SEQ_CST);
	ctx->acquired++;
	if (!(__atomic_load_n(&lock->owner, __ATOMIC_SEQ_CST) & OWNER_WAITERS))
		return;
	spin_lock(&lock->wait_lock);
	check_waiters(lock, ctx);
	spin_unlock(&lock->wait_lock);
}

/* wait_lock held: take the lock if nobody has it, leaving the waiters' mark. */
static bool try_take(struct ww_mutex *lock, uint64_t owner)
{
	uint64_t old = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

	while (!(old & OWNER_MASK)) {
		if (__atomic_compare_exchange_n(&lock->owner, &old, owner | (old & OWNER_WAITERS), true, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* wait_lock held, and @waiter has just taken the lock by try_take() or was given it: its ticket becomes the holder's. */
static void become_holder(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	__atomic_store_n(&lock->ctx, waiter->ctx, __ATOMIC_SEQ_CST);
	if (!waiter->ctx)
		return;
	waiter->ctx->acquired++;
	check_waiters(lock, waiter->ctx);
}

/* wait_lock held: must @waiter, queued, back off now? */
static bool is_killed(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	struct dmabuf_list *pos;

	if (!waiter->ctx || !waiter->ctx->acquired)
		return false;
	if (!waiter->ctx->is_wait_die)
		return __atomic_load_n(&waiter->ctx->wounded, __ATOMIC_RELAXED);
	if (must_die(waiter, __atomic_load_n(&lock->ctx, __ATOMIC_SEQ_CST)))
		return true;
	for (pos = waiter->node.prev; pos != &lock->waiters; pos = pos->prev) {
		if (must_die(waiter, base_container(pos, struct ww_waiter, node)->ctx))
			return true;
	}
	return false;
}

/*
 * wait_lock held: find the node in front of which @waiter belongs: behind older tickets; those without one keep their
 * place. Wait-die: younger ones that hold locks are told to back off. NULL if @waiter itself has to.
 */
static struct dmabuf_list *find_place(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	struct dmabuf_list *place = &lock->waiters, *pos, *before;

	for (pos = lock->waiters.prev; waiter->ctx && pos != &lock->waiters; pos = before) {
		struct ww_waiter *other = base_container(pos, struct ww_waiter, node);
		bool leaves = other->over;

		before = pos->prev;
		if (!other->ctx)
			continue;
		if (!is_older(waiter->ctx, other->ctx))
			return waiter->ctx->is_wait_die && waiter->ctx->acquired ? NULL : place;
		if (waiter->ctx->is_wait_die && must_die(other, waiter->ctx)) {
			kill_waiter(lock, other);
			if (leaves)
				continue;
		}
		place = pos;
	}
	return place;
}

/* wait_lock held: into the queue. -EDEADLK if @waiter must not wait. */
static int enqueue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	struct dmabuf_list *place = find_place(lock, waiter);

	if (!place)
		return -EDEADLK;
	list_insert_before(place, &waiter->node);
	__atomic_fetch_or(&lock->owner, OWNER_WAITERS, __ATOMIC_SEQ_CST);
	if (waiter->ctx && !waiter->ctx->is_wait_die)
		wound(waiter->ctx, __atomic_load_n(&lock->ctx, __ATOMIC_SEQ_CST));
	return 0;
}

/* What can be said without the queue: 0 taken, -EALREADY, or -EAGAIN. */
static int lock_spin(struct ww_mutex *lock, uint64_t owner, struct ww_acquire_ctx *ctx)
{
	for (int i = 0; i < SPINS_BEFORE_QUEUE; i++) {
		uint64_t old = 0;

		if (__atomic_compare_exchange_n(&lock->owner, &old, owner, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			if (ctx)
				set_ctx(lock, ctx);
			return 0;
		}
		if (ctx && __atomic_load_n(&lock->ctx, __ATOMIC_RELAXED) == ctx)
			return -EALREADY;
		if (old & OWNER_WAITERS)
			break;
		cpu_pause();
	}
	return -EAGAIN;
}

/* wait_lock held. 0: @waiter has the lock. -EDEADLK: it must not wait. -EINPROGRESS: it is in the queue. */
static int take_or_enqueue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	int ret;

	if (try_take(lock, waiter->owner)) {
		become_holder(lock, waiter);
		return 0;
	}
	list_reset(&waiter->node);
	waiter->granted = false;
	ret = enqueue(lock, waiter);
	if (ret < 0)
		return ret;
	/* The holder may have left before it could see our mark. */
	if (try_take(lock, waiter->owner)) {
		leave_queue(lock, waiter);
		become_holder(lock, waiter);
		return 0;
	}
	if (is_killed(lock, waiter)) {
		leave_queue(lock, waiter);
		return -EDEADLK;
	}
	return -EINPROGRESS;
}

/* wait_lock held: the lock is free and @waiter is first: it becomes the holder without having run. */
static void hand_over(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	__atomic_store_n(&lock->owner, waiter->owner | OWNER_WAITERS, __ATOMIC_SEQ_CST);
	leave_queue(lock, waiter);
	waiter->granted = true;
	become_holder(lock, waiter);
	if (waiter->over)
		waiter->over(waiter, 0);
	else
		wake(waiter);
}

static void unlock_slow(struct ww_mutex *lock)
{
	struct ww_waiter *waiter;

	spin_lock(&lock->wait_lock);
	waiter = first_waiter(lock);
	if (waiter && (waiter->over || waiter->handoff)) {
		hand_over(lock, waiter);
	} else {
		__atomic_fetch_and(&lock->owner, OWNER_WAITERS, __ATOMIC_SEQ_CST);
		if (waiter)
			wake(waiter);
	}
	spin_unlock(&lock->wait_lock);
}

/* The lock is held by whoever calls; drop its ticket, then the lock. */
static void unlock_held(struct ww_mutex *lock, uint64_t owner)
{
	struct ww_acquire_ctx *ctx = __atomic_load_n(&lock->ctx, __ATOMIC_RELAXED);

	if (ctx) {
		ctx->acquired--;
		__atomic_store_n(&lock->ctx, NULL, __ATOMIC_RELAXED);
	}
	/* Pairs with the acquire in lock_fast() and try_take(), and with leave_queue(). */
	if (!__atomic_compare_exchange_n(&lock->owner, &owner, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		unlock_slow(lock);
}

void ww_mutex_unlock(struct ww_mutex *lock)
{
	uint64_t owner = task_id();

	if (warn_if((__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & OWNER_MASK) != owner,
		    "ww_mutex_unlock: the calling thread does not hold the lock"))
		return;
	unlock_held(lock, owner);
}

int dmabuf_ww_unlock_owner(struct ww_mutex *lock, uint64_t owner)
{
	if ((__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & OWNER_MASK) != owner)
		return -EPERM;
	unlock_held(lock, owner);
	return 0;
}

int dmabuf_ww_lock_async(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	int ret;

	if (!lock->ww_class->is_wait_die)
		return -EINVAL;
	ret = lock_spin(lock, waiter->owner, waiter->ctx);
	if (ret != -EAGAIN)
		return ret;
	spin_lock(&lock->wait_lock);
	ret = take_or_enqueue(lock, waiter);
	spin_unlock(&lock->wait_lock);
	return ret;
}

bool dmabuf_ww_cancel_async(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	bool queued;

	spin_lock(&lock->wait_lock);
	queued = !list_is_empty(&waiter->node);
	if (queued)
		leave_queue(lock, waiter);
	spin_unlock(&lock->wait_lock);
	return queued;
}

/* Sleep, wait_lock not held, until woken. -EINTR if @intr and a signal handler ran. */
static int sleep_until_woken(bool intr)
{
	uint32_t *word = &dmabuf_task_self.lock_wake;

	while (!__atomic_exchange_n(word, 0, __ATOMIC_ACQUIRE)) {
		if (dmabuf_base_futex_wait(word, 0, FUTEX_ONE_PROCESS, MAX_SCHEDULE_TIMEOUT) == -EINTR && intr)
			return -EINTR;
	}
	return 0;
}

/*
 * A queued thread, wait_lock held on entry and exit: sleep until the lock is ours (0) or we give up (-EINTR, -EDEADLK). A
 * lock that is free is taken first, even by one who was interrupted or wounded; the signal comes before the kill.
 */
static int wait_for_turn(struct ww_mutex *lock, struct ww_waiter *waiter, bool intr)
{
	int ret;

	for (;;) {
		spin_unlock(&lock->wait_lock);
		ret = sleep_until_woken(intr);
		spin_lock(&lock->wait_lock);
		if (waiter->granted)
			return 0;
		if (try_take(lock, waiter->owner)) {
			leave_queue(lock, waiter);
			become_holder(lock, waiter);
			return 0;
		}
		if (ret == 0 && is_killed(lock, waiter))
			ret = -EDEADLK;
		if (ret < 0) {
			leave_queue(lock, waiter);
			return ret;
		}
		waiter->handoff = true;
	}
}

static int lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool intr)
{
	struct ww_waiter waiter = { .owner = task_id(), .ctx = ctx };
	int ret = lock_spin(lock, waiter.owner, ctx);

	if (ret != -EAGAIN)
		return ret;
	spin_lock(&lock->wait_lock);
	ret = take_or_enqueue(lock, &waiter);
	if (ret == -EINPROGRESS)
		ret = wait_for_turn(lock, &waiter, intr);
	spin_unlock(&lock->wait_lock);
	return ret;
}

/* Lock with a ticket. */
static int lock_ctx(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool intr)
{
	int ret;

	dmabuf_ww_check_lock(lock, ctx);
	if (__atomic_load_n(&lock->ctx, __ATOMIC_RELAXED) == ctx)
		return -EALREADY;
	if (!ctx->acquired)
		__atomic_store_n(&ctx->wounded, 0, __ATOMIC_RELAXED);
	ret = dmabuf_ww_is_injected(ctx) ? -EDEADLK : lock_slow(lock, ctx, intr);
	ctx->contending_lock = ret == -EDEADLK ? lock : NULL;
	return ret;
}

static inline int lock_common(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool intr)
{
	uint64_t free = 0;

	if (ctx)
		return lock_ctx(lock, ctx, intr);
	if (__atomic_compare_exchange_n(&lock->owner, &free, task_id(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	return lock_slow(lock, NULL, intr);
}

int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_common(lock, ctx, false);
}

int ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return lock_common(lock, ctx, true);
}

void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	int ret;

	dmabuf_ww_check_slow(lock, ctx);
	ret = lock_ctx(lock, ctx, false);
	warn_if(ret < 0, "ww_mutex_lock_slow: failed with %d, the lock is not held", ret);
}

int ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	dmabuf_ww_check_slow(lock, ctx);
	return lock_ctx(lock, ctx, true);
}

int ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	uint64_t free = 0;
	bool taken;

	taken = __atomic_compare_exchange_n(&lock->owner, &free, task_id(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
	if (!taken && !(free & OWNER_MASK)) {
		spin_lock(&lock->wait_lock);
		taken = try_take(lock, task_id());
		spin_unlock(&lock->wait_lock);
	}
	if (taken && ctx) {
		if (!ctx->acquired)
			__atomic_store_n(&ctx->wounded, 0, __ATOMIC_RELAXED);
		set_ctx(lock, ctx);
		ctx->contending_lock = NULL;
	}
	return taken;
}
