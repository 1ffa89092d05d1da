/* SPDX-License-Identifier: MIT */
/*
 * Layer: resv. Wait/wound mutexes: who may take a lock, who waits, who must back off.
 *
 * Called by: dma-resv; share for locks wanted by another process. Counterpart of kernel/locking/ww_mutex.h.
 *
 * The owner word alone decides who holds the lock, and with which ticket. Without waiters it goes from 0 to the holder
 * and back by one atomic operation each; with waiters every change happens under wait_lock. A lock that is released with
 * waiters is free for anybody, the first waiter is woken to try; one that was woken before and lost, and one that is not
 * a thread, gets the lock handed over.
 *
 * Invariant: OWNER_WAITERS is set exactly while the queue is not empty, as seen under wait_lock. So a holder whose ticket
 * was read from the word with that bit set and wait_lock held cannot let go, and end the ticket, before wait_lock is
 * released. See tests/model/ww.pml.
 */
#include "src/base/list.h"
#include "src/base/park.h"
#include "src/base/spinlock.h"
#include "src/base/task.h"
#include "src/base/warn.h"
#include "src/resv/ww-internal.h"
#include "src/resv/ww-waiter.h"

#define SPINS_BEFORE_QUEUE 100

static bool is_older(const struct ww_acquire_ctx *a, const struct ww_acquire_ctx *b)
{
	return (int64_t)(a->stamp - b->stamp) < 0;
}

void ww_mutex_init(struct ww_mutex *lock, struct ww_class *ww_class)
{
	lock->owner = 0;
	lock->ctx = NULL;
	lock->task = 0;
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

/* wait_lock held and OWNER_WAITERS set: the holder's ticket, or NULL. */
static struct ww_acquire_ctx *holder_ctx(struct ww_mutex *lock)
{
	uint64_t word = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	return word & OWNER_TICKET ? (struct ww_acquire_ctx *)(uintptr_t)(word & OWNER_MASK) : NULL;
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
	/* Pairs with ww_unlock_fast(): our look at the holder's ticket comes before the ticket's end. */
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

/* wait_lock held: what the holder itself looks at, and its ticket's effect on those who wait. */
static void become_holder(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	__atomic_store_n(&lock->task, waiter->owner, __ATOMIC_RELAXED);
	if (!waiter->ctx)
		return;
	__atomic_store_n(&lock->ctx, waiter->ctx, __ATOMIC_RELAXED);
	waiter->ctx->acquired++;
	check_waiters(lock, waiter->ctx);
}

/* wait_lock held: take the lock if nobody has it, leaving the waiters' mark. */
static bool try_take(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	uint64_t old = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED), word = owner_word(waiter->owner, waiter->ctx);

	while (!(old & OWNER_MASK)) {
		/* Pairs as in ww_lock_fast(). */
		if (__atomic_compare_exchange_n(&lock->owner, &old, word | (old & OWNER_WAITERS), true, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* wait_lock held: must @waiter, queued, back off now? */
static bool is_killed(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	struct dmabuf_list *pos;

	if (!waiter->ctx || !waiter->ctx->acquired)
		return false;
	if (!waiter->ctx->is_wait_die)
		return __atomic_load_n(&waiter->ctx->wounded, __ATOMIC_RELAXED);
	if (must_die(waiter, holder_ctx(lock)))
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
		wound(waiter->ctx, holder_ctx(lock));
	return 0;
}

/* Spin while the lock is held and nobody queues. True: taken. */
static bool lock_spin(struct ww_mutex *lock, uint64_t task, struct ww_acquire_ctx *ctx)
{
	for (int i = 0; i < SPINS_BEFORE_QUEUE; i++) {
		uint64_t word = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);

		if (!word && ww_lock_fast(lock, task, ctx))
			return true;
		if (word & OWNER_WAITERS)
			return false;
		cpu_pause();
	}
	return false;
}

/* wait_lock held. 0: @waiter has the lock. -EDEADLK: it must not wait. -EINPROGRESS: it is in the queue. */
static int take_or_enqueue(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	int ret;

	if (try_take(lock, waiter)) {
		become_holder(lock, waiter);
		return 0;
	}
	list_reset(&waiter->node);
	waiter->granted = false;
	ret = enqueue(lock, waiter);
	if (ret < 0)
		return ret;
	/* The holder may have left before it could see our mark. */
	if (try_take(lock, waiter)) {
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
	__atomic_store_n(&lock->owner, owner_word(waiter->owner, waiter->ctx) | OWNER_WAITERS, __ATOMIC_RELEASE);
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

void ww_mutex_unlock(struct ww_mutex *lock)
{
	uint64_t task = task_id();

	if (warn_if(!ww_is_held_by(lock, task), "ww_mutex_unlock: the calling thread does not hold the lock"))
		return;
	if (!ww_unlock_fast(lock, task))
		unlock_slow(lock);
}

int dmabuf_ww_unlock_owner(struct ww_mutex *lock, uint64_t owner)
{
	if (!ww_is_held_by(lock, owner))
		return -EPERM;
	if (!ww_unlock_fast(lock, owner))
		unlock_slow(lock);
	return 0;
}

/* Does this ticket hold the lock? Answers for the ticket's own user. */
static bool is_own(struct ww_mutex *lock, struct ww_acquire_ctx *ctx)
{
	return (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) & ~OWNER_WAITERS) == owner_word(0, ctx);
}

int dmabuf_ww_lock_async(struct ww_mutex *lock, struct ww_waiter *waiter)
{
	int ret;

	if (!lock->ww_class->is_wait_die)
		return -EINVAL;
	if (waiter->ctx && is_own(lock, waiter->ctx))
		return -EALREADY;
	if (lock_spin(lock, waiter->owner, waiter->ctx))
		return 0;
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
		if (try_take(lock, waiter)) {
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
	int ret;

	if (lock_spin(lock, waiter.owner, ctx))
		return 0;
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
	if (is_own(lock, ctx))
		return -EALREADY;
	if (!ctx->acquired)
		__atomic_store_n(&ctx->wounded, 0, __ATOMIC_RELAXED);
	if (dmabuf_ww_is_injected(ctx))
		ret = -EDEADLK;
	else
		ret = ww_lock_fast(lock, task_id(), ctx) ? 0 : lock_slow(lock, ctx, intr);
	if (ret == -EDEADLK)
		ctx->contending_lock = lock;
	else if (ret == 0)
		ctx->contending_lock = NULL;
	return ret;
}

static inline int lock_common(struct ww_mutex *lock, struct ww_acquire_ctx *ctx, bool intr)
{
	if (ctx)
		return lock_ctx(lock, ctx, intr);
	return ww_lock_fast(lock, task_id(), NULL) ? 0 : lock_slow(lock, NULL, intr);
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
	struct ww_waiter waiter = { .owner = task_id(), .ctx = ctx };
	bool taken;

	if (ctx) {
		dmabuf_ww_check_ticket(lock, ctx);
		if (!ctx->acquired)
			__atomic_store_n(&ctx->wounded, 0, __ATOMIC_RELAXED);
	}
	taken = ww_lock_fast(lock, waiter.owner, ctx);
	if (!taken && !ww_mutex_is_locked(lock)) {
		spin_lock(&lock->wait_lock);
		taken = try_take(lock, &waiter);
		if (taken)
			become_holder(lock, &waiter);
		spin_unlock(&lock->wait_lock);
	}
	if (taken && ctx)
		ctx->contending_lock = NULL;
	return taken;
}
