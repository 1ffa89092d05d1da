// SPDX-License-Identifier: MIT
/*
 * The command `dmabuf`: finds the command that the first word names and runs
 * it. Looks into the library from outside, through its public headers only.
 *
 * Started by users, and by the demo itself for its three stages, as
 * `dmabuf demo-stage`, which no help text mentions.
 *
 * Invariant: the exit code is 0 for success, 1 for a run that failed and 2 for
 * a command line that cannot be understood; then stderr has one sentence.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

#ifndef DMABUF_VERSION
#define DMABUF_VERSION "0.1.0"
#endif

struct command {
	const char *name;
	const char *summary;	/* NULL: not shown */
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{ "demo", "send a video through three processes without a copy", cmd_demo },
	{ "bench", "measure fences, wake-ups and hand-offs", cmd_bench },
	{ "demo-stage", NULL, cmd_demo_stage },
};

#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print_help(void)
{
	size_t i;

	puts("dmabuf - share buffers between processes, and look at how it goes\n"
	     "\n"
	     "Usage: dmabuf COMMAND [ARGUMENT...]\n"
	     "       dmabuf COMMAND --help\n"
	     "\n"
	     "Commands:");
	for (i = 0; i < NUM_COMMANDS; i++) {
		if (commands[i].summary)
			printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	}
	puts("\n"
	     "Options:\n"
	     "  --help     print this text\n"
	     "  --version  print the version");
	return 0;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NUM_COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		fprintf(stderr, "dmabuf: no command is given; see dmabuf --help\n");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	if (!strcmp(argv[1], "--version")) {
		puts("dmabuf " DMABUF_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (!command) {
		fprintf(stderr, "dmabuf: there is no command '%.40s'; see dmabuf --help\n",
			argv[1]);
		return EXIT_USAGE;
	}
	return command->run(argc - 1, argv + 1);
}
