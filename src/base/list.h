/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists over struct dmabuf_list. A node that is not in a list points to itself, so that removing
 * it again is harmless.
 */
#ifndef DMABUF_SRC_BASE_LIST_H
#define DMABUF_SRC_BASE_LIST_H

#include <dmabuf/base.h>

/* The structure that embeds @member at @ptr. */
#define base_container(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

static inline void list_reset(struct dmabuf_list *node)
{
	node->next = node->prev = node;
}

static inline bool list_is_empty(const struct dmabuf_list *head)
{
	return head->next == head;
}

/* Link @node in front of @pos; @pos the head: at the tail of the list. */
static inline void list_insert_before(struct dmabuf_list *pos, struct dmabuf_list *node)
{
	node->prev = pos->prev;
	node->next = pos;
	pos->prev->next = node;
	pos->prev = node;
}

/* Link @node behind @pos; @pos the head: at the front of the list. */
static inline void list_insert_after(struct dmabuf_list *pos, struct dmabuf_list *node)
{
	list_insert_before(pos->next, node);
}

static inline void list_remove(struct dmabuf_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_reset(node);
}

/* Move everything from @from to the empty, uninitialised head @to. */
static inline void list_take_all(struct dmabuf_list *to, struct dmabuf_list *from)
{
	if (list_is_empty(from)) {
		list_reset(to);
		return;
	}
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_reset(from);
}

#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
/* As list_for_each(), and @pos may be removed from the list in the body. */
#define list_for_each_safe(pos, following, head) \
	for (pos = (head)->next, following = pos->next; pos != (head); pos = following, following = pos->next)

#endif
