/* SPDX-License-Identifier: MIT */
/**
 * DOC: Two processes, one buffer
 *
 * A *timeline* is a queue of work that completes in order. Its progress stands in shared memory, on the process's
 * *board*, so that another process tests one of its fences with two loads and sleeps on it without a request.
 *
 * A *share* is a connection to another process over a UNIX socket. It carries the program's own bytes, buffers and
 * fences. Passing a fence lets the other side wait for it; the receiver gets an ordinary struct dma_fence. When the owner
 * of a timeline dies, everything it still owed ends with -EOWNERDEAD in every process that holds it.
 */
#ifndef DMABUF_SHARE_H
#define DMABUF_SHARE_H

#include <dmabuf/dma-buf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dmabuf_timeline;
struct dmabuf_share;

/** define DMABUF_SHARE_DATA_MAX - bytes of the program's own in one message */
#define DMABUF_SHARE_DATA_MAX 1024
/** define DMABUF_SHARE_BUFS_MAX - buffers in one message */
#define DMABUF_SHARE_BUFS_MAX 64
/** define DMABUF_SHARE_FENCES_MAX - fences in one message */
#define DMABUF_SHARE_FENCES_MAX 64

/**
 * dmabuf_timeline_create() - a queue of work that other processes can follow
 * @name: for reports; copied, cut at 31 bytes
 *
 * Context: Sleeps, allocates.
 * Locks: none.
 * Owns: the caller owns the timeline until dmabuf_timeline_destroy().
 * Units: none.
 * Across: visible to a process once one of its fences was passed there.
 * Return: the timeline; error pointers -ENOMEM, -EMFILE, -ENOSPC: no room on the board, which holds 65 536 timelines;
 *	one that failed keeps its place for good, since others may still ask how it ended.
 * Source: ours; stands for a driver's ring.
 */
DMABUF_API struct dmabuf_timeline *dmabuf_timeline_create(const char *name);

/**
 * dmabuf_timeline_destroy() - end a queue
 * @timeline: timeline, or NULL
 *
 * What was issued and is not done ends with -ECANCELED.
 *
 * Context: Sleeps; runs callbacks.
 * Locks: none that a callback needs.
 * Owns: takes the timeline; its fences live on.
 * Units: none.
 * Across: the other side sees the same end.
 * Return: nothing.
 * Source: ours.
 */
DMABUF_API void dmabuf_timeline_destroy(struct dmabuf_timeline *timeline);

/**
 * dmabuf_timeline_fence() - the fence of the next piece of work
 * @timeline: timeline
 *
 * Its seqno is one more than that of the last. The work has to be done, or the timeline be failed: others will wait.
 *
 * Context: Allocates.
 * Locks: takes the timeline's lock.
 * Owns: the caller gains a reference. Do not signal it: advance the timeline.
 * Units: none.
 * Across: can be passed by dmabuf_share_send().
 * Return: the fence; error pointers -ENOMEM, -ECANCELED: the timeline has failed, -EPERM: this is a fork's child.
 * Source: ours.
 */
DMABUF_API struct dma_fence *dmabuf_timeline_fence(struct dmabuf_timeline *timeline);

/**
 * dmabuf_timeline_advance() - work up to here is done
 * @timeline: timeline
 * @seqno: of the last finished piece of work; smaller than or equal to what was reached before changes nothing
 *
 * Signals every fence up to @seqno, here and in the processes that hold one. No system call unless somebody sleeps.
 *
 * Context: Any; runs callbacks.
 * Locks: takes the timeline's lock; not from a callback of its fences.
 * Owns: nothing.
 * Units: none.
 * Across: the other processes see it at once.
 * Return: 0; -EINVAL beyond what was issued; -ECANCELED after a failure; -EPERM: this is a fork's child.
 * Source: ours.
 */
DMABUF_API int dmabuf_timeline_advance(struct dmabuf_timeline *timeline, uint64_t seqno);

/**
 * dmabuf_timeline_fail() - nothing more will be done
 * @timeline: timeline
 * @error: -1 to -4095
 *
 * Everything issued and not done signals with @error, and no more fences are given out.
 *
 * Context: Any; runs callbacks.
 * Locks: as dmabuf_timeline_advance().
 * Owns: nothing.
 * Units: @error in negative errno numbers.
 * Across: the other processes see the same error.
 * Return: 0; -EINVAL not an error number; -ECANCELED it has failed before; -EPERM: this is a fork's child.
 * Source: ours.
 */
DMABUF_API int dmabuf_timeline_fail(struct dmabuf_timeline *timeline, int error);

/**
 * struct dmabuf_share_msg - what travels in one message
 * @data: the program's own bytes
 * @size: how many; when receiving: in the room, out the bytes received
 * @bufs: buffers
 * @num_bufs: how many; when receiving: in the room, out the number received
 * @fences: fences
 * @num_fences: how many; when receiving: in the room, out the number received
 */
struct dmabuf_share_msg {
	void *data;
	size_t size;
	struct dma_buf **bufs;
	unsigned int num_bufs;
	struct dma_fence **fences;
	unsigned int num_fences;
};

/**
 * dmabuf_share_connect() - begin to share with the process at the other end of a socket
 * @sock: connected UNIX socket of type SOCK_SEQPACKET; the other end calls this too
 * @timeout: nanoseconds to wait for the other end
 *
 * Both sides tell version, board, bell and who they are. The first connection starts the process's service thread,
 * which watches for the death of the others and runs callbacks of their fences.
 *
 * Context: Sleeps, allocates.
 * Locks: none.
 * Owns: takes @sock; on failure it stays the caller's.
 * Units: nanoseconds.
 * Across: trusts the other side with nothing but its own fences; whatever it sends is checked.
 * Return: the connection; error pointers -ETIMEDOUT, -ECONNRESET it went away, -EPROTO it does not speak this protocol or
 *	sent files that are not what they should be, -EINVAL wrong kind of socket, -ENOMEM, -EMFILE.
 * Source: ours.
 */
DMABUF_API struct dmabuf_share *dmabuf_share_connect(int sock, signed long timeout);

/**
 * dmabuf_share_close() - end a connection
 * @share: connection, or NULL
 *
 * Buffers and fences that came through it live on.
 *
 * Context: Sleeps.
 * Locks: none.
 * Owns: takes the connection.
 * Units: none.
 * Across: the other side's next receive gives -ECONNRESET; fences passed before go on signalling.
 * Return: nothing.
 * Source: ours.
 */
DMABUF_API void dmabuf_share_close(struct dmabuf_share *share);

/**
 * dmabuf_share_fd() - file descriptor to poll for messages
 * @share: connection
 *
 * POLLIN: dmabuf_share_recv() will not block. POLLHUP: the other side has gone.
 *
 * Context: Any.
 * Locks: none.
 * Owns: the fd stays the connection's.
 * Units: none.
 * Across: one process.
 * Return: the fd.
 * Source: ours.
 */
DMABUF_API int dmabuf_share_fd(struct dmabuf_share *share);

/**
 * dmabuf_share_send() - pass bytes, buffers and fences
 * @share: connection
 * @msg: what to send
 * @timeout: nanoseconds to wait while the other side's queue is full
 *
 * Fences: of a timeline of this process, or signalled. Buffers: those with memory of their own (a heap's, or received).
 *
 * Context: Sleeps.
 * Locks: takes the timelines' locks; no reservation lock is needed.
 * Owns: takes no references; buffers and fences stay the caller's.
 * Units: nanoseconds.
 * Across: the receiver gets its own dma_buf for the same memory, and a dma_fence it can wait for.
 * Return: 0; -EINVAL too much of something; -EOPNOTSUPP a fence or buffer of another kind; -ETIMEDOUT; -EPIPE the other
 *	side has gone; -EPERM this is a fork's child, the connection is its parent's. On failure nothing was sent.
 * Source: ours.
 */
DMABUF_API int dmabuf_share_send(struct dmabuf_share *share, const struct dmabuf_share_msg *msg, signed long timeout);

/**
 * dmabuf_share_recv() - the next message
 * @share: connection
 * @msg: room for it; filled in
 * @timeout: nanoseconds, 0 to look once
 *
 * Context: Sleeps, allocates.
 * Locks: none.
 * Owns: the caller gains a reference of each buffer and fence received.
 * Units: nanoseconds.
 * Across: everything received is checked before use: kinds, seals and sizes of files, fences against the sender's board.
 * Return: 0; -ETIMEDOUT; -ECONNRESET the other side closed or died; -EMSGSIZE the room is too small: the message is lost;
 *	-EPROTO the other side breaks the protocol: the connection is of no more use; -ENOMEM; -EMFILE no file descriptor
 *	left for what came: the message is lost; -EPERM this is a fork's child.
 * Source: ours.
 */
DMABUF_API int dmabuf_share_recv(struct dmabuf_share *share, struct dmabuf_share_msg *msg, signed long timeout);

/**
 * struct dmabuf_share_stats - counters of a connection, this side
 * @waits_slept: waits for the other side's fences that had to sleep
 * @waits_ready: waits that found the fence signalled, at once or while spinning
 * @bytes_sent: bytes written to the socket, all that ever leaves this process by copy
 * @bytes_received: bytes read from the socket
 */
struct dmabuf_share_stats {
	uint64_t waits_slept;
	uint64_t waits_ready;
	uint64_t bytes_sent;
	uint64_t bytes_received;
};

/**
 * dmabuf_share_get_stats() - read the counters
 * @share: connection
 * @ret_stats: filled in
 *
 * Context: Any.
 * Locks: none.
 * Owns: nothing.
 * Units: waits, bytes.
 * Across: this side only.
 * Return: nothing.
 * Source: ours.
 */
DMABUF_API void dmabuf_share_get_stats(struct dmabuf_share *share, struct dmabuf_share_stats *ret_stats);

#ifdef __cplusplus
}
#endif

#endif
