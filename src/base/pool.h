/* SPDX-License-Identifier: MIT */
/*
 * Memory for objects of one kind that are made and freed all the time and that RCU readers may still look at when they are
 * freed: each thread keeps some, and gives them to a grace period by the handful.
 *
 * Under a sanitizer that watches memory it is plain memory, so that the sanitizer sees each object end.
 */
#ifndef DMABUF_SRC_BASE_POOL_H
#define DMABUF_SRC_BASE_POOL_H

#include <dmabuf/base.h>

/* All pools there are. */
enum pool_id { POOL_CHAIN, POOL_ARRAY, NUM_POOLS };

/* An object of @size bytes, always the same for one pool. Not zeroed; NULL without memory. It may also be freed by free(). */
void *dmabuf_base_pool_get(enum pool_id id, size_t size);

/*
 * The object will be used again a grace period from now at the earliest. @rcu is a member of it, needed when there is no
 * memory for anything else; @free_it then ends the object with dmabuf_base_free().
 */
void dmabuf_base_pool_put(enum pool_id id, void *object, struct dmabuf_rcu_head *rcu,
			  void (*free_it)(struct dmabuf_rcu_head *rcu));

#endif
