/* SPDX-License-Identifier: MIT */
/*
 * kcompat: threads as tasks, and the kernel's own threads.
 *
 * Called by: everything that sleeps. The word that a task sleeps on is its state: setting it to TASK_RUNNING is the
 * wake-up, so that one which comes before the sleep is not lost.
 *
 * Invariant: a thread holds one reference of its task until it ends; whoever else keeps the pointer takes his own.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "kcompat-internal.h"

/* The kernel restarts a wait without a limit after a signal handler, one with a limit ends. */
#define LONGEST_WAIT_SECONDS 3600

struct kcompat_kthread {
	int (*func)(void *data);
	void *data;
	int result;
	bool stop;			/* atomic */
	unsigned int begun, ended;	/* atomic, slept on */
};

static __thread struct task_struct *self;
static pthread_key_t task_key;
static pthread_once_t task_key_once = PTHREAD_ONCE_INIT;

int kcompat_futex_wait(unsigned int *word, unsigned int expected)
{
	struct timespec limit = { .tv_sec = LONGEST_WAIT_SECONDS };

	if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &limit, NULL, 0) < 0 && errno == EINTR)
		return -EINTR;
	return 0;
}

void kcompat_futex_wake(unsigned int *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int kcompat_thread_start(void *(*func)(void *data), void *data)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread, &attr, func, data);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}

static void forget_self(void *task)
{
	self = NULL;
	put_task_struct(task);
}

static void make_task_key(void)
{
	if (pthread_key_create(&task_key, forget_self))
		abort();
}

/* @task is the calling thread from now on, until it ends. */
static void become(struct task_struct *task)
{
	pthread_once(&task_key_once, make_task_key);
	task->pid = (pid_t)syscall(SYS_gettid);
	self = task;
	pthread_setspecific(task_key, task);
}

/* The first look of a thread at itself. */
static struct task_struct *adopt_thread(void)
{
	struct task_struct *task = calloc(1, sizeof(*task));

	if (!task)
		abort();
	task->usage = 1;
	pthread_getname_np(pthread_self(), task->comm, sizeof(task->comm));
	become(task);
	return task;
}

struct task_struct *__kcompat_current(void)
{
	return likely(self) ? self : adopt_thread();
}

struct task_struct *get_task_struct(struct task_struct *task)
{
	__atomic_fetch_add(&task->usage, 1, __ATOMIC_RELAXED);
	return task;
}

void put_task_struct(struct task_struct *task)
{
	if (__atomic_sub_fetch(&task->usage, 1, __ATOMIC_ACQ_REL))
		return;
	free(task->kthread);
	free(task);
}

/* --- sleeping --- */

void schedule(void)
{
	struct task_struct *me = current;
	unsigned int state;

	/* Pairs with the exchange in kcompat_task_wake(): what the waker did before is seen after. */
	while ((state = __atomic_load_n(&me->__state, __ATOMIC_ACQUIRE)) != TASK_RUNNING) {
		if (signal_pending_state(state, me))
			__set_current_state(TASK_RUNNING);
		else if (kcompat_futex_wait(&me->__state, state) == -EINTR)
			WRITE_ONCE(me->interrupted, true);
	}
}

int kcompat_task_wake(struct task_struct *task, unsigned int mode)
{
	unsigned int state = __atomic_load_n(&task->__state, __ATOMIC_SEQ_CST);

	/* Pairs with set_current_state(): either the sleeper sees what we did, or we see that it goes to sleep. */
	while (state & mode) {
		if (!__atomic_compare_exchange_n(&task->__state, &state, TASK_RUNNING, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			continue;
		kcompat_futex_wake(&task->__state, 1);
		return 1;
	}
	return 0;
}

int wake_up_process(struct task_struct *task)
{
	return kcompat_task_wake(task, TASK_NORMAL);
}

int cond_resched(void)
{
	sched_yield();
	return 0;
}

void yield(void)
{
	sched_yield();
}

unsigned int num_online_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus > 0 ? (unsigned int)cpus : 1;
}

/* --- kthreads --- */

static void announce(unsigned int *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE); /* Pairs with the load in await(). */
	kcompat_futex_wake(word, INT_MAX);
}

static void await(unsigned int *word)
{
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		kcompat_futex_wait(word, 0);
}

static void *kthread_main(void *data)
{
	struct task_struct *task = data;
	struct kcompat_kthread *kthread = task->kthread;
	bool stop;

	become(task);
	pthread_setname_np(pthread_self(), task->comm);
	schedule();
	stop = kthread_should_stop(); /* Before kthread_run() returns: what it has started runs. */
	announce(&kthread->begun);
	kthread->result = stop ? -EINTR : kthread->func(kthread->data);
	announce(&kthread->ended);
	return NULL;
}

struct task_struct *kthread_create(int (*func)(void *data), void *data, const char *name, ...)
{
	struct task_struct *task = calloc(1, sizeof(*task));
	struct kcompat_kthread *kthread = calloc(1, sizeof(*kthread));
	va_list args;
	int ret = -ENOMEM;

	if (!task || !kthread)
		goto err_free;
	kthread->func = func;
	kthread->data = data;
	task->usage = 1;
	task->kthread = kthread;
	task->__state = TASK_UNINTERRUPTIBLE;
	va_start(args, name);
	vsnprintf(task->comm, sizeof(task->comm), name, args);
	va_end(args);
	ret = kcompat_thread_start(kthread_main, task);
	if (ret < 0)
		goto err_free;
	return task;

err_free:
	free(kthread);
	free(task);
	return ERR_PTR(ret);
}

void __kcompat_kthread_begin(struct task_struct *task)
{
	get_task_struct(task);
	wake_up_process(task);
	await(&task->kthread->begun);
	put_task_struct(task);
}

bool kthread_should_stop(void)
{
	struct kcompat_kthread *kthread = current->kthread;

	return !WARN_ON_ONCE(!kthread) && __atomic_load_n(&kthread->stop, __ATOMIC_ACQUIRE);
}

int kthread_stop(struct task_struct *task)
{
	struct kcompat_kthread *kthread = task->kthread;
	int ret;

	get_task_struct(task);
	__atomic_store_n(&kthread->stop, true, __ATOMIC_SEQ_CST); /* Before the wake-up, for who looks and then sleeps. */
	wake_up_process(task);
	await(&kthread->ended);
	ret = kthread->result;
	put_task_struct(task);
	return ret;
}

int kthread_stop_put(struct task_struct *task)
{
	int ret = kthread_stop(task);

	put_task_struct(task);
	return ret;
}
