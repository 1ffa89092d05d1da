// SPDX-License-Identifier: MIT
/*
 * source.c with the real ffmpeg: its clip, a file under a difficult name,
 * damaged files, and its death. Skipped where there is no ffmpeg.
 */
#include <poll.h>
#include <sys/prctl.h>

#include "media-test.h"
#include "source.h"

static char *frame; /* room for a frame of the made clip */

static int read_all(struct source *source)
{
	int ret;

	do {
		ret = source_next(source);
		if (!ret)
			ret = source_read(source, frame, 1280 * 720 * 3 / 2);
	} while (!ret);
	return ret;
}

/* A directory with one film in it, of the kind its name tells. */
static void make_film(char path[PATH_MAX], const char *name)
{
	char command[2 * PATH_MAX], dir[] = "/tmp/media-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	snprintf(command, sizeof(command),
		 "ffmpeg -nostdin -v error -f lavfi "
		 "-i testsrc2=size=320x180:rate=25 -frames:v 50 -pix_fmt yuv420p "
		 "-movflags +faststart 'file:%s'",
		 path);
	ck_assert_int_eq(system(command), 0);
}

static void drop_film(char path[PATH_MAX])
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

static void cut_film(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size * 6 / 10), 0);
}

START_TEST(clip_has_the_frames_asked_for)
{
	const struct source_options options = { .stop_fd = -1, .frames = 40 };
	struct source source;

	ck_assert_int_eq(source_open(&source, &options), 0);
	ck_assert_int_eq(source.kind, SOURCE_CLIP);
	ck_assert_uint_eq(source.format.width, 1280);
	ck_assert_uint_eq(source.format.rate_num, 30);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_uint_eq(source.frames, 40);
	ck_assert_int_eq(source_finish(&source), 0);
	source_close(&source);
}
END_TEST

static const char *const names[] = { "film.mp4", "-i.mkv", "http:a%d b.webm" };

START_TEST(film_is_decoded_whatever_its_name)
{
	char path[PATH_MAX];
	struct source_options options = { .stop_fd = -1 };
	struct source source;

	make_film(path, names[_i]);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(chdir(path), 0);
	path[strlen(path)] = '/';
	options.name = names[_i];
	ck_assert_msg(!source_open(&source, &options), "%s", source.err);
	ck_assert_int_eq(read_all(&source), 1);
	ck_assert_uint_eq(source.frames, 50);
	ck_assert_msg(!source_finish(&source), "%s", source.err);
	ck_assert_int_eq(chdir("/"), 0);
	drop_film(path);
	source_close(&source);
}
END_TEST

START_TEST(film_cut_off_is_an_error)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;
	int ret;

	make_film(path, _i ? "cut.mkv" : "cut.mp4");
	cut_film(path);
	ret = source_open(&source, &options);
	if (!ret) {
		read_all(&source);
		ret = source_finish(&source);
	}
	ck_assert_int_eq(ret, -EIO);
	ck_assert_has(source.err, "ffmpeg could not decode");
	ck_assert_has(source.err, path);
	drop_film(path);
	source_close(&source);
}
END_TEST

/* Wipes some of the pictures out; the file keeps its length and its index. */
static void damage_film(const char *path)
{
	char zeros[4000] = "";
	struct stat st;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros), st.st_size / 2), sizeof(zeros));
	close(fd);
}

START_TEST(film_damaged_in_the_middle_is_an_error)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;

	make_film(path, "damaged.mp4");
	damage_film(path);
	ck_assert_msg(!source_open(&source, &options), "%s", source.err);
	read_all(&source);
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_has(source.err, "ffmpeg could not decode");
	drop_film(path);
	source_close(&source);
}
END_TEST

START_TEST(junk_file_is_named_with_what_ffmpeg_said)
{
	char path[PATH_MAX];
	struct source_options options = { .name = path, .stop_fd = -1 };
	struct source source;
	int fds = media_test_open_fds();

	media_test_file(path, "this is no film at all\n", 23, 0644);
	ck_assert_int_eq(source_open(&source, &options), -EIO);
	ck_assert_has(source.err, "ffmpeg could not decode /tmp/media-test-");
	ck_assert_has(source.err, "Invalid data");
	ck_assert_int_eq(media_test_open_fds(), fds);
	unlink(path);
}
END_TEST

START_TEST(ffmpeg_killed_mid_stream_is_told_with_the_frames_it_gave)
{
	const struct source_options options = { .stop_fd = -1 };
	struct source source;
	char want[100];
	int i;

	ck_assert_int_eq(source_open(&source, &options), 0);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(source_next(&source), 0);
		ck_assert_int_eq(source_read(&source, frame, 1382400), 0);
	}
	ck_assert_int_eq(kill(source.decoder.pid, SIGKILL), 0);
	ck_assert_int_ne(read_all(&source), 0);
	ck_assert_int_eq(source_finish(&source), -EIO);
	ck_assert_uint_lt(source.frames, 300);
	snprintf(want, sizeof(want),
		 "the decoder ffmpeg was killed by signal 9 "
		 "after %d frames",
		 (int)source.frames);
	ck_assert_str_eq(source.err, want);
	source_close(&source);
}
END_TEST

/* In the child: open, tell the parent who decodes, and wait to be killed. */
static _Noreturn void hold_a_decoder(int fd)
{
	const struct source_options options = { .stop_fd = -1 };
	struct source source;
	pid_t pid;

	if (source_open(&source, &options))
		_exit(1);
	pid = source.decoder.pid;
	if (write(fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	for (;;)
		pause();
}

START_TEST(no_ffmpeg_outlives_a_killed_reader)
{
	int fds[2], status, i;
	pid_t reader, decoder, dead = 0;

	/* The orphan becomes our child, so that we can see it end. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	reader = fork();
	if (!reader)
		hold_a_decoder(fds[1]);
	ck_assert_int_eq(read(fds[0], &decoder, sizeof(decoder)), sizeof(decoder));
	ck_assert_int_eq(kill(reader, SIGKILL), 0);
	ck_assert_int_eq(waitpid(reader, &status, 0), reader);
	for (i = 0; i < 100 && !dead; i++) {
		dead = waitpid(decoder, &status, WNOHANG);
		poll(NULL, 0, 10);
	}
	ck_assert_int_eq(dead, decoder);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("source-ffmpeg");
	char path[PATH_MAX];
	int ret;

	if (decoder_find("ffmpeg", path)) {
		puts("1..0 # SKIP there is no ffmpeg; install it");
		return 77;
	}
	frame = malloc(1280 * 720 * 3 / 2);
	tcase_add_test(t, clip_has_the_frames_asked_for);
	tcase_add_loop_test(t, film_is_decoded_whatever_its_name, 0, 3);
	tcase_add_loop_test(t, film_cut_off_is_an_error, 0, 2);
	tcase_add_test(t, film_damaged_in_the_middle_is_an_error);
	tcase_add_test(t, junk_file_is_named_with_what_ffmpeg_said);
	tcase_add_test(t, ffmpeg_killed_mid_stream_is_told_with_the_frames_it_gave);
	tcase_add_test(t, no_ffmpeg_outlives_a_killed_reader);
	ret = media_test_run(t, "source-ffmpeg");
	free(frame);
	return ret;
}
