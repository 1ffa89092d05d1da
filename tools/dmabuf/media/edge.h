/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_EDGE_H
#define DMABUF_MEDIA_EDGE_H

#include "format.h"

/**
 * edge_rows() - find the edges in some rows of a luma plane
 * @dst: plane of @width * @height bytes; rows @y0 to @y1 - 1 are written
 * @src: plane of the same size, not overlapping @dst
 * @width: pixels per row, at least 1
 * @height: rows, at least 1
 * @y0: first row
 * @y1: row after the last, at most @height
 *
 * Each pixel becomes |gx| + |gy| of the Sobel operator, at most 255. Pixels
 * beyond the rim have the value of the nearest pixel on it.
 */
void edge_rows(uint8_t *dst, const uint8_t *src, uint32_t width, uint32_t height, uint32_t y0,
	       uint32_t y1);

/**
 * edge_frame() - the whole filter: edges as luma, no colour
 * @dst: media_frame_size() bytes, all of them overwritten
 * @src: a frame, not overlapping @dst
 * @format: shape of both
 */
void edge_frame(uint8_t *dst, const uint8_t *src, const struct media_format *format);

/**
 * edge_row_reference() - the same as edge_rows(), slowly, for one row
 * @out: @width bytes: the row, not the plane
 * @src: plane of @width * @height bytes
 * @width: pixels per row
 * @height: rows
 * @y: which row
 *
 * Shares no code with edge_rows(), so that each can check the other.
 */
void edge_row_reference(uint8_t *out, const uint8_t *src, uint32_t width, uint32_t height,
			uint32_t y);

/**
 * edge_check_rows() - is @dst what edge_rows() makes of @src?
 * @src: plane the filter read
 * @dst: plane the filter wrote
 * @width: pixels per row
 * @height: rows
 * @nrows: how many rows to look at; @height or more: all of them
 * @seed: chooses the rows; take another one for each frame
 * @ret_row: first wrong row found, untouched on success; may be NULL
 *
 * Return: 0, or -EBADMSG when a pixel differs.
 */
int edge_check_rows(const uint8_t *src, const uint8_t *dst, uint32_t width, uint32_t height,
		    uint32_t nrows, uint64_t seed, uint32_t *ret_row);

#endif
