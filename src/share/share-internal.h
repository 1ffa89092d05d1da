/* SPDX-License-Identifier: MIT */
/* What the files of the share layer know of each other: peers, connections, timelines' listeners. */
#ifndef DMABUF_SRC_SHARE_INTERNAL_H
#define DMABUF_SRC_SHARE_INTERNAL_H

#include <dmabuf/share.h>

#include "src/base/list.h"
#include "src/base/memory.h"
#include "src/base/spinlock.h"
#include "src/base/table.h"
#include "src/share/board.h"

/* The contexts under which a peer's timelines appear here: one local number for each (slot, remote ctx). */
struct local_ctx {
	uint64_t remote, local;
};

/**
 * struct peer - another process, as seen over one connection
 * @node: by @id, in the service's table
 * @id: never reused
 * @count: references: the connection and every unfreed fence of the peer
 * @lock: lock of the peer's fences; protects @pending and @contexts
 * @pending: fences somebody wants to be called for, each with a reference
 * @contexts: one per slot
 * @board: the peer's board, mapped read-only; @num_slots entries follow the header
 * @bell: page that the peer rings: the word that our threads sleep on
 * @pidfd: readable once the peer is dead
 * @door: readable when the peer wants the service thread to look
 * @dead: the peer is gone and all its writes with it; atomic
 * @spin_ns: how long a wait spins before it sleeps; atomic, adapted
 * @waits_slept: counter; atomic
 * @waits_ready: counter; atomic
 * @name: "pid N", for reports
 */
struct peer {
	struct table_node node;
	uint64_t id;
	struct dmabuf_kref count;
	struct dmabuf_spinlock lock;
	struct dmabuf_list pending;
	struct local_ctx *contexts;
	struct dmabuf_memory *board_memory;
	const char *board;
	uint32_t num_slots;
	struct dmabuf_memory *bell_memory;
	uint32_t *bell;
	int pidfd, door;
	bool dead;
	uint32_t spin_ns;
	uint64_t waits_slept, waits_ready;
	char name[24];
};

/**
 * struct dmabuf_share - a connection; the listener side is what a timeline rings
 * @count: references: the program and every timeline that rings it
 * @sock: messages
 * @peer: the other process
 * @ring_memory: the peer's bell page
 * @ring: the word on it that we ring
 * @ring_door: the peer's door
 */
struct dmabuf_share {
	struct dmabuf_kref count;
	int sock;
	struct peer *peer;
	struct dmabuf_memory *ring_memory;
	uint32_t *ring;
	int ring_door;
	uint64_t bytes_sent, bytes_received;
};

/* connection.c */
void dmabuf_share_put(struct dmabuf_share *share);
void dmabuf_share_ring(struct dmabuf_share *share);

/* peer.c */
struct peer *dmabuf_peer_create(void);
void dmabuf_peer_put(struct peer *peer);
static inline const struct board_slot *peer_slot(const struct peer *peer, uint32_t index)
{
	return (const struct board_slot *)(peer->board + BOARD_HEADER_SIZE + (size_t)index * BOARD_SLOT_SIZE);
}

/* service.c: the thread that watches peers. */
int dmabuf_service_add(struct peer *peer);
/* Drop a reference; true: it was the last, and the service does not know the peer any more. */
bool dmabuf_service_drop(struct peer *peer);

/* remote-fence.c */
struct dma_fence *dmabuf_remote_fence(struct peer *peer, const struct wire_fence *wire);
/* Signal what is done, or, if the peer is dead, everything. From the service thread. */
void dmabuf_remote_check_pending(struct peer *peer);

/* timeline.c */
/* Describe @fence for @share and let its timeline ring it from now on. -EOPNOTSUPP: not a timeline's. */
int dmabuf_timeline_pass(struct dma_fence *fence, struct dmabuf_share *share, struct wire_fence *ret_wire);
/* No timeline rings @share any more. */
void dmabuf_timeline_forget(struct dmabuf_share *share);

#endif
