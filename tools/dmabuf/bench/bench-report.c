// SPDX-License-Identifier: MIT
/*
 * What a run says: a table of at most 80 columns for people, an array of
 * objects for programs. Called by cmd-bench.c.
 *
 * Invariant: the JSON holds only rows that were measured, each with "name" and
 * "ns"; what could not be measured is missing there, never zero.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define NUMBER_SIZE 32

/* Three digits that matter, or all before the point. */
static const char *number(char text[NUMBER_SIZE], double value)
{
	int digits = value < 10 ? 2 : value < 1000 ? 1 : 0;

	snprintf(text, NUMBER_SIZE, "%.*f", digits, value);
	return text;
}

void bench_table_begin(void)
{
	printf("%-36s %11s %11s %10s %7s\n", "ns per call", "median", "min", "kernel", "ratio");
}

void bench_table_row(const struct bench_result *result)
{
	char median[NUMBER_SIZE], min[NUMBER_SIZE];
	char kernel[NUMBER_SIZE] = "", ratio[NUMBER_SIZE] = "";
	double ratio_shown = result->ratio;

	if (!result->ok) {
		printf("%-36s %11s\n", result->bench->name, result->skipped ? "skipped" : "failed");
		return;
	}
	if (result->kernel > 0) {
		number(kernel, result->kernel);
		ratio_shown = result->median / result->kernel;
	}
	if (ratio_shown > 0)
		snprintf(ratio, sizeof(ratio), "%7.2f", ratio_shown);
	printf("%-36s %11s %11s %10s %7s\n", result->bench->name, number(median, result->median),
	       number(min, result->min), kernel, ratio);
	fflush(stdout);
}

void bench_table_end(void)
{
	puts("\n"
	     "kernel: what Linux 6.12 takes for it inside the kernel, where that is known,\n"
	     "scaled by atomic_add, which takes 4.7 ns there. ratio: to that; else wake-ups\n"
	     "and waits to a plain futex or plain spinning, sockets and pipes to the hand-off\n"
	     "of the same frame as a buffer, two threads to one");
}

static void print_object(FILE *out, const struct bench_result *result, const char *separator)
{
	fprintf(out,
		"%s\n  {\"name\": \"%s\", \"ns\": %.3f, \"min\": %.3f, \"max\": %.3f, \"runs\": %u",
		separator, result->bench->name, result->median, result->min, result->max,
		result->runs);
	if (result->bench->bytes)
		fprintf(out, ", \"bytes\": %zu", result->bench->bytes);
	if (result->ratio > 0)
		fprintf(out, ", \"peer\": \"%s\", \"ratio\": %.4f", result->bench->peer,
			result->ratio);
	if (result->kernel > 0)
		fprintf(out, ", \"kernel\": %.3f, \"kernel_ratio\": %.4f", result->kernel,
			result->median / result->kernel);
	fprintf(out, "}");
}

int bench_write_json(int fd, const struct bench_result *results, size_t count)
{
	FILE *out = fdopen(fd, "w");
	const char *separator = "";
	size_t i;

	if (!out)
		return -errno;
	fprintf(out, "[");
	for (i = 0; i < count; i++) {
		if (!results[i].ok)
			continue;
		print_object(out, &results[i], separator);
		separator = ",";
	}
	fprintf(out, "\n]\n");
	return ferror(out) || fclose(out) ? -EIO : 0;
}
