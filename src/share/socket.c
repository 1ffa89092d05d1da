/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. Sending and receiving whole messages.
 *
 * Called by: connection.c for the handshake, message.c for everything after it.
 *
 * Invariant: no call blocks in send or recv; waiting is a poll with a limit. File descriptors that arrive with a message
 * that is refused are closed here.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/park.h"
#include "src/share/socket.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(SOCKET_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

int64_t dmabuf_socket_deadline(signed long timeout)
{
	int64_t now = dmabuf_base_now();

	return timeout > INT64_MAX - now ? INT64_MAX : now + timeout;
}

/* Wait for @events, which a hang-up ends as well. */
static int wait_for(int sock, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = sock, .events = events };
	int64_t left = deadline - dmabuf_base_now();
	struct timespec limit;

	if (left <= 0)
		return -ETIMEDOUT;
	if (left > 3600000000000)
		left = 3600000000000;
	limit.tv_sec = left / 1000000000;
	limit.tv_nsec = left % 1000000000;
	if (ppoll(&pfd, 1, &limit, NULL) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static void add_fds(struct msghdr *msg, const int *fds, unsigned int num)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);

	if (!num)
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(num * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, num * sizeof(int));
	msg->msg_controllen += CMSG_SPACE(num * sizeof(int));
}

static void add_pid(struct msghdr *msg)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)((char *)msg->msg_control + msg->msg_controllen);
	struct ucred self = { .pid = getpid(), .uid = getuid(), .gid = getgid() };

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_CREDENTIALS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(self));
	memcpy(CMSG_DATA(cmsg), &self, sizeof(self));
	msg->msg_controllen += CMSG_SPACE(sizeof(self));
}

int dmabuf_socket_send(int sock, struct iovec *parts, unsigned int num_parts, const int *fds, unsigned int num_fds,
		       bool tell_pid, int64_t deadline)
{
	union control control = { 0 };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = num_parts, .msg_control = &control };
	int ret = 0;

	add_fds(&msg, fds, num_fds);
	if (tell_pid)
		add_pid(&msg);
	if (!msg.msg_controllen)
		msg.msg_control = NULL;
	while (ret == 0) {
		if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return errno == ECONNRESET ? -EPIPE : -errno;
		ret = wait_for(sock, POLLOUT, deadline);
	}
	return ret;
}

void dmabuf_socket_close_fds(int *fds, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		close(fds[i]);
}

/* Take the files and the sender's pid out of the control data. */
static void take_control(struct msghdr *msg, struct socket_message *message)
{
	struct ucred sender;

	message->num_fds = 0;
	message->pid = 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t size = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS) {
			/* At most one such block, of at most the room we gave. */
			message->num_fds = (unsigned int)(size / sizeof(int));
			memcpy(message->fds, CMSG_DATA(cmsg), size);
		} else if (cmsg->cmsg_type == SCM_CREDENTIALS && size >= sizeof(sender)) {
			memcpy(&sender, CMSG_DATA(cmsg), sizeof(sender));
			message->pid = sender.pid;
		}
	}
}

int dmabuf_socket_recv(int sock, struct socket_message *message, int64_t deadline)
{
	struct iovec part = { .iov_base = message->data, .iov_len = message->room };
	union control control;
	struct msghdr msg;
	ssize_t size;
	int ret;

	for (;;) {
		msg = (struct msghdr){
			.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
		};
		size = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (size >= 0)
			break;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return errno == ECONNRESET ? -ECONNRESET : -errno;
		ret = wait_for(sock, POLLIN, deadline);
		if (ret < 0)
			return ret;
	}
	take_control(&msg, message);
	message->size = (size_t)size;
	if (!(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		if (size)
			return 0;
		/* An end has neither files nor a sender; an empty message, which nobody sends in good faith, has. */
		dmabuf_socket_close_fds(message->fds, message->num_fds);
		return message->num_fds || message->pid ? -EPROTO : -ECONNRESET;
	}
	dmabuf_socket_close_fds(message->fds, message->num_fds);
	/* With room left for files, the kernel leaves some out only when this process cannot have more. */
	return !(msg.msg_flags & MSG_TRUNC) && message->num_fds < SOCKET_FDS_MAX ? -EMFILE : -EPROTO;
}
