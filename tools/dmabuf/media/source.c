// SPDX-License-Identifier: MIT
/*
 * Finds out what the demo's input is and delivers its frames.
 *
 * Part of the demo of the dmabuf command; called by the stage that fills the
 * first pool of buffers. Stands on y4m.c, decoder.c and generator.c.
 *
 * Invariant: whatever the input, a frame takes one step: from a file, a pipe
 * or the generator straight into the memory the caller names. An input that
 * cannot be read gives one sentence that names it, the cause and the cure.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generator.h"
#include "source.h"

/* A decoder that has closed its stdout has this long to exit. */
#define GRACE_MS 2000

/* Names are cut on the left in sentences: the end says more. */
#define NAME_SHOWN 80

static const char *shown(const char *name)
{
	size_t len = strlen(name);

	return len > NAME_SHOWN ? name + len - NAME_SHOWN : name;
}

const char *source_kind_name(enum source_kind kind)
{
	switch (kind) {
	case SOURCE_CLIP:
		return "clip made by ffmpeg";
	case SOURCE_STREAM:
		return "YUV4MPEG2 stream";
	case SOURCE_Y4M:
		return "YUV4MPEG2 file";
	case SOURCE_DECODED:
		return "decoded by ffmpeg";
	case SOURCE_GENERATED:
		return "built-in generator";
	}
	return "unknown";
}

/* Passes the reader's sentence on, with the name of what it read. */
static int take_reader_error(struct source *source, int ret)
{
	char text[MEDIA_ERR_SIZE];

	snprintf(text, sizeof(text), "%s", source->y4m.err);
	if (source->kind == SOURCE_Y4M)
		return media_fail(source->err, ret, "%s: %s", shown(source->name), text);
	return media_fail(source->err, ret, "%s", text);
}

static int open_reader(struct source *source, int fd)
{
	int ret = y4m_open(&source->y4m, fd, source->stop_fd);

	source->format = source->y4m.format;
	if (ret == -ENODATA)
		source->ended = true;
	return ret ? take_reader_error(source, ret) : 0;
}

/* Reads a stream from ffmpeg; if there is none, ffmpeg knows the reason. */
static int open_decoder(struct source *source, char *const argv[])
{
	int ret = decoder_start(&source->decoder, argv, source->err);

	if (ret)
		return ret;
	ret = open_reader(source, source->decoder.out_fd);
	if (ret != -ENODATA)
		return ret;
	if (source_finish(source))
		return -EIO;
	return media_fail(source->err, -EIO, "ffmpeg found no video in %s",
			  source->kind == SOURCE_CLIP ? "its own clip" : shown(source->name));
}

/*
 * -xerror: a damaged file is an error, not a shorter film. The whitelist keeps
 * a playlist from sending ffmpeg to the network. The prefix "file:" makes any
 * name a plain one, also with a colon in it or a dash in front.
 */
static int open_decoded(struct source *source, char *ffmpeg)
{
	char url[PATH_MAX + 8];
	char *const argv[] = {
		ffmpeg,
		"-nostdin",
		"-hide_banner",
		"-loglevel",
		"error",
		"-xerror",
		"-protocol_whitelist",
		"file",
		"-i",
		url,
		"-an",
		"-sn",
		"-dn",
		"-f",
		"yuv4mpegpipe",
		"-pix_fmt",
		"yuv420p",
		"pipe:1",
		NULL,
	};

	source->kind = SOURCE_DECODED;
	snprintf(url, sizeof(url), "file:%s", source->name);
	return open_decoder(source, argv);
}

/* testsrc2 moves, has colours, and shows the time and the frame's number. */
static int open_clip(struct source *source, char *ffmpeg)
{
	char picture[96], frames[24];
	char *const argv[] = {
		ffmpeg,		"-nostdin", "-hide_banner", "-loglevel", "error", "-f",
		"lavfi",	"-i",	    picture,	    "-frames:v", frames,  "-f",
		"yuv4mpegpipe", "-pix_fmt", "yuv420p",	    "pipe:1",	 NULL,
	};

	source->kind = SOURCE_CLIP;
	snprintf(picture, sizeof(picture), "testsrc2=size=%" PRIu32 "x%" PRIu32 ":rate=%" PRIu32,
		 source->format.width, source->format.height, source->format.rate_num);
	snprintf(frames, sizeof(frames), "%" PRIu64, source->clip_frames);
	return open_decoder(source, argv);
}

static int set_clip(struct source *source, const struct source_options *options)
{
	struct media_format *format = &source->format;

	format->width = options->width ? options->width : 1280;
	format->height = options->height ? options->height : 720;
	format->rate_num = options->rate ? options->rate : 30;
	format->rate_den = 1;
	source->clip_frames = options->frames ? options->frames : UINT64_C(10) * format->rate_num;
	if (format->width < MEDIA_MIN_SIDE || format->width > MEDIA_MAX_SIDE ||
	    format->height < MEDIA_MIN_SIDE || format->height > MEDIA_MAX_SIDE)
		return media_fail(source->err, -EINVAL,
				  "a clip's sides must be from %d to %d pixels", MEDIA_MIN_SIDE,
				  MEDIA_MAX_SIDE);
	return 0;
}

static int open_made(struct source *source, const struct source_options *options)
{
	char ffmpeg[PATH_MAX];
	int ret = set_clip(source, options);

	if (ret)
		return ret;
	if (!decoder_find(options->ffmpeg ? options->ffmpeg : "ffmpeg", ffmpeg))
		return open_clip(source, ffmpeg);
	source->kind = SOURCE_GENERATED;
	return 0;
}

static int open_stdin(struct source *source)
{
	source->kind = SOURCE_STREAM;
	if (isatty(STDIN_FILENO))
		return media_fail(
			source->err, -EINVAL,
			"stdin is a terminal; pipe YUV4MPEG2 into it: ffmpeg -i INPUT -pix_fmt yuv420p -f yuv4mpegpipe - | ...");
	return open_reader(source, STDIN_FILENO);
}

/* On success source->fd is open and *@ret_mode says what it is. */
static int open_file(struct source *source, const char *name, mode_t *ret_mode)
{
	struct stat st;
	int ret;

	source->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (source->fd < 0 || fstat(source->fd, &st)) {
		ret = -errno;
		return media_fail(source->err, ret, "cannot read %s: %s", shown(name),
				  strerror(-ret));
	}
	if (S_ISDIR(st.st_mode))
		return media_fail(source->err, -EISDIR, "%s is a directory; give a video file",
				  shown(name));
	if (S_ISREG(st.st_mode) && !st.st_size)
		return media_fail(source->err, -ENODATA, "%s is empty", shown(name));
	*ret_mode = st.st_mode;
	return 0;
}

/* Looks without moving the file's position. */
static bool is_y4m(int fd)
{
	char magic[sizeof(Y4M_MAGIC) - 1];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, Y4M_MAGIC, sizeof(magic));
}

static int open_video(struct source *source, const struct source_options *options)
{
	char ffmpeg[PATH_MAX];

	close(source->fd);
	source->fd = -1;
	if (decoder_find(options->ffmpeg ? options->ffmpeg : "ffmpeg", ffmpeg))
		return media_fail(
			source->err, -ENOEXEC,
			"%s is not YUV4MPEG2 and there is no ffmpeg to decode it; install ffmpeg or give a .y4m file",
			shown(source->name));
	return open_decoded(source, ffmpeg);
}

/* A pipe cannot be looked into first: it has to be YUV4MPEG2. */
static int open_named(struct source *source, const struct source_options *options)
{
	mode_t mode;
	int ret = open_file(source, options->name, &mode);

	if (ret)
		return ret;
	if (!realpath(options->name, source->name))
		snprintf(source->name, sizeof(source->name), "%s", options->name);
	if (S_ISREG(mode) && !is_y4m(source->fd))
		return open_video(source, options);
	source->kind = S_ISREG(mode) ? SOURCE_Y4M : SOURCE_STREAM;
	return open_reader(source, source->fd);
}

int source_open(struct source *source, const struct source_options *options)
{
	int ret;

	memset(source, 0, sizeof(*source));
	decoder_init(&source->decoder);
	source->fd = -1;
	source->stop_fd = options->stop_fd;
	if (!options->name)
		ret = open_made(source, options);
	else if (!strcmp(options->name, "-"))
		ret = open_stdin(source);
	else
		ret = open_named(source, options);
	if (ret)
		source_close(source);
	return ret;
}

static int generator_next(struct source *source)
{
	struct pollfd stop = { .fd = source->stop_fd, .events = POLLIN };

	if (source->stop_fd >= 0 && poll(&stop, 1, 0) > 0)
		return media_fail(source->err, -ECANCELED, "reading was stopped");
	return source->frames == source->clip_frames;
}

int source_next(struct source *source)
{
	int ret;

	if (source->kind == SOURCE_GENERATED)
		return generator_next(source);
	decoder_drain(&source->decoder);
	ret = y4m_next_header(&source->y4m);
	if (ret == 1 || ret == -ENODATA)
		source->ended = true;
	return ret < 0 ? take_reader_error(source, ret) : ret;
}

static int generator_read(struct source *source, void *dst, size_t size)
{
	if (size < media_frame_size(&source->format))
		return media_fail(source->err, -ENOBUFS,
				  "a frame of %zu bytes does not fit into %zu bytes",
				  media_frame_size(&source->format), size);
	generator_draw(dst, &source->format, source->frames);
	return 0;
}

int source_read(struct source *source, void *dst, size_t size)
{
	int ret;

	if (source->kind == SOURCE_GENERATED) {
		ret = generator_read(source, dst, size);
	} else {
		ret = y4m_read_payload(&source->y4m, dst, size);
		if (ret == -ENODATA)
			source->ended = true;
		if (ret)
			take_reader_error(source, ret);
	}
	if (!ret)
		source->frames++;
	return ret;
}

/* ffmpeg begins its lines with the name we gave it; we name the file too. */
static const char *without_name(const struct source *source, const char *line)
{
	const size_t len = strlen(source->name);

	if (len && !strncmp(line, "file:", 5) && !strncmp(line + 5, source->name, len) &&
	    !strncmp(line + 5 + len, ": ", 2))
		return line + 5 + len + 2;
	return line;
}

static int blame_exit(struct source *source, int status)
{
	const char *line = without_name(source, decoder_last_line(&source->decoder));
	const char *what = source->kind == SOURCE_CLIP ? "make its clip" : "decode ";
	char after[48] = "";

	if (source->frames)
		snprintf(after, sizeof(after), " beyond frame %" PRIu64, source->frames - 1);
	if (!*line)
		return media_fail(source->err, -EIO,
				  "ffmpeg could not %s%s%s: it exited with status %d", what,
				  shown(source->name), after, status);
	return media_fail(source->err, -EIO, "ffmpeg could not %s%s%s: %s", what,
			  shown(source->name), after, line);
}

/*
 * Some demuxers take a file that was cut off for a short one and ffmpeg exits
 * with 0; but it says so, in one of these words.
 */
static bool is_cut_off(const struct source *source)
{
	static const char *const words[] = { "ended prematurely", "partial file" };
	const struct decoder *decoder = &source->decoder;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (memmem(decoder->tail, decoder->tail_len, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

int source_finish(struct source *source)
{
	int status = 0;
	int ret = decoder_stop(&source->decoder, source->ended ? GRACE_MS : 0, &status);

	if (ret == -ESRCH || !source->ended)
		return 0;
	if (ret)
		return media_fail(source->err, -EIO,
				  "the decoder ffmpeg did not exit after %" PRIu64 " frames: %s",
				  source->frames, strerror(-ret));
	if (WIFSIGNALED(status))
		return media_fail(source->err, -EIO,
				  "the decoder ffmpeg was killed by signal %d after %" PRIu64
				  " frames",
				  WTERMSIG(status), source->frames);
	if (WEXITSTATUS(status) || is_cut_off(source))
		return blame_exit(source, WEXITSTATUS(status));
	return 0;
}

void source_close(struct source *source)
{
	decoder_stop(&source->decoder, 0, NULL);
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

const char *source_note(struct source *source)
{
	return decoder_last_line(&source->decoder);
}

uint64_t source_ingest_bytes(const struct source *source)
{
	return source->y4m.header_bytes + source->y4m.direct_bytes;
}
