/* SPDX-License-Identifier: MIT */
/*
 * Layer: fence. Arrays: one fence for several, signalled with the last or with the first of them.
 *
 * Called by: users that must hand over one fence, and by the merge of dma-fence-unwrap.c; counterpart of the kernel's
 * drivers/dma-buf/dma-fence-array.c.
 *
 * Invariant: a member's callback, which runs under the member's lock, never signals the array: it queues work that runs
 * when the thread holds no spinlock. Each callback that a member holds has a reference to the array.
 */
#include "src/base/alloc.h"
#include "src/base/pool.h"
#include "src/base/task.h"
#include "src/fence/fence-internal.h"

/* Stands in base.error until a member's error, or the end, takes its place. No errno is positive. */
#define NO_ERROR_YET 1

/* An array of so many members, or fewer, comes from a pool. */
#define POOLED_ARRAY 4
/* A callback, and a place in the list of members. */
#define BYTES_PER_MEMBER (sizeof(struct dma_fence_array_cb) + sizeof(struct dma_fence *))

/* Up to so many members a merged array is a single allocation. */
#define SMALL_ARRAY 16

_Static_assert(sizeof(((struct dma_fence_array *)0)->work) >= sizeof(struct base_work), "room for the work");

static const char *driver_name(struct dma_fence *fence)
{
	(void)fence;
	return "dma_fence_array";
}

static const char *timeline_name(struct dma_fence *fence)
{
	(void)fence;
	return "unbound";
}

static struct base_work *work_of(struct dma_fence_array *array)
{
	return (struct base_work *)(void *)array->work;
}

/* Of several errors the first stays; 0 says that none has come. */
static void settle_error(struct dma_fence_array *array, int error)
{
	int unsettled = NO_ERROR_YET;

	/* Looked at first: once the array is signalled others read it plainly, and an exchange that fails is no read only. */
	if (__atomic_load_n(&array->base.error, __ATOMIC_RELAXED) != NO_ERROR_YET)
		return;
	__atomic_compare_exchange_n(&array->base.error, &unsettled, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void note_error_of(struct dma_fence_array *array, struct dma_fence *member)
{
	if (member->error)
		settle_error(array, member->error);
}

/* One member less to wait for; true if it was the one that counts. Release: its error is seen by who signals. */
static bool count_down(struct dma_fence_array *array)
{
	return __atomic_sub_fetch(&array->num_pending, 1, __ATOMIC_ACQ_REL) == 0;
}

static void signal_array(struct base_work *work)
{
	struct dma_fence_array *array = base_container((void *)work, struct dma_fence_array, work);

	settle_error(array, 0);
	dma_fence_signal(&array->base);
	dma_fence_put(&array->base);
}

static void member_is_done(struct dma_fence *member, struct dma_fence_cb *cb)
{
	struct dma_fence_array *array = base_container(cb, struct dma_fence_array_cb, cb)->array;

	note_error_of(array, member);
	if (count_down(array))
		dmabuf_base_work_queue(work_of(array)); /* Its reference goes to the work. */
	else
		dma_fence_put(&array->base);
}

static bool enable_signaling(struct dma_fence *fence)
{
	struct dma_fence_array *array = array_of(fence);

	for (unsigned int i = 0; i < array->num_fences; i++) {
		struct dma_fence_array_cb *listener = &array->callbacks[i];

		listener->array = array;
		dma_fence_get(fence);
		if (dma_fence_add_callback(array->fences[i], &listener->cb, member_is_done) == 0)
			continue;
		note_error_of(array, array->fences[i]);
		dma_fence_put(fence);
		if (count_down(array)) {
			settle_error(array, 0);
			return false;
		}
	}
	return true;
}

/* Nobody listens yet: have @wanted members signalled? Asking one signals it, if it is due. */
static bool enough_are_signaled(struct dma_fence_array *array, int wanted)
{
	for (unsigned int i = 0; i < array->num_fences; i++) {
		if (dma_fence_is_signaled(array->fences[i]) && --wanted == 0)
			return true;
	}
	return false;
}

static bool is_done(struct dma_fence *fence)
{
	struct dma_fence_array *array = array_of(fence);
	/*
	 * Before the flag: enable_signaling counts down only after the flag is set, so a number from before is whole.
	 * Pairs with count_down().
	 */
	int pending = __atomic_load_n(&array->num_pending, __ATOMIC_ACQUIRE);

	if (!fence_flag_is_set(fence, DMA_FENCE_FLAG_ENABLE_SIGNAL_BIT)) {
		if (!enough_are_signaled(array, pending))
			return false;
	} else if (pending > 0) {
		return false;
	}
	settle_error(array, 0);
	return true;
}

static void free_array(struct dmabuf_rcu_head *rcu)
{
	dmabuf_base_free(base_container(rcu, struct dma_fence_array, base.rcu));
}

static void release(struct dma_fence *fence)
{
	struct dma_fence_array *array = array_of(fence);

	if (array->refs) {
		dma_fence_refs_put(array->refs);
	} else {
		for (unsigned int i = 0; i < array->num_fences; i++)
			dma_fence_put(array->fences[i]);
	}
	dmabuf_base_free(array->block);
	if (array->pooled)
		dmabuf_base_pool_put(POOL_ARRAY, array, &fence->rcu, free_array);
	else
		dma_fence_free(fence);
}

static void set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dma_fence_array *array = array_of(fence);

	for (unsigned int i = 0; i < array->num_fences; i++)
		dma_fence_set_deadline(array->fences[i], deadline_ns);
}

const struct dma_fence_ops dma_fence_array_ops = {
	.get_driver_name = driver_name,
	.get_timeline_name = timeline_name,
	.enable_signaling = enable_signaling,
	.signaled = is_done,
	.release = release,
	.set_deadline = set_deadline,
};

void dma_fence_refs_put(struct dmabuf_fence_refs *refs)
{
	while (refs && __atomic_sub_fetch(&refs->count.count, 1, __ATOMIC_ACQ_REL) == 0) {
		struct dmabuf_fence_refs *older = refs->older;

		for (unsigned int i = 0; i < refs->num_fences; i++)
			dma_fence_put(refs->fences[i]);
		dmabuf_base_free(refs);
		refs = older;
	}
}

/* An array with @more bytes behind it. Those with few members come from a pool, all of the size of the largest of them. */
static struct dma_fence_array *alloc_with(unsigned int num_fences, size_t more)
{
	struct dma_fence_array *array;

	if (num_fences > POOLED_ARRAY)
		return dmabuf_base_alloc(sizeof(*array) + more);
	array = dmabuf_base_pool_get(POOL_ARRAY, sizeof(*array) + POOLED_ARRAY * BYTES_PER_MEMBER);
	if (array)
		*array = (struct dma_fence_array) { .pooled = true };
	return array;
}

struct dma_fence_array *dma_fence_array_alloc(int num_fences)
{
	unsigned int num = num_fences > 0 ? (unsigned int)num_fences : 0;

	return alloc_with(num, num * sizeof(struct dma_fence_array_cb));
}

/* All of init but the checks, which a caller that knows its members does not need. */
static void init(struct dma_fence_array *array, unsigned int num_fences, struct dma_fence **fences, uint64_t context,
		 unsigned int seqno, bool signal_on_any)
{
	array->num_fences = num_fences;
	array->num_pending = signal_on_any ? 1 : (int)num_fences;
	array->fences = fences;
	array->refs = NULL;
	dmabuf_spinlock_init(&array->lock);
	*work_of(array) = (struct base_work) { .func = signal_array };
	dma_fence_init(&array->base, &dma_fence_array_ops, &array->lock, context, seqno);
	array->base.error = NO_ERROR_YET;
}

void dma_fence_array_init(struct dma_fence_array *array, int num_fences, struct dma_fence **fences, uint64_t context,
			  unsigned int seqno, bool signal_on_any)
{
	warn_if(num_fences <= 0 || !fences, "dma_fence_array_init: an array of nothing");
	init(array, (unsigned int)num_fences, fences, context, seqno, signal_on_any);
	array->callbacks = (struct dma_fence_array_cb *)(array + 1);
	array->block = fences;
	for (int i = 0; fences && i < num_fences; i++)
		warn_if(dma_fence_is_container(fences[i]), "dma_fence_array_init: member %d is itself a container", i);
}

struct dma_fence_array *dma_fence_array_create(int num_fences, struct dma_fence **fences, uint64_t context,
					       unsigned int seqno, bool signal_on_any)
{
	struct dma_fence_array *array = dma_fence_array_alloc(num_fences);

	if (array)
		dma_fence_array_init(array, num_fences, fences, context, seqno, signal_on_any);
	return array;
}

struct dma_fence_array *dma_fence_array_wrap(unsigned int num_fences, struct dma_fence *const *fences,
					     struct dmabuf_fence_refs *refs)
{
	size_t list = num_fences * sizeof(*fences), size = num_fences * BYTES_PER_MEMBER;
	/* What is big is kept apart: the array itself outlives it by a grace period. */
	bool is_small = num_fences <= SMALL_ARRAY;
	struct dma_fence_array *array = alloc_with(num_fences, is_small ? size : 0);
	void *block = array && !is_small ? dmabuf_base_alloc(size) : NULL;

	if (!array || (!is_small && !block)) {
		dmabuf_base_free(array);
		return NULL;
	}
	array->block = block;
	array->callbacks = is_small ? (void *)(array + 1) : block;
	array->fences = (struct dma_fence **)(array->callbacks + num_fences);
	__builtin_memcpy(array->fences, fences, list);
	init(array, num_fences, array->fences, dma_fence_context_alloc(1), 1, false);
	array->refs = refs;
	return array;
}

bool dma_fence_is_array(struct dma_fence *fence)
{
	return fence_is_array(fence);
}

struct dma_fence_array *to_dma_fence_array(struct dma_fence *fence)
{
	return as_array(fence);
}

struct dma_fence *dma_fence_array_first(struct dma_fence *head)
{
	if (!head || !fence_is_array(head))
		return head;
	return array_of(head)->num_fences ? array_of(head)->fences[0] : NULL;
}

struct dma_fence *dma_fence_array_next(struct dma_fence *head, unsigned int index)
{
	struct dma_fence_array *array = as_array(head);

	return array && index < array->num_fences ? array->fences[index] : NULL;
}

bool dma_fence_match_context(struct dma_fence *fence, uint64_t context)
{
	struct dma_fence *member;
	unsigned int i;

	dma_fence_array_for_each(member, i, fence) {
		if (member->context != context)
			break;
	}
	return !member;
}
