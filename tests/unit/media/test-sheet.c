// SPDX-License-Identifier: MIT
/*
 * sheet.c: which frames get a cell, what a cell looks like once the PNG is
 * read back, and that a failed write leaves the old file alone.
 */
#include <png.h>

#include "media-test.h"
#include "sheet.h"

static const struct media_format format = { 640, 360, 30, 1 };

/* What is in the file: always as RGB, so that one reader serves all. */
struct picture {
	uint32_t width, height;
	bool grey;
	uint8_t *rgb;
};

static struct picture read_picture(const char *path)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	struct picture p;

	ck_assert_msg(png_image_begin_read_from_file(&image, path), "%s", image.message);
	p.grey = !(image.format & PNG_FORMAT_FLAG_COLOR);
	image.format = PNG_FORMAT_RGB;
	p.width = image.width;
	p.height = image.height;
	p.rgb = malloc(PNG_IMAGE_SIZE(image));
	ck_assert(png_image_finish_read(&image, NULL, p.rgb, 0, NULL));
	return p;
}

/* The pixel in the middle of a cell. */
static const uint8_t *cell_middle(const struct picture *p, unsigned int cell)
{
	size_t x = 4 + cell % 4 * 324 + 160, y = 4 + cell / 4 * 184 + 90;

	return p->rgb + 3 * (y * p->width + x);
}

/* Frame n is flat, of luma n. */
static void offer_flat(struct sheet *sheet, unsigned int count)
{
	uint8_t *frame = malloc(media_frame_size(&sheet->format));
	unsigned int i;

	memset(frame, 128, media_frame_size(&sheet->format));
	for (i = 0; i < count; i++) {
		memset(frame, i, media_luma_size(&sheet->format));
		sheet_offer(sheet, frame);
	}
	free(frame);
}

static struct picture write_and_read(struct sheet *sheet)
{
	char path[PATH_MAX], err[MEDIA_ERR_SIZE];
	struct picture p;

	media_test_file(path, "old", 3, 0600);
	ck_assert_int_eq(sheet_write(sheet, path, err), 0);
	p = read_picture(path);
	unlink(path);
	return p;
}

START_TEST(known_total_spreads_cells_evenly)
{
	struct sheet sheet;
	struct picture p;
	unsigned int i;

	ck_assert_int_eq(sheet_init(&sheet, &format, 120, false), 0);
	offer_flat(&sheet, 120);
	p = write_and_read(&sheet);
	ck_assert_uint_eq(p.width, 4 + 4 * 324);
	ck_assert_uint_eq(p.height, 4 + 3 * 184);
	ck_assert(p.grey);
	for (i = 0; i < 12; i++)
		ck_assert_uint_eq(*cell_middle(&p, i), 10 * i);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

/* 12 cells fill up at frames 12, 24, 48, 96, 192; then the stride is 16. */
START_TEST(unknown_total_covers_the_whole_stream)
{
	struct sheet sheet;
	struct picture p;
	unsigned int i;

	ck_assert_int_eq(sheet_init(&sheet, &format, 0, false), 0);
	offer_flat(&sheet, 192);
	ck_assert_uint_eq(sheet.count, 12);
	p = write_and_read(&sheet);
	for (i = 0; i < 12; i++)
		ck_assert_uint_eq(*cell_middle(&p, i), 16 * i);
	offer_flat(&sheet, 1);
	ck_assert_uint_eq(sheet.count, 7);
	ck_assert_uint_eq(sheet.stride, 32);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

START_TEST(few_frames_make_a_shorter_page)
{
	struct sheet sheet;
	struct picture p;

	ck_assert_int_eq(sheet_init(&sheet, &format, 5, false), 0);
	offer_flat(&sheet, 5);
	p = write_and_read(&sheet);
	ck_assert_uint_eq(p.height, 4 + 2 * 184);
	ck_assert_uint_eq(*cell_middle(&p, 4), 4);
	ck_assert_uint_eq(*cell_middle(&p, 5), 32);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

/* Each cell pixel stands for 2x2 of the frame: 0, 100, 100, 201 make 100. */
START_TEST(cell_pixel_is_the_mean_of_its_box)
{
	uint8_t *frame = malloc(media_frame_size(&format));
	struct sheet sheet;
	struct picture p;
	size_t x, y;

	for (y = 0; y < 360; y++) {
		for (x = 0; x < 640; x++)
			frame[y * 640 + x] = (x & 1) * 100 + (y & 1) * 100 + (x & y & 1);
	}
	ck_assert_int_eq(sheet_init(&sheet, &format, 1, false), 0);
	sheet_offer(&sheet, frame);
	p = write_and_read(&sheet);
	ck_assert_uint_eq(*cell_middle(&p, 0), 100);
	ck_assert_uint_eq(p.rgb[0], 32);
	free(frame);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

START_TEST(colour_page_turns_yuv_into_rgb)
{
	uint8_t *frame = malloc(media_frame_size(&format));
	const size_t luma = media_luma_size(&format);
	struct sheet sheet;
	struct picture p;
	const uint8_t *rgb;

	/* BT.601 red: Y 81, U 90, V 240 */
	memset(frame, 81, luma);
	memset(frame + luma, 90, luma / 4);
	memset(frame + luma + luma / 4, 240, luma / 4);
	ck_assert_int_eq(sheet_init(&sheet, &format, 1, true), 0);
	sheet_offer(&sheet, frame);
	p = write_and_read(&sheet);
	ck_assert(!p.grey);
	rgb = cell_middle(&p, 0);
	ck_assert_uint_ge(rgb[0], 250);
	ck_assert_uint_le(rgb[1], 5);
	ck_assert_uint_le(rgb[2], 5);
	free(frame);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

static const struct media_format odd[] = {
	{ 2, 2, 1, 1 },	    { 3, 5, 1, 1 },	{ 321, 7, 1, 1 },
	{ 16384, 2, 1, 1 }, { 2, 16384, 1, 1 }, { 319, 181, 1, 1 },
};

START_TEST(any_shape_of_frame_gives_a_page)
{
	struct sheet sheet;
	struct picture p;

	ck_assert_int_eq(sheet_init(&sheet, &odd[_i], 2, _i & 1), 0);
	offer_flat(&sheet, 2);
	p = write_and_read(&sheet);
	ck_assert_uint_eq(p.width, 1300);
	ck_assert_uint_le(p.height, 4 + 1284);
	free(p.rgb);
	sheet_fini(&sheet);
}
END_TEST

START_TEST(empty_page_is_not_written)
{
	char path[PATH_MAX], err[MEDIA_ERR_SIZE];
	struct sheet sheet;

	media_test_file(path, "", 0, 0600);
	unlink(path);
	ck_assert_int_eq(sheet_init(&sheet, &format, 0, false), 0);
	ck_assert_int_eq(sheet_write(&sheet, path, err), -ENODATA);
	ck_assert_has(err, "no frame");
	ck_assert_int_ne(access(path, F_OK), 0);
	sheet_fini(&sheet);
	sheet_fini(&sheet);
}
END_TEST

/* The name is a directory's: everything works but the very last step. */
START_TEST(failed_write_leaves_nothing_behind)
{
	char dir[] = "/tmp/media-test-XXXXXX", path[PATH_MAX];
	char err[MEDIA_ERR_SIZE];
	struct sheet sheet;
	int fds;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/page.png", dir);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(sheet_init(&sheet, &format, 1, false), 0);
	offer_flat(&sheet, 1);
	fds = media_test_open_fds();
	ck_assert_int_eq(sheet_write(&sheet, path, err), -EISDIR);
	ck_assert_has(err, "page.png");
	ck_assert_int_eq(media_test_open_fds(), fds);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	sheet_fini(&sheet);
}
END_TEST

START_TEST(missing_directory_is_reported)
{
	char err[MEDIA_ERR_SIZE];
	struct sheet sheet;

	ck_assert_int_eq(sheet_init(&sheet, &format, 1, false), 0);
	offer_flat(&sheet, 1);
	ck_assert_int_eq(sheet_write(&sheet, "/nonexistent/page.png", err), -ENOENT);
	ck_assert_has(err, "cannot write /nonexistent/page.png: No such file");
	sheet_fini(&sheet);
}
END_TEST

START_TEST(file_has_the_rights_open_would_give)
{
	char path[PATH_MAX], err[MEDIA_ERR_SIZE];
	struct sheet sheet;
	struct stat st;

	umask(027);
	media_test_file(path, "old", 3, 0600);
	ck_assert_int_eq(sheet_init(&sheet, &format, 1, false), 0);
	offer_flat(&sheet, 1);
	ck_assert_int_eq(sheet_write(&sheet, path, err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	unlink(path);
	sheet_fini(&sheet);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("sheet");

	tcase_add_test(t, known_total_spreads_cells_evenly);
	tcase_add_test(t, unknown_total_covers_the_whole_stream);
	tcase_add_test(t, few_frames_make_a_shorter_page);
	tcase_add_test(t, cell_pixel_is_the_mean_of_its_box);
	tcase_add_test(t, colour_page_turns_yuv_into_rgb);
	tcase_add_loop_test(t, any_shape_of_frame_gives_a_page, 0, 6);
	tcase_add_test(t, empty_page_is_not_written);
	tcase_add_test(t, failed_write_leaves_nothing_behind);
	tcase_add_test(t, missing_directory_is_reported);
	tcase_add_test(t, file_has_the_rights_open_would_give);
	return media_test_run(t, "sheet");
}
