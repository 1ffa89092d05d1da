#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each public header compiles alone, and twice, as C11 and as C++17.
#
#	headers.sh SOURCE_ROOT BUILD_DIR CC [CXX]
#
# Exit 77 (skip) when there is no C++ compiler and all is well in C.

set -u

if [ $# -lt 3 ]; then
	echo "usage: $0 SOURCE_ROOT BUILD_DIR CC [CXX]" >&2
	exit 2
fi
root=$1 build=$2 cc=$3 cxx=${4:-}
work=$(mktemp -d "$build/headers.XXXXXX") || exit 2
trap 'rm -rf "$work"' EXIT
count=0 failed=0

# compile NAME WORDS SOURCE COMMAND...: one compiler run, its output on failure
compile()
{
	name=$1 words=$2 source=$3
	shift 3
	if ! "$@" -I "$root/include" -I "$build/include" -fsyntax-only "$source" 2>"$work/errors"; then
		echo "include/dmabuf/$name:1: does not compile $words: make it stand alone"
		cat "$work/errors"
		failed=$((failed + 1))
	fi
}

# $cc and $cxx may be several words ("ccache gcc"), so they stay unquoted.
for header in "$root"/include/dmabuf/*.h "$root"/include/dmabuf/*/*.h; do
	[ -e "$header" ] || continue
	name=${header#"$root"/include/dmabuf/}
	count=$((count + 1))
	for times in once twice; do
		for lang in c cc; do
			source=$work/${name##*/}-$times.$lang
			echo "#include <dmabuf/$name>" >"$source"
			if [ $times = twice ]; then
				echo "#include <dmabuf/$name>" >>"$source"
			fi
		done
		compile "$name" "as C11, included $times" "$work/${name##*/}-$times.c" \
			$cc -std=c11 -Wall -Wextra -Wpedantic -Werror
		if [ -n "$cxx" ]; then
			compile "$name" "as C++17, included $times" "$work/${name##*/}-$times.cc" \
				$cxx -std=c++17 -Wall -Wextra -Werror
		fi
	done
done

if [ $count -eq 0 ]; then
	echo "include/dmabuf:1: no headers there, give the source root"
	exit 1
fi
echo "headers: $count headers, $failed failed compilations"
if [ $failed -ne 0 ]; then
	exit 1
fi
if [ -z "$cxx" ]; then
	echo "headers: no C++ compiler, that half was not checked"
	exit 77
fi
