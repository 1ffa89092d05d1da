/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. The pools of pool.h: magazines of objects, two for each thread and kind, and a depot that all threads share.
 *
 * Called by: fence, for arrays and nodes of chains.
 *
 * Invariant: an object goes from a pending magazine through a grace period to the depot, and from there into a ready
 * magazine or back to the allocator; so nobody gets one that a reader may still see. The depot holds a bounded number.
 */
#include <pthread.h>

#include "src/base/alloc.h"
#include "src/base/pool.h"
#include "src/base/rcu.h"
#include "src/base/spinlock.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

void *dmabuf_base_pool_get(enum pool_id id, size_t size)
{
	(void)id;
	return dmabuf_base_alloc(size);
}

void dmabuf_base_pool_put(enum pool_id id, void *object, struct dmabuf_rcu_head *rcu,
			  void (*free_it)(struct dmabuf_rcu_head *rcu))
{
	(void)id;
	(void)object;
	dmabuf_base_rcu_defer(rcu, free_it);
}

#else

#define ROUNDS 64		/* objects in a magazine */
#define DEPOT_MAX 512		/* magazines of one kind that the depot keeps */

struct magazine {
	struct dmabuf_rcu_head rcu;	/* first: what the deferred call gets */
	struct magazine *next;
	enum pool_id id;
	unsigned int num;
	void *objects[ROUNDS];
};

/* Filled ones that are ready for use, and empty ones. */
static struct {
	struct dmabuf_spinlock lock;
	struct magazine *ready, *empty;
	unsigned int num_ready;
} depots[NUM_POOLS];

/* Of one thread; either may be NULL. */
static __thread struct {
	struct magazine *ready, *pending;
} mine[NUM_POOLS];

/* What a thread that ends has left goes to the depots; the key's value only says that there is something. */
static pthread_key_t thread_end;
static bool have_thread_end;
static __thread bool thread_has_left, thread_is_known;

static void free_magazine(struct magazine *magazine)
{
	while (magazine->num)
		dmabuf_base_free(magazine->objects[--magazine->num]);
	dmabuf_base_free(magazine);
}

/* Nobody sees the objects of @magazine any more. */
static void make_ready(struct magazine *magazine)
{
	enum pool_id id = magazine->id;
	bool kept;

	spin_lock(&depots[id].lock);
	kept = depots[id].num_ready < DEPOT_MAX;
	if (kept) {
		magazine->next = depots[id].ready;
		depots[id].ready = magazine;
		depots[id].num_ready++;
	}
	spin_unlock(&depots[id].lock);
	if (!kept)
		free_magazine(magazine);
}

static void grace_period_is_over(struct dmabuf_rcu_head *rcu)
{
	make_ready((struct magazine *)(void *)rcu);
}

static void thread_ends(void *unused)
{
	(void)unused;
	thread_has_left = true;
	for (int id = 0; id < NUM_POOLS; id++) {
		if (mine[id].pending)
			dmabuf_base_rcu_defer(&mine[id].pending->rcu, grace_period_is_over);
		if (mine[id].ready)
			make_ready(mine[id].ready);
		mine[id].pending = mine[id].ready = NULL;
	}
}

/* May this thread keep magazines? Only if its end will be noticed. */
static bool know_thread(void)
{
	if (!thread_is_known && have_thread_end && !thread_has_left)
		thread_is_known = pthread_setspecific(thread_end, &depots) == 0;
	return thread_is_known && !thread_has_left;
}

/* Another thread may have been in the middle of something; what is in the depots is lost to the child. */
static void forget_depots(void)
{
	__builtin_memset(depots, 0, sizeof(depots));
}

static void __attribute__((constructor)) watch_thread_ends(void)
{
	have_thread_end = pthread_key_create(&thread_end, thread_ends) == 0;
	dmabuf_base_on_fork_child(forget_depots);
}

/* Exchange an empty magazine, or none, for a filled one; NULL if the depot has none. */
static struct magazine *exchange(enum pool_id id, struct magazine *empty)
{
	struct magazine *magazine;

	spin_lock(&depots[id].lock);
	if (empty) {
		empty->next = depots[id].empty;
		depots[id].empty = empty;
	}
	magazine = depots[id].ready;
	if (magazine) {
		depots[id].ready = magazine->next;
		depots[id].num_ready--;
	}
	spin_unlock(&depots[id].lock);
	return magazine;
}

static struct magazine *get_empty(enum pool_id id)
{
	struct magazine *magazine;

	spin_lock(&depots[id].lock);
	magazine = depots[id].empty;
	if (magazine)
		depots[id].empty = magazine->next;
	spin_unlock(&depots[id].lock);
	if (!magazine)
		magazine = dmabuf_base_alloc(sizeof(*magazine));
	if (magazine) {
		magazine->id = id;
		magazine->num = 0;
	}
	return magazine;
}

static void __attribute__((noinline)) *get_slow(enum pool_id id, size_t size)
{
	if (know_thread())
		mine[id].ready = exchange(id, mine[id].ready);
	if (!mine[id].ready)
		return dmabuf_base_alloc(size);
	return mine[id].ready->objects[--mine[id].ready->num];
}

void *dmabuf_base_pool_get(enum pool_id id, size_t size)
{
	struct magazine *ready = mine[id].ready;

	if (__builtin_expect(!ready || !ready->num, 0))
		return get_slow(id, size);
	return ready->objects[--ready->num];
}

void dmabuf_base_pool_put(enum pool_id id, void *object, struct dmabuf_rcu_head *rcu,
			  void (*free_it)(struct dmabuf_rcu_head *rcu))
{
	struct magazine *pending = mine[id].pending;

	if (__builtin_expect(!pending, 0)) {
		pending = know_thread() ? get_empty(id) : NULL;
		if (!pending) {
			dmabuf_base_rcu_defer(rcu, free_it);
			return;
		}
		mine[id].pending = pending;
	}
	pending->objects[pending->num++] = object;
	if (__builtin_expect(pending->num == ROUNDS, 0)) {
		mine[id].pending = NULL;
		dmabuf_base_rcu_defer(&pending->rcu, grace_period_is_over);
	}
}

#endif
