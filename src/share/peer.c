/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. The memory of one peer: made by the handshake, kept by the connection and by the peer's fences.
 *
 * Called by: connection.c; remote-fence.c and service.c for references.
 *
 * Invariant: a peer is known to the service until its last reference is gone, so that its death is always noticed.
 */
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/base/task.h"
#include "src/share/share-internal.h"

#define FIRST_SPIN_NS 5000u

struct peer *dmabuf_peer_create(void)
{
	struct peer *peer = dmabuf_base_alloc(sizeof(*peer));

	if (!peer)
		return NULL;
	peer->count.count = 1;
	dmabuf_spinlock_init(&peer->lock);
	list_reset(&peer->pending);
	peer->pidfd = peer->door = -1;
	peer->generation = dmabuf_base_generation();
	peer->spin_ns = dmabuf_base_cpus() > 1 ? FIRST_SPIN_NS : 0;
	return peer;
}

static void destroy(struct peer *peer)
{
	if (peer->bell)
		dmabuf_base_memory_unmap(peer->bell, BELL_SIZE);
	dmabuf_remote_board_put(peer->board);
	dmabuf_base_memory_put(peer->bell_memory);
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	if (peer->door >= 0)
		close(peer->door);
	dmabuf_base_free(peer);
}

void dmabuf_peer_put(struct peer *peer)
{
	if (dmabuf_service_drop(peer))
		destroy(peer);
}
