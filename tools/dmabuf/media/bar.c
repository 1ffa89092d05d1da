// SPDX-License-Identifier: MIT
/*
 * The demo's progress bar.
 *
 * Part of the demo of the dmabuf command; drawn by the process that talks to
 * the user. One line of at most BAR_COLUMNS_MAX columns, plain ASCII.
 *
 * Invariant: nothing is ever written to what is not a terminal, and after
 * bar_fini() the terminal shows no trace of the bar.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"

#define REDRAW_NS UINT64_C(100000000)

/* To the first column, then erase what is right of it. */
#define CLEAR_LINE "\r\033[K"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static int terminal_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return BAR_COLUMNS_MAX;
	return size.ws_col;
}

/* Progress is not worth an error: what the terminal refuses is not shown. */
static void draw(struct bar *bar, const char *text, size_t len)
{
	if (write(bar->fd, text, len) < 0)
		return;
}

void bar_init(struct bar *bar, int fd, uint64_t total)
{
	memset(bar, 0, sizeof(*bar));
	bar->fd = isatty(fd) ? fd : -1;
	bar->total = total;
	bar->start_ns = now_ns();
}

/* "[#####     ] " of @columns columns. */
static void format_gauge(char *text, int columns, uint64_t done, uint64_t total)
{
	const int inner = columns - 3;
	const int full = (double)done / total * inner;

	text[0] = '[';
	memset(text + 1, ' ', inner);
	memset(text + 1, '#', full);
	memcpy(text + 1 + inner, "] ", 3);
}

int bar_format(char text[BAR_COLUMNS_MAX + 1], int columns, uint64_t done, uint64_t total,
	       double rate)
{
	char gauge[BAR_COLUMNS_MAX + 1] = "", words[BAR_COLUMNS_MAX + 1];
	int len;

	if (columns > BAR_COLUMNS_MAX)
		columns = BAR_COLUMNS_MAX;
	if (done > total && total)
		done = total;
	if (total)
		len = snprintf(words, sizeof(words), "%3d%% %llu/%llu frames, %.1f frames/s",
			       (int)((double)done / total * 100), (unsigned long long)done,
			       (unsigned long long)total, rate);
	else
		len = snprintf(words, sizeof(words), "%llu frames, %.1f frames/s",
			       (unsigned long long)done, rate);
	if (total && columns - len >= 8)
		format_gauge(gauge, columns - len, done, total);
	len = snprintf(text, columns + 1, "%s%s", gauge, words);
	return len > columns ? columns : len;
}

/* The last column stays free: some terminals wrap as soon as it is filled. */
void bar_update(struct bar *bar, uint64_t done)
{
	const uint64_t now = now_ns();
	char text[BAR_COLUMNS_MAX + 1], line[sizeof(CLEAR_LINE) + sizeof(text)];
	double seconds;
	int len;

	if (bar->fd < 0 || (bar->drawn && now - bar->drawn_ns < REDRAW_NS))
		return;
	seconds = (now - bar->start_ns) / 1e9;
	bar_format(text, terminal_columns(bar->fd) - 1, done, bar->total,
		   seconds > 0 ? done / seconds : 0);
	len = snprintf(line, sizeof(line), CLEAR_LINE "%s", text);
	draw(bar, line, len);
	bar->drawn = true;
	bar->drawn_ns = now;
}

void bar_fini(struct bar *bar)
{
	if (bar->fd >= 0 && bar->drawn)
		draw(bar, CLEAR_LINE, strlen(CLEAR_LINE));
	bar->drawn = false;
	bar->fd = -1;
}
