/* SPDX-License-Identifier: MIT */
#ifndef DMABUF_TOOL_COMMANDS_H
#define DMABUF_TOOL_COMMANDS_H

/* Exit codes of every command. */
#define EXIT_RUN_FAILED	1
#define EXIT_USAGE	2

/*
 * Each command gets its own name as argv[0], reports errors itself as one
 * sentence on stderr, and returns the program's exit code.
 */
int cmd_demo(int argc, char **argv);
int cmd_demo_stage(int argc, char **argv);
int cmd_bench(int argc, char **argv);

#endif
