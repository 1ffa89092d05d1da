// SPDX-License-Identifier: MIT
/*
 * source.c and decoder.c without ffmpeg: files, stdin, the generator, and
 * shell scripts that play an ffmpeg of every kind of misbehaviour.
 */
#include <time.h>

#include "generator.h"
#include "media-test.h"
#include "source.h"

#define STREAM "YUV4MPEG2 W4 H2 F30:1\nFRAME\nabcdefghUVWXFRAME\nABCDEFGHuvwx"

/* A script that stands in for ffmpeg; the caller unlinks it. */
static void make_script(char path[PATH_MAX], const char *body)
{
	char text[2000];
	int len = snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);

	media_test_file(path, text, len, 0755);
}

/* Opens a file of junk with the script as ffmpeg; both are gone afterwards. */
static int open_scripted(struct source *source, const char *body)
{
	char script[PATH_MAX], file[PATH_MAX];
	struct source_options options = {
		.name = file,
		.ffmpeg = script,
		.stop_fd = -1,
	};
	int ret;

	make_script(script, body);
	media_test_file(file, "junk junk junk", 14, 0644);
	ret = source_open(source, &options);
	unlink(file);
	unlink(script);
	return ret;
}

static int read_all(struct source *source)
{
	char frame[12];
	int ret;

	do {
		ret = source_next(source);
		if (!ret)
			ret = source_read(source, frame, sizeof(frame));
	} while (!ret);
	return ret;
}

START_TEST(y4m_file_is_read_without_ffmpeg)
{
	char path[PATH_MAX];
	struct source_options options = {
		.name = path,
		.ffmpeg = "/nonexistent",
		.stop_fd = -1,
	};
	struct source source;
	int fds = media_test_open_fds();

	media_test_file(path, STREAM, strlen(STREAM), 0644);
	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(source.kind, SOURCE_Y4M);
	ck_assert_uint_eq(source.format.width, 4);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_uint_eq(source.frames, 2);
	ck_assert_uint_eq(source_ingest_bytes(&source), strlen(STREAM));
	ck_assert_int_eq(source_finish(&source), 0);
	source_close(&source);
	source_close(&source);
	ck_assert_int_eq(media_test_open_fds(), fds);
	unlink(path);
}
END_TEST

START_TEST(truncated_y4m_file_names_file_and_frame)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;

	media_test_file(path, STREAM, strlen(STREAM) - 3, 0644);
	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(read_all(&source), -ENODATA);
	ck_assert_has(source.err, path);
	ck_assert_has(source.err, "input ends inside frame 1: got 9 of 12 bytes");
	source_close(&source);
	unlink(path);
}
END_TEST

START_TEST(missing_file_is_named)
{
	const struct source_options options = {
		.name = "/nonexistent/film.mp4",
		.stop_fd = -1,
	};
	struct source source;

	ck_assert_int_eq(source_open(&source, &options), -ENOENT);
	ck_assert_str_eq(source.err, "cannot read /nonexistent/film.mp4: "
				     "No such file or directory");
}
END_TEST

START_TEST(unreadable_file_is_named)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;

	media_test_file(path, STREAM, strlen(STREAM), 0);
	if (!geteuid())
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(source_open(&source, &options), -EACCES);
	ck_assert_has(source.err, "Permission denied");
	ck_assert_int_eq(seteuid(getuid()), 0);
	unlink(path);
}
END_TEST

START_TEST(directory_and_empty_file_are_told_apart)
{
	char path[PATH_MAX];
	struct source_options options = { .name = "/tmp", .stop_fd = -1 };
	struct source source;

	ck_assert_int_eq(source_open(&source, &options), -EISDIR);
	ck_assert_has(source.err, "/tmp is a directory");
	media_test_file(path, "", 0, 0644);
	options.name = path;
	ck_assert_int_eq(source_open(&source, &options), -ENODATA);
	ck_assert_has(source.err, "is empty");
	unlink(path);
}
END_TEST

START_TEST(video_without_ffmpeg_names_the_cure)
{
	char path[PATH_MAX];
	struct source_options options = {
		.name = path,
		.ffmpeg = "no-such-ffmpeg",
		.stop_fd = -1,
	};
	struct source source;

	media_test_file(path, "junk", 4, 0644);
	ck_assert_int_eq(source_open(&source, &options), -ENOEXEC);
	ck_assert_has(source.err, "install ffmpeg or give a .y4m file");
	ck_assert_has(source.err, path);
	unlink(path);
}
END_TEST

START_TEST(without_file_and_ffmpeg_frames_are_drawn)
{
	const struct source_options options = {
		.ffmpeg = "/nonexistent",
		.stop_fd = -1,
		.width = 64,
		.height = 36,
		.frames = 3,
	};
	uint8_t frame[64 * 36 * 3 / 2];
	struct source source;
	uint32_t i, number;

	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(source.kind, SOURCE_GENERATED);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(source_next(&source), 0);
		ck_assert_int_eq(source_read(&source, frame, 5), -ENOBUFS);
		ck_assert_int_eq(source_read(&source, frame, sizeof(frame)), 0);
		ck_assert_int_eq(generator_number(frame, &source.format, &number), 0);
		ck_assert_uint_eq(number, i);
	}
	ck_assert_int_eq(source_next(&source), 1);
	ck_assert_int_eq(source_finish(&source), 0);
	ck_assert_uint_eq(source_ingest_bytes(&source), 0);
	source_close(&source);
}
END_TEST

START_TEST(made_clip_is_720p_of_ten_seconds)
{
	const struct source_options options = {
		.ffmpeg = "/nonexistent",
		.stop_fd = -1,
	};
	struct source source;

	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_uint_eq(source.format.width, 1280);
	ck_assert_uint_eq(source.format.height, 720);
	ck_assert_uint_eq(source.clip_frames, 300);
	source_close(&source);
}
END_TEST

START_TEST(stdin_is_a_stream_or_an_error)
{
	const struct source_options options = { .name = "-", .stop_fd = -1 };
	struct source source;

	dup2(media_test_feed(STREAM, strlen(STREAM), 5), 0);
	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(source.kind, SOURCE_STREAM);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_uint_eq(source.frames, 2);
	source_close(&source);
	dup2(media_test_feed("\x1a\x45\xdf\xa3....", 8, 8), 0);
	ck_assert_int_eq(source_open(&source, &options), -EINVAL);
	ck_assert_has(source.err, "input is not YUV4MPEG2");
}
END_TEST

START_TEST(fifo_is_read_as_a_stream)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;

	snprintf(path, sizeof(path), "/dev/fd/%d", media_test_feed(STREAM, strlen(STREAM), 99));
	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(source.kind, SOURCE_STREAM);
	ck_assert_int_eq(read_all(&source), 1);
	source_close(&source);
}
END_TEST

START_TEST(decoder_that_works_is_read_to_the_end)
{
	struct source source;
	int fds = media_test_open_fds();

	ck_assert_int_eq(open_scripted(&source, "printf '" STREAM "'"), 0);
	ck_assert_int_eq(source.kind, SOURCE_DECODED);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), 0);
	ck_assert_int_eq(source_finish(&source), 0);
	ck_assert_str_eq(source_note(&source), "");
	source_close(&source);
	ck_assert_int_eq(media_test_open_fds(), fds);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
}
END_TEST

START_TEST(decoder_that_fails_at_once_is_quoted)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "echo first >&2; "
						"printf 'file:%s: bad \\033[31mvideo\\n\\n' "
						"\"${9#file:}\" >&2; exit 3"),
			 -EIO);
	ck_assert_has(source.err, "ffmpeg could not decode /tmp/media-test-");
	ck_assert_has(source.err, ": bad ?[31mvideo");
	ck_assert_ptr_null(strstr(source.err, "file:"));
	ck_assert_ptr_null(strstr(source.err, "first"));
}
END_TEST

START_TEST(decoder_that_fails_in_silence_has_its_status_told)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "exit 3"), -EIO);
	ck_assert_has(source.err, "it exited with status 3");
	ck_assert_int_eq(open_scripted(&source, "exit 0"), -EIO);
	ck_assert_has(source.err, "ffmpeg found no video in /tmp/media-test-");
}
END_TEST

START_TEST(decoder_that_fails_later_is_blamed_for_the_short_frame)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source,
				       "printf '" STREAM "FRAME\\nabc'; echo broken >&2; exit 1"),
			 0);
	ck_assert_int_eq(read_all(&source), -ENODATA);
	ck_assert_has(source.err, "input ends inside frame 2");
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_has(source.err, "beyond frame 1: broken");
	source_close(&source);
}
END_TEST

START_TEST(decoder_killed_at_a_frame_boundary_is_no_clean_end)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "printf '" STREAM "'; kill -9 $$"), 0);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_str_eq(source.err, "the decoder ffmpeg was killed by signal 9 after 2 frames");
	source_close(&source);
}
END_TEST

START_TEST(file_cut_off_is_an_error_though_ffmpeg_exits_with_0)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "printf '" STREAM
						"'; echo '[x] File ended prematurely' >&2"),
			 0);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_has(source.err, "File ended prematurely");
	source_close(&source);
}
END_TEST

/* 4 MB of complaints into a pipe that nobody reads until the first frame. */
START_TEST(talkative_decoder_is_not_stuck)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "yes complaint | head -c 4000000 "
						">&2; printf '" STREAM "'; sleep 0.3"),
			 0);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), 0);
	ck_assert_has(source_note(&source), "comp");
	source_close(&source);
}
END_TEST

START_TEST(decoder_of_which_enough_was_seen_is_ended_without_blame)
{
	struct source source;
	char frame[12];
	pid_t pid;
	time_t began;

	ck_assert_int_eq(open_scripted(&source, "printf '" STREAM "'; exec sleep 1000"), 0);
	pid = source.decoder.pid;
	ck_assert_int_eq(source_next(&source), 0);
	ck_assert_int_eq(source_read(&source, frame, sizeof(frame)), 0);
	began = time(NULL);
	ck_assert_int_eq(source_finish(&source), 0);
	ck_assert_int_le(time(NULL) - began, 1);
	ck_assert_int_eq(kill(pid, 0), -1);
	source_close(&source);
}
END_TEST

/* exec: the script itself would be killed, but not what it started. */
START_TEST(decoder_that_closes_stdout_and_stays_is_ended)
{
	struct source source;

	ck_assert_int_eq(open_scripted(&source, "printf '" STREAM "'; exec sleep 1000 >&-"), 0);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_has(source.err, "did not exit after 2 frames");
	source_close(&source);
}
END_TEST

/* Those that whoever started this test left open for everybody. */
static int count_inheritable_fds(void)
{
	int fd, flags, count = 0;

	for (fd = 3; fd < 1024; fd++) {
		flags = fcntl(fd, F_GETFD);
		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

START_TEST(decoder_sees_an_empty_stdin_and_no_fd_of_ours)
{
	struct source source;
	char want[32];

	/* 0, 1, 2 and the one ls reads the directory by */
	snprintf(want, sizeof(want), ": %d", 4 + count_inheritable_fds());
	ck_assert_int_ge(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(open_scripted(&source, "cat; ls /proc/self/fd | wc -l "
						">&2; exit 1"),
			 -EIO);
	ck_assert_has(source.err, want);
}
END_TEST

START_TEST(decoder_starts_also_when_our_stdin_and_stdout_are_closed)
{
	struct source source;
	int ret;

	close(0);
	close(1);
	ret = open_scripted(&source, "cat && printf '" STREAM "'");
	ck_assert_int_eq(ret, 0);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_int_eq(source_finish(&source), 0);
	source_close(&source);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("source");

	tcase_add_test(t, y4m_file_is_read_without_ffmpeg);
	tcase_add_test(t, truncated_y4m_file_names_file_and_frame);
	tcase_add_test(t, missing_file_is_named);
	tcase_add_test(t, unreadable_file_is_named);
	tcase_add_test(t, directory_and_empty_file_are_told_apart);
	tcase_add_test(t, video_without_ffmpeg_names_the_cure);
	tcase_add_test(t, without_file_and_ffmpeg_frames_are_drawn);
	tcase_add_test(t, made_clip_is_720p_of_ten_seconds);
	tcase_add_test(t, stdin_is_a_stream_or_an_error);
	tcase_add_test(t, fifo_is_read_as_a_stream);
	tcase_add_test(t, decoder_that_works_is_read_to_the_end);
	tcase_add_test(t, decoder_that_fails_at_once_is_quoted);
	tcase_add_test(t, decoder_that_fails_in_silence_has_its_status_told);
	tcase_add_test(t, decoder_that_fails_later_is_blamed_for_the_short_frame);
	tcase_add_test(t, decoder_killed_at_a_frame_boundary_is_no_clean_end);
	tcase_add_test(t, file_cut_off_is_an_error_though_ffmpeg_exits_with_0);
	tcase_add_test(t, talkative_decoder_is_not_stuck);
	tcase_add_test(t, decoder_of_which_enough_was_seen_is_ended_without_blame);
	tcase_add_test(t, decoder_that_closes_stdout_and_stays_is_ended);
	tcase_add_test(t, decoder_sees_an_empty_stdin_and_no_fd_of_ours);
	tcase_add_test(t, decoder_starts_also_when_our_stdin_and_stdout_are_closed);
	return media_test_run(t, "source");
}
