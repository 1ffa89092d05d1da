// SPDX-License-Identifier: MIT
/*
 * edge.c: pictures small enough to be worked out by hand, and the fast code
 * against the reference on random ones.
 */
#include <time.h>

#include "edge.h"
#include "media-test.h"

/* A step from 0 to 10 between the second and the third column. */
static const uint8_t step[3 * 4] = {
	0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 10, 10,
};

START_TEST(vertical_step_gives_four_times_its_height)
{
	static const uint8_t want[4] = { 0, 40, 40, 0 };
	uint8_t got[12];
	int y;

	edge_rows(got, step, 4, 3, 0, 3);
	for (y = 0; y < 3; y++)
		ck_assert_mem_eq(got + 4 * y, want, 4);
	edge_row_reference(got, step, 4, 3, 1);
	ck_assert_mem_eq(got, want, 4);
}
END_TEST

/* A dot of 50 in the middle: gx and gy by the kernel, turned around. */
START_TEST(single_dot_gives_the_kernel)
{
	static const uint8_t dot[9] = { 0, 0, 0, 0, 50, 0, 0, 0, 0 };
	static const uint8_t want[9] = { 100, 100, 100, 100, 0, 100, 100, 100, 100 };
	uint8_t got[9];
	int y;

	edge_rows(got, dot, 3, 3, 0, 3);
	ck_assert_mem_eq(got, want, 9);
	for (y = 0; y < 3; y++) {
		edge_row_reference(got, dot, 3, 3, y);
		ck_assert_mem_eq(got, want + 3 * y, 3);
	}
}
END_TEST

START_TEST(steep_edges_stop_at_255)
{
	static const uint8_t src[4] = { 0, 255, 0, 255 };
	uint8_t got[4], slow[2];

	edge_rows(got, src, 2, 2, 0, 2);
	ck_assert_uint_eq(got[0], 255);
	ck_assert_uint_eq(got[3], 255);
	edge_row_reference(slow, src, 2, 2, 0);
	ck_assert_uint_eq(slow[0], 255);
}
END_TEST

START_TEST(diagonal_adds_both_directions)
{
	static const uint8_t src[4] = { 1, 2, 3, 5 };
	/* gx = 1 + 2 * 1 + 2, gy = 2 + 2 * 2 + 3 at the first pixel */
	uint8_t got[4];

	edge_rows(got, src, 2, 2, 0, 2);
	ck_assert_uint_eq(got[0], 5 + 9);
}
END_TEST

START_TEST(flat_picture_has_no_edges)
{
	uint8_t src[35], got[35];
	size_t i;

	memset(src, 77, sizeof(src));
	edge_rows(got, src, 7, 5, 0, 5);
	for (i = 0; i < sizeof(got); i++)
		ck_assert_uint_eq(got[i], 0);
}
END_TEST

START_TEST(only_the_rows_asked_for_are_written)
{
	uint8_t got[12];

	memset(got, 99, sizeof(got));
	edge_rows(got, step, 4, 3, 1, 2);
	ck_assert_uint_eq(got[3], 99);
	ck_assert_uint_eq(got[5], 40);
	ck_assert_uint_eq(got[8], 99);
}
END_TEST

static const uint32_t sizes[][2] = {
	{ 1, 1 },   { 2, 3 },  { 17, 5 },   { 1, 9 }, { 9, 1 }, { 2, 2 }, { 3, 3 },
	{ 16, 16 }, { 33, 4 }, { 127, 31 }, { 0, 0 }, { 0, 0 }, { 0, 0 },
};

/* A picture of random bytes; 0 in the table means: of random size. */
static uint8_t *random_picture(unsigned int i, uint32_t *w, uint32_t *h)
{
	unsigned int seed = time(NULL) * 100 + i;
	uint8_t *src;
	size_t n;

	*w = sizes[i][0] ? sizes[i][0] : 1 + (uint32_t)rand_r(&seed) % 300;
	*h = sizes[i][1] ? sizes[i][1] : 1 + (uint32_t)rand_r(&seed) % 60;
	printf("# seed %u, %ux%u\n", seed, *w, *h);
	src = malloc((size_t)*w * *h);
	for (n = 0; n < (size_t)*w * *h; n++)
		src[n] = rand_r(&seed) >> 4;
	return src;
}

START_TEST(fast_and_reference_agree_on_random_pictures)
{
	uint32_t w, h, y;
	uint8_t *src = random_picture(_i, &w, &h);
	uint8_t *fast = malloc((size_t)w * h), *slow = malloc(w);

	edge_rows(fast, src, w, h, 0, h);
	for (y = 0; y < h; y++) {
		edge_row_reference(slow, src, w, h, y);
		ck_assert_mem_eq(fast + (size_t)y * w, slow, w);
	}
	ck_assert_int_eq(edge_check_rows(src, fast, w, h, h, 1, NULL), 0);
	free(src);
	free(fast);
	free(slow);
}
END_TEST

START_TEST(one_wrong_pixel_anywhere_is_found_by_a_full_check)
{
	uint32_t w, h, row;
	uint8_t *src = random_picture(_i, &w, &h);
	uint8_t *dst = malloc((size_t)w * h);
	size_t n;

	edge_rows(dst, src, w, h, 0, h);
	for (n = 0; n < (size_t)w * h; n++) {
		dst[n] ^= 1;
		row = UINT32_MAX;
		ck_assert_int_eq(edge_check_rows(src, dst, w, h, UINT32_MAX, 0, &row), -EBADMSG);
		ck_assert_uint_eq(row, n / w);
		dst[n] ^= 1;
	}
	free(src);
	free(dst);
}
END_TEST

/* With 1 of 8 rows looked at, many seeds together must look at all of them. */
START_TEST(seeds_choose_different_rows)
{
	uint8_t src[8 * 8] = { 0 }, dst[8 * 8];
	uint32_t row, seen = 0;
	uint64_t seed;

	memset(dst, 1, sizeof(dst));
	for (seed = 0; seed < 200; seed++) {
		ck_assert_int_eq(edge_check_rows(src, dst, 8, 8, 1, seed, &row), -EBADMSG);
		seen |= 1u << row;
	}
	ck_assert_uint_eq(seen, 0xff);
}
END_TEST

START_TEST(whole_frame_loses_its_colour)
{
	static const struct media_format format = { 4, 3, 1, 1 };
	uint8_t src[20] = { 0 }, dst[20] = { 0 };
	size_t i;

	memcpy(src, step, sizeof(step));
	edge_frame(dst, src, &format);
	ck_assert_uint_eq(dst[1], 40);
	ck_assert_uint_eq(dst[11], 0);
	for (i = 12; i < 20; i++)
		ck_assert_uint_eq(dst[i], 128);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("edge");

	tcase_add_test(t, vertical_step_gives_four_times_its_height);
	tcase_add_test(t, single_dot_gives_the_kernel);
	tcase_add_test(t, steep_edges_stop_at_255);
	tcase_add_test(t, diagonal_adds_both_directions);
	tcase_add_test(t, flat_picture_has_no_edges);
	tcase_add_test(t, only_the_rows_asked_for_are_written);
	tcase_add_loop_test(t, fast_and_reference_agree_on_random_pictures, 0,
			    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(t, one_wrong_pixel_anywhere_is_found_by_a_full_check, 0, 9);
	tcase_add_test(t, seeds_choose_different_rows);
	tcase_add_test(t, whole_frame_loses_its_colour);
	return media_test_run(t, "edge");
}
