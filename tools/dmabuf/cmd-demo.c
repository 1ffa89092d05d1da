// SPDX-License-Identifier: MIT
/*
 * `dmabuf demo [FILE]`: a video flows through three processes without a copy.
 * Called by main(); reads the options, has the supervisor run the stages, and
 * prints what came of it.
 *
 * Invariant: stdout carries the table or, with --json -, one JSON object, and
 * only after a run that went well; everything else goes to stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "demo.h"

static const char help_text[] =
	"dmabuf demo - send a video through three processes without a copy\n"
	"\n"
	"Usage: dmabuf demo [OPTION...] [FILE]\n"
	"\n"
	"FILE is a video that ffmpeg reads, a .y4m file, or - for YUV4MPEG2 on stdin.\n"
	"Without FILE, ffmpeg makes a clip; without ffmpeg, a built-in generator does.\n"
	"\n"
	"Examples:\n"
	"  dmabuf demo\n"
	"  dmabuf demo --frames 100 holiday.mp4\n"
	"  ffmpeg -i holiday.mp4 -f yuv4mpegpipe - | dmabuf demo -\n"
	"  dmabuf demo --null --size 1920x1080\n"
	"\n"
	"Options:\n"
	"  --frames N         stop after N frames\n"
	"  --realtime         no faster than the video's frame rate\n"
	"  --buffers N        buffers in each of the two pools, 2 to 64 (default 8)\n"
	"  --filter edge|none what the filter does (default edge)\n"
	"  --null             no frame data at all: measures the hand-off alone\n"
	"  --size WxH         size of the clip or of --null's frames (default 1280x720)\n"
	"  --json FILE        write the figures as JSON too; - is stdout, without table\n"
	"  --png FILE         contact sheet of filtered frames (default demo.png)\n"
	"  --help             print this text\n";

const char *demo_stage_name(enum demo_stage stage)
{
	static const char *const names[STAGE_COUNT] = { "source", "filter", "sink" };

	return names[stage];
}

const char *demo_hop_name(enum demo_hop hop)
{
	static const char *const names[HOP_COUNT] = {
		[HOP_SOURCE_FILTER] = "source to filter",
		[HOP_FILTER_SINK] = "filter to sink",
		[HOP_SINK_FILTER] = "sink back to filter",
		[HOP_READERS_SOURCE] = "readers back to source",
	};

	return names[hop];
}

int64_t demo_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* The figures; the run itself is over. */
static int report(const struct demo_options *opt, const struct demo_result *result)
{
	int ret;

	if (!opt->json || strcmp(opt->json, "-"))
		demo_print(opt, result);
	if (fflush(stdout)) {
		fprintf(stderr, "dmabuf demo: cannot print the table: %s\n", strerror(errno));
		return EXIT_RUN_FAILED;
	}
	if (!opt->json)
		return 0;
	ret = demo_write_json(opt, result);
	if (!ret)
		return 0;
	fprintf(stderr, "dmabuf demo: cannot write %.200s: %s\n", opt->json, strerror(-ret));
	return EXIT_RUN_FAILED;
}

int cmd_demo(int argc, char **argv)
{
	char err[DEMO_TEXT_SIZE];
	struct demo_options opt;
	struct demo_result result = { 0 };
	int ret;

	if (demo_parse(argc - 1, argv + 1, &opt, err)) {
		fprintf(stderr, "dmabuf demo: %s\n", err);
		return EXIT_USAGE;
	}
	if (opt.help) {
		fputs(help_text, stdout);
		return 0;
	}
	ret = demo_supervise(&opt, argc - 1, argv + 1, &result);
	return ret ? ret : report(&opt, &result);
}
