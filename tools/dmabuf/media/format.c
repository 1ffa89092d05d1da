// SPDX-License-Identifier: MIT
/*
 * The shape of a video frame, and how the video modules report errors.
 *
 * Part of the demo of the dmabuf command; used by every file of this folder.
 * Knows no file, process or buffer.
 *
 * Invariant: a format inside MEDIA_MIN_SIDE..MEDIA_MAX_SIDE has a frame size
 * below 512 MiB, so sizes never overflow, not even with a 32-bit size_t.
 */
#include <stdarg.h>
#include <stdio.h>

#include "format.h"

size_t media_luma_size(const struct media_format *format)
{
	return (size_t)format->width * format->height;
}

size_t media_chroma_width(const struct media_format *format)
{
	return ((size_t)format->width + 1) / 2;
}

size_t media_chroma_height(const struct media_format *format)
{
	return ((size_t)format->height + 1) / 2;
}

size_t media_frame_size(const struct media_format *format)
{
	return media_luma_size(format) +
	       2 * media_chroma_width(format) * media_chroma_height(format);
}

/* File names and a decoder's words must not steer the reader's terminal. */
static void hide_control_characters(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

int media_fail(char err[MEDIA_ERR_SIZE], int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, MEDIA_ERR_SIZE, fmt, args);
	va_end(args);
	hide_control_characters(err);
	return code;
}
