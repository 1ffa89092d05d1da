/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. Wait/wound mutexes, wait-die: who may take a lock, who waits, who must back off.
 *
 * Called by: dma-resv; share for locks wanted by another process. Counterpart of kernel/locking/ww_mutex.h.
 *
 * The owner word alone decides who holds the lock. Without waiters it goes from 0 to the holder and back by one atomic
 * operation each; with waiters (bit 0) every change happens under wait_lock. A lock that is released with waiters is
 * free for anybody, the first waiter is woken to try; one that was woken before and lost, and one that is not a thread,
 * gets the lock handed over.
 *
 * Invariant: bit 0 of owner is set exactly while the queue is not empty, as seen under wait_lock.
 */
#include "src/base/list.h"
#include "src/base/park.h"
#include "src/base/spinlock.h"
#include "src/base/task.h"
#include "src/base/warn.h"
#include "src/resv/ww-waiter.h"

#define OWNER_WAITERS 1ull
#define OWNER_MASK (~15ull)
#define SPINS_BEFORE_QUEUE 100

static bool is_older(const struct ww_acquire_ctx *a, const struct ww_acquire_ctx *b)
{
	return (int64_t)(a->stamp - b->stamp) < 0;
}

void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *ww_class)
{
	ctx->task = (void *)(uintptr_t)task_id();
	ctx->stamp = __atomic_add_fetch(&ww_class->stamp, 1, __ATOMIC_RELAXED);
	ctx->acquired = 0;
	ctx->done_acquire = false;
	ctx->ww_class = ww_class;
}

void ww_acquire_done(struct ww_acquire_ctx *ctx)
{
	warn_if(ctx->done_acquire, "ww_acquire_done: called twice on one ticket");
	ctx->done_acquire = true;
}

void ww_acquire_fini(struct ww_acquire_ctx *ctx)
{
	warn_if(ctx->acquired, "ww_acquire_fini: %u locks of the ticket are still held", ctx->acquired);
	warn_if(!ctx->ww_class, "ww_acquire_fini: the ticket was not initialised, or has ended");
	ctx->ww_class = NULL;
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

/* Tell a sleeping thread to look again. wait_lock held, so that the waiter's stack is still there for the store. */
static void wake(struct ww_waiter *waiter)
{
	__atomic_store_n(&waiter->word, 1, __ATOMIC_RELEASE); /* Pairs with the exchange in wait_for_turn(). */
	dmabuf_base_futex_wake(&waiter->word, 1, FUTEX_ONE_PROCESS);
}

/* wait_lock held: take @waiter out of the queue, keeping the owner word's mark right. */
static void leave_queue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	list_remove(&waiter->node);
	if (list_is_empty(&lock->waiters))
		__atomic_fetch_and(&lock->owner, ~OWNER_WAITERS, __ATOMIC_RELAXED);
}

/* Make @waiter back off if a ticket that is older is in its way: @ahead holds the lock, or queues in front of it. */
static bool must_die(const struct ww_waiter *waiter, const struct ww_acquire_ctx *ahead)
{
	return waiter->ctx && waiter->ctx->acquired && ahead && is_older(ahead, waiter->ctx);
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

/* wait_lock held: the holder has a ticket now. Of the waiters only the first with a ticket may hold other locks. */
static void check_waiters(struct ww_mutex *lock, struct ww_acquire_ctx *holder)
{
	struct dmabuf_list *pos;

	list_for_each(pos, &lock->waiters) {
		struct ww_waiter *waiter = base_container(pos, struct ww_waiter, node);

		if (!waiter->ctx)
			continue;
		if (must_die(waiter, holder))
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
	if (must_die(waiter, __atomic_load_n(&lock->ctx, __ATOMIC_SEQ_CST)))
		return true;
	for (pos = waiter->node.prev; pos != &lock->waiters; pos = pos->prev) {
		if (must_die(waiter, base_container(pos, struct ww_waiter, node)->ctx))
			return true;
	}
	return false;
}

/*
 * wait_lock held: put @waiter where its age belongs: behind older tickets, in front of younger ones; those without a
 * ticket keep their place. Younger ones that hold locks are told to back off. -EDEADLK if @waiter itself has to.
 */
static int enqueue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	struct dmabuf_list *place = &lock->waiters, *pos, *before;

	for (pos = lock->waiters.prev; waiter->ctx && pos != &lock->waiters; pos = before) {
		struct ww_waiter *other = base_container(pos, struct ww_waiter, node);

		before = pos->prev;
		if (!other->ctx)
			continue;
		if (!is_older(waiter->ctx, other->ctx)) {
			if (waiter->ctx->acquired)
				return -EDEADLK;
			break;
		}
		if (must_die(other, waiter->ctx)) {
			bool leaves = other->over;

			kill_waiter(lock, other);
			if (leaves)
				continue;
		}
		place = pos;
	}
	list_insert_before(place, &waiter->node);
	__atomic_fetch_or(&lock->owner, OWNER_WAITERS, __ATOMIC_SEQ_CST);
	return 0;
}

/* What can be said without the queue: 0 taken, -EALREADY, or -EAGAIN. */
static int lock_fast(struct ww_mutex *lock, uint64_t owner, struct ww_acquire_ctx *ctx)
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
	/* Pairs with the acquire in lock_fast() and try_take(). */
	if (!__atomic_compare_exchange_n(&lock->owner, &owner, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
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
	int ret = lock_fast(lock, waiter->owner, waiter->ctx);

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

/* A queued thread, wait_lock held on entry and exit: sleep until the lock is ours (0) or we must back off (-EDEADLK). */
static int wait_for_turn(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	for (;;) {
		spin_unlock(&lock->wait_lock);
		while (!__atomic_exchange_n(&waiter->word, 0, __ATOMIC_ACQUIRE))
			dmabuf_base_futex_wait(&waiter->word, 0, FUTEX_ONE_PROCESS, MAX_SCHEDULE_TIMEOUT);
		spin_lock(&lock->wait_lock);
		if (waiter->granted)
			return 0;
		if (try_take(lock, waiter->owner)) {
			leave_queue(lock, waiter);
			become_holder(lock, waiter);
			return 0;
		}
		if (is_killed(lock, waiter)) {
			leave_queue(lock, waiter);
			return -EDEADLK;
		}
		waiter->handoff = true;
	}
}

static int lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	struct ww_waiter waiter = { .owner = task_id(), .ctx = ctx };
	int ret;

	spin_lock(&lock->wait_lock);
	ret = take_or_enqueue(lock, &waiter);
	if (ret == -EINPROGRESS)
		ret = wait_for_turn(lock, &waiter);
	spin_unlock(&lock->wait_lock);
	return ret;
}

int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	int ret;

	if (ctx) {
		warn_if(ctx->done_acquire, "ww_mutex_lock: the ticket was declared done");
		warn_if(ctx->ww_class != lock->ww_class, "ww_mutex_lock: ticket and lock are of different classes");
	}
	ret = lock_fast(lock, task_id(), ctx);
	return ret == -EAGAIN ? lock_slow(lock, ctx) : ret;
}
