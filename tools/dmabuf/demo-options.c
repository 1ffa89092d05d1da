// SPDX-License-Identifier: MIT
/*
 * The command line of the demo. Called by the supervisor, and again by each
 * stage, which gets the user's words as they are.
 *
 * A table says what each option is and what it may be, so that every sentence
 * about a bad one names the option, the value and what is allowed.
 *
 * Invariant: what passes here is within the limits of demo.h, so that nobody
 * after it has to look again.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

struct option_word {
	const char *name;
	const char *value;	/* what the value is; NULL: takes none */
	int (*apply)(struct demo_options *opt, const char *value, char *err);
};

static int refuse(char *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int refuse(char *err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, DEMO_TEXT_SIZE, fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Digits only: no sign, no blank, no 0x. */
static bool parse_number(const char *text, size_t len, uint64_t min, uint64_t max,
			 uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (value > (max - (text[i] - '0')) / 10)
			return false;
		value = value * 10 + (text[i] - '0');
	}
	if (!len || value < min)
		return false;
	*ret_value = value;
	return true;
}

static int apply_frames(struct demo_options *opt, const char *value, char *err)
{
	if (parse_number(value, strlen(value), 1, DEMO_FRAMES_MAX, &opt->frames))
		return 0;
	return refuse(err, "--frames: '%.40s' is not a number from 1 to %llu", value,
		      (unsigned long long)DEMO_FRAMES_MAX);
}

static int apply_buffers(struct demo_options *opt, const char *value, char *err)
{
	uint64_t number;

	if (!parse_number(value, strlen(value), DEMO_BUFFERS_MIN, DEMO_BUFFERS_MAX, &number))
		return refuse(err, "--buffers: '%.40s' is not a number from %d to %d", value,
			      DEMO_BUFFERS_MIN, DEMO_BUFFERS_MAX);
	opt->buffers = number;
	return 0;
}

static int apply_size(struct demo_options *opt, const char *value, char *err)
{
	const char *x = strchr(value, 'x');
	uint64_t width, height;

	if (!x || !parse_number(value, x - value, MEDIA_MIN_SIDE, MEDIA_MAX_SIDE, &width) ||
	    !parse_number(x + 1, strlen(x + 1), MEDIA_MIN_SIDE, MEDIA_MAX_SIDE, &height))
		return refuse(err,
			      "--size: '%.40s' is not WIDTHxHEIGHT with both from %d to %d, "
			      "such as 1920x1080",
			      value, MEDIA_MIN_SIDE, MEDIA_MAX_SIDE);
	opt->width = width;
	opt->height = height;
	return 0;
}

static int apply_filter(struct demo_options *opt, const char *value, char *err)
{
	opt->no_filter = !strcmp(value, "none");
	if (opt->no_filter || !strcmp(value, "edge"))
		return 0;
	return refuse(err, "--filter: '%.40s' is neither edge nor none", value);
}

static int apply_json(struct demo_options *opt, const char *value, char *err)
{
	(void)err;
	opt->json = value;
	return 0;
}

static int apply_png(struct demo_options *opt, const char *value, char *err)
{
	(void)err;
	opt->png = value;
	return 0;
}

static int apply_realtime(struct demo_options *opt, const char *value, char *err)
{
	(void)value;
	(void)err;
	opt->realtime = true;
	return 0;
}

static int apply_null(struct demo_options *opt, const char *value, char *err)
{
	(void)value;
	(void)err;
	opt->null = true;
	return 0;
}

static int apply_help(struct demo_options *opt, const char *value, char *err)
{
	(void)value;
	(void)err;
	opt->help = true;
	return 0;
}

static const struct option_word option_words[] = {
	{ "--frames", "how many frames", apply_frames },
	{ "--buffers", "how many buffers", apply_buffers },
	{ "--size", "WIDTHxHEIGHT", apply_size },
	{ "--filter", "edge or none", apply_filter },
	{ "--json", "a file name, or - for stdout", apply_json },
	{ "--png", "a file name", apply_png },
	{ "--realtime", NULL, apply_realtime },
	{ "--null", NULL, apply_null },
	{ "--help", NULL, apply_help },
};

static const struct option_word *find_word(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(option_words) / sizeof(option_words[0]); i++) {
		if (strlen(option_words[i].name) == len &&
		    !strncmp(option_words[i].name, text, len))
			return &option_words[i];
	}
	return NULL;
}

/* One option at argv[*pos]; moves *pos to the last word it used. */
static int parse_option(int argc, char **argv, int *pos, struct demo_options *opt, char *err)
{
	const char *text = argv[*pos];
	const char *value = strchr(text, '=');
	const size_t len = value ? (size_t)(value - text) : strlen(text);
	const struct option_word *word = find_word(text, len);

	if (!word)
		return refuse(err, "unknown option '%.60s'; see dmabuf demo --help", text);
	if (!word->value) {
		if (value)
			return refuse(err, "%s takes no value, and '%.40s' is one", word->name,
				      value + 1);
		return word->apply(opt, NULL, err);
	}
	if (value)
		value++;
	else if (*pos + 1 < argc)
		value = argv[++*pos];
	if (!value || !*value)
		return refuse(err, "%s needs a value: %s", word->name, word->value);
	return word->apply(opt, value, err);
}

static int parse_file(struct demo_options *opt, const char *name, char *err)
{
	if (opt->file)
		return refuse(err, "one FILE is enough: '%.80s' or '%.80s'", opt->file, name);
	if (!*name)
		return refuse(err, "the name of FILE is empty");
	opt->file = name;
	return 0;
}

/* Options that do not go together. */
static int check_together(const struct demo_options *opt, char *err)
{
	if (opt->null && opt->file)
		return refuse(err, "--null reads no input: leave out '%.80s'", opt->file);
	if (opt->width && opt->file)
		return refuse(err, "--size is for a made clip and --null: '%.80s' has its own",
			      opt->file);
	return 0;
}

int demo_parse(int argc, char **argv, struct demo_options *opt, char err[DEMO_TEXT_SIZE])
{
	bool words_only = false;
	int i, ret;

	memset(opt, 0, sizeof(*opt));
	opt->buffers = 8;
	opt->png = "demo.png";
	for (i = 0; i < argc; i++) {
		if (!words_only && !strcmp(argv[i], "--")) {
			words_only = true;
			continue;
		}
		if (!words_only && !strcmp(argv[i], "-h"))
			ret = apply_help(opt, NULL, err);
		else if (!words_only && argv[i][0] == '-' && argv[i][1])
			ret = parse_option(argc, argv, &i, opt, err);
		else
			ret = parse_file(opt, argv[i], err);
		if (ret)
			return ret;
	}
	return opt->help ? 0 : check_together(opt, err);
}
