/* SPDX-License-Identifier: MIT */
/*
 * kcompat: balanced trees.
 *
 * Called by: drivers, and the timers. The tree is a treap: it is ordered by the caller and, at the same time, a heap of
 * ranks. A node's rank is a hash of its address, as good as a throw of dice, so that the depth is logarithmic whatever
 * the order in which nodes come. Nothing about the balance is stored.
 *
 * Invariant: no node ranks above its parent.
 */
#include <linux/rbtree.h>

static u64 rank(const struct rb_node *node)
{
	u64 x = (uintptr_t)node;

	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	return (x ^ x >> 29) * 0xc4ceb9fe1a85ec53ULL;
}

/* The link through which the tree holds @node. */
static struct rb_node **holder(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->rb_parent;

	if (!parent)
		return &root->rb_node;
	return parent->rb_left == node ? &parent->rb_left : &parent->rb_right;
}

/* @child and its parent change places; the order of all nodes stays. */
static void rotate_up(struct rb_node *child, struct rb_root *root)
{
	struct rb_node *parent = child->rb_parent, *moved;

	*holder(parent, root) = child;
	child->rb_parent = parent->rb_parent;
	if (parent->rb_left == child) {
		moved = parent->rb_left = child->rb_right;
		child->rb_right = parent;
	} else {
		moved = parent->rb_right = child->rb_left;
		child->rb_left = parent;
	}
	if (moved)
		moved->rb_parent = parent;
	parent->rb_parent = child;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	while (node->rb_parent && rank(node) > rank(node->rb_parent))
		rotate_up(node, root);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *left, *right, *child;

	/* Down, below the higher of two children, until there is at most one. */
	while ((left = node->rb_left) && (right = node->rb_right))
		rotate_up(rank(left) > rank(right) ? left : right, root);
	child = node->rb_left ? node->rb_left : node->rb_right;
	*holder(node, root) = child;
	if (child)
		child->rb_parent = node->rb_parent;
}

static struct rb_node *leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return leftmost(root->rb_node);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rightmost(root->rb_node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->rb_right)
		return leftmost(node->rb_right);
	while (node->rb_parent && node->rb_parent->rb_right == node)
		node = node->rb_parent;
	return node->rb_parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	if (node->rb_left)
		return rightmost(node->rb_left);
	while (node->rb_parent && node->rb_parent->rb_left == node)
		node = node->rb_parent;
	return node->rb_parent;
}
