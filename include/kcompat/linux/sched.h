/* SPDX-License-Identifier: MIT */
/*
 * Threads as tasks. Every thread of the process has one, whoever started it; see <linux/kthread.h> for the kernel's own.
 *
 * How to sleep until something is so: announce it (set_current_state()), look whether it is so already, then schedule().
 * A wake-up between the first and the last makes schedule() return at once.
 */
#ifndef KCOMPAT_LINUX_SCHED_H
#define KCOMPAT_LINUX_SCHED_H

#include_next <linux/sched.h>

#include <linux/jiffies.h>
#include <linux/kernel.h>

#define TASK_COMM_LEN 16

struct task_struct {
	unsigned int __state;		/* a TASK_ value; others change it only to TASK_RUNNING */
	pid_t pid;			/* the thread's own number */
	char comm[TASK_COMM_LEN];
	/* private: */
	unsigned int usage;
	bool interrupted;		/* a signal handler ran during a sleep */
	struct kcompat_kthread *kthread;	/* NULL: a thread of somebody else's making */
};

#define TASK_RUNNING 0x0
#define TASK_INTERRUPTIBLE 0x1
#define TASK_UNINTERRUPTIBLE 0x2
/* A signal that kills a thread of a program ends all of it: nothing comes back from a killable sleep. */
#define TASK_KILLABLE TASK_UNINTERRUPTIBLE
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

struct task_struct *__kcompat_current(void) KCOMPAT_API(current) __attribute__((__const__));
#define current __kcompat_current()

struct task_struct *get_task_struct(struct task_struct *task) KCOMPAT_API(get_task_struct);
void put_task_struct(struct task_struct *task) KCOMPAT_API(put_task_struct);

#define task_pid_nr(task) ((task)->pid)
#define get_task_comm(buf, task)                                            \
	({                                                                  \
		BUILD_BUG_ON(sizeof(buf) < TASK_COMM_LEN);                  \
		strscpy(buf, (task)->comm, TASK_COMM_LEN);                  \
		(buf);                                                      \
	})

#define __set_current_state(state) WRITE_ONCE(current->__state, state)
#define set_current_state(state) smp_store_mb(current->__state, state)
#define get_current_state() READ_ONCE(current->__state)

/* 1 if it slept, or was about to. */
int wake_up_process(struct task_struct *task) KCOMPAT_API(wake_up_process);

/* Sleep until woken. In TASK_INTERRUPTIBLE a signal handler ends it too. */
void schedule(void) KCOMPAT_API(schedule);
/* The same with a limit in jiffies. What is left of it: 0 when it is over, MAX_SCHEDULE_TIMEOUT if that was given. */
signed long schedule_timeout(signed long timeout) KCOMPAT_API(schedule_timeout);
signed long schedule_timeout_interruptible(signed long timeout) KCOMPAT_API(schedule_timeout_interruptible);
signed long schedule_timeout_uninterruptible(signed long timeout) KCOMPAT_API(schedule_timeout_uninterruptible);

/* Let others run. */
int cond_resched(void) KCOMPAT_API(cond_resched);
void yield(void) KCOMPAT_API(yield);

/* No thread can hand its time to another one: lets others run, and says that @task got nothing by it. */
static inline int yield_to(struct task_struct *task, bool preempt)
{
	(void)task;
	(void)preempt;
	yield();
	return false;
}

unsigned int num_online_cpus(void) KCOMPAT_API(num_online_cpus);
#define num_possible_cpus() num_online_cpus()

static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" ::: "memory");
#endif
}

#endif
