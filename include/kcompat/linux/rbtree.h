/* SPDX-License-Identifier: MIT */
/*
 * Balanced trees whose order the caller decides: he walks down, hangs the node where it belongs (rb_link_node()) and has
 * the tree balanced (rb_insert_color()).
 *
 * The nodes carry no colour. The balance comes from chance, a hash of each node's address: see src/kcompat/rbtree.c.
 */
#ifndef KCOMPAT_LINUX_RBTREE_H
#define KCOMPAT_LINUX_RBTREE_H

#include <linux/container_of.h>

struct rb_node {
	struct rb_node *rb_left, *rb_right;	/* NULL: nobody there */
	struct rb_node *rb_parent;		/* NULL at the root; itself after RB_CLEAR_NODE() */
};

struct rb_root {
	struct rb_node *rb_node;		/* NULL: an empty tree */
};

#define RB_ROOT ((struct rb_root){ NULL })
#define RB_EMPTY_ROOT(root) (READ_ONCE((root)->rb_node) == NULL)
#define RB_CLEAR_NODE(node) ((node)->rb_parent = (node))
#define RB_EMPTY_NODE(node) ((node)->rb_parent == (node))
#define rb_parent(node) ((node)->rb_parent)
#define rb_entry(node, type, member) container_of(node, type, member)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root) KCOMPAT_API(rb_insert_color);
void rb_erase(struct rb_node *node, struct rb_root *root) KCOMPAT_API(rb_erase);
struct rb_node *rb_first(const struct rb_root *root) KCOMPAT_API(rb_first);
struct rb_node *rb_last(const struct rb_root *root) KCOMPAT_API(rb_last);
struct rb_node *rb_next(const struct rb_node *node) KCOMPAT_API(rb_next);
struct rb_node *rb_prev(const struct rb_node *node) KCOMPAT_API(rb_prev);

#endif
