/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_Y4M_H
#define DMABUF_MEDIA_Y4M_H

#include <stdbool.h>

#include "format.h"

/* The longest header line taken, its newline included, in bytes. */
#define Y4M_LINE_MAX 1024

/* First bytes of every YUV4MPEG2 stream. */
#define Y4M_MAGIC "YUV4MPEG2"

/* One stream being read. All members are for the caller to read only. */
struct y4m {
	int fd; /* borrowed; blocking or not, both work */
	int stop_fd; /* borrowed; readable means stop; -1: none */
	struct media_format format;
	char interlace; /* 'p', 't', 'b', 'm' or '?' */
	bool in_frame; /* a FRAME line was read, its payload was not */
	uint64_t frames; /* whole frames read; also the next frame's number */
	uint64_t header_bytes; /* header lines, read into private memory */
	uint64_t direct_bytes; /* payload, read into the caller's memory */
	char err[MEDIA_ERR_SIZE]; /* sentence for the last failure */
};

/**
 * y4m_open() - read the stream header
 * @y4m: caller's memory, overwritten
 * @fd: where the stream comes from; must stay open while @y4m is used
 * @stop_fd: ends a blocked read as soon as it is readable; -1 for none
 *
 * There is no counterpart: a reader holds nothing.
 *
 * Return: 0; -ENODATA when the input ends early; -EINVAL when it is not a
 * stream this reader takes; -E2BIG for a header line over Y4M_LINE_MAX;
 * -ECANCELED when stopped; or what read(2) said. @y4m->err has the sentence.
 */
int y4m_open(struct y4m *y4m, int fd, int stop_fd);

/**
 * y4m_next_header() - wait for the next frame
 * @y4m: an open reader
 *
 * Sleeps until the frame's header line is there. Nothing of the payload is
 * read, so that the caller may take its time to find memory for it.
 *
 * Return: 0 when a frame follows, 1 at a clean end, or as y4m_open();
 * -EINVAL also when the frame before was not read.
 */
int y4m_next_header(struct y4m *y4m);

/**
 * y4m_read_payload() - read the announced frame
 * @y4m: a reader whose y4m_next_header() returned 0
 * @dst: where the planes go
 * @size: room in @dst in bytes, media_frame_size() or more
 *
 * Return: 0; -ENODATA when the input ends inside the frame; -ENOBUFS when
 * @size is too small; -EINVAL when no frame was announced; -ECANCELED when
 * stopped; or what read(2) said.
 */
int y4m_read_payload(struct y4m *y4m, void *dst, size_t size);

#endif
