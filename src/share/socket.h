/* SPDX-License-Identifier: MIT */
/* Whole messages over a SOCK_SEQPACKET socket, with file descriptors, within a time limit. */
#ifndef DMABUF_SRC_SHARE_SOCKET_H
#define DMABUF_SRC_SHARE_SOCKET_H

#include <sys/uio.h>

#include <dmabuf/base.h>

#define SOCKET_FDS_MAX 64

/* A received message; the fds are close-on-exec and the caller's. */
struct socket_message {
	void *data;
	size_t room;		/* in */
	size_t size;		/* out; 0: the other side has closed */
	int fds[SOCKET_FDS_MAX];
	unsigned int num_fds;
	int pid;		/* sender, as the kernel says; 0 if it does not */
};

/* CLOCK_MONOTONIC time at which a call that may take @timeout gives up. */
int64_t dmabuf_socket_deadline(signed long timeout);

/* Send one message. @tell_pid: let the kernel vouch for who we are. Returns 0, -ETIMEDOUT, -EPIPE, other -errno. */
int dmabuf_socket_send(int sock, struct iovec *parts, unsigned int num_parts, const int *fds, unsigned int num_fds,
		       bool tell_pid, int64_t deadline);
/*
 * Receive one message. Returns 0, -ETIMEDOUT, -ECONNRESET, -EPROTO if it was larger than the room or carried more files
 * than there may be, -EMFILE if this process has no room for its files; then nothing is left to close.
 */
int dmabuf_socket_recv(int sock, struct socket_message *message, int64_t deadline);
void dmabuf_socket_close_fds(int *fds, unsigned int num);

#endif
