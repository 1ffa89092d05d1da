/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. Connections: the handshake by which two processes learn of each other, and the end.
 *
 * Called by: programs; timeline.c to ring the other side.
 *
 * Both sides send a HELLO with four files, a read-only fd of the board, a fresh bell page, a pidfd and one end of the door,
 * and check what they get: the board and the bell cannot shrink under our mapping, the pidfd is that of the process which
 * the kernel names as the sender, the door is a datagram socket, on which a send never blocks.
 *
 * Invariant: nothing the other side sends is used before it was checked, and a failed handshake leaves nothing behind.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/park.h"
#include "src/base/task.h"
#include "src/share/share-internal.h"
#include "src/share/socket.h"

static int check_socket(int sock)
{
	int domain, type, on = 1;
	socklen_t size = sizeof(int);

	if (getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 ||
	    getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return -EINVAL;
	if (domain != AF_UNIX || type != SOCK_SEQPACKET)
		return -EINVAL;
	/* Let the kernel tell who sends. */
	return setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}

/* Our half of the files of a HELLO; @files[...] are closed after sending, the rest stays in @peer. */
static int make_files(struct peer *peer, int files[HELLO_FILES])
{
	int door[2];
	void *bell;
	int ret;

	for (int i = 0; i < HELLO_FILES; i++)
		files[i] = -1;
	peer->bell_memory = dmabuf_base_memory_create("dmabuf:bell", BELL_SIZE);
	if (dmabuf_is_err(peer->bell_memory)) {
		ret = (int)dmabuf_ptr_err(peer->bell_memory);
		peer->bell_memory = NULL;
		return ret;
	}
	ret = dmabuf_base_memory_map(peer->bell_memory, 0, BELL_SIZE, PROT_READ | PROT_WRITE, NULL, &bell);
	if (ret < 0)
		return ret;
	peer->bell = bell;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, door) < 0)
		return -errno;
	peer->door = door[0];
	files[HELLO_DOOR] = door[1];
	files[HELLO_BELL] = peer->bell_memory->fd;
	files[HELLO_BOARD] = dmabuf_board_fd();
	if (files[HELLO_BOARD] < 0)
		return files[HELLO_BOARD];
	files[HELLO_PIDFD] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	return files[HELLO_PIDFD] < 0 ? -errno : 0;
}

static int send_hello(int sock, struct peer *peer, int64_t deadline)
{
	struct wire_hello hello = { .header = { WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, sizeof(hello), 0 } };
	struct iovec part = { &hello, sizeof(hello) };
	int files[HELLO_FILES];
	int ret = make_files(peer, files);

	if (ret == 0)
		ret = dmabuf_socket_send(sock, &part, 1, files, HELLO_FILES, true, deadline);
	for (int i = 0; i < HELLO_FILES; i++) {
		if (i != HELLO_BELL && files[i] >= 0)
			close(files[i]);
	}
	return ret == -EPIPE ? -ECONNRESET : ret;
}

/* Is @fd a pidfd of process @pid? */
static bool is_pidfd_of(int fd, int pid)
{
	char path[48], line[128];
	int found = -1;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return false;
	while (found < 0 && fgets(line, sizeof(line), info)) {
		if (sscanf(line, "Pid: %d", &found) != 1)
			found = -1;
	}
	fclose(info);
	return found > 0 && found == pid;
}

static bool is_door(int fd)
{
	int domain = 0, type = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX && type == SOCK_DGRAM;
}

/* Take the peer's board. */
static int accept_board(struct peer *peer, int fd)
{
	struct remote_board *board = dmabuf_remote_board_get(fd);

	if (dmabuf_is_err(board))
		return (int)dmabuf_ptr_err(board);
	peer->board = board;
	return 0;
}

/* Map the page by which we ring the peer. Takes @fd. */
static int accept_bell(struct dmabuf_share *share, int fd)
{
	struct dmabuf_memory *memory = dmabuf_base_memory_adopt(fd, BELL_SIZE);
	void *ring;

	if (dmabuf_is_err(memory)) {
		close(fd);
		return -EPROTO;
	}
	share->ring_memory = memory;
	if (dmabuf_base_memory_map(memory, 0, BELL_SIZE, PROT_READ | PROT_WRITE, NULL, &ring) < 0)
		return -EPROTO;
	share->ring = ring;
	return 0;
}

/* Use the four files of the peer's HELLO; each is taken or closed. */
static int accept_files(struct dmabuf_share *share, const int files[HELLO_FILES], int pid)
{
	struct peer *peer = share->peer;
	int ret = accept_board(peer, files[HELLO_BOARD]), bell;

	bell = accept_bell(share, files[HELLO_BELL]);
	peer->pidfd = files[HELLO_PIDFD];
	share->ring_door = files[HELLO_DOOR];
	snprintf(peer->name, sizeof(peer->name), "pid %d", pid);
	if (ret == 0)
		ret = bell;
	if (ret == 0 && (!is_pidfd_of(peer->pidfd, pid) || !is_door(share->ring_door)))
		ret = -EPROTO;
	return ret;
}

static int recv_hello(struct dmabuf_share *share, int64_t deadline)
{
	struct wire_hello hello;
	struct socket_message message = { .data = &hello, .room = sizeof(hello) };
	int ret = dmabuf_socket_recv(share->sock, &message, deadline);

	if (ret < 0)
		return ret;
	if (message.size != sizeof(hello) || message.num_fds != HELLO_FILES || hello.header.magic != WIRE_MAGIC ||
	    hello.header.version != WIRE_VERSION || hello.header.type != WIRE_HELLO ||
	    hello.header.size != sizeof(hello) || hello.header.reserved || hello.features) {
		dmabuf_socket_close_fds(message.fds, message.num_fds);
		return -EPROTO;
	}
	return accept_files(share, message.fds, message.pid);
}

/* Drop everything but the program's socket. */
static void destroy(struct dmabuf_share *share)
{
	if (share->ring)
		dmabuf_base_memory_unmap(share->ring, BELL_SIZE);
	dmabuf_base_memory_put(share->ring_memory);
	if (share->ring_door >= 0)
		close(share->ring_door);
	if (share->peer)
		dmabuf_peer_put(share->peer);
	dmabuf_base_free(share);
}

static int handshake(struct dmabuf_share *share, int64_t deadline)
{
	int ret = check_socket(share->sock);

	if (ret == 0)
		ret = send_hello(share->sock, share->peer, deadline);
	if (ret == 0)
		ret = recv_hello(share, deadline);
	if (ret == 0)
		ret = dmabuf_service_add(share->peer);
	return ret;
}

struct dmabuf_share *dmabuf_share_connect(int sock, signed long timeout)
{
	struct dmabuf_share *share = dmabuf_base_alloc(sizeof(*share));
	int ret;

	if (!share)
		return dmabuf_err_ptr(-ENOMEM);
	share->count.count = 1;
	share->sock = sock;
	share->ring_door = -1;
	share->generation = dmabuf_base_generation();
	share->peer = dmabuf_peer_create();
	ret = share->peer ? handshake(share, dmabuf_socket_deadline(timeout)) : -ENOMEM;
	if (ret < 0) {
		destroy(share);
		return dmabuf_err_ptr(ret);
	}
	return share;
}

void dmabuf_share_put(struct dmabuf_share *share)
{
	if (__atomic_sub_fetch(&share->count.count, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(share);
}

void dmabuf_share_close(struct dmabuf_share *share)
{
	if (!share)
		return;
	close(share->sock);
	share->sock = -1;
	__atomic_store_n(&share->closed, true, __ATOMIC_RELEASE); /* Pairs with is_over() in timeline.c. */
	if (share->generation == dmabuf_base_generation())
		dmabuf_timeline_forget(share);
	dmabuf_share_put(share);
}

void dmabuf_share_ring(struct dmabuf_share *share)
{
	/* Pairs with arm() in remote-fence.c, in the peer: our slot was stored before, its bit is seen if it was set. */
	uint32_t wanted = __atomic_exchange_n(&share->ring->wanted, 0, __ATOMIC_SEQ_CST);

	if (wanted & BELL_SLEEPER) {
		/* Pairs with sleep_once(): who took the number before, and is not asleep yet, will not fall asleep. */
		__atomic_fetch_add(&share->ring->rings, 1, __ATOMIC_SEQ_CST);
		dmabuf_base_futex_wake(&share->ring->rings, INT_MAX, FUTEX_SHARED);
	}
	if (wanted & BELL_DOOR)
		send(share->ring_door, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int dmabuf_share_fd(struct dmabuf_share *share)
{
	return share->sock;
}

void dmabuf_share_get_stats(struct dmabuf_share *share, struct dmabuf_share_stats *ret_stats)
{
	ret_stats->waits_slept = __atomic_load_n(&share->peer->waits_slept, __ATOMIC_RELAXED);
	ret_stats->waits_ready = __atomic_load_n(&share->peer->waits_ready, __ATOMIC_RELAXED);
	ret_stats->bytes_sent = __atomic_load_n(&share->bytes_sent, __ATOMIC_RELAXED);
	ret_stats->bytes_received = __atomic_load_n(&share->bytes_received, __ATOMIC_RELAXED);
}
