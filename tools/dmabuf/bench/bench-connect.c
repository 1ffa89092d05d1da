// SPDX-License-Identifier: MIT
/*
 * Connects the two processes of a row through the library. Called by the rows
 * about remote fences and about hand-offs.
 *
 * Both ends are made before the fork and the library is first used after it,
 * as by two programs that were started by a third.
 *
 * Invariant: a message that does not hold what its receiver expects ends the
 * row; nothing is guessed.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "bench-connect.h"

#define LIMIT_NS 10000000000L

static int ends[BENCH_SIDES] = { -1, -1 };

void connect_open(const struct bench *bench)
{
	(void)bench;
	bench_must_sys(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
		       "cannot make a socket pair");
}

struct dmabuf_share *connect_side(enum bench_side side)
{
	close(ends[side == BENCH_LEAD ? BENCH_PARTNER : BENCH_LEAD]);
	return bench_must_ptr(dmabuf_share_connect(ends[side], LIMIT_NS),
			      "cannot connect the processes");
}

void share_send(struct dmabuf_share *share, const struct dmabuf_share_msg *msg)
{
	bench_must(dmabuf_share_send(share, msg, LIMIT_NS), "cannot send a message");
}

void share_recv(struct dmabuf_share *share, struct dmabuf_share_msg *msg)
{
	struct dmabuf_share_msg expected = *msg;

	bench_must(dmabuf_share_recv(share, msg, LIMIT_NS), "cannot receive a message");
	if (msg->size != expected.size || msg->num_bufs != expected.num_bufs ||
	    msg->num_fences != expected.num_fences)
		bench_die(0, "a message came that was not expected");
}
