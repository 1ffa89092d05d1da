/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_SOURCE_H
#define DMABUF_MEDIA_SOURCE_H

#include <stdbool.h>

#include "decoder.h"
#include "format.h"
#include "y4m.h"

/* Where the frames come from. */
enum source_kind {
	SOURCE_CLIP, /* ffmpeg makes a clip on the spot */
	SOURCE_STREAM, /* YUV4MPEG2 on stdin or from a pipe */
	SOURCE_Y4M, /* a .y4m file */
	SOURCE_DECODED, /* ffmpeg decodes a file */
	SOURCE_GENERATED, /* drawn here: there is no ffmpeg */
};

/* What the caller wishes; all zero but @stop_fd is a good choice. */
struct source_options {
	const char *name; /* NULL: make a clip; "-": stdin; else a file */
	const char *ffmpeg; /* program or path; NULL: "ffmpeg" */
	int stop_fd; /* readable means stop waiting; -1: none */
	uint32_t width; /* of a made clip; 0: 1280 */
	uint32_t height; /* of a made clip; 0: 720 */
	uint32_t rate; /* of a made clip, frames/s; 0: 30 */
	uint64_t frames; /* length of a made clip; 0: 10 seconds */
};

/* An open input. The members up to @err are for the caller to read. */
struct source {
	enum source_kind kind;
	struct media_format format;
	uint64_t frames; /* frames read so far */
	char err[MEDIA_ERR_SIZE]; /* sentence for the last failure */

	/* private: */
	int fd; /* file we opened; -1: none, or not ours */
	int stop_fd; /* borrowed; -1: none */
	bool ended; /* the stream came to its end, good or bad */
	uint64_t clip_frames; /* frames the generator will draw */
	char name[PATH_MAX]; /* full path of the file; empty: no file */
	struct decoder decoder; /* pid 0: no child */
	struct y4m y4m; /* unused by the generator */
};

/**
 * source_open() - open an input by name and find out its format
 * @source: caller's memory, overwritten
 * @options: what to open
 *
 * Sleeps until the stream header is there. The thread that opens a source
 * must live as long: a decoder is killed when it ends.
 *
 * Owns: on success fds and maybe a child, until source_close(); on failure
 * nothing, and @source->err says what is wrong and what to do.
 * Return: 0; -ENOENT or what open(2) said; -ENOEXEC when the file needs an
 * ffmpeg that is not there; -EIO when ffmpeg failed; or as y4m_open().
 */
int source_open(struct source *source, const struct source_options *options);

/**
 * source_next() - wait for the next frame
 * @source: an open source
 *
 * Return: 0 when a frame follows, 1 at the end, or -errno with a sentence.
 * After anything but 0, source_finish() knows whether the decoder is at fault.
 */
int source_next(struct source *source);

/**
 * source_read() - read the announced frame
 * @source: a source whose source_next() returned 0
 * @dst: where the planes go: the only memory of ours they ever touch
 * @size: room in @dst in bytes, media_frame_size() or more
 *
 * Return: 0, or -errno with a sentence, as y4m_read_payload().
 */
int source_read(struct source *source, void *dst, size_t size);

/**
 * source_finish() - did the decoder do its work?
 * @source: an open source
 *
 * Reaps the decoder. One that is still at work because the caller has enough
 * frames is killed, which is no failure. When it did fail, its sentence
 * replaces that of the read that noticed.
 *
 * Return: 0 when all is well or there is no decoder; -EIO when it failed.
 */
int source_finish(struct source *source);

/**
 * source_close() - give back everything
 * @source: one that was opened, whether that succeeded or not, or closed
 */
void source_close(struct source *source);

/**
 * source_note() - what a decoder that did its work still complained about
 * @source: a source after source_finish()
 *
 * Return: ffmpeg's last line, empty when there is none.
 */
const char *source_note(struct source *source);

/* Bytes that came in through a file or pipe, headers included. */
uint64_t source_ingest_bytes(const struct source *source);

/* Words for a report, such as "decoded by ffmpeg". */
const char *source_kind_name(enum source_kind kind);

#endif
