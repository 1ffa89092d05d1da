/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. The sleeping lock.
 *
 * Called by: buf, fd, heap and share for their tables.
 *
 * Invariant: never taken with a spinlock held.
 */
#include "src/base/mutex.h"

void dmabuf_base_mutex_lock(struct base_mutex *mutex)
{
	pthread_mutex_lock(&mutex->mutex);
}

void dmabuf_base_mutex_unlock(struct base_mutex *mutex)
{
	pthread_mutex_unlock(&mutex->mutex);
}
