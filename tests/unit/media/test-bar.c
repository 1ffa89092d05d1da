// SPDX-License-Identifier: MIT
/*
 * bar.c: what it says, how wide it gets, that a pipe never sees it and that a
 * terminal is left clean.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "bar.h"
#include "media-test.h"

START_TEST(known_total_shows_percent_and_gauge)
{
	char text[BAR_COLUMNS_MAX + 1];

	ck_assert_int_eq(bar_format(text, 80, 150, 300, 59.94), 80);
	ck_assert_has(text, "[####");
	ck_assert_has(text, " 50% 150/300 frames, 59.9 frames/s");
	bar_format(text, 80, 301, 300, 1);
	ck_assert_has(text, "#] 100% 300/300");
}
END_TEST

START_TEST(unknown_total_shows_a_count)
{
	char text[BAR_COLUMNS_MAX + 1];

	bar_format(text, 80, 12, 0, 24);
	ck_assert_str_eq(text, "12 frames, 24.0 frames/s");
}
END_TEST

START_TEST(text_never_exceeds_the_columns)
{
	char text[BAR_COLUMNS_MAX + 1];
	int columns, len;

	for (columns = 0; columns < 200; columns++) {
		len = bar_format(text, columns, 123456, 9999999, 1234567.8);
		ck_assert_int_eq(len, strlen(text));
		ck_assert_int_le(len, columns);
		ck_assert_int_le(len, BAR_COLUMNS_MAX);
	}
}
END_TEST

START_TEST(pipe_never_sees_a_byte)
{
	struct bar bar;
	int fds[2];
	char c;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	bar_init(&bar, fds[1], 10);
	bar_update(&bar, 5);
	bar_fini(&bar);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 0);
}
END_TEST

static int open_terminal(int *ret_slave, unsigned short columns)
{
	const struct winsize size = { .ws_col = columns, .ws_row = 25 };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	*ret_slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(*ret_slave, 0);
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
	return master;
}

/* Everything the terminal was told; it comes in pieces. */
static void read_terminal(int master, char *got, size_t size)
{
	struct pollfd ready = { .fd = master, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (poll(&ready, 1, 100) > 0 && len < size - 1) {
		n = read(master, got + len, size - 1 - len);
		ck_assert_int_gt(n, 0);
		len += n;
	}
	got[len] = '\0';
}

START_TEST(terminal_gets_one_line_and_is_cleared)
{
	char got[1000] = "";
	struct bar bar;
	int slave, i, master = open_terminal(&slave, 40);

	bar_init(&bar, slave, 1000);
	for (i = 0; i < 1000; i++)
		bar_update(&bar, i);
	bar_fini(&bar);
	read_terminal(master, got, sizeof(got));
	ck_assert_int_eq(strncmp(got, "\r\033[K", 4), 0);
	ck_assert_str_eq(got + strlen(got) - 4, "\r\033[K");
	/* A thousand updates within a tenth of a second: drawn once or twice. */
	ck_assert_uint_le(strlen(got), 3 * (4 + 39));
	ck_assert_ptr_null(strchr(got, '\n'));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("bar");

	tcase_add_test(t, known_total_shows_percent_and_gauge);
	tcase_add_test(t, unknown_total_shows_a_count);
	tcase_add_test(t, text_never_exceeds_the_columns);
	tcase_add_test(t, pipe_never_sees_a_byte);
	tcase_add_test(t, terminal_gets_one_line_and_is_cleared);
	return media_test_run(t, "bar");
}
