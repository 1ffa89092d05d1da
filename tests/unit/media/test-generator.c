// SPDX-License-Identifier: MIT
/*
 * generator.c: same number, same bytes; nothing outside the frame; the number
 * can be read back.
 */
#include "generator.h"
#include "media-test.h"

static const struct media_format formats[] = {
	{ 2, 2, 1, 1 },	     { 3, 5, 1, 1 },   { 33, 7, 1, 1 },	  { 64, 36, 1, 1 },
	{ 1280, 720, 1, 1 }, { 5, 300, 1, 1 }, { 4001, 3, 1, 1 },
};

/* Guard bytes on both sides; the frame begins 16 bytes in. */
static uint8_t *drawn(const struct media_format *format, uint64_t number, uint8_t fill)
{
	size_t size = media_frame_size(format);
	uint8_t *memory = malloc(size + 32);

	memset(memory, fill, size + 32);
	generator_draw(memory + 16, format, number);
	return memory;
}

START_TEST(same_number_gives_the_same_bytes_and_all_of_them)
{
	const struct media_format *format = &formats[_i];
	const size_t size = media_frame_size(format);
	uint64_t number;
	uint8_t *a, *b;
	size_t i;

	for (number = 0; number < 300; number += 7) {
		a = drawn(format, number, 0x55);
		b = drawn(format, number, 0xaa);
		ck_assert_mem_eq(a + 16, b + 16, size);
		for (i = 0; i < 16; i++) {
			ck_assert_uint_eq(a[i], 0x55);
			ck_assert_uint_eq(a[16 + size + i], 0x55);
		}
		free(a);
		free(b);
	}
}
END_TEST

START_TEST(next_frame_differs)
{
	const struct media_format *format = &formats[_i];
	uint8_t *a = drawn(format, 8, 0), *b = drawn(format, 9, 0);

	ck_assert_mem_ne(a + 16, b + 16, media_frame_size(format));
	free(a);
	free(b);
}
END_TEST

START_TEST(number_is_read_back)
{
	static const uint64_t numbers[] = { 0, 1, 299, 0x80000001, 0xffffffff };
	uint32_t got = 42;
	uint8_t *frame;
	size_t i;

	for (i = 0; i < 5; i++) {
		frame = drawn(&formats[_i], numbers[i], 0);
		ck_assert_int_eq(generator_number(frame + 16, &formats[_i], &got), 0);
		ck_assert_uint_eq(got, numbers[i]);
		free(frame);
	}
}
END_TEST

START_TEST(narrow_frame_carries_no_number)
{
	uint8_t *frame = drawn(&formats[1], 3, 0);
	uint32_t got = 42;

	ck_assert_int_eq(generator_number(frame + 16, &formats[1], &got), -ERANGE);
	ck_assert_uint_eq(got, 42);
	free(frame);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("generator");

	tcase_add_loop_test(t, same_number_gives_the_same_bytes_and_all_of_them, 0, 7);
	tcase_add_loop_test(t, next_frame_differs, 0, 7);
	tcase_add_loop_test(t, number_is_read_back, 2, 5);
	tcase_add_test(t, narrow_frame_carries_no_number);
	return media_test_run(t, "generator");
}
