/* SPDX-License-Identifier: MIT */
/* The peer of tests/share/raw-peer.h. It knows the wire format and nothing else of the library. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "raw-peer.h"

#define VICTIM_NS (1000 * MS)

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(RAW_FILES_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static void add_control(struct msghdr *msg, int type, const void *data, size_t size)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
	msg->msg_controllen += CMSG_SPACE(size);
}

ssize_t raw_send(int sock, const void *bytes, size_t size, const int *files, unsigned int num_files, bool anonymous)
{
	struct ucred self = { getpid(), getuid(), getgid() };
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };

	memset(&control, 0, sizeof(control));
	if (num_files)
		add_control(&msg, SCM_RIGHTS, files, num_files * sizeof(int));
	if (!anonymous)
		add_control(&msg, SCM_CREDENTIALS, &self, sizeof(self));
	return sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t raw_recv(int sock, void *bytes, size_t size, int *files, unsigned int *num_files)
{
	struct iovec iov = { bytes, size };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t ret = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	*num_files = 0;
	if (ret < 0)
		return ret;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		*num_files = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(files, CMSG_DATA(cmsg), *num_files * sizeof(int));
	}
	return ret;
}

int raw_memory(size_t size, bool sealed)
{
	int fd = memfd_create("raw", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	if (sealed)
		ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	return fd;
}

int raw_board(uint32_t num_slots, size_t size)
{
	struct board_header header = { BOARD_MAGIC, BOARD_VERSION, BOARD_SLOT_SIZE, num_slots, 0 };
	int fd = raw_memory(size, true);

	ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	return fd;
}

/* @door gets the end that stays here. */
static void init_with_door(struct raw_hello *h, int *door)
{
	int ends[2];

	memset(h, 0, sizeof(*h));
	h->bytes.hello.header = (struct wire_header){ WIRE_MAGIC, WIRE_VERSION, WIRE_HELLO, sizeof(h->bytes.hello), 0 };
	h->size = sizeof(h->bytes.hello);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	h->files[HELLO_BOARD] = raw_board(RAW_SLOTS, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	h->files[HELLO_BELL] = raw_memory(BELL_SIZE, true);
	h->files[HELLO_PIDFD] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	h->files[HELLO_DOOR] = ends[1];
	h->num_files = HELLO_FILES;
	*door = ends[0];
}

void raw_hello_init(struct raw_hello *h)
{
	int door;

	init_with_door(h, &door);
	close(door);
}

void raw_hello_close(struct raw_hello *h)
{
	for (unsigned int i = 0; i < h->num_files; i++)
		close(h->files[i]);
}

void raw_hello_replace(struct raw_hello *h, enum wire_hello_file which, int fd)
{
	ck_assert_int_ge(fd, 0);
	close(h->files[which]);
	h->files[which] = fd;
}

int raw_hello_try(struct raw_hello *h)
{
	struct dmabuf_share *share;
	int socks[2], ret = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	ck_assert_int_eq(raw_send(socks[1], &h->bytes, h->size, h->files, h->num_files, h->anonymous), (int)h->size);
	share = dmabuf_share_connect(socks[0], VICTIM_NS);
	if (dmabuf_is_err(share)) {
		ret = (int)dmabuf_ptr_err(share);
		close(socks[0]);
	} else {
		dmabuf_share_close(share);
	}
	close(socks[1]);
	raw_hello_close(h);
	return ret;
}

static void *map_file(int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	return map;
}

void raw_connect(struct raw_peer *raw)
{
	struct wire_hello theirs;
	struct raw_hello h;
	int socks[2], files[RAW_FILES_MAX];
	unsigned int num_files;

	init_with_door(&h, &raw->door);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	ck_assert_int_eq(raw_send(socks[1], &h.bytes, h.size, h.files, h.num_files, false), (int)h.size);
	raw->share = dmabuf_share_connect(socks[0], VICTIM_NS);
	expect_ptr(raw->share);
	raw->sock = socks[1];
	raw->board = map_file(h.files[HELLO_BOARD], BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	raw->slots = (struct board_slot *)(raw->board + BOARD_HEADER_SIZE);
	raw->bell = map_file(h.files[HELLO_BELL], BELL_SIZE);
	raw_hello_close(&h);
	ck_assert_int_eq(raw_recv(raw->sock, &theirs, sizeof(theirs), files, &num_files), sizeof(theirs));
	ck_assert_uint_eq(num_files, HELLO_FILES);
	raw->their_bell = map_file(files[HELLO_BELL], BELL_SIZE);
	raw->their_door = files[HELLO_DOOR];
	close(files[HELLO_BOARD]);
	close(files[HELLO_BELL]);
	close(files[HELLO_PIDFD]);
}

void raw_close(struct raw_peer *raw)
{
	dmabuf_share_close(raw->share);
	munmap(raw->board, BOARD_HEADER_SIZE + RAW_SLOTS * BOARD_SLOT_SIZE);
	munmap(raw->bell, BELL_SIZE);
	munmap(raw->their_bell, BELL_SIZE);
	close(raw->their_door);
	close(raw->door);
	close(raw->sock);
}
