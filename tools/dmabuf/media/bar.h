/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_MEDIA_BAR_H
#define DMABUF_MEDIA_BAR_H

#include <stdbool.h>
#include <stdint.h>

/* The bar is never wider than this, whatever the terminal. */
#define BAR_COLUMNS_MAX 80

/* A line that shows how far a stream of frames has come. */
struct bar {
	int fd; /* borrowed; -1: not a terminal, be silent */
	bool drawn; /* there is something to clear */
	uint64_t total; /* frames expected; 0: unknown */
	uint64_t start_ns; /* when it began, CLOCK_MONOTONIC */
	uint64_t drawn_ns; /* when it was last drawn */
};

/**
 * bar_init() - begin to show progress
 * @bar: caller's memory, overwritten
 * @fd: where to draw, such as stderr; must stay open until bar_fini()
 * @total: frames expected; 0: unknown
 */
void bar_init(struct bar *bar, int fd, uint64_t total);

/**
 * bar_update() - show how many frames are done
 * @bar: an initialised bar
 * @done: frames so far
 *
 * Cheap enough for every frame: draws at most ten times a second.
 */
void bar_update(struct bar *bar, uint64_t done);

/* bar_fini() - clear the line, so that what follows starts on a clean one */
void bar_fini(struct bar *bar);

/**
 * bar_format() - the text of the bar, without control characters
 * @text: where it goes, always terminated
 * @columns: most characters it may have; cut to BAR_COLUMNS_MAX
 * @done: frames so far
 * @total: frames expected; 0: unknown
 * @rate: frames per second so far
 *
 * Return: its length in characters.
 */
int bar_format(char text[BAR_COLUMNS_MAX + 1], int columns, uint64_t done, uint64_t total,
	       double rate);

#endif
