/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. Timelines: queues of work whose progress stands on the board.
 *
 * Called by: authors of devices and stages; message.c to pass a fence on.
 *
 * Publishing comes first, then the bells of those who listen, then the fences of this process that somebody waits for.
 * A fence nobody waits for is not touched at all: its signaled op reads the board.
 *
 * Invariant: what is on the board under this ctx is what advance and fail were told, in that order, under the lock.
 */
#include "src/base/alloc.h"
#include "src/base/mutex.h"
#include "src/base/park.h"
#include "src/base/rcu.h"
#include "src/base/task.h"
#include "src/share/share-internal.h"
#include "src/share/socket.h"

#define ERRNO_MAX 4095
#define NAME_MAX_BYTES 31
#define CHILD_SLEEP_NS 1000000L

/* A connection by which fences of the timeline were passed. */
struct listener {
	struct dmabuf_list node;
	struct dmabuf_share *share;	/* a reference */
	uint64_t last;			/* the latest that was passed */
};

struct dmabuf_timeline {
	struct dmabuf_kref count;	/* the program, and every unfreed fence */
	struct dmabuf_spinlock lock;	/* of the fences too; protects everything below */
	struct dmabuf_list node;	/* in all_timelines */
	struct own_slot slot;
	uint64_t ctx;
	uint64_t issued;
	uint64_t signalled;
	int error;			/* 0, or how it failed */
	uint32_t generation;		/* the process it belongs to */
	struct dmabuf_list wanted;	/* fences somebody waits for, by seqno; each with a reference */
	struct dmabuf_list listeners;
	bool has_leavers;		/* some of them are over */
	char name[NAME_MAX_BYTES + 1];
};

struct timeline_fence {
	struct dma_fence base;
	struct dmabuf_timeline *timeline;
	struct dmabuf_list node;	/* in wanted */
};

static struct base_mutex all_lock = BASE_MUTEX_INIT;
static struct dmabuf_list all_timelines = { &all_timelines, &all_timelines };

/* The child owns none of its parent's timelines. */
static void forget_after_fork(void)
{
	all_lock = (struct base_mutex)BASE_MUTEX_INIT;
	list_reset(&all_timelines);
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_after_fork);
}

static struct timeline_fence *to_timeline_fence(struct dma_fence *fence)
{
	return base_container(fence, struct timeline_fence, base);
}

static const char *driver_name(struct dma_fence *fence)
{
	(void)fence;
	return "dmabuf";
}

static const char *timeline_name(struct dma_fence *fence)
{
	return to_timeline_fence(fence)->timeline->name;
}

/* Note how a done fence ended, before it is reported done. */
static void take_over_error(struct dma_fence *fence)
{
	struct timeline_fence *tf = to_timeline_fence(fence);
	int64_t time_ns;
	int error;

	dmabuf_slot_outcome(tf->timeline->slot.ro, fence->context, fence->seqno, &error, &time_ns);
	if (error && __atomic_load_n(&fence->error, __ATOMIC_RELAXED) != error)
		__atomic_store_n(&fence->error, error, __ATOMIC_RELAXED);
}

/* The signaled op, with or without the lock. Where the lock can be had, the fence gets the time of the advance. */
static bool is_done(struct dma_fence *fence)
{
	struct timeline_fence *tf = to_timeline_fence(fence);
	int64_t time_ns;
	int error;

	if (!dmabuf_slot_is_done(tf->timeline->slot.ro, fence->context, fence->seqno))
		return false;
	take_over_error(fence);
	if (spin_trylock(fence->lock)) {
		dmabuf_slot_outcome(tf->timeline->slot.ro, fence->context, fence->seqno, &error, &time_ns);
		/* The node of one that advance() has signalled is put_all()'s, without the lock. */
		if (time_ns && !dma_fence_test_signaled_flag(fence) && list_is_empty(&tf->node))
			dma_fence_signal_timestamp_locked(fence, time_ns);
		spin_unlock(fence->lock);
	}
	return true;
}

/* Lock held: somebody waits from now on. */
static bool enable_signaling(struct dma_fence *fence)
{
	struct timeline_fence *tf = to_timeline_fence(fence);
	struct dmabuf_list *pos;

	if (is_done(fence))
		return false;
	for (pos = tf->timeline->wanted.prev; pos != &tf->timeline->wanted; pos = pos->prev) {
		if (base_container(pos, struct timeline_fence, node)->base.seqno < fence->seqno)
			break;
	}
	list_insert_after(pos, &tf->node);
	dma_fence_get(fence);
	return true;
}

static struct listener *to_listener(struct dmabuf_list *node)
{
	return base_container(node, struct listener, node);
}

/* Lock held: the program has closed the connection, and what was passed by it is done. */
static bool is_over(const struct dmabuf_timeline *timeline, const struct listener *listener)
{
	/* Pairs with dmabuf_share_close(). */
	return __atomic_load_n(&listener->share->closed, __ATOMIC_ACQUIRE) && listener->last <= timeline->signalled;
}

static void free_listeners(struct dmabuf_list *gone)
{
	struct dmabuf_list *pos, *following;

	list_for_each_safe(pos, following, gone) {
		struct listener *listener = to_listener(pos);

		dmabuf_share_put(listener->share);
		dmabuf_base_free(listener);
	}
}

/* Which listeners to drop: @all of them, closed ones of @dead, or those that are over. */
static void drop_listeners(struct dmabuf_timeline *timeline, bool all, struct peer *dead)
{
	struct dmabuf_list gone, *pos, *following;

	list_reset(&gone);
	spin_lock(&timeline->lock);
	list_for_each_safe(pos, following, &timeline->listeners) {
		struct listener *listener = to_listener(pos);
		bool closed = __atomic_load_n(&listener->share->closed, __ATOMIC_ACQUIRE);

		if (!all && !is_over(timeline, listener) && !(closed && dead && listener->share->peer == dead))
			continue;
		list_remove(pos);
		list_insert_before(&gone, pos);
	}
	spin_unlock(&timeline->lock);
	free_listeners(&gone);
}

/* In a fork's child nobody signals: the parent's advance is on the board, and is looked for. */
static signed long wait_in_child(struct dma_fence *fence, bool intr, signed long timeout)
{
	int64_t deadline = dmabuf_socket_deadline(timeout), left;
	uint32_t word = 0;

	while (!is_done(fence)) {
		left = deadline - dmabuf_base_now();
		if (left <= 0)
			return 0;
		if (left > CHILD_SLEEP_NS)
			left = CHILD_SLEEP_NS;
		if (dmabuf_base_futex_wait(&word, 0, FUTEX_ONE_PROCESS, left) == -EINTR && intr)
			return -ERESTARTSYS;
	}
	left = deadline - dmabuf_base_now();
	return left > 1 ? left : 1;
}

static signed long timeline_wait(struct dma_fence *fence, bool intr, signed long timeout)
{
	if (to_timeline_fence(fence)->timeline->generation == dmabuf_base_generation())
		return dma_fence_default_wait(fence, intr, timeout);
	return wait_in_child(fence, intr, timeout);
}

static void put_timeline(struct dmabuf_timeline *timeline)
{
	if (__atomic_sub_fetch(&timeline->count.count, 1, __ATOMIC_ACQ_REL))
		return;
	if (timeline->generation == dmabuf_base_generation())
		dmabuf_board_give_back(&timeline->slot);
	dmabuf_base_free(timeline);
}

static void free_fence(struct dmabuf_rcu_head *rcu)
{
	struct timeline_fence *tf = base_container(rcu, struct timeline_fence, base.rcu);

	put_timeline(tf->timeline);
	dmabuf_base_free(tf);
}

/* May run in atomic context, so that the timeline's own end waits for the deferred free. */
static void release_fence(struct dma_fence *fence)
{
	dmabuf_base_rcu_defer(&fence->rcu, free_fence);
}

static const struct dma_fence_ops timeline_fence_ops = {
	.use_64bit_seqno = true,
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = is_done,
	.wait = timeline_wait,
	.release = release_fence,
};

struct dmabuf_timeline *dmabuf_timeline_create(const char *name)
{
	struct dmabuf_timeline *timeline = dmabuf_base_alloc(sizeof(*timeline));
	int ret;

	if (!timeline)
		return dmabuf_err_ptr(-ENOMEM);
	timeline->ctx = dma_fence_context_alloc(1);
	ret = dmabuf_board_take(timeline->ctx, &timeline->slot);
	if (ret == -ENOSPC) {
		/* Slots come back with the deferred end of the last fence: wait for those that are on their way. */
		dmabuf_barrier();
		ret = dmabuf_board_take(timeline->ctx, &timeline->slot);
	}
	if (ret < 0) {
		dmabuf_base_free(timeline);
		return dmabuf_err_ptr(ret);
	}
	timeline->count.count = 1;
	dmabuf_spinlock_init(&timeline->lock);
	list_reset(&timeline->wanted);
	list_reset(&timeline->listeners);
	timeline->generation = dmabuf_base_generation();
	for (unsigned int i = 0; name && name[i] && i < NAME_MAX_BYTES; i++)
		timeline->name[i] = name[i];
	dmabuf_base_mutex_lock(&all_lock);
	list_insert_before(&all_timelines, &timeline->node);
	dmabuf_base_mutex_unlock(&all_lock);
	return timeline;
}

void dmabuf_timeline_destroy(struct dmabuf_timeline *timeline)
{
	if (!timeline)
		return;
	if (timeline->generation == dmabuf_base_generation()) {
		if (timeline->signalled != timeline->issued)
			dmabuf_timeline_fail(timeline, -ECANCELED);
		dmabuf_base_mutex_lock(&all_lock);
		list_remove(&timeline->node);
		dmabuf_base_mutex_unlock(&all_lock);
		drop_listeners(timeline, true, NULL);
	}
	put_timeline(timeline);
}

/* Lock held: may the caller change this timeline? */
static int check_usable(const struct dmabuf_timeline *timeline)
{
	if (timeline->generation != dmabuf_base_generation())
		return -EPERM;
	return timeline->error ? -ECANCELED : 0;
}

struct dma_fence *dmabuf_timeline_fence(struct dmabuf_timeline *timeline)
{
	struct timeline_fence *tf = dmabuf_base_alloc(sizeof(*tf));
	int ret;

	if (!tf)
		return dmabuf_err_ptr(-ENOMEM);
	tf->timeline = timeline;
	list_reset(&tf->node);
	spin_lock(&timeline->lock);
	ret = check_usable(timeline);
	if (ret == 0) {
		__atomic_fetch_add(&timeline->count.count, 1, __ATOMIC_RELAXED);
		dma_fence_init(&tf->base, &timeline_fence_ops, &timeline->lock, timeline->ctx, ++timeline->issued);
		dmabuf_slot_issue(&timeline->slot, timeline->issued);
	}
	spin_unlock(&timeline->lock);
	if (ret < 0) {
		dmabuf_base_free(tf);
		return dmabuf_err_ptr(ret);
	}
	return &tf->base;
}

/* Lock held: signal the wanted fences up to @seqno; their references go to @done. */
static void signal_wanted(struct dmabuf_timeline *timeline, uint64_t seqno, int64_t now, struct dmabuf_list *done)
{
	while (!list_is_empty(&timeline->wanted)) {
		struct timeline_fence *tf = base_container(timeline->wanted.next, struct timeline_fence, node);

		if (tf->base.seqno > seqno)
			break;
		list_remove(&tf->node);
		list_insert_before(done, &tf->node);
		take_over_error(&tf->base);
		dma_fence_signal_timestamp_locked(&tf->base, now);
	}
}

static void put_all(struct dmabuf_list *fences)
{
	struct dmabuf_list *pos, *following;

	list_for_each_safe(pos, following, fences) {
		list_reset(pos);
		dma_fence_put(&base_container(pos, struct timeline_fence, node)->base);
	}
}

/* Lock held: everything up to @seqno is done, with @error. */
static void publish(struct dmabuf_timeline *timeline, uint64_t seqno, int error, struct dmabuf_list *done)
{
	int64_t now = dmabuf_base_now();
	struct dmabuf_list *pos;

	timeline->signalled = seqno;
	timeline->error = error;
	dmabuf_slot_publish(&timeline->slot, seqno, error, now);
	list_for_each(pos, &timeline->listeners) {
		dmabuf_share_ring(to_listener(pos)->share);
		if (is_over(timeline, to_listener(pos)))
			timeline->has_leavers = true;
	}
	signal_wanted(timeline, seqno, now, done);
}

/* After an advance, lock not held: let go of listeners whose connection is closed and who got what they waited for. */
static void finish(struct dmabuf_timeline *timeline, struct dmabuf_list *done, bool has_leavers)
{
	put_all(done);
	if (has_leavers)
		drop_listeners(timeline, false, NULL);
}

/* Lock held. */
static bool take_leavers(struct dmabuf_timeline *timeline)
{
	bool has_leavers = timeline->has_leavers;

	timeline->has_leavers = false;
	return has_leavers;
}

int dmabuf_timeline_advance(struct dmabuf_timeline *timeline, uint64_t seqno)
{
	struct dmabuf_list done;
	bool has_leavers;
	int ret;

	list_reset(&done);
	spin_lock(&timeline->lock);
	ret = check_usable(timeline);
	if (ret == 0 && seqno > timeline->issued)
		ret = -EINVAL;
	if (ret == 0 && seqno > timeline->signalled)
		publish(timeline, seqno, 0, &done);
	has_leavers = take_leavers(timeline);
	spin_unlock(&timeline->lock);
	finish(timeline, &done, has_leavers);
	return ret;
}

int dmabuf_timeline_fail(struct dmabuf_timeline *timeline, int error)
{
	struct dmabuf_list done;
	bool has_leavers;
	int ret;

	if (error >= 0 || error < -ERRNO_MAX)
		return -EINVAL;
	list_reset(&done);
	spin_lock(&timeline->lock);
	ret = check_usable(timeline);
	if (ret == 0 && timeline->signalled == timeline->issued)
		timeline->error = error; /* Nobody waits for anything: just no more of it. */
	else if (ret == 0)
		publish(timeline, timeline->issued, error, &done);
	has_leavers = take_leavers(timeline);
	spin_unlock(&timeline->lock);
	finish(timeline, &done, has_leavers);
	return ret;
}

/* Lock held: note that @seqno was passed to somebody who listens already. */
static bool listen_on(struct dmabuf_timeline *timeline, const struct dmabuf_share *share, uint64_t seqno)
{
	struct dmabuf_list *pos;

	list_for_each(pos, &timeline->listeners) {
		struct listener *listener = to_listener(pos);

		if (listener->share != share)
			continue;
		if (listener->last < seqno)
			listener->last = seqno;
		return true;
	}
	return false;
}

/* Ring @share at every advance, at least until @seqno is done. */
static int add_listener(struct dmabuf_timeline *timeline, struct dmabuf_share *share, uint64_t seqno)
{
	struct listener *listener;
	bool already;

	spin_lock(&timeline->lock);
	already = listen_on(timeline, share, seqno);
	spin_unlock(&timeline->lock);
	if (already)
		return 0;
	listener = dmabuf_base_alloc(sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	listener->share = share;
	listener->last = seqno;
	spin_lock(&timeline->lock);
	already = listen_on(timeline, share, seqno);
	if (!already) {
		__atomic_fetch_add(&share->count.count, 1, __ATOMIC_RELAXED);
		list_insert_before(&timeline->listeners, &listener->node);
	}
	spin_unlock(&timeline->lock);
	if (already)
		dmabuf_base_free(listener);
	return 0;
}

int dmabuf_timeline_pass(struct dma_fence *fence, struct dmabuf_share *share, struct wire_fence *ret_wire)
{
	struct dmabuf_timeline *timeline;
	int ret;

	if (fence->ops != &timeline_fence_ops)
		return -EOPNOTSUPP;
	timeline = to_timeline_fence(fence)->timeline;
	if (timeline->generation != dmabuf_base_generation())
		return -EOPNOTSUPP;
	ret = add_listener(timeline, share, fence->seqno);
	if (ret < 0)
		return ret;
	*ret_wire = (struct wire_fence){
		.kind = WIRE_FENCE_TIMELINE, .slot = timeline->slot.index, .ctx = fence->context, .seqno = fence->seqno,
	};
	return 0;
}

/* Drop the listeners that are over, and the closed ones of a dead peer. */
static void drop_everywhere(struct peer *dead)
{
	struct dmabuf_list *pos;

	dmabuf_base_mutex_lock(&all_lock);
	list_for_each(pos, &all_timelines)
		drop_listeners(base_container(pos, struct dmabuf_timeline, node), false, dead);
	dmabuf_base_mutex_unlock(&all_lock);
}

void dmabuf_timeline_forget(struct dmabuf_share *share)
{
	/* Dead already: nobody will report it again. */
	bool is_dead = __atomic_load_n(&share->peer->dead, __ATOMIC_ACQUIRE);

	drop_everywhere(is_dead ? share->peer : NULL);
}

void dmabuf_timeline_forget_peer(struct peer *peer)
{
	drop_everywhere(peer);
}
