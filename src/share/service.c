/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. The service thread: one per process, started by the first connection. It notices that a peer has died,
 * runs the callbacks of peers' fences, and reaps buffers whose last holder is gone.
 *
 * Called by: connection.c when a peer comes, remote-fence.c and peer.c when the last reference goes.
 *
 * Death is the pidfd and nothing else: a dying process's other threads may still be writing before it fires.
 *
 * Invariant: a peer found in the table is alive while peers_lock is held; its last reference is dropped under that lock.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/mutex.h"
#include "src/base/park.h"
#include "src/base/task.h"
#include "src/base/thread.h"
#include "src/fd/watch.h"
#include "src/share/share-internal.h"

/* What an event is about: a peer's id, shifted, with one of these below it. */
enum event_kind { EVENT_DEATH, EVENT_DOOR, EVENT_REAP };
#define EVENT_KIND_BITS 2

#define KNOCKS_PER_TURN 16
#define LOOK_AGAIN_MS 5

static struct base_mutex peers_lock = BASE_MUTEX_INIT;
static struct base_table peers;
static uint64_t last_id;
static int epoll_fd = -1;

/* The thread stayed with the parent, whose peers these are. */
static void forget_after_fork(void)
{
	peers_lock = (struct base_mutex)BASE_MUTEX_INIT;
	dmabuf_base_table_reset(&peers);
	if (epoll_fd >= 0)
		close(epoll_fd);
	epoll_fd = -1;
}

static void __attribute__((constructor)) install(void)
{
	dmabuf_base_on_fork_child(forget_after_fork);
}

/* A reference of the peer, or NULL if it has gone. */
static struct peer *find_peer(uint64_t id)
{
	struct peer *peer;

	dmabuf_base_mutex_lock(&peers_lock);
	peer = (struct peer *)dmabuf_base_table_find(&peers, id);
	if (peer)
		__atomic_fetch_add(&peer->count.count, 1, __ATOMIC_RELAXED);
	dmabuf_base_mutex_unlock(&peers_lock);
	return peer;
}

static void peer_died(struct peer *peer)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peer->pidfd, NULL);
	__atomic_store_n(&peer->dead, true, __ATOMIC_RELEASE); /* Pairs with look() in remote-fence.c. */
	__atomic_fetch_add(&peer->bell->rings, 1, __ATOMIC_SEQ_CST); /* Pairs with sleep_once() there. */
	dmabuf_base_futex_wake(&peer->bell->rings, INT_MAX, FUTEX_SHARED);
	dmabuf_remote_check_pending(peer);
	dmabuf_timeline_forget_peer(peer);
}

/* Take what knocked. A peer that knocks without end gets its turn again after the others have had theirs. */
static void empty_door(struct peer *peer)
{
	char bytes[64];

	for (int i = 0; i < KNOCKS_PER_TURN && recv(peer->door, bytes, sizeof(bytes), MSG_DONTWAIT) > 0; i++)
		;
}

static void handle_peer(uint64_t id, enum event_kind kind)
{
	struct peer *peer = find_peer(id);

	if (!peer)
		return;
	if (kind == EVENT_DEATH) {
		peer_died(peer);
	} else {
		empty_door(peer);
		dmabuf_remote_check_pending(peer);
	}
	dmabuf_peer_put(peer);
}

static void serve(void)
{
	struct epoll_event events[16];

	for (;;) {
		bool suspicious = dmabuf_watch_is_suspicious();
		int num = epoll_wait(epoll_fd, events, 16, suspicious ? LOOK_AGAIN_MS : -1);

		if (suspicious)
			dmabuf_watch_reap();
		for (int i = 0; i < num; i++) {
			enum event_kind kind = events[i].data.u64 & ((1u << EVENT_KIND_BITS) - 1);

			if (kind == EVENT_REAP)
				dmabuf_watch_reap();
			else
				handle_peer(events[i].data.u64 >> EVENT_KIND_BITS, kind);
		}
		if (num < 0 && errno != EINTR)
			return;
	}
}

static int watch_fd(int fd, uint64_t id, enum event_kind kind)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = id << EVENT_KIND_BITS | kind };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* peers_lock held. */
static int start(void)
{
	int ret;

	if (epoll_fd >= 0)
		return 0;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	ret = dmabuf_watch_fd();
	if (ret >= 0)
		ret = watch_fd(ret, 0, EVENT_REAP);
	if (ret == 0)
		ret = dmabuf_base_thread_start("dmabuf-service", serve);
	if (ret < 0) {
		close(epoll_fd);
		epoll_fd = -1;
	}
	return ret;
}

/* peers_lock held. */
static int add_locked(struct peer *peer)
{
	int ret = start();

	if (ret == 0)
		ret = dmabuf_base_table_reserve(&peers);
	if (ret < 0)
		return ret;
	peer->id = ++last_id;
	ret = watch_fd(peer->pidfd, peer->id, EVENT_DEATH);
	if (ret < 0)
		return ret;
	ret = watch_fd(peer->door, peer->id, EVENT_DOOR);
	if (ret < 0) {
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peer->pidfd, NULL);
		return ret;
	}
	dmabuf_base_table_add(&peers, &peer->node, peer->id);
	return 0;
}

int dmabuf_service_add(struct peer *peer)
{
	int ret;

	dmabuf_base_mutex_lock(&peers_lock);
	ret = add_locked(peer);
	dmabuf_base_mutex_unlock(&peers_lock);
	return ret;
}

bool dmabuf_service_drop(struct peer *peer)
{
	bool last;

	dmabuf_base_mutex_lock(&peers_lock);
	last = !__atomic_sub_fetch(&peer->count.count, 1, __ATOMIC_ACQ_REL);
	if (last && dmabuf_base_table_find(&peers, peer->id) == &peer->node) {
		dmabuf_base_table_remove(&peers, &peer->node);
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peer->pidfd, NULL);
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, peer->door, NULL);
	}
	dmabuf_base_mutex_unlock(&peers_lock);
	return last;
}
