/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. Work put off until the thread has left atomic context: what the kernel gives to irq_work.
 *
 * Called by: fence arrays and chains, whose members signal them under a lock of their own; spin_unlock() runs the list.
 *
 * Invariant: work runs on the thread that queued it, with no spinlock held, one after the other however deep the chain of
 * fences is that queues it.
 */
#include "src/base/task.h"

bool dmabuf_base_work_queue(struct base_work *work)
{
	struct dmabuf_task *self = &dmabuf_task_self;

	/* Pairs with the store in dmabuf_base_work_run(): queued again only after the last run has begun. */
	if (__atomic_exchange_n(&work->queued, 1, __ATOMIC_ACQ_REL))
		return false;
	work->next = NULL;
	if (!self->work)
		self->work_end = &self->work;
	*self->work_end = work;
	self->work_end = &work->next;
	if (!task_is_atomic())
		dmabuf_base_work_run();
	return true;
}

void dmabuf_base_work_run(void)
{
	struct dmabuf_task *self = &dmabuf_task_self;
	struct base_work *work;

	if (self->running_work)
		return;
	self->running_work = true;
	while ((work = self->work)) {
		self->work = work->next;
		/* Before the call, which may free the work, or queue it again. */
		__atomic_store_n(&work->queued, 0, __ATOMIC_RELEASE);
		work->func(work);
	}
	self->running_work = false;
}
