/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_FORMAT_H
#define DMABUF_MEDIA_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Room for one sentence that says what went wrong and what to do. */
#define MEDIA_ERR_SIZE 256

/* Smallest and largest width or height in pixels. */
#define MEDIA_MIN_SIDE 2
#define MEDIA_MAX_SIDE 16384

/*
 * Shape of every frame of a stream: planar 8-bit 4:2:0, the three planes one
 * after the other without padding, chroma sides rounded up.
 */
struct media_format {
	uint32_t width; /* luma pixels */
	uint32_t height; /* luma rows */
	uint32_t rate_num; /* frames per rate_den seconds; 0: unknown */
	uint32_t rate_den; /* never 0 */
};

/* Sizes in bytes, which for 8-bit planes are also pixels. */
size_t media_luma_size(const struct media_format *format);
size_t media_chroma_width(const struct media_format *format);
size_t media_chroma_height(const struct media_format *format);
size_t media_frame_size(const struct media_format *format);

/**
 * media_fail() - note a sentence and hand back the code that goes with it
 * @err: where the sentence goes; cut to fit, control characters become '?'
 * @code: negative errno
 * @fmt: as for printf()
 *
 * Return: @code.
 */
int media_fail(char err[MEDIA_ERR_SIZE], int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
