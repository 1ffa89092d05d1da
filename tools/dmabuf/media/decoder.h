/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_DECODER_H
#define DMABUF_MEDIA_DECODER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "format.h"

/* How much of the end of the child's stderr is kept, in bytes. */
#define DECODER_TAIL_SIZE 1024

/* A child process whose stdout we read. */
struct decoder {
	pid_t pid; /* 0: none, or already reaped */
	int pidfd; /* same process; -1 where the kernel has none */
	int out_fd; /* the child's stdout, blocking; -1: closed */
	int err_fd; /* the child's stderr, non-blocking; -1: closed */
	size_t tail_len; /* bytes in tail */
	char tail[DECODER_TAIL_SIZE]; /* the last that came from err_fd */
	char line[MEDIA_ERR_SIZE]; /* see decoder_last_line() */
};

/**
 * decoder_find() - look a program up as the shell would
 * @name: a name to be sought in PATH, or a path
 * @ret_path: where it is; untouched on failure
 *
 * Return: 0, or -ENOENT.
 */
int decoder_find(const char *name, char ret_path[PATH_MAX]);

/**
 * decoder_init() - make a decoder that is not running
 * @decoder: caller's memory, overwritten
 *
 * All other calls may be made on it; zeroed memory will not do, as 0 is an fd.
 */
void decoder_init(struct decoder *decoder);

/**
 * decoder_start() - run a program
 * @decoder: caller's memory, overwritten
 * @argv: its arguments; the first is the program's path
 * @err: a sentence on failure
 *
 * The child has an empty stdin and its own process group, and it is killed
 * when the calling *thread* ends: start it from one that lives as long.
 *
 * Owns: on success two fds and the child, until decoder_stop().
 * Return: 0, or -errno with nothing left behind.
 */
int decoder_start(struct decoder *decoder, char *const argv[], char err[MEDIA_ERR_SIZE]);

/**
 * decoder_drain() - take what the child has said on stderr, without waiting
 * @decoder: any; when it is not running there is nothing to take
 *
 * Once per frame is enough; the child never waits for it.
 */
void decoder_drain(struct decoder *decoder);

/**
 * decoder_stop() - end the child and give back everything
 * @decoder: any; when it is not running nothing happens
 * @grace_ms: how long to wait for it to exit by itself; 0: kill at once
 * @ret_status: as of waitpid(2); untouched on failure; may be NULL
 *
 * Return: 0; -ETIMEDOUT when the child had to be killed though it had time;
 * -ESRCH when there is no child.
 */
int decoder_stop(struct decoder *decoder, int grace_ms, int *ret_status);

/**
 * decoder_last_line() - the last line that is not blank of the child's stderr
 * @decoder: any
 *
 * Return: text inside @decoder, empty when the child said nothing.
 */
const char *decoder_last_line(struct decoder *decoder);

#endif
