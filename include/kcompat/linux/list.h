/* SPDX-License-Identifier: MIT */
/* Circular doubly linked lists. struct list_head is the one in a struct dma_fence_cb. */
#ifndef KCOMPAT_LINUX_LIST_H
#define KCOMPAT_LINUX_LIST_H

#include <linux/container_of.h>

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

/* What a node that was removed by list_del() points to: using it again ends in a fault. */
#define LIST_POISON1 ((struct list_head *)0x100)
#define LIST_POISON2 ((struct list_head *)0x122)

static inline void __kcompat_list_join(struct list_head *before, struct list_head *after)
{
	after->prev = before;
	WRITE_ONCE(before->next, after); /* list_empty() may be asked without a lock. */
}

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	__kcompat_list_join(head, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_first(const struct list_head *node, const struct list_head *head)
{
	return head->next == node;
}

static inline bool list_is_last(const struct list_head *node, const struct list_head *head)
{
	return head->prev == node;
}

/* Behind @head: at the front of the list. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	__kcompat_list_join(node, head->next);
	__kcompat_list_join(head, node);
}

/* In front of @head: at the end of the list. */
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_add(node, head->prev);
}

static inline void list_del_init(struct list_head *node)
{
	__kcompat_list_join(node->prev, node->next);
	INIT_LIST_HEAD(node);
}

static inline void list_del(struct list_head *node)
{
	__kcompat_list_join(node->prev, node->next);
	node->next = LIST_POISON1;
	node->prev = LIST_POISON2;
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

/* All of @list to the front of @head; @list itself is left as it is. */
static inline void list_splice(const struct list_head *list, struct list_head *head)
{
	struct list_head *first = list->next, *last = list->prev;

	if (first == list)
		return;
	__kcompat_list_join(last, head->next);
	__kcompat_list_join(head, first);
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_init(list, head->prev);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, typeof(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, typeof(*(pos)), member)

#define list_for_each(node, head) for (node = (head)->next; node != (head); node = node->next)
#define list_for_each_prev(node, head) for (node = (head)->prev; node != (head); node = node->prev)
#define list_for_each_safe(node, following, head) \
	for (node = (head)->next; following = node->next, node != (head); node = following)

/*
 * Walks over the structures around the nodes. @way is next or prev, @start the first structure. At the end @pos is not a
 * structure: its member is the head.
 */
#define __kcompat_walk(pos, start, way, head, member) \
	for (pos = start; &pos->member != (head); pos = list_##way##_entry(pos, member))
/* The same when the body may remove @pos. */
#define __kcompat_walk_safe(pos, other, start, way, head, member) \
	for (pos = start; other = list_##way##_entry(pos, member), &pos->member != (head); pos = other)

#define list_for_each_entry(pos, head, member) \
	__kcompat_walk(pos, list_first_entry(head, typeof(*pos), member), next, head, member)
#define list_for_each_entry_reverse(pos, head, member) \
	__kcompat_walk(pos, list_last_entry(head, typeof(*pos), member), prev, head, member)
#define list_for_each_entry_continue(pos, head, member) \
	__kcompat_walk(pos, list_next_entry(pos, member), next, head, member)
#define list_for_each_entry_continue_reverse(pos, head, member) \
	__kcompat_walk(pos, list_prev_entry(pos, member), prev, head, member)
#define list_for_each_entry_from(pos, head, member) __kcompat_walk(pos, pos, next, head, member)
#define list_for_each_entry_safe(pos, other, head, member) \
	__kcompat_walk_safe(pos, other, list_first_entry(head, typeof(*pos), member), next, head, member)
#define list_for_each_entry_safe_reverse(pos, other, head, member) \
	__kcompat_walk_safe(pos, other, list_last_entry(head, typeof(*pos), member), prev, head, member)

#endif
