/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_SHEET_H
#define DMABUF_MEDIA_SHEET_H

#include <stdbool.h>

#include "format.h"

#define SHEET_COLUMNS	 4
#define SHEET_ROWS	 3
#define SHEET_CELLS	 (SHEET_COLUMNS * SHEET_ROWS)
#define SHEET_CELL_WIDTH 320
#define SHEET_GAP	 4 /* pixels around and between cells */

/* A page of small pictures, spread evenly over a stream of frames. */
struct sheet {
	struct media_format format; /* of the frames offered */
	bool colour; /* RGB cells; otherwise luma only */
	uint32_t cell_height; /* pixels; keeps the frames' proportions */
	uint64_t total; /* frames expected; 0: unknown */
	uint64_t stride; /* unknown total: every so many frames */
	uint64_t seen; /* frames offered so far */
	unsigned int count; /* cells filled */
	size_t cell_size; /* bytes per cell */
	uint8_t *cells; /* SHEET_CELLS cells of packed pixels */
};

/**
 * sheet_init() - begin an empty page
 * @sheet: caller's memory, overwritten
 * @format: shape of the frames
 * @total: how many frames will be offered; 0: nobody knows
 * @colour: keep colours; without, chroma planes are never read
 *
 * Return: 0 or -ENOMEM; -ENOSYS when built without libpng. Either way
 * sheet_fini() is allowed.
 */
int sheet_init(struct sheet *sheet, const struct media_format *format, uint64_t total, bool colour);

/* sheet_fini() - give the memory back */
void sheet_fini(struct sheet *sheet);

/**
 * sheet_offer() - show the page the next frame; it takes it or not
 * @sheet: an initialised page
 * @frame: media_frame_size() bytes, or the luma plane only without colour
 *
 * With an unknown total a full page drops every other cell and goes on with
 * twice the stride, so that the cells always cover the whole stream.
 */
void sheet_offer(struct sheet *sheet, const uint8_t *frame);

/**
 * sheet_write() - write the page as a PNG file
 * @sheet: a page with at least one cell
 * @path: name of the file; replaced in one step, or left as it was
 * @err: a sentence on failure
 *
 * Return: 0, -ENODATA for an empty page, -ENOSYS without libpng, or -errno.
 */
int sheet_write(const struct sheet *sheet, const char *path, char err[MEDIA_ERR_SIZE]);

#endif
