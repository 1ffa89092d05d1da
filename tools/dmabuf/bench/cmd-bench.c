// SPDX-License-Identifier: MIT
/*
 * The command `dmabuf bench`: chooses rows, measures one after the other,
 * reports. Called by main.c.
 *
 * The rows that describe the machine itself are measured in every run, so that
 * the numbers of two machines can be set beside each other.
 *
 * Invariant: this process never uses the library; the rows do, in processes of
 * their own. It prints one sentence on stderr if the exit code is not 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench-kernel.h"
#include "bench.h"
#include "../commands.h"

struct options {
	const char *filter; /* NULL: all rows */
	const char *json; /* NULL: none; "-": stdout */
	unsigned int repeat;
	bool list;
	bool help;
};

/* In this order, so that a row comes after those it is compared with. */
static const struct bench_group *const groups[] = {
	&bench_machine_rows, &bench_fence_rows,	 &bench_container_rows, &bench_resv_rows,
	&bench_buf_rows,     &bench_remote_rows, &bench_handoff_rows,	&bench_scale_rows,
};

#define NUM_GROUPS (sizeof(groups) / sizeof(groups[0]))
#define ROWS_MAX   256

static int usage_error(const char *fmt, const char *word)
{
	fprintf(stderr, "dmabuf bench: ");
	fprintf(stderr, fmt, word);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

static int parse_repeat(struct options *opt, const char *value)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || number < 1 || number > BENCH_REPEAT_MAX)
		return usage_error("--repeat: '%.40s' is not a number from 1 to 1000", value);
	opt->repeat = number;
	return 0;
}

/* Options with a value; -1: it is none of them. */
static int parse_value(struct options *opt, const char *name, const char *value)
{
	if (!strcmp(name, "--filter"))
		opt->filter = value;
	else if (!strcmp(name, "--json"))
		opt->json = value;
	else if (!strcmp(name, "--repeat"))
		return value ? parse_repeat(opt, value) : usage_error("%s needs a value", name);
	else
		return -1;
	return value && *value ? 0 : usage_error("%s needs a value", name);
}

static int parse_options(struct options *opt, int argc, char **argv)
{
	int i, ret;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list")) {
			opt->list = true;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			opt->help = true;
		} else {
			ret = parse_value(opt, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
			if (ret < 0)
				return usage_error(
					"there is no option '%.40s'; see dmabuf bench --help",
					argv[i]);
			if (ret > 0)
				return ret;
			i++;
		}
	}
	return 0;
}

static int print_help(void)
{
	puts("dmabuf bench - measure fences, wake-ups and hand-offs\n"
	     "\n"
	     "Usage: dmabuf bench [OPTION...]\n"
	     "\n"
	     "Examples:\n"
	     "  dmabuf bench\n"
	     "  dmabuf bench --filter handoff --json bench.json\n"
	     "  dmabuf bench --filter 'resv_*_16' --repeat 21\n"
	     "\n"
	     "Options:\n"
	     "  --filter PATTERN  only rows whose name contains PATTERN or matches it as\n"
	     "                    a glob; those of the machine are always measured\n"
	     "  --json FILE       write an array of objects; - is stdout, without a table\n"
	     "  --list            print the names of the rows and measure nothing\n"
	     "  --repeat N        measure each row N times (7); the median counts");
	return 0;
}

static bool is_wanted(const struct bench *bench, const char *filter)
{
	if (!filter || strstr(bench->name, filter))
		return true;
	return strpbrk(filter, "*?[") && !fnmatch(filter, bench->name, 0);
}

/* The rows to measure, and whether the filter found any by itself. */
static size_t choose(const char *filter, struct bench_result *rows, bool *ret_found)
{
	size_t count = 0, group, i;

	*ret_found = false;
	for (group = 0; group < NUM_GROUPS; group++) {
		for (i = 0; i < groups[group]->count && count < ROWS_MAX; i++) {
			const struct bench *bench = &groups[group]->rows[i];
			bool wanted = is_wanted(bench, filter);

			*ret_found |= wanted;
			if (wanted || bench->always)
				rows[count++].bench = bench;
		}
	}
	return count;
}

/* How many times as long as its peer, if that was measured. */
static double ratio_to_peer(const struct bench_result *results, size_t index)
{
	const char *peer = results[index].bench->peer;
	size_t i;

	for (i = 0; peer && results[index].ok && i < index; i++) {
		if (!strcmp(results[i].bench->name, peer) && results[i].ok && results[i].median > 0)
			return results[index].median / results[i].median;
	}
	return 0;
}

/* The kernel's figure for a row, as it would be here; atomic_add comes first in every run. */
static double kernel_here(const struct bench_result *results, size_t index)
{
	double figure = bench_kernel_ns(results[index].bench->name);

	return results[0].ok ? figure * results[0].median / BENCH_KERNEL_ADD_NS : 0;
}

static void measure_all(struct bench_result *results, size_t count, unsigned int repeat, bool table)
{
	size_t i;

	if (table)
		bench_table_begin();
	for (i = 0; i < count; i++) {
		bench_run(results[i].bench, repeat, &results[i]);
		results[i].ratio = ratio_to_peer(results, i);
		results[i].kernel = kernel_here(results, i);
		if (table)
			bench_table_row(&results[i]);
	}
	if (table)
		bench_table_end();
}

static int report_failures(const struct bench_result *results, size_t count)
{
	const struct bench_result *first = NULL;
	size_t failures = 0, i;

	for (i = 0; i < count; i++) {
		if (results[i].ok || results[i].skipped)
			continue;
		if (!failures++)
			first = &results[i];
	}
	if (!first)
		return 0;
	fprintf(stderr, "dmabuf bench: %s could not be measured: %s", first->bench->name,
		first->why);
	if (failures > 1)
		fprintf(stderr, " (and %zu more)", failures - 1);
	fprintf(stderr, "\n");
	return EXIT_RUN_FAILED;
}

static int json_error(const char *path, int error)
{
	fprintf(stderr, "dmabuf bench: cannot write %.100s: %s\n", path, strerror(-error));
	return EXIT_RUN_FAILED;
}

/* Early, so that nobody waits for numbers that cannot be kept. */
static int open_json(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

static int save_json(const struct options *opt, int fd, const struct bench_result *results,
		     size_t count)
{
	int ret;

	if (strcmp(opt->json, "-") && ftruncate(fd, 0) < 0 && errno != EINVAL)
		return json_error(opt->json, -errno);
	ret = bench_write_json(fd, results, count);
	return ret < 0 ? json_error(opt->json, ret) : 0;
}

static int measure_and_report(const struct options *opt, struct bench_result *results, size_t count)
{
	bool table = !opt->json || strcmp(opt->json, "-");
	int fd = opt->json ? open_json(opt->json) : -1;
	int ret;

	if (opt->json && fd < 0)
		return json_error(opt->json, fd);
	measure_all(results, count, opt->repeat, table);
	ret = opt->json ? save_json(opt, fd, results, count) : 0;
	return ret ? ret : report_failures(results, count);
}

static void list_rows(const struct bench_result *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		puts(rows[i].bench->name);
}

int cmd_bench(int argc, char **argv)
{
	static struct bench_result results[ROWS_MAX];
	struct options opt = { .repeat = BENCH_REPEAT_DEFAULT };
	int ret = parse_options(&opt, argc, argv);
	bool found;
	size_t count;

	if (ret)
		return ret;
	if (opt.help)
		return print_help();
	count = choose(opt.filter, results, &found);
	if (!found)
		return usage_error("no row matches '%.40s'; see dmabuf bench --list", opt.filter);
	if (opt.list) {
		list_rows(results, count);
		return 0;
	}
	return measure_and_report(&opt, results, count);
}
