/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_GENERATOR_H
#define DMABUF_MEDIA_GENERATOR_H

#include "format.h"

/**
 * generator_draw() - draw one frame of the built-in moving picture
 * @dst: media_frame_size() bytes, all of them overwritten
 * @format: shape of the frame
 * @number: which frame; the same number gives the same bytes
 *
 * A drifting gradient, a disc on its orbit, and the frame's number as a row
 * of 32 light or dark cells, highest bit first, where the width allows.
 */
void generator_draw(uint8_t *dst, const struct media_format *format, uint64_t number);

/**
 * generator_number() - read the number back from a drawn frame
 * @src: a frame
 * @format: its shape
 * @ret_number: the low 32 bits of the number; untouched on failure
 *
 * Return: 0, or -ERANGE when the frame is too narrow to carry a number.
 */
int generator_number(const uint8_t *src, const struct media_format *format, uint32_t *ret_number);

#endif
