// SPDX-License-Identifier: MIT
/*
 * What the demo prints at its end: a table of at most 80 columns, and the same
 * figures as one JSON object. Called by cmd_demo() after a run that went well.
 *
 * Invariant: every figure was counted by the stage that did the thing; here
 * they are only added up.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"

/* The figures of a run, over all stages. */
struct sums {
	uint64_t frames;
	double seconds;
	double rate;
	uint64_t frame_bytes;
	uint64_t ingest_bytes;
	uint64_t socket_bytes;
	uint64_t messages;
	uint64_t copied_bytes;
	uint64_t ready;
	uint64_t slept;
	struct demo_hop_stats hop[HOP_COUNT];
};

/* Each hop is measured by one stage; the others have zeroes there. */
static void add_stage(struct sums *sums, const struct demo_stats *stats)
{
	int i;

	sums->ingest_bytes += stats->ingest_bytes;
	sums->socket_bytes += stats->socket_bytes;
	sums->messages += stats->messages;
	sums->copied_bytes += stats->copied_bytes;
	for (i = 0; i < HOP_COUNT; i++) {
		sums->ready += stats->hop[i].ready;
		sums->slept += stats->hop[i].slept;
		if (stats->hop[i].ready || stats->hop[i].slept)
			sums->hop[i] = stats->hop[i];
	}
}

static struct sums sum_up(const struct demo_result *result)
{
	const struct demo_stats *stats = result->stats;
	struct sums sums = { .frames = stats[STAGE_SINK].frames };
	int i;

	for (i = 0; i < STAGE_COUNT; i++)
		add_stage(&sums, &stats[i]);
	sums.frame_bytes = media_frame_size(&result->stream.format);
	sums.seconds = (stats[STAGE_SINK].last_ns - stats[STAGE_SOURCE].first_ns) / 1e9;
	if (sums.seconds > 0)
		sums.rate = sums.frames / sums.seconds;
	return sums;
}

/* "1.5 us", at most 8 columns. */
static const char *format_time(uint64_t ns, char text[16])
{
	if (ns < 1000)
		snprintf(text, 16, "%u ns", (unsigned int)ns);
	else if (ns < 1000000)
		snprintf(text, 16, "%.1f us", ns / 1e3);
	else if (ns < 1000000000)
		snprintf(text, 16, "%.1f ms", ns / 1e6);
	else
		snprintf(text, 16, "%.4g s", ns / 1e9);
	return text;
}

static const char *format_bytes(uint64_t bytes, char text[16])
{
	if (bytes < 1000)
		snprintf(text, 16, "%u bytes", (unsigned int)bytes);
	else if (bytes < 1000000)
		snprintf(text, 16, "%.1f kB", bytes / 1e3);
	else if (bytes < 1000000000)
		snprintf(text, 16, "%.1f MB", bytes / 1e6);
	else
		snprintf(text, 16, "%.4g GB", bytes / 1e9);
	return text;
}

static void print_hops(const struct sums *sums)
{
	char p50[16], p99[16];
	int i;

	printf("\n  %-24s %10s %10s %10s %10s\n", "hand-off", "p50", "p99", "slept", "ready");
	for (i = 0; i < HOP_COUNT; i++) {
		const struct demo_hop_stats *hop = &sums->hop[i];

		printf("  %-24s %10s %10s %10" PRIu64 " %10" PRIu64 "\n", demo_hop_name(i),
		       hop->slept ? format_time(hop->p50_ns, p50) : "-",
		       hop->slept ? format_time(hop->p99_ns, p99) : "-", hop->slept, hop->ready);
	}
}

static const char *filter_name(const struct demo_options *opt)
{
	return opt->null || opt->no_filter ? "none" : "edge";
}

void demo_print(const struct demo_options *opt, const struct demo_result *result)
{
	const struct media_format *format = &result->stream.format;
	const struct sums sums = sum_up(result);
	char text[16];

	printf("  %-24s %" PRIu64 " of %ux%u, %" PRIu64 " bytes each\n", "frames", sums.frames,
	       format->width, format->height, sums.frame_bytes);
	printf("  %-24s %s\n", "input", result->stream.kind);
	printf("  %-24s %s\n", "filter", filter_name(opt));
	printf("  %-24s %.1f frames/s for %.2f s\n", "rate", sums.rate, sums.seconds);
	printf("  %-24s %s\n", "read from the input", format_bytes(sums.ingest_bytes, text));
	printf("  %-24s %s\n", "copied between the three",
	       format_bytes(sums.copied_bytes, text));
	printf("  %-24s %s in %" PRIu64 " messages\n", "through sockets",
	       format_bytes(sums.socket_bytes, text), sums.messages);
	printf("  %-24s 2 pools of %u\n", "buffers", opt->buffers);
	printf("  %-24s %" PRIu64 " slept, %" PRIu64 " did not have to\n", "waits for fences",
	       sums.slept, sums.ready);
	printf("  %-24s stamps of every frame, %" PRIu64 " rows\n", "checked",
	       result->stats[STAGE_SINK].rows_checked);
	if (result->stats[STAGE_SINK].sheet_written)
		printf("  %-24s %s\n", "contact sheet", opt->png);
	print_hops(&sums);
}

/* Bytes that are not ASCII go out as they are: what came in was text. */
static void write_string(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		const unsigned char c = *text;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c < 0x20)
			fprintf(file, "\\u%04x", c);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static void write_member(FILE *file, const char *name, uint64_t value)
{
	fprintf(file, "  \"%s\": %" PRIu64 ",\n", name, value);
}

static void write_hops(FILE *file, const struct sums *sums)
{
	int i;

	fputs("  \"hops\": [\n", file);
	for (i = 0; i < HOP_COUNT; i++) {
		const struct demo_hop_stats *hop = &sums->hop[i];

		fprintf(file,
			"    { \"name\": \"%s\", \"slept\": %" PRIu64 ", \"ready\": %" PRIu64
			", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64
			" }%s\n",
			demo_hop_name(i), hop->slept, hop->ready, hop->p50_ns, hop->p99_ns,
			hop->max_ns, i + 1 < HOP_COUNT ? "," : "");
	}
	fputs("  ]\n", file);
}

static void write_object(FILE *file, const struct demo_options *opt,
			 const struct demo_result *result)
{
	const struct media_format *format = &result->stream.format;
	const struct sums sums = sum_up(result);

	fputs("{\n", file);
	write_member(file, "frames", sums.frames);
	write_member(file, "width", format->width);
	write_member(file, "height", format->height);
	write_member(file, "frame_bytes", sums.frame_bytes);
	fputs("  \"input\": ", file);
	write_string(file, result->stream.kind);
	fprintf(file, ",\n  \"filter\": \"%s\",\n", filter_name(opt));
	fprintf(file, "  \"null\": %s,\n", opt->null ? "true" : "false");
	fprintf(file, "  \"seconds\": %.6f,\n", sums.seconds);
	fprintf(file, "  \"frames_per_second\": %.3f,\n", sums.rate);
	write_member(file, "ingest_bytes", sums.ingest_bytes);
	write_member(file, "copied_bytes", sums.copied_bytes);
	write_member(file, "socket_bytes", sums.socket_bytes);
	write_member(file, "messages", sums.messages);
	write_member(file, "buffers", 2 * opt->buffers);
	write_member(file, "waits_slept", sums.slept);
	write_member(file, "waits_ready", sums.ready);
	write_member(file, "rows_checked", result->stats[STAGE_SINK].rows_checked);
	fputs("  \"png\": ", file);
	if (result->stats[STAGE_SINK].sheet_written)
		write_string(file, opt->png);
	else
		fputs("null", file);
	fputs(",\n", file);
	write_hops(file, &sums);
	fputs("}\n", file);
}

int demo_write_json(const struct demo_options *opt, const struct demo_result *result)
{
	const bool to_stdout = !strcmp(opt->json, "-");
	FILE *file = to_stdout ? stdout : fopen(opt->json, "we");
	int ret = 0;

	if (!file)
		return -errno;
	write_object(file, opt, result);
	if (fflush(file) || ferror(file))
		ret = errno ? -errno : -EIO;
	if (!to_stdout && fclose(file) && !ret)
		ret = -errno;
	return ret;
}
