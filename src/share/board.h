/* SPDX-License-Identifier: MIT */
/* The board of this process, written by its timelines, and reading the boards of others. */
#ifndef DMABUF_SRC_SHARE_BOARD_H
#define DMABUF_SRC_SHARE_BOARD_H

#include <dmabuf/base.h>

#include "src/share/wire.h"

/* A slot of ours: @rw for publishing, absent in a fork's child; @ro for reading, there too. */
struct own_slot {
	uint32_t index;
	struct board_slot *rw;
	const struct board_slot *ro;
};

/* Take a free slot for the timeline @ctx. Returns 0, -ENOSPC, -ENOMEM, -EMFILE. */
int dmabuf_board_take(uint64_t ctx, struct own_slot *ret_slot);
/* Give a slot back. One whose timeline failed is never used again: its error may still be asked for. */
void dmabuf_board_give_back(const struct own_slot *slot);
/* A read-only fd of the board for another process, the caller closes it; or -errno. */
int dmabuf_board_fd(void);

/* Owner: everything up to @seqno is done at @time_ns, what is new among it with @error (0 or a negative errno). */
void dmabuf_slot_publish(const struct own_slot *slot, uint64_t seqno, int error, int64_t time_ns);
/* Owner: seqnos up to this one exist. */
void dmabuf_slot_issue(const struct own_slot *slot, uint64_t seqno);

/* Anybody: is @seqno of @ctx done? */
bool dmabuf_slot_is_done(const struct board_slot *slot, uint64_t ctx, uint64_t seqno);
/* Anybody, once it is done: how and when. The time is 0 where it is no longer known. */
void dmabuf_slot_outcome(const struct board_slot *slot, uint64_t ctx, uint64_t seqno, int *ret_error,
			 int64_t *ret_time_ns);

#endif
