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

struct remote_board;

/**
 * struct peer - another process, as seen over one connection
 * @node: by @id, in the service's table
 * @id: never reused
 * @count: references: the connection and every unfreed fence of the peer
 * @lock: lock of the peer's fences; protects @pending
 * @pending: fences somebody wants to be called for, each with a reference
 * @board: the peer's board
 * @bell: page that the peer rings, and that our threads sleep on
 * @pidfd: readable once the peer is dead
 * @door: readable when the peer wants the service thread to look
 * @dead: the peer is gone and all its writes with it; atomic
 * @spin_ns: how long a wait spins before it sleeps; atomic, adapted
 * @waits_slept: counter; atomic
 * @waits_ready: counter; atomic
 * @generation: the process that connected to it; a fork's child has no service thread and looks for itself
 * @name: "pid N", for reports
 */
struct peer {
	struct table_node node;
	uint64_t id;
	struct dmabuf_kref count;
	struct dmabuf_spinlock lock;
	struct dmabuf_list pending;
	struct remote_board *board;
	struct dmabuf_memory *bell_memory;
	struct bell *bell;
	int pidfd, door;
	bool dead;
	uint32_t spin_ns;
	uint64_t waits_slept, waits_ready;
	uint32_t generation;
	char name[24];
};

/**
 * struct dmabuf_share - a connection; the listener side is what a timeline rings
 * @count: references: the program and every timeline that rings it
 * @sock: messages
 * @peer: the other process
 * @ring_memory: the peer's bell page
 * @ring: the bell on it
 * @ring_door: the peer's door
 * @generation: the process it belongs to
 * @closed: by the program; timelines ring on until what was passed is done; atomic
 */
struct dmabuf_share {
	struct dmabuf_kref count;
	int sock;
	struct peer *peer;
	struct dmabuf_memory *ring_memory;
	struct bell *ring;
	int ring_door;
	uint32_t generation;
	bool closed;
	uint64_t bytes_sent, bytes_received;
};

/* connection.c */
void dmabuf_share_put(struct dmabuf_share *share);
void dmabuf_share_ring(struct dmabuf_share *share);

/* peer.c */
struct peer *dmabuf_peer_create(void);
void dmabuf_peer_put(struct peer *peer);

/* remote-board.c: the boards of other processes, one object each however many connections lead there. */
/* Map the board behind @fd, after checking it; takes @fd in every case. Error pointers: -EPROTO, -ENOMEM. */
struct remote_board *dmabuf_remote_board_get(int fd);
void dmabuf_remote_board_put(struct remote_board *board);
/* Slot @index, or NULL if there is none. */
const struct board_slot *dmabuf_remote_board_slot(const struct remote_board *board, uint32_t index);
/* The number in this process for the timeline @ctx of that one, in slot @index. */
uint64_t dmabuf_remote_board_context(struct remote_board *board, uint32_t index, uint64_t ctx);

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
/* @share was closed: timelines ring it only until what was passed is done. */
void dmabuf_timeline_forget(struct dmabuf_share *share);
/* @peer is dead: closed connections to it are not rung any more. */
void dmabuf_timeline_forget_peer(struct peer *peer);

#endif
