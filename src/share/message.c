/* SPDX-License-Identifier: MIT */
/*
 * Layer: share. Messages: the program's bytes, with buffers and fences.
 *
 * Called by: programs.
 *
 * Invariant: a message is sent whole or not at all, and one that is received is checked whole before any of it is used.
 * What was received when a later part turns out wrong is given back.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "src/base/task.h"
#include "src/fd/buf-file.h"
#include "src/heap/memory-buf.h"
#include "src/share/share-internal.h"
#include "src/share/socket.h"

/* A message as it travels, with room for the largest. */
struct flat {
	struct wire_data head;
	struct wire_buf bufs[DMABUF_SHARE_BUFS_MAX];
	struct wire_fence fences[DMABUF_SHARE_FENCES_MAX];
};

#define MESSAGE_MAX (sizeof(struct flat) + DMABUF_SHARE_DATA_MAX)
_Static_assert(DMABUF_SHARE_BUFS_MAX <= SOCKET_FDS_MAX, "every buffer needs a file");

/* Open a file for each buffer. From then on its other holders decide when it ends. */
static int describe_bufs(const struct dmabuf_share_msg *msg, struct wire_buf *wire, int *fds, unsigned int *ret_num)
{
	for (*ret_num = 0; *ret_num < msg->num_bufs; (*ret_num)++) {
		struct dma_buf *dmabuf = msg->bufs[*ret_num];
		int fd;

		if (!dmabuf_memory_is_exporter(dmabuf))
			return -EOPNOTSUPP;
		get_dma_buf(dmabuf);
		fd = dma_buf_fd(dmabuf, O_CLOEXEC);
		if (fd < 0) {
			dma_buf_put(dmabuf);
			return fd;
		}
		fds[*ret_num] = fd;
		wire[*ret_num] = (struct wire_buf){ .size = dmabuf->size };
	}
	return 0;
}

static int describe_fence(struct dma_fence *fence, struct dmabuf_share *share, struct wire_fence *ret_wire)
{
	int status;

	if (!dma_fence_is_signaled(fence))
		return dmabuf_timeline_pass(fence, share, ret_wire);
	status = dma_fence_get_status(fence);
	*ret_wire = (struct wire_fence){ .kind = WIRE_FENCE_SIGNALED, .error = status < 0 ? status : 0 };
	return 0;
}

static int describe_fences(const struct dmabuf_share_msg *msg, struct dmabuf_share *share, struct wire_fence *wire)
{
	int ret = 0;

	for (unsigned int i = 0; i < msg->num_fences && ret == 0; i++)
		ret = describe_fence(msg->fences[i], share, &wire[i]);
	return ret;
}

static int send_flat(struct dmabuf_share *share, const struct dmabuf_share_msg *msg, struct flat *flat, const int *fds,
		     int64_t deadline)
{
	struct iovec parts[] = {
		{ &flat->head, sizeof(flat->head) },
		{ flat->bufs, msg->num_bufs * sizeof(flat->bufs[0]) },
		{ flat->fences, msg->num_fences * sizeof(flat->fences[0]) },
		{ msg->data, msg->size },
	};
	size_t size = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len + parts[3].iov_len;
	int ret;

	flat->head = (struct wire_data){
		.header = { WIRE_MAGIC, WIRE_VERSION, WIRE_DATA, (uint32_t)size, 0 },
		.data_size = (uint32_t)msg->size,
		.num_bufs = (uint16_t)msg->num_bufs,
		.num_fences = (uint16_t)msg->num_fences,
	};
	ret = dmabuf_socket_send(share->sock, parts, 4, fds, msg->num_bufs, false, deadline);
	if (ret == 0)
		__atomic_fetch_add(&share->bytes_sent, size, __ATOMIC_RELAXED);
	return ret;
}

int dmabuf_share_send(struct dmabuf_share *share, const struct dmabuf_share_msg *msg, signed long timeout)
{
	int64_t deadline = dmabuf_socket_deadline(timeout);
	int fds[DMABUF_SHARE_BUFS_MAX];
	unsigned int num_fds;
	struct flat flat;
	int ret;

	if (share->generation != dmabuf_base_generation())
		return -EPERM;
	if (msg->size > DMABUF_SHARE_DATA_MAX || msg->num_bufs > DMABUF_SHARE_BUFS_MAX ||
	    msg->num_fences > DMABUF_SHARE_FENCES_MAX)
		return -EINVAL;
	ret = describe_bufs(msg, flat.bufs, fds, &num_fds);
	if (ret == 0)
		ret = describe_fences(msg, share, flat.fences);
	if (ret == 0)
		ret = send_flat(share, msg, &flat, fds, deadline);
	dmabuf_socket_close_fds(fds, num_fds);
	return ret;
}

/* The parts of a received message. */
struct parts {
	struct wire_data head;
	const char *bufs, *fences, *data;
};

/* Find the parts of a message of @size bytes, if they are all there and nothing else. */
static int split(const char *bytes, const struct socket_message *message, struct parts *ret_parts)
{
	struct wire_data *head = &ret_parts->head;
	size_t expected;

	if (message->size < sizeof(*head))
		return -EPROTO;
	memcpy(head, bytes, sizeof(*head));
	if (head->header.magic != WIRE_MAGIC || head->header.version != WIRE_VERSION || head->header.type != WIRE_DATA ||
	    head->header.size != message->size || head->header.reserved || head->data_size > DMABUF_SHARE_DATA_MAX ||
	    head->num_bufs > DMABUF_SHARE_BUFS_MAX || head->num_fences > DMABUF_SHARE_FENCES_MAX ||
	    head->num_bufs != message->num_fds)
		return -EPROTO;
	ret_parts->bufs = bytes + sizeof(*head);
	ret_parts->fences = ret_parts->bufs + head->num_bufs * sizeof(struct wire_buf);
	ret_parts->data = ret_parts->fences + head->num_fences * sizeof(struct wire_fence);
	expected = (size_t)(ret_parts->data - bytes) + head->data_size;
	return expected == message->size ? 0 : -EPROTO;
}

/* Make buffers of the files, each taken or closed. */
static int take_bufs(const struct parts *parts, const int *fds, struct dma_buf **bufs, unsigned int *ret_num)
{
	int ret = 0;

	*ret_num = 0;
	for (unsigned int i = 0; i < parts->head.num_bufs; i++) {
		struct dma_buf *dmabuf;
		struct wire_buf wire;

		memcpy(&wire, parts->bufs + i * sizeof(wire), sizeof(wire));
		if (ret == 0 && (wire.reserved || !wire.size || wire.size > INT64_MAX))
			ret = -EPROTO;
		if (ret < 0) {
			close(fds[i]);
			continue;
		}
		dmabuf = dmabuf_buf_import(fds[i], wire.size);
		if (dmabuf_is_err(dmabuf))
			ret = dmabuf_ptr_err(dmabuf) == -EINVAL ? -EPROTO : (int)dmabuf_ptr_err(dmabuf);
		else
			bufs[(*ret_num)++] = dmabuf;
	}
	return ret;
}

static int take_fences(const struct parts *parts, struct peer *peer, struct dma_fence **fences, unsigned int *ret_num)
{
	for (*ret_num = 0; *ret_num < parts->head.num_fences; (*ret_num)++) {
		struct wire_fence wire;
		struct dma_fence *fence;

		memcpy(&wire, parts->fences + *ret_num * sizeof(wire), sizeof(wire));
		fence = wire.reserved ? dmabuf_err_ptr(-EPROTO) : dmabuf_remote_fence(peer, &wire);
		if (dmabuf_is_err(fence))
			return (int)dmabuf_ptr_err(fence);
		fences[*ret_num] = fence;
	}
	return 0;
}

/* Turn a checked message into what the program asked for. */
static int deliver(struct dmabuf_share *share, const struct parts *parts, int *fds, struct dmabuf_share_msg *msg)
{
	unsigned int num_bufs, num_fences = 0;
	int ret;

	if (parts->head.data_size > msg->size || parts->head.num_bufs > msg->num_bufs ||
	    parts->head.num_fences > msg->num_fences) {
		dmabuf_socket_close_fds(fds, parts->head.num_bufs);
		return -EMSGSIZE;
	}
	ret = take_bufs(parts, fds, msg->bufs, &num_bufs);
	if (ret == 0)
		ret = take_fences(parts, share->peer, msg->fences, &num_fences);
	if (ret < 0) {
		while (num_fences)
			dma_fence_put(msg->fences[--num_fences]);
		while (num_bufs)
			dma_buf_put(msg->bufs[--num_bufs]);
		return ret;
	}
	if (parts->head.data_size)
		memcpy(msg->data, parts->data, parts->head.data_size);
	msg->size = parts->head.data_size;
	msg->num_bufs = num_bufs;
	msg->num_fences = num_fences;
	return 0;
}

int dmabuf_share_recv(struct dmabuf_share *share, struct dmabuf_share_msg *msg, signed long timeout)
{
	char bytes[MESSAGE_MAX];
	struct socket_message message = { .data = bytes, .room = sizeof(bytes) };
	struct parts parts;
	int ret = -EPERM;

	if (share->generation == dmabuf_base_generation())
		ret = dmabuf_socket_recv(share->sock, &message, dmabuf_socket_deadline(timeout));
	if (ret < 0)
		return ret;
	__atomic_fetch_add(&share->bytes_received, message.size, __ATOMIC_RELAXED);
	ret = split(bytes, &message, &parts);
	if (ret < 0) {
		dmabuf_socket_close_fds(message.fds, message.num_fds);
		return ret;
	}
	return deliver(share, &parts, message.fds, msg);
}
