// SPDX-License-Identifier: MIT
/*
 * A stream of bytes between the two processes of a row, by a UNIX socket or a
 * pipe: what frames would go through without shared buffers. Called by
 * bench-handoff-rows.c.
 *
 * Invariant: the stream is given the largest buffer that any user may have, so
 * that it shows what it can.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-stream.h"

#define ROOM_BYTES (1 << 20) /* the default of fs.pipe-max-size */

static int ends[BENCH_SIDES] = { -1, -1 };

void stream_open_socket(const struct bench *bench)
{
	int room = ROOM_BYTES;

	(void)bench;
	bench_must_sys(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
		       "cannot make a socket pair");
	setsockopt(ends[BENCH_LEAD], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

void stream_open_pipe(const struct bench *bench)
{
	int fds[2];

	(void)bench;
	bench_must_sys(pipe2(fds, O_CLOEXEC), "cannot make a pipe");
	fcntl(fds[1], F_SETPIPE_SZ, ROOM_BYTES);
	ends[BENCH_LEAD] = fds[1];
	ends[BENCH_PARTNER] = fds[0];
}

void stream_write(const void *data, size_t size)
{
	const char *next = data;

	while (size) {
		ssize_t done = bench_must_sys(write(ends[BENCH_LEAD], next, size), "cannot write");

		next += done;
		size -= done;
	}
}

void stream_read(void *data, size_t size)
{
	char *next = data;

	while (size) {
		ssize_t done = bench_must_sys(read(ends[BENCH_PARTNER], next, size), "cannot read");

		if (!done)
			bench_die(0, "the stream ended");
		next += done;
		size -= done;
	}
}
