/* SPDX-License-Identifier: MIT */
/* The plumbing of the public headers: spinlock, error pointers, barrier, warnings. */
#include "mock-fence.h"
#include "test.h"
#include "threads.h"

static struct dmabuf_spinlock lock;
static long counter, mirror;

static long count_up(void *data)
{
	int i, n = *(int *)data;

	for (i = 0; i < n; i++) {
		dmabuf_spinlock_lock(&lock);
		counter++;
		mirror++;
		dmabuf_spinlock_unlock(&lock);
	}
	return 0;
}

/* header dmabuf_spinlock_lock() */
TEST(spinlock_lets_one_thread_in)
{
	enum {
		THREADS = 4
	};
	struct actor actor[THREADS];
	int n = 50000, i;

	dmabuf_spinlock_init(&lock);
	for (i = 0; i < THREADS; i++) {
		actor_start(&actor[i]);
		actor_go(&actor[i], count_up, &n);
	}
	for (i = 0; i < THREADS; i++)
		actor_stop(&actor[i]);
	ck_assert_int_eq(counter, (long)THREADS * n);
	ck_assert_int_eq(mirror, (long)THREADS * n);
}

static long lock_it(void *data)
{
	dmabuf_spinlock_lock(data);
	dmabuf_spinlock_unlock(data);
	return 0;
}

/* header struct dmabuf_spinlock: "spins briefly, then sleeps" */
TEST(spinlock_waiter_sleeps_until_the_unlock)
{
	struct actor waiter[2];
	int i;

	dmabuf_spinlock_init(&lock);
	dmabuf_spinlock_lock(&lock);
	for (i = 0; i < 2; i++) {
		actor_start(&waiter[i]);
		actor_go(&waiter[i], lock_it, &lock);
		ck_assert(!actor_done(&waiter[i], 20));
	}
	dmabuf_spinlock_unlock(&lock);
	for (i = 0; i < 2; i++)
		actor_stop(&waiter[i]);
	ck_assert_uint_eq(lock.word, 0);
}

/* header: "a zeroed lock is initialised as well", "locks of a thread may nest" */
TEST(zeroed_spinlocks_work_and_nest)
{
	static struct dmabuf_spinlock a, b;

	dmabuf_spinlock_lock(&a);
	dmabuf_spinlock_lock(&b);
	ck_assert_uint_ne(a.word, 0);
	ck_assert_uint_ne(b.word, 0);
	dmabuf_spinlock_unlock(&b);
	dmabuf_spinlock_unlock(&a);
	ck_assert_uint_eq(a.word, 0);
	ck_assert_uint_eq(b.word, 0);
}

static const int numbers[] = { -1, -ENOMEM, -EINVAL, -512, -4094, -4095 };

/* header dmabuf_err_ptr(), dmabuf_ptr_err(), dmabuf_is_err() */
TEST_EACH(error_pointer_carries_the_number, 0, 6)
{
	void *ptr = dmabuf_err_ptr(numbers[_i]);

	ck_assert(dmabuf_is_err(ptr));
	ck_assert_int_eq(dmabuf_ptr_err(ptr), numbers[_i]);
}

/* header dmabuf_is_err(): "false for an object and for NULL" */
TEST(objects_and_null_are_no_errors)
{
	void *heap = malloc(1);
	int stack;

	ck_assert(!dmabuf_is_err(NULL));
	ck_assert(!dmabuf_is_err(heap));
	ck_assert(!dmabuf_is_err(&stack));
	ck_assert(!dmabuf_is_err(&lock));
	ck_assert(!dmabuf_is_err((void *)-4096l));
	free(heap);
}

static unsigned int *freed;

static const char *a_name(struct dma_fence *fence)
{
	(void)fence;
	return "name";
}

static void release_counts(struct dma_fence *fence)
{
	(*freed)++;
	dma_fence_free(fence);
}

/* header dmabuf_barrier() */
TEST(barrier_returns_with_and_without_work)
{
	static const struct dma_fence_ops ops = {
		.get_driver_name = a_name,
		.get_timeline_name = a_name,
		.release = release_counts,
	};
	unsigned int count = 0;
	int i;

	freed = &count;
	dmabuf_barrier();
	for (i = 0; i < 1000; i++)
		mock_signal_and_put(mock_fence_with(&ops, 1, i));
	dmabuf_barrier();
	ck_assert_uint_eq(count, 1000);
	dmabuf_barrier();
}

static int calls;

static void count_call(void *data, const char *sentence)
{
	ck_assert_ptr_eq(data, &calls);
	ck_assert_ptr_nonnull(sentence);
	ck_assert_int_ne(sentence[0], '\0');
	calls++;
}

/* header dmabuf_warn_set() */
TEST(warnings_go_to_the_handler_or_nowhere)
{
	dmabuf_warn_set(count_call, &calls);
	dma_fence_context_alloc(0);
	ck_assert_int_eq(calls, 1);
	dmabuf_warn_set(NULL, NULL);
	dma_fence_context_alloc(0);
	ck_assert_int_eq(calls, 1);
}
