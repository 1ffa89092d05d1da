#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each header of include/kcompat compiles alone, and beside libc's.
#
#	headers.sh SOURCE_ROOT BUILD_DIR CC...
set -u
root=$1 build=$2
shift 2
work=$(mktemp -d "$build/headers.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
count=0 failed=0

# try WHAT: the program on standard input compiles
try()
{
	cat >"$work/t.c"
	if ! "$@" 2>"$work/errors"; then
		echo "$what"
		cat "$work/errors"
		failed=$((failed + 1))
	fi
}

compile()
{
	try "$@" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-parameter \
		-I "$root/include/kcompat" -I "$root/include" -fsyntax-only "$work/t.c"
}

cd "$root/include/kcompat" || exit 2
for header in $(find . -name '*.h' | sed 's,^\./,,' | LC_ALL=C sort); do
	what="include/kcompat/$header:1: does not compile alone"
	count=$((count + 1))
	compile "$@" <<-END
		#include <$header>
		#include <$header>
	END
	what="include/kcompat/$header:1: does not compile beside libc's headers"
	compile "$@" <<-END
		#include <$header>
		#include <errno.h>
		#include <fcntl.h>
		#include <poll.h>
		#include <pthread.h>
		#include <sched.h>
		#include <signal.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/ioctl.h>
		#include <sys/mman.h>
		#include <sys/stat.h>
		#include <sys/wait.h>
		#include <time.h>
		#include <unistd.h>
	END
done
echo "kcompat headers: $count headers, $failed failures"
[ "$failed" -eq 0 ] && [ "$count" -gt 0 ]
