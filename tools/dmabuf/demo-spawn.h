/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_DEMO_SPAWN_H
#define DMABUF_TOOL_DEMO_SPAWN_H

#include <sys/types.h>

#include "demo.h"

/* One running stage, as its parent holds it. */
struct demo_child {
	pid_t pid;		/* 0: not started, or reaped */
	int pidfd;		/* -1: none */
	int control;		/* our end of its control socket; -1: none */
};

/**
 * demo_spawn() - start the three stages
 * @opt: what to do
 * @argc: words in @argv
 * @argv: command line for the stages to read again
 * @children: filled in, also on failure
 *
 * The stages are connected to each other and to us by socket pairs and by
 * nothing else. Each is killed by the kernel when the calling thread ends.
 *
 * Owns: pidfds and control sockets, until demo_reap().
 * Return: 0, or -errno; some children may run then.
 */
int demo_spawn(const struct demo_options *opt, int argc, char **argv,
	       struct demo_child children[STAGE_COUNT]);

/**
 * demo_reap() - take back an ended child
 * @child: one whose pidfd is readable, or that was killed
 *
 * Return: its status as of waitpid(2).
 */
int demo_reap(struct demo_child *child);

/* demo_kill() - SIGKILL, if it still runs */
void demo_kill(struct demo_child *child);

/**
 * demo_fill_standard_fds() - open what the caller was started without
 *
 * Else a socket of ours would land on the number of a standard stream.
 *
 * Return: 0 or -errno.
 */
int demo_fill_standard_fds(void);

/* demo_adopt_orphans() - grandchildren become ours when their parent ends */
void demo_adopt_orphans(void);

/* demo_reap_orphans() - wait, for a moment, until nobody is left */
void demo_reap_orphans(void);

#endif
