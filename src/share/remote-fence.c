/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. Fences of another process: ordinary dma_fences whose truth is a slot of the peer's board.
 *
 * Called by: message.c for what was received, service.c when a peer rang or died.
 *
 * A test reads the slot. A wait spins for a moment where that has paid, then sets the sleeper's bit of the bell page, looks
 * once more, and sleeps on the word. Callbacks wait in the peer's list of pending fences, with the door bit set.
 *
 * Invariant: whoever goes to sleep, or leaves a fence pending, has set its bit before its last look at the slot; the owner
 * stores the slot before it takes the bits. So one of the two sees the other. See tests/model/bell.pml.
 */
#include <poll.h>

#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/base/rcu.h"
#include "src/base/task.h"
#include "src/fence/fence-flags.h"
#include "src/share/share-internal.h"

#define SLEEP_MAX_NS 1000000000L	/* look again at least once a second, should a wake ever be stolen */
#define CHILD_SLEEP_MAX_NS 10000000L
#define SPIN_MAX_NS 20000u
#define SPIN_MIN_NS 500u
#define SPIN_AGAIN_NS 5000u
#define SLEEPS_BETWEEN_SPINS 64

struct remote_fence {
	struct dma_fence base;
	struct peer *peer;
	const struct board_slot *slot;
	uint64_t ctx;			/* the peer's number for base.context */
	struct dmabuf_list node;	/* in peer->pending */
};

/* Where a remote fence stands. */
enum remote_state { REMOTE_PENDING, REMOTE_DONE, REMOTE_OWNER_DEAD };

static struct remote_fence *to_remote_fence(struct dma_fence *fence)
{
	return base_container(fence, struct remote_fence, base);
}

static const char *driver_name(struct dma_fence *fence)
{
	(void)fence;
	return "dmabuf-remote";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return to_remote_fence(fence)->peer->name;
}

/* Dead first, then the slot: what the owner managed to publish counts. */
static enum remote_state look(struct remote_fence *remote)
{
	/* Pairs with the store in service.c, after which the peer writes no more. */
	bool dead = __atomic_load_n(&remote->peer->dead, __ATOMIC_ACQUIRE);

	if (dmabuf_slot_is_done(remote->slot, remote->ctx, remote->base.seqno))
		return REMOTE_DONE;
	return dead ? REMOTE_OWNER_DEAD : REMOTE_PENDING;
}

/* How it ended. */
static void outcome(struct remote_fence *remote, enum remote_state state, int *ret_error, int64_t *ret_time)
{
	*ret_error = -EOWNERDEAD;
	*ret_time = 0;
	if (state == REMOTE_DONE)
		dmabuf_slot_outcome(remote->slot, remote->ctx, remote->base.seqno, ret_error, ret_time);
	if (!*ret_time)
		*ret_time = dmabuf_base_now();
}

/* Lock held: bring the local fence to where the peer's is. */
static void signal_here(struct remote_fence *remote, enum remote_state state)
{
	int64_t time_ns;
	int error;

	outcome(remote, state, &error, &time_ns);
	if (error && __atomic_load_n(&remote->base.error, __ATOMIC_RELAXED) != error)
		__atomic_store_n(&remote->base.error, error, __ATOMIC_RELAXED);
	dma_fence_signal_timestamp_locked(&remote->base, time_ns);
}

static bool is_signaled_here(const struct dma_fence *fence)
{
	return __atomic_load_n(&fence->flags, __ATOMIC_ACQUIRE) & (1UL << DMA_FENCE_FLAG_SIGNALED_BIT);
}

/*
 * The signaled op, with or without the lock. Where the lock can be had the fence is signalled here, with the owner's
 * time; otherwise the caller does it, with the time of its look.
 */
static bool is_done(struct dma_fence *fence)
{
	struct remote_fence *remote = to_remote_fence(fence);
	enum remote_state state = look(remote);
	int64_t time_ns;
	int error;

	if (state == REMOTE_PENDING)
		return false;
	if (spin_trylock(fence->lock)) {
		if (!is_signaled_here(fence))
			signal_here(remote, state);
		spin_unlock(fence->lock);
		return true;
	}
	outcome(remote, state, &error, &time_ns);
	if (error && __atomic_load_n(&fence->error, __ATOMIC_RELAXED) != error)
		__atomic_store_n(&fence->error, error, __ATOMIC_RELAXED);
	return true;
}

static void arm(struct peer *peer, uint32_t bit)
{
	/* Pairs with the exchange in dmabuf_share_ring(), in the peer: bit before slot here, slot before bit there. */
	__atomic_fetch_or(&peer->bell->wanted, bit, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Lock held: somebody wants to be called. */
static bool enable_signaling(struct dma_fence *fence)
{
	struct remote_fence *remote = to_remote_fence(fence);

	arm(remote->peer, BELL_DOOR);
	if (is_done(fence))
		return false;
	dma_fence_get(fence);
	list_insert_before(&remote->peer->pending, &remote->node);
	return true;
}

void dmabuf_remote_check_pending(struct peer *peer)
{
	struct dmabuf_list done, *pos, *following;

	list_reset(&done);
	spin_lock(&peer->lock);
	if (!list_is_empty(&peer->pending))
		arm(peer, BELL_DOOR);
	list_for_each_safe(pos, following, &peer->pending) {
		struct remote_fence *remote = base_container(pos, struct remote_fence, node);
		enum remote_state state = look(remote);

		if (state == REMOTE_PENDING)
			continue;
		list_remove(pos);
		list_insert_before(&done, pos);
		signal_here(remote, state);
	}
	spin_unlock(&peer->lock);
	list_for_each_safe(pos, following, &done) {
		list_reset(pos);
		dma_fence_put(&base_container(pos, struct remote_fence, node)->base);
	}
}

static signed long time_left(signed long timeout, int64_t deadline)
{
	int64_t left;

	if (timeout == MAX_SCHEDULE_TIMEOUT)
		return timeout;
	left = deadline - dmabuf_base_now();
	return left > 0 ? left : 0;
}

/*
 * Spin while it pays: a spin that found the fence done is worth repeating, one in vain halves the next, down to none;
 * every so many sleeps remote_wait() lets it try again.
 */
static enum remote_state spin(struct remote_fence *remote)
{
	uint32_t budget = __atomic_load_n(&remote->peer->spin_ns, __ATOMIC_RELAXED);
	enum remote_state state = look(remote);
	int64_t start, spent = 0;

	if (state != REMOTE_PENDING || budget < SPIN_MIN_NS)
		return state;
	start = dmabuf_base_now();
	while (state == REMOTE_PENDING && spent < budget) {
		for (int i = 0; i < 16 && state == REMOTE_PENDING; i++) {
			cpu_pause();
			state = look(remote);
		}
		spent = dmabuf_base_now() - start;
	}
	budget = state == REMOTE_PENDING ? budget / 2 : SPIN_MAX_NS;
	__atomic_store_n(&remote->peer->spin_ns, budget, __ATOMIC_RELAXED);
	return state;
}

/* In a fork's child, which has no service thread: is the peer alive? Returns how long to sleep until the next look. */
static long look_for_death(struct peer *peer)
{
	struct pollfd pfd = { .fd = peer->pidfd, .events = POLLIN };

	if (poll(&pfd, 1, 0) <= 0)
		return CHILD_SLEEP_MAX_NS;
	__atomic_store_n(&peer->dead, true, __ATOMIC_RELEASE); /* Pairs with look(). */
	return 1;
}

/* Sleep at most @left until the peer rings. Returns what the futex said. */
static int sleep_once(struct remote_fence *remote, signed long left)
{
	struct bell *bell = remote->peer->bell;
	/* Pairs with the count in dmabuf_share_ring(): taken before asking, so that no ring for us goes by unseen. */
	uint32_t rings = __atomic_load_n(&bell->rings, __ATOMIC_SEQ_CST);

	long longest = SLEEP_MAX_NS;

	arm(remote->peer, BELL_SLEEPER);
	if (look(remote) != REMOTE_PENDING)
		return 0;
	if (remote->peer->generation != dmabuf_base_generation())
		longest = look_for_death(remote->peer);
	return dmabuf_base_futex_wait(&bell->rings, rings, FUTEX_SHARED, left < longest ? left : longest);
}

/* Sleep until the end of the wait. The order of ends is that of dma_fence_default_wait(). */
static signed long sleep_until_done(struct remote_fence *remote, bool intr, signed long timeout, int64_t deadline)
{
	signed long left;
	int ret;

	do {
		left = time_left(timeout, deadline);
		if (left == 0)
			return 0;
		ret = sleep_once(remote, left);
		left = time_left(timeout, deadline);
		if (left == 0)
			return 0;
		if (intr && ret == -EINTR)
			return -ERESTARTSYS;
	} while (look(remote) == REMOTE_PENDING && !is_signaled_here(&remote->base));
	return left;
}

/* The fence is done: make it so here, with the owner's time. */
static void complete(struct remote_fence *remote, enum remote_state state)
{
	spin_lock(remote->base.lock);
	if (!is_signaled_here(&remote->base))
		signal_here(remote, state);
	spin_unlock(remote->base.lock);
}

static signed long remote_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	struct remote_fence *remote = to_remote_fence(fence);
	signed long ret = timeout ? timeout : 1;
	int64_t deadline = 0;
	enum remote_state state;

	if (is_signaled_here(fence))
		return ret;
	state = timeout ? spin(remote) : look(remote);
	if (state == REMOTE_PENDING) {
		if (timeout == 0)
			return 0;
		if (timeout != MAX_SCHEDULE_TIMEOUT)
			deadline = dmabuf_base_now() + timeout;
		ret = sleep_until_done(remote, intr, timeout, deadline);
		/* What did not pay once may pay later: try again now and then. */
		if (__atomic_add_fetch(&remote->peer->waits_slept, 1, __ATOMIC_RELAXED) % SLEEPS_BETWEEN_SPINS == 0)
			__atomic_store_n(&remote->peer->spin_ns, dmabuf_base_cpus() > 1 ? SPIN_AGAIN_NS : 0, __ATOMIC_RELAXED);
		if (ret <= 0)
			return ret;
		state = look(remote);
	} else {
		__atomic_fetch_add(&remote->peer->waits_ready, 1, __ATOMIC_RELAXED);
	}
	complete(remote, state);
	return ret;
}

static void free_fence(struct dmabuf_rcu_head *rcu)
{
	struct remote_fence *remote = base_container(rcu, struct remote_fence, base.rcu);

	dmabuf_peer_put(remote->peer);
	dmabuf_base_free(remote);
}

/* May run in atomic context, so that the peer's own end waits for the deferred free. */
static void release_fence(struct dma_fence *fence)
{
	dmabuf_base_rcu_defer(&fence->rcu, free_fence);
}

static const struct dma_fence_ops remote_fence_ops = {
	.use_64bit_seqno = true,
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = is_done,
	.wait = remote_wait,
	.release = release_fence,
};

/* What the peer says must be on its board: a seqno it has not issued would never signal, or replace a real one. */
static int check_wire(struct peer *peer, const struct wire_fence *wire)
{
	const struct board_slot *slot;

	if (wire->error > 0 || wire->error < -4095)
		return -EPROTO;
	if (wire->kind == WIRE_FENCE_SIGNALED)
		return 0;
	slot = dmabuf_remote_board_slot(peer->board, wire->slot);
	if (wire->kind != WIRE_FENCE_TIMELINE || !slot || !wire->ctx || !wire->seqno)
		return -EPROTO;
	if (__atomic_load_n(&slot->ctx, __ATOMIC_ACQUIRE) == wire->ctx &&
	    wire->seqno > __atomic_load_n(&slot->issued, __ATOMIC_ACQUIRE)) /* Pairs with dmabuf_slot_issue(). */
		return -EPROTO;
	return 0;
}

static struct remote_fence *alloc_fence(struct peer *peer)
{
	struct remote_fence *remote = dmabuf_base_alloc(sizeof(*remote));

	if (!remote)
		return NULL;
	__atomic_fetch_add(&peer->count.count, 1, __ATOMIC_RELAXED);
	remote->peer = peer;
	list_reset(&remote->node);
	return remote;
}

/* A fence that was done when it was sent. */
static struct dma_fence *signaled_fence(struct peer *peer, int error)
{
	struct remote_fence *remote;

	if (!error)
		return dma_fence_get_stub();
	remote = alloc_fence(peer);
	if (!remote)
		return dmabuf_err_ptr(-ENOMEM);
	dma_fence_init(&remote->base, &remote_fence_ops, &peer->lock, dma_fence_context_alloc(1), 1);
	dma_fence_set_error(&remote->base, error);
	dma_fence_signal(&remote->base);
	return &remote->base;
}

struct dma_fence *dmabuf_remote_fence(struct peer *peer, const struct wire_fence *wire)
{
	struct remote_fence *remote;
	int ret = check_wire(peer, wire);

	if (ret < 0)
		return dmabuf_err_ptr(ret);
	if (wire->kind == WIRE_FENCE_SIGNALED)
		return signaled_fence(peer, wire->error);
	remote = alloc_fence(peer);
	if (!remote)
		return dmabuf_err_ptr(-ENOMEM);
	remote->slot = dmabuf_remote_board_slot(peer->board, wire->slot);
	remote->ctx = wire->ctx;
	dma_fence_init(&remote->base, &remote_fence_ops, &peer->lock,
		       dmabuf_remote_board_context(peer->board, wire->slot, wire->ctx), wire->seqno);
	remote->base.flags |= 1UL << DMABUF_FENCE_FLAG_SELF_WAIT_BIT;
	return &remote->base;
}
