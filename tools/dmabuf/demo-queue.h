/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_QUEUE_H
#define DMABUF_TOOL_DEMO_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <dmabuf/dma-fence.h>

/* More fences than this are never pending on one buffer of the demo. */
#define JOB_WAITS_MAX	8

/* As many jobs as there may be buffers, and some. */
#define QUEUE_SIZE	128

/* One piece of work of the filter. */
struct job {
	uint64_t frame;
	unsigned int in;		/* buffers */
	unsigned int out;
	struct dma_fence *written;	/* the input's fence, also when signalled */
	struct dma_fence *done;		/* our own */
	struct dma_fence *wait[JOB_WAITS_MAX];	/* what is pending on @out */
	unsigned int num_waits;
};

/* Jobs on their way from one thread to one other, in order. */
struct job_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job ring[QUEUE_SIZE];
	unsigned int head;		/* next to take; only grows */
	unsigned int tail;		/* next to put; only grows */
	bool ended;			/* nothing more will be put, or be taken */
};

void job_queue_init(struct job_queue *queue);
void job_queue_fini(struct job_queue *queue);

/* job_put() - append, waiting for room; false: the queue has ended */
bool job_put(struct job_queue *queue, const struct job *job);

/* job_take() - the next, waiting for it; false: ended and empty */
bool job_take(struct job_queue *queue, struct job *ret_job);

/* job_queue_end() - both sides hear that this was all */
void job_queue_end(struct job_queue *queue);

/* job_drop() - give the fences of a job back */
void job_drop(struct job *job);

#endif
