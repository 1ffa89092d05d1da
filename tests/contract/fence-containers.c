/* SPDX-License-Identifier: MIT */
/* What the kernel promises about the edges of arrays, chains and merges, and about deadlines, which they hand on. */
#include <dmabuf/dma-fence-array.h>
#include <dmabuf/dma-fence-chain.h>
#include <dmabuf/dma-fence-unwrap.h>

#include "mock-fence.h"
#include "no-memory.h"
#include "test.h"

static const char *some_name(struct dma_fence *fence)
{
	(void)fence;
	return "more";
}

/* --- deadlines --- */

struct dated {
	struct mock_fence mock; /* first */
	int64_t deadline_ns;
	unsigned int calls;
	bool locked;
};

static void set_deadline(struct dma_fence *fence, int64_t deadline_ns)
{
	struct dated *d = (struct dated *)fence;

	d->deadline_ns = deadline_ns;
	d->calls++;
	d->locked = d->mock.lock.word;
}

static const struct dma_fence_ops dated_ops = {
	.get_driver_name = some_name,
	.get_timeline_name = some_name,
	.set_deadline = set_deadline,
};

static struct dma_fence *dated(void)
{
	struct dated *d = calloc(1, sizeof(*d));

	dmabuf_spinlock_init(&d->mock.lock);
	dma_fence_init(&d->mock.base, &dated_ops, &d->mock.lock, dma_fence_context_alloc(1), 1);
	return &d->mock.base;
}

static struct dated *dated_of(struct dma_fence *fence)
{
	return (struct dated *)fence;
}

/* spec: fence.md 3.8 dma_fence_set_deadline, 2.4 set_deadline "without L", "many times" */
TEST(deadline_goes_to_the_op_until_the_signal)
{
	struct dma_fence *f = dated();

	dma_fence_set_deadline(f, 1000);
	dma_fence_set_deadline(f, 500);
	ck_assert_uint_eq(dated_of(f)->calls, 2);
	ck_assert_int_eq(dated_of(f)->deadline_ns, 500);
	ck_assert(!dated_of(f)->locked);
	dma_fence_signal(f);
	dma_fence_set_deadline(f, 1);
	ck_assert_uint_eq(dated_of(f)->calls, 2);
	dma_fence_put(f);
}

/* spec: fence.md 3.8 "if the op exists" */
TEST(deadline_of_a_fence_without_the_op_is_nothing)
{
	struct dma_fence *f = mock_fence();

	dma_fence_set_deadline(f, 1000);
	ck_assert_uint_eq(mock_of(f)->enables, 0);
	mock_signal_and_put(f);
}

static struct dma_fence *array_of(struct dma_fence *a, struct dma_fence *b, bool any)
{
	struct dma_fence **list = malloc(2 * sizeof(*list));

	list[0] = dma_fence_get(a);
	list[1] = dma_fence_get(b);
	return &dma_fence_array_create(2, list, dma_fence_context_alloc(1), 1, any)->base;
}

static struct dma_fence *chain_of(struct dma_fence *prev, struct dma_fence *fence, uint64_t seqno)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	expect_ptr(chain);
	dma_fence_chain_init(chain, prev, fence, seqno);
	return &chain->base;
}

/* spec: fence.md 3.8 "array forwards to every member, chain to every node's contained fence" */
TEST_EACH(deadline_reaches_all_of_a_container, 0, 2)
{
	struct dma_fence *a = dated(), *b = dated(), *c = dated(), *head;

	head = array_of(a, b, false);
	if (_i)
		head = chain_of(chain_of(NULL, dma_fence_get(c), 1), head, 2);
	dma_fence_set_deadline(head, 77);
	ck_assert_int_eq(dated_of(a)->deadline_ns, 77);
	ck_assert_int_eq(dated_of(b)->deadline_ns, 77);
	ck_assert_int_eq(dated_of(c)->deadline_ns, _i ? 77 : 0);
	dma_fence_put(head);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
}

/* --- arrays --- */

/* spec: fence.md 4 names */
TEST(containers_have_the_kernels_names)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *array = array_of(a, b, false),
			 *chain;

	ck_assert_str_eq(array->ops->get_driver_name(array), "dma_fence_array");
	ck_assert_str_eq(array->ops->get_timeline_name(array), "unbound");
	chain = chain_of(NULL, array, 1);
	ck_assert_str_eq(chain->ops->get_driver_name(chain), "dma_fence_chain");
	ck_assert_str_eq(chain->ops->get_timeline_name(chain), "unbound");
	ck_assert(dma_fence_is_container(array));
	ck_assert(dma_fence_is_container(chain));
	ck_assert(!dma_fence_is_container(a));
	dma_fence_put(chain);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 4 dma_fence_array_create "NULL on no memory (then the caller still owns everything)" */
TEST(array_without_memory_leaves_all_to_the_caller)
{
	struct dma_fence *f = mock_fence(), **list = malloc(sizeof(*list));
	struct dma_fence_array *array;

	list[0] = f;
	no_memory(0);
	array = dma_fence_array_create(1, list, 5, 1, false);
	ck_assert(memory_again());
	ck_assert_ptr_null(array);
	ck_assert_ptr_eq(list[0], f);
	ck_assert_uint_eq(fence_refs(f), 1);
	free(list);
	mock_signal_and_put(f);
}

/* spec: fence.md 4 dma_fence_array_create "takes ownership of the array and of one reference per member" */
TEST_EACH(array_owns_its_members_until_its_end, 0, 2)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *array = array_of(a, b, _i);

	ck_assert_uint_eq(fence_refs(a), 2);
	dma_fence_put(array);
	ck_assert_uint_eq(fence_refs(a), 1);
	ck_assert_uint_eq(fence_refs(b), 1);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 4 dma_fence_array_create "warns for num 0 or NULL array" */
TEST(array_of_nothing_warns)
{
	struct dma_fence_array *array = dma_fence_array_create(0, NULL, 5, 1, false);

	expect_warning(NULL);
	expect_ptr(array);
	ck_assert_ptr_null(dma_fence_array_first(&array->base));
	dma_fence_put(&array->base);
}

/* spec: fence.md 4 dma_fence_array_alloc, dma_fence_array_init "without allocating" */
TEST(array_can_be_initialised_without_memory)
{
	struct dma_fence_array *array = dma_fence_array_alloc(2);
	struct dma_fence **list = malloc(2 * sizeof(*list)), *a = mock_fence(), *b = mock_fence();

	expect_ptr(array);
	list[0] = dma_fence_get(a);
	list[1] = dma_fence_get(b);
	no_memory(0);
	dma_fence_array_init(array, 2, list, 55, 66, false);
	ck_assert(!memory_again());
	ck_assert_uint_eq(array->base.context, 55);
	ck_assert_uint_eq(array->base.seqno, 66);
	ck_assert_int_eq(array->num_pending, 2);
	dma_fence_enable_sw_signaling(&array->base);
	mock_signal_and_put(a);
	ck_assert(!dma_fence_is_signaled(&array->base));
	mock_signal_and_put(b);
	ck_assert(dma_fence_is_signaled(&array->base));
	dma_fence_put(&array->base);
}

/* spec: fence.md 4 dma_fence_array_first, dma_fence_array_next */
TEST(array_next_is_null_beyond_the_end)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *array = array_of(a, b, false);

	ck_assert_ptr_eq(dma_fence_array_first(array), a);
	ck_assert_ptr_eq(dma_fence_array_next(array, 0), a);
	ck_assert_ptr_eq(dma_fence_array_next(array, 1), b);
	ck_assert_ptr_null(dma_fence_array_next(array, 2));
	ck_assert_ptr_eq(dma_fence_array_first(a), a);
	ck_assert_ptr_null(dma_fence_array_next(a, 0));
	ck_assert_uint_eq(fence_refs(a), 2);
	dma_fence_put(array);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 4 num_pending "or 1 for signal_on_any" */
TEST_EACH(pending_starts_at_what_is_waited_for, 0, 2)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *array = array_of(a, b, _i);

	ck_assert_int_eq(to_dma_fence_array(array)->num_pending, _i ? 1 : 2);
	dma_fence_put(array);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 4 enable_signaling "take an array reference per member": given back when the members have signalled */
TEST(array_is_held_by_its_members_while_they_are_pending)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *array = array_of(a, b, false);

	dma_fence_enable_sw_signaling(array);
	ck_assert_uint_eq(fence_refs(array), 3);
	dma_fence_signal(a);
	ck_assert_uint_eq(fence_refs(array), 2);
	dma_fence_signal(b);
	ck_assert_uint_eq(fence_refs(array), 1);
	dma_fence_put(array);
	dma_fence_put(a);
	dma_fence_put(b);
}

/* --- chains --- */

/* spec: fence.md 5 dma_fence_chain_alloc "NULL on failure", dma_fence_chain_free */
TEST(chain_node_that_was_never_used_is_freed)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();

	expect_ptr(chain);
	dma_fence_chain_free(chain);
	dma_fence_chain_free(NULL);
	no_memory(0);
	chain = dma_fence_chain_alloc();
	ck_assert(memory_again());
	ck_assert_ptr_null(chain);
}

/* spec: fence.md 5 dma_fence_chain_init "consumes one reference of prev and one of fence", prev may be no node */
TEST(chain_takes_the_references_and_any_fence_before_it)
{
	struct dma_fence *before = mock_fence(), *f = mock_fence(), *chain, *at;

	chain = chain_of(dma_fence_get(before), dma_fence_get(f), 9);
	ck_assert_uint_eq(fence_refs(before), 2);
	ck_assert_uint_eq(chain->seqno, 9);
	ck_assert_uint_eq(to_dma_fence_chain(chain)->prev_seqno, 0);
	at = dma_fence_chain_walk(dma_fence_get(chain));
	ck_assert_ptr_eq(at, before);
	ck_assert_ptr_null(dma_fence_chain_walk(at));
	dma_fence_put(chain);
	ck_assert_uint_eq(fence_refs(before), 1);
	ck_assert_uint_eq(fence_refs(f), 1);
	mock_signal_and_put(before);
	mock_signal_and_put(f);
}

/* spec: fence.md 5 dma_fence_chain_walk "or a plain previous fence is signalled: unlink it" */
TEST(walk_collects_a_plain_fence_that_is_done)
{
	struct dma_fence *before = mock_fence(), *f = mock_fence(), *chain;

	chain = chain_of(dma_fence_get(before), dma_fence_get(f), 9);
	dma_fence_signal(before);
	ck_assert_ptr_null(dma_fence_chain_walk(dma_fence_get(chain)));
	dmabuf_barrier();
	ck_assert_uint_eq(fence_refs(before), 1);
	dma_fence_put(chain);
	dma_fence_put(before);
	mock_signal_and_put(f);
}

/* spec: fence.md 5 dma_fence_chain_init "warns if fence is a chain node (arrays are allowed)" */
TEST(chain_of_a_chain_warns_and_of_an_array_does_not)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *chain;

	chain = chain_of(NULL, array_of(a, b, false), 1);
	expect_no_warning();
	chain = chain_of(NULL, chain, 1);
	expect_warning("node");
	dma_fence_put(chain);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 5 to_dma_fence_chain, dma_fence_chain_contained */
TEST(contained_is_the_inner_fence_or_the_fence_itself)
{
	struct dma_fence *f = mock_fence(), *chain = chain_of(NULL, dma_fence_get(f), 1);

	ck_assert_ptr_eq(dma_fence_chain_contained(chain), f);
	ck_assert_ptr_eq(dma_fence_chain_contained(f), f);
	ck_assert_ptr_eq(&to_dma_fence_chain(chain)->base, chain);
	ck_assert_ptr_null(to_dma_fence_chain(f));
	ck_assert_ptr_null(to_dma_fence_chain(NULL));
	dma_fence_put(chain);
	mock_signal_and_put(f);
}

/* spec: fence.md 5 dma_fence_chain_for_each "break: caller must put iter" */
TEST(break_out_of_a_chain_leaves_a_reference)
{
	struct dma_fence *f = mock_fence(), *chain, *at;

	chain = chain_of(chain_of(NULL, dma_fence_get(f), 1), dma_fence_get(f), 2);
	dma_fence_chain_for_each(at, chain)
		break;
	ck_assert_ptr_eq(at, chain);
	ck_assert_uint_eq(fence_refs(chain), 2);
	dma_fence_put(at);
	dma_fence_put(chain);
	ck_assert_uint_eq(fence_refs(f), 1);
	mock_signal_and_put(f);
}

/* spec: fence.md 5 enable_signaling "one callback on the first unsignalled contained fence found walking back" */
TEST(chain_listens_to_one_fence_at_a_time)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *chain;

	chain = chain_of(chain_of(NULL, dma_fence_get(a), 1), dma_fence_get(b), 2);
	dma_fence_enable_sw_signaling(chain);
	ck_assert_uint_eq(mock_of(a)->enables + mock_of(b)->enables, 1);
	dma_fence_signal(b);
	ck_assert(!dma_fence_test_signaled_flag(chain));
	ck_assert_uint_eq(mock_of(a)->enables, 1);
	dma_fence_signal(a);
	ck_assert(dma_fence_test_signaled_flag(chain));
	dma_fence_put(chain);
	dma_fence_put(a);
	dma_fence_put(b);
}

/* --- unwrap --- */

/* spec: fence.md 6 cursor "a break must put cursor.chain", "yielded fences carry no own reference" */
TEST(break_out_of_an_unwrap_leaves_the_chain_to_put)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *chain, *f;
	struct dma_fence_unwrap cursor;

	chain = chain_of(NULL, array_of(a, b, false), 1);
	dma_fence_unwrap_for_each(f, &cursor, chain)
		break;
	ck_assert_ptr_eq(f, a);
	ck_assert_uint_eq(fence_refs(a), 2);
	ck_assert_ptr_eq(cursor.chain, chain);
	ck_assert_uint_eq(fence_refs(chain), 2);
	dma_fence_put(cursor.chain);
	dma_fence_put(chain);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 6 "signalled older nodes may not appear; the head node always appears" */
TEST(unwrap_always_shows_the_head)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *chain, *f;
	struct dma_fence_unwrap cursor;
	int num = 0;

	chain = chain_of(chain_of(NULL, dma_fence_get(a), 1), dma_fence_get(b), 2);
	dma_fence_signal(a);
	dma_fence_signal(b);
	dma_fence_unwrap_for_each(f, &cursor, chain) {
		ck_assert_ptr_eq(f, b);
		num++;
	}
	ck_assert_int_eq(num, 1);
	dma_fence_put(chain);
	dma_fence_put(a);
	dma_fence_put(b);
}

/* spec: fence.md 6 merge 5 "NULL only on allocation failure", "inputs keep their references" */
TEST(merge_without_memory_gives_null_and_keeps_the_inputs)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *m;
	unsigned int good;

	for (good = 0; good < 8; good++) {
		no_memory(good);
		m = dma_fence_unwrap_merge(a, b);
		if (!memory_again())
			break;
		ck_assert_ptr_null(m);
		ck_assert_uint_eq(fence_refs(a), 1);
		ck_assert_uint_eq(fence_refs(b), 1);
	}
	ck_assert_uint_gt(good, 0);
	expect_ptr(m);
	ck_assert_uint_eq(fence_refs(a), 2);
	dma_fence_put(m);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
}

/* spec: fence.md 6 merge 5 "never nests containers" */
TEST(merge_of_containers_holds_plain_fences_only)
{
	struct dma_fence *a = mock_fence(), *b = mock_fence(), *c = mock_fence(), *x, *y, *m, *f;
	unsigned int i;

	x = array_of(a, b, false);
	y = chain_of(NULL, dma_fence_get(c), 1);
	m = dma_fence_unwrap_merge(x, y, x);
	dma_fence_array_for_each(f, i, m)
		ck_assert(!dma_fence_is_container(f));
	ck_assert_uint_eq(i, 3);
	ck_assert_uint_eq(m->seqno, 1);
	dma_fence_put(m);
	dma_fence_put(x);
	dma_fence_put(y);
	mock_signal_and_put(a);
	mock_signal_and_put(b);
	mock_signal_and_put(c);
}
