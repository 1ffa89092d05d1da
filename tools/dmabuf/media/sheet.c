// SPDX-License-Identifier: MIT
/*
 * The demo's contact sheet: a dozen of the frames it saw, small, in one PNG.
 *
 * Part of the demo of the dmabuf command; the sink offers it every frame.
 * Needs libpng (HAVE_PNG); without it the calls say -ENOSYS.
 *
 * Invariant: the file named by the caller is either the old one or a whole
 * new one, never a part: it is written under another name and renamed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sheet.h"

#ifdef HAVE_PNG

#include <png.h>

#define SHEET_WIDTH (SHEET_GAP + SHEET_COLUMNS * (SHEET_CELL_WIDTH + SHEET_GAP))
#define BACKGROUND  32

/* A plane of the frame, and the size it is asked to shrink to. */
struct shrink {
	const uint8_t *pixels;
	size_t width, height;
	size_t to_width, to_height;
};

static unsigned int channels(const struct sheet *sheet)
{
	return sheet->colour ? 3 : 1;
}

static uint32_t fit_height(const struct media_format *format)
{
	uint64_t height =
		((uint64_t)SHEET_CELL_WIDTH * format->height + format->width / 2) / format->width;

	return height < 1 ? 1 : height > 4 * SHEET_CELL_WIDTH ? 4 * SHEET_CELL_WIDTH : height;
}

int sheet_init(struct sheet *sheet, const struct media_format *format, uint64_t total, bool colour)
{
	memset(sheet, 0, sizeof(*sheet));
	sheet->format = *format;
	sheet->colour = colour;
	sheet->cell_height = fit_height(format);
	sheet->total = total;
	sheet->stride = 1;
	sheet->cell_size = (size_t)SHEET_CELL_WIDTH * sheet->cell_height * channels(sheet);
	sheet->cells = malloc(SHEET_CELLS * sheet->cell_size);
	return sheet->cells ? 0 : -ENOMEM;
}

void sheet_fini(struct sheet *sheet)
{
	free(sheet->cells);
	sheet->cells = NULL;
	sheet->count = 0;
}

/* The range of source pixels under target pixel @i; at least one. */
static void span(size_t i, size_t from, size_t to, size_t *ret_a, size_t *ret_b)
{
	size_t a = i * from / to, b = (i + 1) * from / to;

	*ret_a = a;
	*ret_b = b > a ? b : a + 1;
}

/* The mean of all pixels that fall into the target pixel, rounded. */
static uint8_t box(const struct shrink *s, size_t x, size_t y)
{
	size_t x0, x1, y0, y1, i, j, area;
	uint64_t sum = 0;

	span(x, s->width, s->to_width, &x0, &x1);
	span(y, s->height, s->to_height, &y0, &y1);
	for (j = y0; j < y1; j++) {
		for (i = x0; i < x1; i++)
			sum += s->pixels[j * s->width + i];
	}
	area = (x1 - x0) * (y1 - y0);
	return (sum + area / 2) / area;
}

static uint8_t to_byte(int v)
{
	return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* BT.601, studio range, in 1/256. */
static void to_rgb(uint8_t rgb[3], int y, int u, int v)
{
	y = 298 * (y - 16) + 128;
	u -= 128;
	v -= 128;
	rgb[0] = to_byte((y + 409 * v) >> 8);
	rgb[1] = to_byte((y - 100 * u - 208 * v) >> 8);
	rgb[2] = to_byte((y + 516 * u) >> 8);
}

static void draw_cell(const struct sheet *sheet, uint8_t *cell, const uint8_t *frame)
{
	const struct media_format *f = &sheet->format;
	const size_t cw = media_chroma_width(f), ch = media_chroma_height(f);
	const uint8_t *u = frame + media_luma_size(f), *v = u + cw * ch;
	const size_t tw = SHEET_CELL_WIDTH, th = sheet->cell_height;
	const struct shrink sy = { frame, f->width, f->height, tw, th };
	const struct shrink su = { u, cw, ch, tw, th };
	const struct shrink sv = { v, cw, ch, tw, th };
	size_t x, y;

	for (y = 0; y < th; y++) {
		for (x = 0; x < tw; x++, cell += channels(sheet)) {
			*cell = box(&sy, x, y);
			if (sheet->colour)
				to_rgb(cell, *cell, box(&su, x, y), box(&sv, x, y));
		}
	}
}

/* Every other cell goes; the rest moves up. */
static void thin_out(struct sheet *sheet)
{
	unsigned int i;

	for (i = 1; 2 * i < sheet->count; i++)
		memcpy(sheet->cells + i * sheet->cell_size, sheet->cells + 2 * i * sheet->cell_size,
		       sheet->cell_size);
	sheet->count = (sheet->count + 1) / 2;
	sheet->stride *= 2;
}

/* Known total: cell i shows frame i * total / SHEET_CELLS. */
static bool is_wanted(struct sheet *sheet, uint64_t number)
{
	if (sheet->total)
		return sheet->count < SHEET_CELLS &&
		       number >= sheet->count * sheet->total / SHEET_CELLS;
	if (number % sheet->stride)
		return false;
	if (sheet->count == SHEET_CELLS)
		thin_out(sheet);
	return number % sheet->stride == 0;
}

void sheet_offer(struct sheet *sheet, const uint8_t *frame)
{
	if (!sheet->cells || !is_wanted(sheet, sheet->seen++))
		return;
	draw_cell(sheet, sheet->cells + sheet->count * sheet->cell_size, frame);
	sheet->count++;
}

static unsigned int rows_used(const struct sheet *sheet)
{
	return (sheet->count + SHEET_COLUMNS - 1) / SHEET_COLUMNS;
}

static uint32_t page_height(const struct sheet *sheet)
{
	return SHEET_GAP + rows_used(sheet) * (sheet->cell_height + SHEET_GAP);
}

/* One line of pixels of the whole page. */
static void draw_line(const struct sheet *sheet, uint8_t *line, uint32_t y)
{
	const size_t pitch = (size_t)SHEET_CELL_WIDTH * channels(sheet);
	const size_t gap = (size_t)SHEET_GAP * channels(sheet);
	const uint32_t step = sheet->cell_height + SHEET_GAP;
	unsigned int i, first = y / step * SHEET_COLUMNS;

	memset(line, BACKGROUND, (size_t)SHEET_WIDTH * channels(sheet));
	if (y % step < SHEET_GAP)
		return;
	y = y % step - SHEET_GAP;
	for (i = 0; i < SHEET_COLUMNS && first + i < sheet->count; i++)
		memcpy(line + gap + i * (pitch + gap),
		       sheet->cells + (first + i) * sheet->cell_size + y * pitch, pitch);
}

/* Called by libpng instead of printing; the caller reports. */
static void png_no_words(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

static _Noreturn void png_give_up(png_structp png, png_const_charp text)
{
	(void)text;
	png_longjmp(png, 1);
}

/* libpng comes back here by longjmp; nothing of ours changes in between. */
static int encode(png_structp png, png_infop info, const struct sheet *sheet, FILE *file,
		  uint8_t *line)
{
	const uint32_t height = page_height(sheet);
	uint32_t y;

	errno = 0;
	if (setjmp(png_jmpbuf(png)))
		return errno == ENOSPC ? -ENOSPC : -EIO;
	png_init_io(png, file);
	png_set_compression_level(png, 3);
	png_set_IHDR(png, info, SHEET_WIDTH, height, 8,
		     sheet->colour ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (y = 0; y < height; y++) {
		draw_line(sheet, line, y);
		png_write_row(png, line);
	}
	png_write_end(png, NULL);
	return 0;
}

static int write_png(const struct sheet *sheet, FILE *file)
{
	png_structp png =
		png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, png_give_up, png_no_words);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	uint8_t *line = malloc((size_t)SHEET_WIDTH * channels(sheet));
	int ret = -ENOMEM;

	if (info && line)
		ret = encode(png, info, sheet, file, line);
	png_destroy_write_struct(&png, &info);
	free(line);
	if (!ret && fflush(file))
		ret = -errno;
	return ret;
}

/* As open(2) would have made it: mkostemp() gives the owner rights only. */
static void set_usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* Leaves a whole file at @path, or nothing new. @temp is room for its name. */
static int write_and_rename(const struct sheet *sheet, const char *path, char temp[PATH_MAX])
{
	FILE *file;
	int fd, ret;

	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	set_usual_mode(fd);
	file = fdopen(fd, "wb");
	ret = file ? write_png(sheet, file) : -errno;
	if (file ? fclose(file) : close(fd))
		ret = ret ? ret : -errno;
	if (!ret && rename(temp, path))
		ret = -errno;
	if (ret)
		unlink(temp);
	return ret;
}

int sheet_write(const struct sheet *sheet, const char *path, char err[MEDIA_ERR_SIZE])
{
	char temp[PATH_MAX];
	int ret = -ENAMETOOLONG;

	if (!sheet->count)
		return media_fail(err, -ENODATA, "there is no frame to show in %.80s", path);
	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) < PATH_MAX)
		ret = write_and_rename(sheet, path, temp);
	if (ret)
		return media_fail(err, ret, "cannot write %.100s: %s", path, strerror(-ret));
	return 0;
}

#else /* !HAVE_PNG */

int sheet_init(struct sheet *sheet, const struct media_format *format, uint64_t total, bool colour)
{
	memset(sheet, 0, sizeof(*sheet));
	sheet->format = *format;
	sheet->total = total;
	sheet->colour = colour;
	return -ENOSYS;
}

void sheet_fini(struct sheet *sheet)
{
	sheet->count = 0;
}

void sheet_offer(struct sheet *sheet, const uint8_t *frame)
{
	(void)frame;
	sheet->seen++;
}

int sheet_write(const struct sheet *sheet, const char *path, char err[MEDIA_ERR_SIZE])
{
	(void)sheet;
	return media_fail(
		err, -ENOSYS,
		"cannot write %.80s: built without libpng; install libpng-dev and build again",
		path);
}

#endif
