// SPDX-License-Identifier: MIT
/*
 * The work that the demo's filter does: a picture becomes its edges.
 *
 * Part of the demo of the dmabuf command. The filter calls edge_frame(), the
 * sink edge_check_rows().
 *
 * Invariant: fast and reference compute the same integer function of the
 * plane, to the bit, by different code: the fast one walks rows with 16-bit
 * sums, the reference asks for each of nine neighbours by coordinates.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge.h"

/*
 * The inner loop is worth vectors also in a build at -O2, where gcc 12 leaves
 * loops of unknown length alone. clang needs no telling.
 */
#if defined(__GNUC__) && !defined(__clang__)
#define EDGE_HOT __attribute__((optimize("O3"), noinline))
#else
#define EDGE_HOT __attribute__((noinline))
#endif

/*
 * One pixel from the rows above, at and below it; @l, @c and @r are the
 * columns left of it, its own and right of it. The sum is 2040 at most.
 */
static inline __attribute__((always_inline)) uint8_t
edge_pixel(const uint8_t *up, const uint8_t *at, const uint8_t *down, size_t l, size_t c, size_t r)
{
	int16_t gx = (up[r] + 2 * at[r] + down[r]) - (up[l] + 2 * at[l] + down[l]);
	int16_t gy = (down[l] + 2 * down[c] + down[r]) - (up[l] + 2 * up[c] + up[r]);
	int16_t sum;

	gx = gx < 0 ? -gx : gx;
	gy = gy < 0 ? -gy : gy;
	sum = gx + gy;
	return sum > 255 ? 255 : sum;
}

/* All but the first and the last pixel, which lack a neighbour. */
static EDGE_HOT void edge_inner(uint8_t *restrict dst, const uint8_t *restrict up,
				const uint8_t *restrict at, const uint8_t *restrict down,
				size_t width)
{
	size_t x;

	for (x = 1; x + 1 < width; x++)
		dst[x] = edge_pixel(up, at, down, x - 1, x, x + 1);
}

static void edge_row(uint8_t *dst, const uint8_t *up, const uint8_t *at, const uint8_t *down,
		     size_t width)
{
	const size_t last = width - 1;

	edge_inner(dst, up, at, down, width);
	dst[0] = edge_pixel(up, at, down, 0, 0, last ? 1 : 0);
	dst[last] = edge_pixel(up, at, down, last ? last - 1 : 0, last, last);
}

void edge_rows(uint8_t *dst, const uint8_t *src, uint32_t width, uint32_t height, uint32_t y0,
	       uint32_t y1)
{
	const uint8_t *at, *up, *down;
	uint32_t y;

	for (y = y0; y < y1; y++) {
		at = src + (size_t)y * width;
		up = y ? at - width : at;
		down = y + 1 < height ? at + width : at;
		edge_row(dst + (size_t)y * width, up, at, down, width);
	}
}

void edge_frame(uint8_t *dst, const uint8_t *src, const struct media_format *format)
{
	const size_t luma = media_luma_size(format);

	edge_rows(dst, src, format->width, format->height, 0, format->height);
	memset(dst + luma, 128, media_frame_size(format) - luma);
}

/* The rest of this file is the reference; it uses nothing from above. */

struct plane {
	const uint8_t *pixels;
	int64_t width;
	int64_t height;
};

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
	return v < low ? low : v > high ? high : v;
}

static int sobel_at(const struct plane *plane, int64_t x, int64_t y)
{
	static const int kernel[3][3] = {
		{ -1, 0, 1 },
		{ -2, 0, 2 },
		{ -1, 0, 1 },
	};
	int i, j, value, gx = 0, gy = 0;
	int64_t px, py;

	for (j = 0; j < 3; j++) {
		py = clamp(y + j - 1, 0, plane->height - 1);
		for (i = 0; i < 3; i++) {
			px = clamp(x + i - 1, 0, plane->width - 1);
			value = plane->pixels[py * plane->width + px];
			gx += kernel[j][i] * value;
			gy += kernel[i][j] * value;
		}
	}
	return clamp(abs(gx) + abs(gy), 0, 255);
}

void edge_row_reference(uint8_t *out, const uint8_t *src, uint32_t width, uint32_t height,
			uint32_t y)
{
	const struct plane plane = { src, width, height };
	uint32_t x;

	for (x = 0; x < width; x++)
		out[x] = sobel_at(&plane, x, y);
}

static int check_row(const struct plane *plane, const uint8_t *dst, uint32_t y)
{
	const uint8_t *row = dst + (size_t)y * plane->width;
	int64_t x;

	for (x = 0; x < plane->width; x++) {
		if (row[x] != sobel_at(plane, x, y))
			return -EBADMSG;
	}
	return 0;
}

/* A step of a 64-bit congruential generator, its good bits returned. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

int edge_check_rows(const uint8_t *src, const uint8_t *dst, uint32_t width, uint32_t height,
		    uint32_t nrows, uint64_t seed, uint32_t *ret_row)
{
	const struct plane plane = { src, width, height };
	uint32_t i, y;

	next_random(&seed);
	for (i = 0; i < nrows && i < height; i++) {
		y = nrows >= height ? i : next_random(&seed) % height;
		if (check_row(&plane, dst, y)) {
			if (ret_row)
				*ret_row = y;
			return -EBADMSG;
		}
	}
	return 0;
}
