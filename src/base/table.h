/* SPDX-License-Identifier: MIT */
/*
 * A growing hash table from 64-bit keys to nodes that the caller embeds. No locking of its own.
 */
#ifndef DMABUF_SRC_BASE_TABLE_H
#define DMABUF_SRC_BASE_TABLE_H

#include <dmabuf/base.h>

struct table_node {
	struct table_node *next;
	uint64_t key;
};

struct base_table {
	struct table_node **buckets; /* NULL while empty */
	size_t num_buckets, num_nodes;
};

/* Make room for one more node. Returns 0 or -ENOMEM; a table that cannot grow stays usable as it is. */
int dmabuf_base_table_reserve(struct base_table *table);
/* Forget all nodes; they stay the caller's. */
void dmabuf_base_table_reset(struct base_table *table);
/* Add a node after a successful reserve. Keys need not be unique. */
void dmabuf_base_table_add(struct base_table *table, struct table_node *node, uint64_t key);
/* The first node with @key, or NULL. */
struct table_node *dmabuf_base_table_find(const struct base_table *table, uint64_t key);
/* Remove @node; nothing happens if it is not there. */
void dmabuf_base_table_remove(struct base_table *table, struct table_node *node);

#endif
