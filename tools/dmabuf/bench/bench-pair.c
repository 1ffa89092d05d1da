// SPDX-License-Identifier: MIT
/*
 * The second process of a row, and where both run. Called by bench-run.c for
 * every row that has a partner, and by those rows' measuring functions.
 *
 * The two talk over a socket pair of their own: a count that way, an answer
 * this way. What is measured has other ways between them.
 *
 * Invariant: the partner never outlives the process that forked it: the kernel
 * kills it, should that end in any way but by bench_pair_close().
 */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-pair.h"

static int control = -1;
static pid_t partner_pid;

/* The CPU numbers of the two sides; returns how many of them there are. */
static int find_cpus(int cpu[BENCH_SIDES])
{
	static cpu_set_t allowed;
	static bool is_known;
	int found = 0, i;

	/* Once: we narrow the set ourselves afterwards. */
	if (!is_known)
		is_known = !sched_getaffinity(0, sizeof(allowed), &allowed);
	for (i = 0; i < CPU_SETSIZE && found < BENCH_SIDES; i++) {
		if (CPU_ISSET(i, &allowed))
			cpu[found++] = i;
	}
	return found;
}

int bench_cpus(void)
{
	int cpu[BENCH_SIDES];

	return find_cpus(cpu);
}

void bench_go_to_cpu(enum bench_place place, enum bench_side side)
{
	int cpu[BENCH_SIDES];
	cpu_set_t set;
	int found = find_cpus(cpu);

	if (place == BENCH_ANYWHERE || !found)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu[place == BENCH_SAME_CPU || found < BENCH_SIDES ? 0 : side], &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void bench_follow_parent(int parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* It was quicker. */
}

/* The partner's life: a count comes, an answer goes, until the lead is gone. */
static void serve(const struct bench *bench)
{
	uint64_t count;
	int64_t answer;

	if (bench->partner_prepare)
		bench->partner_prepare(bench);
	bench_go_to_cpu(bench->place, BENCH_PARTNER);
	while (read(control, &count, sizeof(count)) == sizeof(count)) {
		answer = bench->partner(bench, count);
		if (write(control, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

void bench_pair_open(const struct bench *bench)
{
	pid_t lead = getpid();
	int ends[2];

	bench_must_sys(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
		       "cannot make a socket pair");
	partner_pid = bench_must_sys(fork(), "cannot start the second process");
	control = ends[partner_pid ? BENCH_LEAD : BENCH_PARTNER];
	close(ends[partner_pid ? BENCH_PARTNER : BENCH_LEAD]);
	if (partner_pid)
		return;
	bench_follow_parent(lead);
	serve(bench);
}

void bench_pair_close(void)
{
	int status = 0;

	close(control);
	waitpid(partner_pid, &status, 0);
	if (status)
		bench_die(0, "the second process did not end well");
}

void bench_pair_start(uint64_t count)
{
	if (send(control, &count, sizeof(count), MSG_NOSIGNAL) != sizeof(count))
		bench_die(0, "the second process is gone");
}

int64_t bench_pair_join(void)
{
	int64_t answer;

	if (read(control, &answer, sizeof(answer)) != sizeof(answer))
		bench_die(0, "the second process is gone");
	return answer;
}
