/* SPDX-License-Identifier: MIT */
/*
 * Layer: base. The hash table.
 *
 * Called by: fd for buffers by inode, sync files by pipe and watches by number; under the caller's mutex.
 *
 * Invariant: a reserve that succeeded leaves a bucket array, so that add cannot fail.
 */
#include "src/base/alloc.h"
#include "src/base/table.h"

#define FIRST_BUCKETS 64

static size_t bucket_of(const struct base_table *table, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (table->num_buckets - 1);
}

static void rehash(struct base_table *table, struct table_node **buckets, size_t num_buckets)
{
	struct base_table old = *table;

	table->buckets = buckets;
	table->num_buckets = num_buckets;
	table->num_nodes = 0;
	for (size_t i = 0; i < old.num_buckets; i++) {
		for (struct table_node *node = old.buckets[i], *next; node; node = next) {
			next = node->next;
			dmabuf_base_table_add(table, node, node->key);
		}
	}
	dmabuf_base_free(old.buckets);
}

int dmabuf_base_table_reserve(struct base_table *table)
{
	size_t wanted = table->num_buckets ? 2 * table->num_buckets : FIRST_BUCKETS;
	struct table_node **buckets;

	if (table->num_nodes < table->num_buckets)
		return 0;
	buckets = dmabuf_base_alloc(wanted * sizeof(*buckets));
	if (!buckets)
		return table->buckets ? 0 : -ENOMEM;
	rehash(table, buckets, wanted);
	return 0;
}

void dmabuf_base_table_reset(struct base_table *table)
{
	dmabuf_base_free(table->buckets);
	*table = (struct base_table){ 0 };
}

void dmabuf_base_table_add(struct base_table *table, struct table_node *node, uint64_t key)
{
	struct table_node **bucket = &table->buckets[bucket_of(table, key)];

	node->key = key;
	node->next = *bucket;
	*bucket = node;
	table->num_nodes++;
}

struct table_node *dmabuf_base_table_find(const struct base_table *table, uint64_t key)
{
	struct table_node *node;

	if (!table->buckets)
		return NULL;
	for (node = table->buckets[bucket_of(table, key)]; node && node->key != key; node = node->next)
		;
	return node;
}

void dmabuf_base_table_remove(struct base_table *table, struct table_node *node)
{
	if (!table->buckets)
		return;
	for (struct table_node **link = &table->buckets[bucket_of(table, node->key)]; *link; link = &(*link)->next) {
		if (*link == node) {
			*link = node->next;
			table->num_nodes--;
			return;
		}
	}
}
