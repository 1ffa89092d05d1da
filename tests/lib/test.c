/* SPDX-License-Identifier: MIT */
/*
 * The runner behind tests/lib/test.h. Tests register themselves before main(); main() gives them to libcheck, which
 * forks for each. Knows the library only through its warn handler.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"

#define TEST_LIMIT_S 30

static struct {
	const TTest *test;
	int from, to;
} tests[256];
static unsigned int num_tests;

/* What the library said; shared with children, so that a dying one's last words are heard. */
static struct heard {
	pthread_mutex_t lock;
	char text[8192];
} * heard;

void test_register(const TTest *test, int from, int to)
{
	if (num_tests == sizeof(tests) / sizeof(tests[0]))
		abort();
	tests[num_tests].test = test;
	tests[num_tests].from = from;
	tests[num_tests++].to = to;
}

static void hear(void *data, const char *sentence)
{
	struct heard *h = data;
	size_t used;

	pthread_mutex_lock(&h->lock);
	used = strlen(h->text);
	snprintf(h->text + used, sizeof(h->text) - used, "%s\n", sentence);
	pthread_mutex_unlock(&h->lock);
}

static struct heard *heard_new(void)
{
	pthread_mutexattr_t attr;
	struct heard *h;

	h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h == MAP_FAILED)
		abort();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&h->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return h;
}

/* Hands out a copy, since the caller's assertion may leave by longjmp or exit. */
static void take_heard(char *ret_text, size_t size)
{
	pthread_mutex_lock(&heard->lock);
	snprintf(ret_text, size, "%s", heard->text);
	heard->text[0] = '\0';
	pthread_mutex_unlock(&heard->lock);
}

void expect_warning_at(const char *part, const char *file, int line)
{
	char text[sizeof(heard->text)];

	take_heard(text, sizeof(text));
	ck_assert_msg(text[0], "%s:%d: expected a warning, heard nothing", file, line);
	ck_assert_msg(!part || strstr(text, part), "%s:%d: expected \"%s\" in: %s", file, line,
		      part, text);
}

void expect_no_warning_at(const char *file, int line)
{
	char text[sizeof(heard->text)];

	take_heard(text, sizeof(text));
	ck_assert_msg(!text[0], "%s:%d: unexpected warning: %s", file, line, text);
}

void forget_warnings(void)
{
	char text[sizeof(heard->text)];

	take_heard(text, sizeof(text));
}

struct fatal {
	void (*fn)(void *data);
	void *data;
};

static int run_fatal(void *data)
{
	struct fatal *fatal = data;

	fatal->fn(fatal->data);
	return 0;
}

void expect_fatal_at(void (*fn)(void *data), void *data, const char *file, int line)
{
	struct fatal fatal = { fn, data };
	int end = run_in_child(run_fatal, &fatal);

	ck_assert_msg(end == 1000 + SIGILL || end == 1000 + SIGTRAP || end == 1000 + SIGABRT,
		      "%s:%d: expected a trap, the child ended with %d", file, line, end);
	expect_warning_at(NULL, file, line);
}

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * MS };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
}

int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3; /* ".", ".." and the directory itself */
}

/* One byte with room for one fd. */
struct fd_msg {
	struct msghdr msg;
	struct iovec iov;
	char byte;
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
};

static void fd_msg_init(struct fd_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->iov.iov_base = &m->byte;
	m->iov.iov_len = 1;
	m->msg.msg_iov = &m->iov;
	m->msg.msg_iovlen = 1;
	m->msg.msg_control = &m->control;
	m->msg.msg_controllen = sizeof(m->control.room);
}

void send_fd(int sock, int fd)
{
	struct fd_msg m;
	struct cmsghdr *hdr;

	fd_msg_init(&m);
	hdr = CMSG_FIRSTHDR(&m.msg);
	hdr->cmsg_level = SOL_SOCKET;
	hdr->cmsg_type = SCM_RIGHTS;
	hdr->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(hdr), &fd, sizeof(int));
	ck_assert_int_eq(sendmsg(sock, &m.msg, MSG_NOSIGNAL), 1);
}

int recv_fd(int sock)
{
	struct fd_msg m;
	struct cmsghdr *hdr;
	int fd;

	fd_msg_init(&m);
	ck_assert_int_eq(recvmsg(sock, &m.msg, MSG_CMSG_CLOEXEC), 1);
	hdr = CMSG_FIRSTHDR(&m.msg);
	ck_assert_ptr_nonnull(hdr);
	memcpy(&fd, CMSG_DATA(hdr), sizeof(int));
	return fd;
}

pid_t child_start(int (*fn)(void *data), void *data)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(data));
	ck_assert_int_gt(pid, 0);
	return pid;
}

int child_end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void dice_init(struct dice *dice, unsigned int stream)
{
	const char *env = getenv("DMABUF_TEST_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : 20250117;

	if (stream == 0)
		dprintf(1, "# DMABUF_TEST_SEED=%" PRIu64 "\n", seed);
	dice->state = seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u + 1;
}

/* A linear congruential step with mixed upper bits: plenty for choosing operations. */
unsigned int dice_below(struct dice *dice, unsigned int limit)
{
	uint64_t x;

	dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
	x = dice->state;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9u;
	return (unsigned int)(x >> 33) % limit;
}

#if TEST_UNDER_TSAN
/* The sanitizer would sleep a second at the end of every test that has a thread left. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
	return "atexit_sleep_ms=0";
}
#endif

static void before_each(void)
{
	dmabuf_warn_set(hear, heard);
}

static void after_each(void)
{
	expect_no_warning();
}

static unsigned int add_tests(TCase *tcase, const char *part)
{
	unsigned int i, added = 0;

	for (i = 0; i < num_tests; i++) {
		if (part && !strstr(tests[i].test->name, part))
			continue;
		tcase_add_loop_test(tcase, tests[i].test, tests[i].from, tests[i].to);
		added++;
	}
	return added;
}

/* If a test eats the machine's memory, it is the one to go. */
static void die_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) != 4)
		perror("oom_score_adj");
	close(fd);
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create(program_invocation_short_name);
	TCase *tcase = tcase_create("rules");
	SRunner *runner;
	int failed;

	die_first();
	heard = heard_new();
	tcase_set_timeout(tcase, TEST_LIMIT_S);
	tcase_add_checked_fixture(tcase, before_each, after_each);
	suite_add_tcase(suite, tcase);
	if (!add_tests(tcase, argc > 1 ? argv[1] : NULL)) {
		fprintf(stderr, "%s: no test is named like \"%s\"\n", argv[0],
			argc > 1 ? argv[1] : "");
		return 2;
	}
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
