// SPDX-License-Identifier: MIT
/*
 * The picture that is shown where there is neither a video nor an ffmpeg.
 *
 * Part of the demo of the dmabuf command; called by source.c, which treats it
 * like any other input.
 *
 * Invariant: a frame depends on its format and number only, and every byte of
 * it is written exactly where the caller wants it.
 */
#include <errno.h>
#include <string.h>

#include "generator.h"

#define NUMBER_BITS 32
#define LIGHT	    235
#define DARK	    16

/* A triangle wave: light to dark and back without a jump, period 512. */
static uint8_t fold(uint32_t v)
{
	v &= 511;
	return v < 256 ? v : 511 - v;
}

static void draw_gradient(uint8_t *dst, const struct media_format *format, uint32_t number)
{
	uint32_t x, y, start;

	for (y = 0; y < format->height; y++) {
		start = y + 2 * number;
		for (x = 0; x < format->width; x++)
			dst[x] = fold(start + x);
		dst += format->width;
	}
}

static void draw_chroma(uint8_t *dst, const struct media_format *format, uint32_t number)
{
	const size_t width = media_chroma_width(format);
	const size_t height = media_chroma_height(format);
	size_t y;

	for (y = 0; y < height; y++)
		memset(dst + y * width, 64 + fold(number + y) / 2, width);
	dst += width * height;
	for (y = 0; y < height; y++)
		memset(dst + y * width, 192 - fold(3 * number + y) / 2, width);
}

/* One position out of 256, going back and forth over @range pixels. */
static int32_t orbit(uint64_t step, int32_t range)
{
	return (int64_t)range * fold(step) / 255;
}

/* Half the length of a row of the disc, found by counting down. */
static int32_t half_chord(int32_t radius, int32_t dy, int32_t half)
{
	while (half > 0 && half * half + dy * dy > radius * radius)
		half--;
	while (half < radius && (half + 1) * (half + 1) + dy * dy <= radius * radius)
		half++;
	return half;
}

static void draw_disc(uint8_t *dst, const struct media_format *format, uint64_t number)
{
	const int32_t width = format->width, height = format->height;
	const int32_t radius = (width < height ? width : height) / 6;
	const int32_t cx = radius + orbit(5 * number, width - 1 - 2 * radius);
	const int32_t cy = radius + orbit(3 * number, height - 1 - 2 * radius);
	int32_t dy, half = 0;

	for (dy = -radius; dy <= radius; dy++) {
		half = half_chord(radius, dy, half);
		memset(dst + (int64_t)(cy + dy) * width + cx - half, LIGHT, 2 * half + 1);
	}
}

/* Side of one cell of the number in pixels; 0: there is no room for it. */
static uint32_t cell_side(const struct media_format *format)
{
	uint32_t side = format->width / NUMBER_BITS;

	if (side > 16)
		side = 16;
	return side > format->height ? format->height : side;
}

static void draw_number(uint8_t *dst, const struct media_format *format, uint64_t number)
{
	const uint32_t side = cell_side(format);
	uint32_t bit, y;

	for (y = 0; y < side; y++) {
		for (bit = 0; bit < NUMBER_BITS; bit++)
			memset(dst + (size_t)y * format->width + bit * side,
			       (number >> (NUMBER_BITS - 1 - bit)) & 1 ? LIGHT : DARK, side);
	}
}

void generator_draw(uint8_t *dst, const struct media_format *format, uint64_t number)
{
	draw_gradient(dst, format, number);
	draw_disc(dst, format, number);
	draw_number(dst, format, number);
	draw_chroma(dst + media_luma_size(format), format, number);
}

int generator_number(const uint8_t *src, const struct media_format *format, uint32_t *ret_number)
{
	const uint32_t side = cell_side(format);
	uint32_t bit, number = 0;

	if (!side)
		return -ERANGE;
	src += (size_t)(side / 2) * format->width + side / 2;
	for (bit = 0; bit < NUMBER_BITS; bit++)
		number = number << 1 | (src[bit * side] >= 128);
	*ret_number = number;
	return 0;
}
