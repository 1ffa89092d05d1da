/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the video modules share: a suite in one line, files that
 * vanish, streams fed through a pipe by another process.
 */
#ifndef DMABUF_TESTS_MEDIA_TEST_H
#define DMABUF_TESTS_MEDIA_TEST_H

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ck_assert_has(text, part) \
	ck_assert_msg(strstr(text, part), "\"%s\" does not contain \"%s\"", text, part)

/* Runs the suite of one case and says how main() is to end. */
static inline int media_test_run(TCase *tests, const char *name)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 20);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A file with these bytes; the caller unlinks it. */
static inline void media_test_file(char path[PATH_MAX], const void *bytes, size_t size, mode_t mode)
{
	int fd;

	snprintf(path, PATH_MAX, "/tmp/media-test-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), size);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static inline void media_test_write(int fd, const char *bytes, size_t size, size_t piece)
{
	ssize_t n;

	while (size) {
		n = write(fd, bytes, piece < size ? piece : size);
		if (n < 0)
			return;
		bytes += n;
		size -= n;
	}
}

/* The reading end of a pipe that another process fills piece by piece. */
static inline int media_test_feed(const void *bytes, size_t size, size_t piece)
{
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(fds[0]);
		media_test_write(fds[1], bytes, size, piece);
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

static inline int media_test_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

#endif
