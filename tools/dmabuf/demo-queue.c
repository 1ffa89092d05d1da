// SPDX-License-Identifier: MIT
/*
 * The queue between the two threads of the demo's filter: the one that talks
 * to the neighbours and the one that is the device. Used by demo-filter.c.
 *
 * Invariant: jobs come out in the order they were put in; the references of a
 * job's fences go with it.
 */
#include "demo-queue.h"

void job_queue_init(struct job_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->changed, NULL);
	queue->head = 0;
	queue->tail = 0;
	queue->ended = false;
}

void job_queue_fini(struct job_queue *queue)
{
	struct job job;

	queue->ended = true;
	while (job_take(queue, &job))
		job_drop(&job);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
}

bool job_put(struct job_queue *queue, const struct job *job)
{
	bool was_empty, ok;

	pthread_mutex_lock(&queue->lock);
	while (queue->tail - queue->head == QUEUE_SIZE && !queue->ended)
		pthread_cond_wait(&queue->changed, &queue->lock);
	was_empty = queue->tail == queue->head;
	ok = !queue->ended;
	if (ok)
		queue->ring[queue->tail++ % QUEUE_SIZE] = *job;
	pthread_mutex_unlock(&queue->lock);
	if (ok && was_empty)
		pthread_cond_signal(&queue->changed);
	return ok;
}

bool job_take(struct job_queue *queue, struct job *ret_job)
{
	bool was_full, ok;

	pthread_mutex_lock(&queue->lock);
	while (queue->tail == queue->head && !queue->ended)
		pthread_cond_wait(&queue->changed, &queue->lock);
	was_full = queue->tail - queue->head == QUEUE_SIZE;
	ok = queue->tail != queue->head;
	if (ok)
		*ret_job = queue->ring[queue->head++ % QUEUE_SIZE];
	pthread_mutex_unlock(&queue->lock);
	if (was_full)
		pthread_cond_signal(&queue->changed);
	return ok;
}

void job_queue_end(struct job_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->ended = true;
	pthread_mutex_unlock(&queue->lock);
	pthread_cond_broadcast(&queue->changed);
}

void job_drop(struct job *job)
{
	unsigned int i;

	for (i = 0; i < job->num_waits; i++)
		dma_fence_put(job->wait[i]);
	job->num_waits = 0;
	dma_fence_put(job->written);
	dma_fence_put(job->done);
	job->written = NULL;
	job->done = NULL;
}
