// SPDX-License-Identifier: MIT
/*
 * y4m.c: which headers it takes, what it says about the rest, and that the
 * payload goes where the caller wants it, whatever the pieces it comes in.
 */
#include <sys/eventfd.h>

#include "media-test.h"
#include "y4m.h"

#define HEADER	"YUV4MPEG2 W4 H2 F30:1\n"
#define PAYLOAD "abcdefghUVWX" /* 4x2 luma and two planes of 2x1 */

static int open_text(struct y4m *y4m, const char *text)
{
	return y4m_open(y4m, media_test_feed(text, strlen(text), 4096), -1);
}

START_TEST(parameters_are_taken_in_any_order)
{
	struct y4m y;

	ck_assert_int_eq(open_text(&y, "YUV4MPEG2 C420jpeg XYSCSS=420JPEG A1:1 "
				       "It F30000:1001 H720 W1280 Zwhat\n"),
			 0);
	ck_assert_uint_eq(y.format.width, 1280);
	ck_assert_uint_eq(y.format.height, 720);
	ck_assert_uint_eq(y.format.rate_num, 30000);
	ck_assert_uint_eq(y.format.rate_den, 1001);
	ck_assert_int_eq(y.interlace, 't');
}
END_TEST

START_TEST(missing_rate_is_unknown_not_an_error)
{
	struct y4m y;

	ck_assert_int_eq(open_text(&y, "YUV4MPEG2 W4 H2\n"), 0);
	ck_assert_uint_eq(y.format.rate_num, 0);
	ck_assert_uint_eq(y.format.rate_den, 1);
	ck_assert_int_eq(open_text(&y, "YUV4MPEG2 W4 H2 F0:0\n"), 0);
	ck_assert_uint_eq(y.format.rate_den, 1);
}
END_TEST

static const char *const taken[] = { "C420", "C420jpeg", "C420mpeg2", "C420paldv" };

START_TEST(every_8_bit_420_name_is_taken)
{
	struct y4m y;
	char text[80];

	snprintf(text, sizeof(text), "YUV4MPEG2 W4 H2 %s\n", taken[_i]);
	ck_assert_int_eq(open_text(&y, text), 0);
}
END_TEST

static const char *const refused[] = {
	"Cmono", "C422", "C444", "C411", "C420p10", "C444alpha", "C", "C420x",
};

START_TEST(other_colour_spaces_are_named_with_a_cure)
{
	struct y4m y;
	char text[80];

	snprintf(text, sizeof(text), "YUV4MPEG2 W4 H2 %s\n", refused[_i]);
	ck_assert_int_eq(open_text(&y, text), -EINVAL);
	ck_assert_has(y.err, refused[_i]);
	ck_assert_has(y.err, "-pix_fmt yuv420p");
}
END_TEST

static const struct {
	const char *text;
	int ret;
	const char *sentence;
} broken[] = {
	{ "", -ENODATA, "empty" },
	{ "YUV4", -ENODATA, "ends inside the header of the stream" },
	{ "YUV4MPEG2", -ENODATA, "ends inside the header of the stream" },
	{ "YUV4MPEG2 W4 H", -ENODATA, "ends inside the header of the stream" },
	{ "RIFF....AVI LIST....", -EINVAL, "not YUV4MPEG2" },
	{ "x", -EINVAL, "not YUV4MPEG2" },
	{ "YUV4MPEG23 W4 H2\n", -EINVAL, "not YUV4MPEG2" },
	{ "YUV4MPEG2\n", -EINVAL, "no width" },
	{ "YUV4MPEG2 W4\n", -EINVAL, "no height" },
	{ "YUV4MPEG2 W1 H2\n", -EINVAL, "width \"1\"" },
	{ "YUV4MPEG2 W4 H16385\n", -EINVAL, "height \"16385\"" },
	{ "YUV4MPEG2 W4294967298 H2\n", -EINVAL, "width \"4294967298\"" },
	{ "YUV4MPEG2 W-4 H2\n", -EINVAL, "width \"-4\"" },
	{ "YUV4MPEG2 W4x H2\n", -EINVAL, "width \"4x\"" },
	{ "YUV4MPEG2 W4 H2 F30\n", -EINVAL, "frame rate \"30\"" },
	{ "YUV4MPEG2 W4 H2 F30:0\n", -EINVAL, "frame rate \"30:0\"" },
	{ "YUV4MPEG2 W4 H2 F:\n", -EINVAL, "frame rate \":\"" },
	{ "YUV4MPEG2 W4 H2 Iz\n", -EINVAL, "interlacing \"z\"" },
};

START_TEST(broken_headers_are_refused_with_the_reason)
{
	struct y4m y;

	ck_assert_int_eq(open_text(&y, broken[_i].text), broken[_i].ret);
	ck_assert_has(y.err, broken[_i].sentence);
}
END_TEST

START_TEST(header_with_a_zero_byte_is_refused)
{
	static const char text[] = "YUV4MPEG2 W4\0 H2\n";
	struct y4m y;

	ck_assert_int_eq(y4m_open(&y, media_test_feed(text, sizeof(text) - 1, 99), -1), -EINVAL);
	ck_assert_has(y.err, "zero byte");
}
END_TEST

START_TEST(header_line_may_have_1024_bytes_and_no_more)
{
	char text[Y4M_LINE_MAX + 2];
	struct y4m y;

	memset(text, 'X', sizeof(text));
	memcpy(text, "YUV4MPEG2 W4 H2 ", 16);
	text[Y4M_LINE_MAX - 1] = '\n';
	ck_assert_int_eq(y4m_open(&y, media_test_feed(text, Y4M_LINE_MAX, 999), -1), 0);
	text[Y4M_LINE_MAX - 1] = 'X';
	text[Y4M_LINE_MAX] = '\n';
	ck_assert_int_eq(y4m_open(&y, media_test_feed(text, Y4M_LINE_MAX + 1, 999), -1), -E2BIG);
	ck_assert_has(y.err, "longer than 1024");
}
END_TEST

START_TEST(odd_sides_round_chroma_up)
{
	static const struct media_format format = { 5, 3, 1, 1 };

	ck_assert_uint_eq(media_frame_size(&format), 15 + 2 * 3 * 2);
}
END_TEST

static void expect_frame(struct y4m *y, const char *payload)
{
	char got[12] = "";

	ck_assert_int_eq(y4m_next_header(y), 0);
	ck_assert_int_eq(y4m_read_payload(y, got, sizeof(got)), 0);
	ck_assert_mem_eq(got, payload, sizeof(got));
}

START_TEST(frames_follow_each_other_to_a_clean_end)
{
	struct y4m y;

	ck_assert_int_eq(open_text(&y, HEADER "FRAME\n" PAYLOAD "FRAME Ippp Xa\n"
					      "FRAME\nFRAME\n"),
			 0);
	expect_frame(&y, PAYLOAD);
	expect_frame(&y, "FRAME\nFRAME\n");
	ck_assert_int_eq(y4m_next_header(&y), 1);
	ck_assert_uint_eq(y.frames, 2);
	ck_assert_uint_eq(y.direct_bytes, 24);
	ck_assert_uint_eq(y.header_bytes, strlen(HEADER "FRAME\nFRAME Ippp Xa\n"));
}
END_TEST

START_TEST(pieces_of_any_size_make_the_same_frames)
{
	const char *text = HEADER "FRAME\n" PAYLOAD "FRAME\n" PAYLOAD;
	struct y4m y;

	ck_assert_int_eq(y4m_open(&y, media_test_feed(text, strlen(text), _i), -1), 0);
	expect_frame(&y, PAYLOAD);
	expect_frame(&y, PAYLOAD);
	ck_assert_int_eq(y4m_next_header(&y), 1);
}
END_TEST

/* The reader must not take a single byte of payload before it is asked to. */
START_TEST(header_calls_leave_the_payload_in_the_pipe)
{
	struct y4m y;
	char got[13] = "";

	ck_assert_int_eq(open_text(&y, HEADER "FRAME Xa\n" PAYLOAD), 0);
	ck_assert_int_eq(y4m_next_header(&y), 0);
	ck_assert_int_eq(read(y.fd, got, sizeof(got)), 12);
	ck_assert_str_eq(got, PAYLOAD);
}
END_TEST

START_TEST(truncated_payload_names_the_frame)
{
	struct y4m y;
	char got[12];

	ck_assert_int_eq(open_text(&y, HEADER "FRAME\n" PAYLOAD "FRAME\nabcde"), 0);
	expect_frame(&y, PAYLOAD);
	ck_assert_int_eq(y4m_next_header(&y), 0);
	ck_assert_int_eq(y4m_read_payload(&y, got, sizeof(got)), -ENODATA);
	ck_assert_str_eq(y.err, "input ends inside frame 1: got 5 of 12 bytes");
	ck_assert_uint_eq(y.frames, 1);
}
END_TEST

START_TEST(truncated_frame_header_names_the_frame)
{
	static const char *const cut[] = { "F", "FRAME", "FRAME ", "FRAME Ip" };
	struct y4m y;
	char text[80];

	snprintf(text, sizeof(text), HEADER "FRAME\n" PAYLOAD "%s", cut[_i]);
	ck_assert_int_eq(open_text(&y, text), 0);
	expect_frame(&y, PAYLOAD);
	ck_assert_int_eq(y4m_next_header(&y), -ENODATA);
	ck_assert_has(y.err, "inside the header of frame 1");
}
END_TEST

START_TEST(junk_between_frames_is_damage)
{
	struct y4m y;

	ck_assert_int_eq(open_text(&y, HEADER "FRAME\n" PAYLOAD "FRAMES\n..."), 0);
	expect_frame(&y, PAYLOAD);
	ck_assert_int_eq(y4m_next_header(&y), -EINVAL);
	ck_assert_has(y.err, "frame 1 does not begin with the word FRAME");
	ck_assert_int_eq(open_text(&y, HEADER "G"), 0);
	ck_assert_int_eq(y4m_next_header(&y), -EINVAL);
}
END_TEST

START_TEST(small_buffer_is_refused_and_the_frame_stays)
{
	struct y4m y;
	char got[12];

	ck_assert_int_eq(open_text(&y, HEADER "FRAME\n" PAYLOAD), 0);
	ck_assert_int_eq(y4m_read_payload(&y, got, sizeof(got)), -EINVAL);
	ck_assert_int_eq(y4m_next_header(&y), 0);
	ck_assert_int_eq(y4m_next_header(&y), -EINVAL);
	ck_assert_int_eq(y4m_read_payload(&y, got, 11), -ENOBUFS);
	ck_assert_int_eq(y4m_read_payload(&y, got, 12), 0);
}
END_TEST

START_TEST(stop_fd_ends_a_blocked_read)
{
	struct y4m y;
	int in[2], stop = eventfd(0, EFD_CLOEXEC);

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	media_test_write(in[1], HEADER, strlen(HEADER), 99);
	ck_assert_int_eq(y4m_open(&y, in[0], stop), 0);
	if (!fork()) {
		usleep(50000);
		_exit(eventfd_write(stop, 1));
	}
	ck_assert_int_eq(y4m_next_header(&y), -ECANCELED);
	ck_assert_has(y.err, "stopped");
}
END_TEST

START_TEST(non_blocking_input_is_waited_for)
{
	const char *text = HEADER "FRAME\n" PAYLOAD;
	struct y4m y;
	int fd = media_test_feed(text, strlen(text), 1);

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(y4m_open(&y, fd, -1), 0);
	expect_frame(&y, PAYLOAD);
	ck_assert_int_eq(y4m_next_header(&y), 1);
}
END_TEST

START_TEST(unreadable_descriptor_returns_its_errno)
{
	struct y4m y;

	ck_assert_int_eq(y4m_open(&y, -1, -1), -EBADF);
	ck_assert_has(y.err, "cannot read the input");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("y4m");

	tcase_add_test(t, parameters_are_taken_in_any_order);
	tcase_add_test(t, missing_rate_is_unknown_not_an_error);
	tcase_add_loop_test(t, every_8_bit_420_name_is_taken, 0, 4);
	tcase_add_loop_test(t, other_colour_spaces_are_named_with_a_cure, 0, 8);
	tcase_add_loop_test(t, broken_headers_are_refused_with_the_reason, 0,
			    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(t, header_with_a_zero_byte_is_refused);
	tcase_add_test(t, header_line_may_have_1024_bytes_and_no_more);
	tcase_add_test(t, odd_sides_round_chroma_up);
	tcase_add_test(t, frames_follow_each_other_to_a_clean_end);
	tcase_add_loop_test(t, pieces_of_any_size_make_the_same_frames, 1, 30);
	tcase_add_test(t, header_calls_leave_the_payload_in_the_pipe);
	tcase_add_test(t, truncated_payload_names_the_frame);
	tcase_add_loop_test(t, truncated_frame_header_names_the_frame, 0, 4);
	tcase_add_test(t, junk_between_frames_is_damage);
	tcase_add_test(t, small_buffer_is_refused_and_the_frame_stays);
	tcase_add_test(t, stop_fd_ends_a_blocked_read);
	tcase_add_test(t, non_blocking_input_is_waited_for);
	tcase_add_test(t, unreadable_descriptor_returns_its_errno);
	return media_test_run(t, "y4m");
}
