/* SPDX-License-Identifier: MIT */
/* A sleeping lock for tables and lists; taken for a few lines, never while waiting for a fence. */
#ifndef DMABUF_SRC_BASE_MUTEX_H
#define DMABUF_SRC_BASE_MUTEX_H

#include <pthread.h>

#include <dmabuf/base.h>

struct base_mutex {
	pthread_mutex_t mutex;
};

#define BASE_MUTEX_INIT { PTHREAD_MUTEX_INITIALIZER }

void dmabuf_base_mutex_lock(struct base_mutex *mutex);
void dmabuf_base_mutex_unlock(struct base_mutex *mutex);

#endif
