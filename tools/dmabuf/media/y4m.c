// SPDX-License-Identifier: MIT
/*
 * A streaming reader for YUV4MPEG2, the format of .y4m files and of ffmpeg's
 * yuv4mpegpipe.
 *
 * Part of the demo of the dmabuf command; called by source.c. Takes 8-bit
 * 4:2:0 only and says how to convert the rest.
 *
 * Invariant: no payload byte ever passes through memory of ours. Header lines
 * are read by the piece that cannot reach beyond their newline: first the
 * shortest possible line, then byte by byte. A plain "FRAME" line is one
 * read(2); payload is read(2) straight into the caller's memory.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "y4m.h"

#define FRAME_MAGIC "FRAME"

/* How to turn any video into a stream that is taken here. */
#define CURE "convert it: ffmpeg -i INPUT -pix_fmt yuv420p OUTPUT.y4m"

/* Sleeps until @y4m->fd has something to say; -ECANCELED when stopped. */
static int wait_readable(struct y4m *y4m)
{
	struct pollfd fds[2] = {
		{ .fd = y4m->fd, .events = POLLIN },
		{ .fd = y4m->stop_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return media_fail(y4m->err, -errno, "cannot wait for input: %s",
					  strerror(errno));
	}
	if (fds[1].revents)
		return media_fail(y4m->err, -ECANCELED, "reading was stopped");
	return 0;
}

/* Like read(2), but obeys stop_fd and takes non-blocking descriptors. */
static ssize_t read_some(struct y4m *y4m, void *dst, size_t size)
{
	bool must_wait = y4m->stop_fd >= 0;
	ssize_t n;
	int ret;

	for (;;) {
		if (must_wait) {
			ret = wait_readable(y4m);
			if (ret)
				return ret;
		}
		n = read(y4m->fd, dst, size);
		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			must_wait = true;
		else if (errno != EINTR)
			return media_fail(y4m->err, -errno, "cannot read the input: %s",
					  strerror(errno));
	}
}

/* Returns how much was read before the input ended, or -errno. */
static ssize_t read_fully(struct y4m *y4m, void *dst, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size) {
		n = read_some(y4m, (char *)dst + got, size - got);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += n;
	}
	return got;
}

static int too_short(struct y4m *y4m, const char *what)
{
	return media_fail(y4m->err, -ENODATA, "input ends inside the header of %s", what);
}

/* Reads up to and without the newline; @got bytes of the line are there. */
static int finish_line(struct y4m *y4m, char line[Y4M_LINE_MAX], size_t got, const char *what)
{
	ssize_t n;

	while (line[got - 1] != '\n') {
		if (got == Y4M_LINE_MAX)
			return media_fail(y4m->err, -E2BIG,
					  "the header of %s is longer than %d bytes", what,
					  Y4M_LINE_MAX);
		n = read_some(y4m, line + got, 1);
		if (n < 0)
			return n;
		if (n == 0)
			return too_short(y4m, what);
		got++;
		y4m->header_bytes++;
	}
	line[got - 1] = '\0';
	if (strlen(line) != got - 1)
		return media_fail(y4m->err, -EINVAL, "the header of %s contains a zero byte", what);
	return 0;
}

/* Digits only, no sign, no blank; -EINVAL for anything above @max. */
static int parse_number(const char **text, uint32_t max, uint32_t *ret_value)
{
	const char *p = *text;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (*p - '0');
		if (value > max)
			return -EINVAL;
	}
	*text = p;
	*ret_value = value;
	return 0;
}

static int parse_side(struct y4m *y4m, const char *param, uint32_t *ret_side)
{
	const char *text = param + 1;
	uint32_t side;

	if (parse_number(&text, MEDIA_MAX_SIDE, &side) || *text || side < MEDIA_MIN_SIDE)
		return media_fail(y4m->err, -EINVAL,
				  "the %s \"%.40s\" is not a number from %d to %d",
				  *param == 'W' ? "width" : "height", param + 1, MEDIA_MIN_SIDE,
				  MEDIA_MAX_SIDE);
	*ret_side = side;
	return 0;
}

/* "0:0" is the format's way to say that the rate is not known. */
static int parse_rate(struct y4m *y4m, const char *param)
{
	const char *text = param + 1;
	uint32_t num, den;
	bool bad;

	bad = parse_number(&text, INT32_MAX, &num) || *text++ != ':' ||
	      parse_number(&text, INT32_MAX, &den) || *text || (num && !den);
	if (bad)
		return media_fail(y4m->err, -EINVAL,
				  "the frame rate \"%.40s\" is not a fraction like 30:1",
				  param + 1);
	y4m->format.rate_num = num;
	y4m->format.rate_den = den ? den : 1;
	return 0;
}

/* The four names differ in where chroma is sampled, not in the layout. */
static int parse_colour(struct y4m *y4m, const char *param)
{
	static const char *const taken[] = {
		"C420",
		"C420jpeg",
		"C420mpeg2",
		"C420paldv",
	};
	size_t i;

	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (!strcmp(param, taken[i]))
			return 0;
	}
	return media_fail(y4m->err, -EINVAL, "the colour space %.40s is not 8-bit 4:2:0; " CURE,
			  param);
}

static int parse_interlace(struct y4m *y4m, const char *param)
{
	if (!param[1] || param[2] || !strchr("ptbm?", param[1]))
		return media_fail(y4m->err, -EINVAL,
				  "the interlacing \"%.40s\" is not known; " CURE, param + 1);
	y4m->interlace = param[1];
	return 0;
}

/* The pixel's aspect ratio (A) and what nobody here knows are left alone. */
static int parse_param(struct y4m *y4m, const char *param)
{
	switch (*param) {
	case 'W':
		return parse_side(y4m, param, &y4m->format.width);
	case 'H':
		return parse_side(y4m, param, &y4m->format.height);
	case 'F':
		return parse_rate(y4m, param);
	case 'C':
		return parse_colour(y4m, param);
	case 'I':
		return parse_interlace(y4m, param);
	default:
		return 0;
	}
}

static int parse_params(struct y4m *y4m, char *params)
{
	char *param, *rest = NULL;
	int ret;

	for (param = strtok_r(params, " ", &rest); param; param = strtok_r(NULL, " ", &rest)) {
		ret = parse_param(y4m, param);
		if (ret)
			return ret;
	}
	if (!y4m->format.width || !y4m->format.height)
		return media_fail(y4m->err, -EINVAL, "the stream header has no %s",
				  y4m->format.width ? "height" : "width");
	return 0;
}

/* The magic and the byte after it: no valid header is shorter. */
static int read_magic(struct y4m *y4m, char *line)
{
	const size_t size = strlen(Y4M_MAGIC) + 1;
	ssize_t n = read_fully(y4m, line, size);

	if (n < 0)
		return n;
	y4m->header_bytes += n;
	if (n == 0)
		return media_fail(y4m->err, -ENODATA, "input is empty");
	if (memcmp(line, Y4M_MAGIC, (size_t)n < size ? (size_t)n : size - 1))
		return media_fail(y4m->err, -EINVAL, "input is not YUV4MPEG2; " CURE);
	if ((size_t)n < size)
		return too_short(y4m, "the stream");
	if (line[size - 1] != ' ' && line[size - 1] != '\n')
		return media_fail(y4m->err, -EINVAL, "input is not YUV4MPEG2; " CURE);
	return 0;
}

int y4m_open(struct y4m *y4m, int fd, int stop_fd)
{
	const size_t magic = strlen(Y4M_MAGIC) + 1;
	char line[Y4M_LINE_MAX];
	int ret;

	memset(y4m, 0, sizeof(*y4m));
	y4m->fd = fd;
	y4m->stop_fd = stop_fd;
	y4m->interlace = '?';
	y4m->format.rate_den = 1;
	ret = read_magic(y4m, line);
	if (ret)
		return ret;
	ret = finish_line(y4m, line, magic, "the stream");
	if (ret)
		return ret;
	return parse_params(y4m, line + magic - 1);
}

int y4m_next_header(struct y4m *y4m)
{
	const size_t magic = strlen(FRAME_MAGIC);
	char line[Y4M_LINE_MAX], what[40];
	ssize_t n;
	int ret;

	snprintf(what, sizeof(what), "frame %llu", (unsigned long long)y4m->frames);
	if (y4m->in_frame)
		return media_fail(y4m->err, -EINVAL, "%s was not read", what);
	n = read_fully(y4m, line, magic + 1);
	if (n <= 0)
		return n ? n : 1;
	y4m->header_bytes += n;
	if (memcmp(line, FRAME_MAGIC, (size_t)n < magic ? (size_t)n : magic) ||
	    ((size_t)n > magic && line[magic] != ' ' && line[magic] != '\n'))
		return media_fail(y4m->err, -EINVAL,
				  "%s does not begin with the word FRAME; the input is damaged",
				  what);
	if ((size_t)n <= magic)
		return too_short(y4m, what);
	ret = finish_line(y4m, line, n, what);
	if (ret)
		return ret;
	y4m->in_frame = true;
	return 0;
}

int y4m_read_payload(struct y4m *y4m, void *dst, size_t size)
{
	const size_t want = media_frame_size(&y4m->format);
	ssize_t n;

	if (!y4m->in_frame)
		return media_fail(y4m->err, -EINVAL, "no frame was announced");
	if (size < want)
		return media_fail(y4m->err, -ENOBUFS,
				  "a frame of %zu bytes does not fit into %zu bytes", want, size);
	n = read_fully(y4m, dst, want);
	if (n < 0)
		return n;
	y4m->direct_bytes += n;
	if ((size_t)n < want)
		return media_fail(y4m->err, -ENODATA,
				  "input ends inside frame %llu: got %zd of %zu bytes",
				  (unsigned long long)y4m->frames, n, want);
	y4m->in_frame = false;
	y4m->frames++;
	return 0;
}
