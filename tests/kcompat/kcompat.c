/* SPDX-License-Identifier: MIT */
/* What include/kcompat promises, in the style of its users: no kernel source is needed for these. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/sync_file.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "selftest.h"

/* --- containers --- */

struct item {
	struct list_head link;
	int number;
};

static int lists_keep_order_and_can_be_changed_while_walked(void *arg)
{
	struct item items[6], *item, *next;
	LIST_HEAD(list);
	LIST_HEAD(other);
	int expected = 0;

	for (int i = 0; i < 6; i++) {
		items[i].number = i;
		list_add_tail(&items[i].link, &list);
	}
	list_for_each_entry(item, &list, link)
		EXPECT(item->number == expected++);
	list_for_each_entry_reverse(item, &list, link)
		EXPECT(item->number == --expected);
	list_for_each_entry_safe(item, next, &list, link) {
		if (item->number % 2)
			list_move(&item->link, &other);
	}
	EXPECT(list_first_entry(&list, struct item, link)->number == 0);
	EXPECT(list_last_entry(&list, struct item, link)->number == 4);
	EXPECT(list_first_entry(&other, struct item, link)->number == 5);
	item = &items[2];
	list_for_each_entry_continue_reverse(item, &list, link)
		EXPECT(item->number == 0);
	list_splice_tail_init(&other, &list);
	EXPECT(list_empty(&other) && list_is_last(&items[1].link, &list));
	list_del_init(&items[1].link);
	EXPECT(list_empty(&items[1].link) && list_is_last(&items[3].link, &list));
	return 0;
}

struct point {
	struct rb_node node;
	u32 key;
	bool in;
};

static void plant(struct rb_root *root, struct point *point)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = point->key < rb_entry(parent, struct point, node)->key ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&point->node, parent, link);
	rb_insert_color(&point->node, root);
}

static unsigned int depth_of(const struct rb_node *node)
{
	unsigned int left, right;

	if (!node)
		return 0;
	left = depth_of(node->rb_left);
	right = depth_of(node->rb_right);
	return 1 + max(left, right);
}

/* Against an array of flags; keys come in order, which is what hurts a tree without balance. */
static int trees_stay_ordered_and_shallow(void *arg)
{
	static struct point points[2000];
	struct rb_root root = RB_ROOT;
	struct rnd_state random;
	u64 seed = get_random_u64();
	unsigned int deepest = 0;

	pr_info("seed %llu\n", (unsigned long long)seed);
	prandom_seed_state(&random, seed);
	for (u32 i = 0; i < ARRAY_SIZE(points); i++) {
		points[i] = (struct point){ .key = i, .in = true };
		plant(&root, &points[i]);
	}
	for (int round = 0; round < 20000; round++) {
		struct point *point = &points[prandom_u32_state(&random) % ARRAY_SIZE(points)];

		if (point->in)
			rb_erase(&point->node, &root);
		else
			plant(&root, point);
		point->in = !point->in;
		if (round % 1000 == 0) {
			struct rb_node *node = rb_first(&root), *last = NULL;

			for (u32 i = 0; i < ARRAY_SIZE(points); i++) {
				if (!points[i].in)
					continue;
				EXPECT(node == &points[i].node && rb_prev(node) == last);
				last = node;
				node = rb_next(node);
			}
			EXPECT(!node && rb_last(&root) == last);
			deepest = max(deepest, depth_of(root.rb_node));
		}
	}
	EXPECT(deepest < 50);
	return 0;
}

static int idr_gives_the_smallest_number(void *arg)
{
	int a, b, c;
	struct idr idr;

	idr_init_base(&idr, 1);
	EXPECT(idr_alloc(&idr, &a, 1, 0, GFP_KERNEL) == 1);
	EXPECT(idr_alloc(&idr, &b, 1, 0, GFP_KERNEL) == 2);
	EXPECT(idr_alloc(&idr, &c, 100, 101, GFP_KERNEL) == 100);
	EXPECT(idr_alloc(&idr, &c, 100, 101, GFP_KERNEL) == -ENOSPC);
	EXPECT(idr_find(&idr, 2) == &b && !idr_find(&idr, 3) && idr_find(&idr, 100) == &c && !idr_find(&idr, 0));
	EXPECT(idr_replace(&idr, NULL, 2) == &b && !idr_find(&idr, 2));
	EXPECT(PTR_ERR(idr_replace(&idr, &a, 3)) == -ENOENT);
	EXPECT(idr_alloc(&idr, &c, 0, 0, GFP_KERNEL) == 3);
	EXPECT(idr_remove(&idr, 1) == &a && idr_alloc(&idr, &b, 1, 0, GFP_KERNEL) == 1);
	idr_destroy(&idr);
	EXPECT(idr_is_empty(&idr));
	return 0;
}

/* --- time --- */

struct stamped {
	struct timer_list timer;
	int *order, place;
};

static void stamp(struct timer_list *timer)
{
	struct stamped *stamped = from_timer(stamped, timer, timer);

	stamped->place = ++*stamped->order;
}

static int timers_run_in_the_order_of_their_times(void *arg)
{
	struct stamped timers[50];
	unsigned long start = jiffies + msecs_to_jiffies(20);
	int order = 0;

	for (int i = 0; i < 50; i++) {
		timers[i].order = &order;
		timer_setup(&timers[i].timer, stamp, 0);
		EXPECT(mod_timer(&timers[i].timer, start + (unsigned long)(i * 7 % 50)) == 0);
		EXPECT(timer_pending(&timers[i].timer));
	}
	EXPECT(timer_delete(&timers[3].timer) == 1 && timer_delete(&timers[3].timer) == 0);
	EXPECT(mod_timer(&timers[4].timer, start + 100) == 1);
	msleep(40);
	for (int i = 0; i < 50; i++)
		timer_delete_sync(&timers[i].timer);
	EXPECT(order == 49 && timers[4].place == 49 && timers[0].place == 1);
	for (int i = 5; i < 49; i++)
		EXPECT((timers[i].place < timers[i + 1].place) == (i * 7 % 50 < (i + 1) * 7 % 50));
	return 0;
}

/* Again and again, with nanoseconds between the timer and the end of the sleep. */
static int timer_due_before_a_sleeps_end_has_run(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		int order = 0;
		struct stamped timer = { .order = &order };

		timer_setup_on_stack(&timer.timer, stamp, 0);
		mod_timer(&timer.timer, jiffies + 1);
		EXPECT(schedule_timeout_uninterruptible(2) == 0);
		EXPECT(timer.place == 1 && !timer_pending(&timer.timer));
		EXPECT(timer_delete_sync(&timer.timer) == 0);
	}
	return 0;
}

static int sleeps_last_at_least_their_time(void *arg)
{
	for (unsigned int ms = 0; ms < 12; ms += 3) {
		unsigned long start = jiffies;

		msleep(ms);
		EXPECT(time_after_eq(jiffies, start + msecs_to_jiffies(ms)));
		start = jiffies;
		EXPECT(schedule_timeout_interruptible(1000) == 0);
		EXPECT(time_after_eq(jiffies, start + 1000));
	}
	return 0;
}

static void slow_timer(struct timer_list *timer)
{
	struct stamped *stamped = from_timer(stamped, timer, timer);

	udelay(3000);
	stamped->place = 1;
}

static int deleting_a_timer_waits_for_its_function(void *arg)
{
	struct stamped timer = { .place = 0 };

	timer_setup_on_stack(&timer.timer, slow_timer, 0);
	mod_timer(&timer.timer, jiffies);
	while (timer_pending(&timer.timer))
		cpu_relax();
	EXPECT(timer_delete_sync(&timer.timer) == 0);
	EXPECT(timer.place == 1);
	return 0;
}

static int jiffies_compare_across_the_overflow(void *arg)
{
	EXPECT(time_before(ULONG_MAX - 5, 3UL) && time_after(3UL, ULONG_MAX - 5));
	EXPECT(time_after_eq(4UL, 4UL) && !time_after(4UL, 4UL));
	EXPECT(5 * HZ == 5 * NSEC_PER_SEC && jiffies_to_msecs(msecs_to_jiffies(70000)) == 70000);
	EXPECT(ktime_before(-1, 0) && ktime_to_timespec64(-1).tv_nsec == NSEC_PER_SEC - 1);
	return 0;
}

/* --- tasks --- */

static int until_told(void *data)
{
	atomic_t *passes = data;

	while (!kthread_should_stop()) {
		atomic_inc(passes);
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 7;
}

static int kthread_stops_when_told_and_returns_its_value(void *arg)
{
	atomic_t passes = ATOMIC_INIT(0);

	for (int i = 0; i < 500; i++) {
		struct task_struct *task = kthread_run(until_told, &passes, "until/%d", i);

		EXPECT(!IS_ERR(task) && task != current);
		if (i % 2)
			wake_up_process(task);
		if (i % 3)
			usleep_range(50, 50);
		EXPECT(kthread_stop(task) == 7);
	}
	EXPECT(atomic_read(&passes) > 0);
	return 0;
}

static int kthread_that_never_began_is_interrupted(void *arg)
{
	atomic_t passes = ATOMIC_INIT(0);
	struct task_struct *task = kthread_create(until_told, &passes, "never");

	EXPECT(!IS_ERR(task) && strcmp(task->comm, "never") == 0);
	EXPECT(kthread_stop(task) == -EINTR && atomic_read(&passes) == 0);
	return 0;
}

static int wake_up_before_the_sleep_is_not_lost(void *arg)
{
	set_current_state(TASK_INTERRUPTIBLE);
	EXPECT(wake_up_process(current) == 1 && wake_up_process(current) == 0);
	EXPECT(schedule_timeout(HZ) > 0);
	EXPECT(get_current_state() == TASK_RUNNING);
	return 0;
}

static void nothing(int sig)
{
}

static void *interrupt(void *thread)
{
	msleep(20);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static int signal_ends_an_interruptible_sleep(void *arg)
{
	pthread_t self = pthread_self(), other;
	DECLARE_WAIT_QUEUE_HEAD(queue);

	signal(SIGUSR1, nothing);
	EXPECT(!signal_pending(current));
	EXPECT(pthread_create(&other, NULL, interrupt, &self) == 0);
	EXPECT(wait_event_interruptible_timeout(queue, false, 5 * HZ) == -ERESTARTSYS);
	EXPECT(signal_pending(current));
	flush_signals(current);
	EXPECT(!signal_pending(current));
	pthread_join(other, NULL);

	EXPECT(pthread_create(&other, NULL, interrupt, &self) == 0);
	EXPECT(wait_event_timeout(queue, false, HZ / 20) == 0);
	EXPECT(signal_pending(current));
	flush_signals(current);
	pthread_join(other, NULL);
	return 0;
}

struct relay {
	struct completion *mine, *next;
};

static int pass_on(void *data)
{
	struct relay *relay = data;

	for (int i = 0; i < 500; i++) {
		wait_for_completion(relay->mine);
		complete(relay->next);
	}
	return 0;
}

static int completions_pass_a_baton(void *arg)
{
	struct completion a, b;
	struct relay relay = { &a, &b };
	struct task_struct *task;

	init_completion(&a);
	init_completion(&b);
	EXPECT(wait_for_completion_timeout(&b, 1000) == 0 && !try_wait_for_completion(&b));
	task = kthread_run(pass_on, &relay, "relay");
	EXPECT(!IS_ERR(task));
	get_task_struct(task);
	for (int i = 0; i < 500; i++) {
		complete(&a);
		EXPECT(wait_for_completion_timeout(&b, 10 * HZ) > 0);
	}
	EXPECT(kthread_stop_put(task) == 0);
	complete_all(&a);
	wait_for_completion(&a);
	EXPECT(completion_done(&a) && !completion_done(&b));
	return 0;
}

struct guarded {
	struct mutex lock;
	long count;
};

static int count_up(void *data)
{
	struct guarded *guarded = data;

	for (int i = 0; i < 5000; i++) {
		mutex_lock(&guarded->lock);
		guarded->count++;
		mutex_unlock(&guarded->lock);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static int mutex_excludes(void *arg)
{
	struct task_struct *tasks[4];
	struct guarded guarded = { .count = 0 };

	mutex_init(&guarded.lock);
	for (int i = 0; i < 4; i++) {
		tasks[i] = kthread_run(count_up, &guarded, "count/%d", i);
		EXPECT(!IS_ERR(tasks[i]));
	}
	for (int i = 0; i < 4; i++)
		kthread_stop(tasks[i]);
	EXPECT(guarded.count <= 4 * 5000);
	EXPECT(mutex_trylock(&guarded.lock) == 1 && mutex_trylock(&guarded.lock) == 0);
	EXPECT(mutex_is_locked(&guarded.lock));
	mutex_unlock(&guarded.lock);
	EXPECT(guarded.count == 4 * 5000 && !mutex_is_locked(&guarded.lock));
	mutex_destroy(&guarded.lock);
	return 0;
}

static int spin_is_locked_tells_the_truth(void *arg)
{
	DEFINE_SPINLOCK(lock);
	unsigned long flags;

	EXPECT(!spin_is_locked(&lock));
	spin_lock_irqsave(&lock, flags);
	EXPECT(spin_is_locked(&lock));
	spin_unlock_irqrestore(&lock, flags);
	EXPECT(!spin_is_locked(&lock));
	return 0;
}

/* --- work --- */

struct job {
	struct work_struct work;
	struct delayed_work later;
	atomic_t runs, now, most;
	int again;
};

static void do_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	int now = atomic_inc_return(&job->now);

	if (now > atomic_read(&job->most))
		atomic_set(&job->most, now);
	msleep(2);
	atomic_inc(&job->runs);
	atomic_dec(&job->now);
	if (job->again-- > 0)
		schedule_work(work);
}

static int work_never_runs_twice_at_a_time(void *arg)
{
	struct job job = { .again = 0 };

	INIT_WORK_ONSTACK(&job.work, do_job);
	for (int i = 0; i < 30; i++) {
		schedule_work(&job.work);
		usleep_range(500, 600);
	}
	flush_work(&job.work);
	EXPECT(!work_pending(&job.work) && atomic_read(&job.now) == 0);
	EXPECT(atomic_read(&job.runs) > 1 && atomic_read(&job.most) == 1);
	EXPECT(!flush_work(&job.work));
	destroy_work_on_stack(&job.work);
	return 0;
}

static int work_that_queues_itself_can_be_flushed_and_cancelled(void *arg)
{
	struct job job = { .again = 1000000 };

	INIT_WORK_ONSTACK(&job.work, do_job);
	EXPECT(schedule_work(&job.work) && (schedule_work(&job.work), true));
	EXPECT(flush_work(&job.work) && atomic_read(&job.runs) >= 1);
	cancel_work_sync(&job.work);
	EXPECT(atomic_read(&job.now) == 0 && !work_pending(&job.work));
	return 0;
}

struct shared_job {
	struct work_struct work;
	atomic_t *now, *most;
};

static void do_shared(struct work_struct *work)
{
	struct shared_job *job = container_of(work, struct shared_job, work);
	int now = atomic_inc_return(job->now);

	if (now > atomic_read(job->most))
		atomic_set(job->most, now);
	msleep(5);
	atomic_dec(job->now);
	kfree(job);
}

static int most_at_a_time(struct workqueue_struct *wq)
{
	atomic_t now = ATOMIC_INIT(0), most = ATOMIC_INIT(0);

	for (int i = 0; i < 8; i++) {
		struct shared_job *job = kzalloc(sizeof(*job), GFP_KERNEL);

		INIT_WORK(&job->work, do_shared);
		job->now = &now;
		job->most = &most;
		queue_work(wq, &job->work);
	}
	flush_workqueue(wq);
	return atomic_read(&now) ? -1 : atomic_read(&most);
}

static int queues_keep_their_limits(void *arg)
{
	struct workqueue_struct *ordered = alloc_ordered_workqueue("one by one", 0);
	struct workqueue_struct *wide = alloc_workqueue("wide/%d", WQ_UNBOUND, 0, 1);

	EXPECT(ordered && wide);
	EXPECT(most_at_a_time(ordered) == 1);
	EXPECT(most_at_a_time(wide) > 1);
	destroy_workqueue(ordered);
	destroy_workqueue(wide);
	return 0;
}

static void do_later(struct work_struct *work)
{
	atomic_inc(&container_of(to_delayed_work(work), struct job, later)->runs);
}

static int delayed_work_waits_and_can_be_cancelled(void *arg)
{
	struct job job = { .again = 0 };

	INIT_DELAYED_WORK(&job.later, do_later);
	EXPECT(schedule_delayed_work(&job.later, HZ / 50) && !schedule_delayed_work(&job.later, 0));
	EXPECT(atomic_read(&job.runs) == 0);
	msleep(60);
	EXPECT(atomic_read(&job.runs) == 1);
	EXPECT(schedule_delayed_work(&job.later, 100 * HZ));
	EXPECT(cancel_delayed_work_sync(&job.later) && !cancel_delayed_work_sync(&job.later));
	EXPECT(schedule_delayed_work(&job.later, 100 * HZ));
	flush_delayed_work(&job.later);
	EXPECT(atomic_read(&job.runs) == 2);
	return 0;
}

/* --- memory --- */

struct typed {
	u64 magic;
	atomic_t generation;
};

static void make_typed(void *object)
{
	((struct typed *)object)->magic = 0x7970656420210000;
}

static int type_safe_memory_stays_of_its_type(void *arg)
{
	struct kmem_cache *cache = kmem_cache_create("typed", sizeof(struct typed), __alignof__(struct typed),
						     SLAB_TYPESAFE_BY_RCU, make_typed);
	struct typed *objects[200], *again;

	EXPECT(cache);
	for (int i = 0; i < 200; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		EXPECT(objects[i] && objects[i]->magic == 0x7970656420210000);
		EXPECT((uintptr_t)objects[i] % __alignof__(struct typed) == 0);
	}
	for (int i = 0; i < 200; i++) {
		kmem_cache_free(cache, objects[i]);
		EXPECT(objects[i]->magic == 0x7970656420210000);
	}
	again = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(again == objects[199]);
	kmem_cache_free(cache, again);
	kmem_cache_destroy(cache);
	return 0;
}

static int sizes_that_overflow_are_refused(void *arg)
{
	void *zeroed = kcalloc(3, 5, GFP_KERNEL);
	volatile size_t much = SIZE_MAX / 2;

	EXPECT(!kmalloc_array(much, 3, GFP_KERNEL));
	EXPECT(zeroed && !memcmp(zeroed, (char[15]){ 0 }, 15));
	kfree(zeroed);
	kfree(NULL);
	return 0;
}

struct with_head {
	char before[40];
	struct rcu_head rcu;
};

static void mark(struct rcu_head *head)
{
	struct with_head *object = container_of(head, struct with_head, rcu);

	object->before[0] = 'x';
}

static int deferred_calls_wait_for_readers(void *arg)
{
	struct with_head object = { .before = "a" }, *freed = kmalloc(sizeof(*freed), GFP_KERNEL);

	rcu_read_lock();
	call_rcu(&object.rcu, mark);
	kfree_rcu(freed, rcu);
	msleep(20);
	EXPECT(object.before[0] == 'a');
	rcu_read_unlock();
	rcu_barrier();
	EXPECT(object.before[0] == 'x');
	return 0;
}

static int bad_pointers_of_programs_are_errors(void *arg)
{
	char from[16] = "fifteen letters", to[16] = "";
	char *page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(page != MAP_FAILED && !munmap(page + PAGE_SIZE, PAGE_SIZE));
	EXPECT(copy_from_user(to, from, 16) == 0 && strcmp(from, to) == 0);
	EXPECT(copy_from_user(to, (void *)8, 16) == 16 && !to[0] && !to[15]);
	EXPECT(copy_to_user((void *)8, from, 16) == 16);
	EXPECT(copy_to_user(page + PAGE_SIZE - 16, from, 16) == 0 && strcmp(page + PAGE_SIZE - 16, from) == 0);
	munmap(page, PAGE_SIZE);
	return 0;
}

/* --- the rest --- */

static int strscpy_always_ends_the_string(void *arg)
{
	char text[4];

	EXPECT(strscpy(text, "abc", 4) == 3 && strcmp(text, "abc") == 0);
	EXPECT(strscpy(text, "abcd", 4) == -E2BIG && strcmp(text, "abc") == 0);
	EXPECT(strscpy(text, "", 4) == 0 && strscpy(text, "a", 0) == -E2BIG);
	return 0;
}

static int numbers_below_a_limit_are_below_it(void *arg)
{
	unsigned int seen = 0;

	for (int i = 0; i < 1000; i++) {
		u32 number = get_random_u32_inclusive(3, 6);

		EXPECT(number >= 3 && number <= 6);
		seen |= BIT(number);
	}
	EXPECT(seen == GENMASK(6, 3) && hweight32(seen) == 4 && fls(seen) == 7);
	return 0;
}

static int bits_and_counters(void *arg)
{
	DECLARE_BITMAP(map, 130) = { 0 };
	atomic_t a = ATOMIC_INIT(5);
	struct kref ref;

	set_bit(129, map);
	EXPECT(test_bit(129, map) && !test_bit(128, map) && map[2] == 2);
	EXPECT(test_and_clear_bit(129, map) && !test_and_clear_bit(129, map));
	EXPECT(!test_and_set_bit(64, map) && test_and_set_bit(64, map));
	EXPECT(atomic_sub_return(7, &a) == -2 && atomic_cmpxchg(&a, -2, 1) == -2 && atomic_dec_and_test(&a));
	EXPECT(!atomic_inc_not_zero(&a) && atomic_add_unless(&a, 3, 5) && atomic_read(&a) == 3);
	kref_init(&ref);
	kref_get(&ref);
	EXPECT(kref_read(&ref) == 2 && kref_get_unless_zero(&ref) && kref_read(&ref) == 3);
	return 0;
}

static int reserved_descriptor_becomes_the_sync_file(void *arg)
{
	struct dma_fence *stub = dma_fence_get_stub(), *found;
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct sync_file *sync_file = sync_file_create(stub), *unused = sync_file_create(stub);

	EXPECT(fd >= 0 && sync_file && unused);
	fput(unused->file);
	fd_install((unsigned int)fd, sync_file->file);
	found = sync_file_get_fence(fd);
	EXPECT(found == stub);
	EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	dma_fence_put(found);
	dma_fence_put(stub);
	put_unused_fd((unsigned int)fd);
	return 0;
}

static int stages;

static int __init first_stage(void)
{
	stages = 1;
	return 0;
}
module_init(first_stage);

static void __exit last_stage(void)
{
	stages = 2;
}
module_exit(last_stage);
MODULE_LICENSE("MIT");

static int modules_are_run_when_asked(void *arg)
{
	EXPECT(stages == 0 && dmabuf_kcompat_modules_init() == 0 && stages == 1);
	dmabuf_kcompat_modules_exit();
	EXPECT(stages == 2);
	return 0;
}

int kcompat(void)
{
	RUN(lists_keep_order_and_can_be_changed_while_walked);
	RUN(trees_stay_ordered_and_shallow);
	RUN(idr_gives_the_smallest_number);
	RUN(timers_run_in_the_order_of_their_times);
	RUN(timer_due_before_a_sleeps_end_has_run);
	RUN(sleeps_last_at_least_their_time);
	RUN(deleting_a_timer_waits_for_its_function);
	RUN(jiffies_compare_across_the_overflow);
	RUN(kthread_stops_when_told_and_returns_its_value);
	RUN(kthread_that_never_began_is_interrupted);
	RUN(wake_up_before_the_sleep_is_not_lost);
	RUN(signal_ends_an_interruptible_sleep);
	RUN(completions_pass_a_baton);
	RUN(mutex_excludes);
	RUN(spin_is_locked_tells_the_truth);
	RUN(work_never_runs_twice_at_a_time);
	RUN(work_that_queues_itself_can_be_flushed_and_cancelled);
	RUN(queues_keep_their_limits);
	RUN(delayed_work_waits_and_can_be_cancelled);
	RUN(type_safe_memory_stays_of_its_type);
	RUN(sizes_that_overflow_are_refused);
	RUN(deferred_calls_wait_for_readers);
	RUN(bad_pointers_of_programs_are_errors);
	RUN(strscpy_always_ends_the_string);
	RUN(numbers_below_a_limit_are_below_it);
	RUN(bits_and_counters);
	RUN(reserved_descriptor_becomes_the_sync_file);
	RUN(modules_are_run_when_asked);
	return 0;
}
