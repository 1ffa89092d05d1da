#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Small rules for every file of the repository:
#  - no absolute path of the machine it was written on
#  - one SPDX line in each source file, near the top
#  - each .c of src opens with a comment of at least five lines
#  - no file over 200 kB
#
#	no-internal-paths.sh SOURCE_ROOT

set -u

if [ $# -ne 1 ]; then
	echo "usage: $0 SOURCE_ROOT" >&2
	exit 2
fi
cd "$1" || exit 2

# The files git knows or would add; in an unpacked release, all but builds.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	files=$(git ls-files --cached --others --exclude-standard)
else
	files=$(find . -name .git -prune -o -type d -exec test -d '{}/meson-private' \; -prune -o \
		-type f -not -path './build*' -print | sed 's,^\./,,')
fi

out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
count=0

IFS='
'
for file in $files; do
	[ -f "$file" ] || continue
	count=$((count + 1))

	size=$(wc -c <"$file")
	if [ "$size" -gt 204800 ]; then
		echo "$file:1: $size bytes, more than 200 kB: make it at build time, or make it smaller"
	fi
	grep -nIE '(^|[^A-Za-z0-9_.$}-])/(work|farm|root)/' "$file" |
		sed "s|^\([0-9]*\):.*|$file:\1: absolute path of a build machine: use a path from the source root|"

	case $file in
	*.c | *.h | *.cc | *.py | *.sh | *.rst | *.scd | *.map | meson.build | */meson.build | meson_options.txt | Makefile)
		lines=$(sed -n 1,6p "$file" | grep -c 'SPDX-License-Identifier: MIT')
		if [ "$lines" -ne 1 ]; then
			echo "$file:1: $lines SPDX lines in the first six: write exactly one 'SPDX-License-Identifier: MIT'"
		fi
		;;
	esac

	case $file in
	src/*.c)
		# The first comment that is more than the SPDX line.
		lines=$(awk '
			/^\/[*\/].*SPDX-License-Identifier/ { next }
			/^[ \t]*$/ && !open && !n { next }
			open { n++; if (/\*\//) exit; next }
			/^\/\*/ { open = 1; n = 1; if (/\*\//) exit; next }
			/^\/\// { n++; next }
			{ exit }
			END { print n + 0 }' "$file")
		if [ "$lines" -lt 5 ]; then
			echo "$file:2: opening comment of $lines lines: say in 5 to 15 what it is, its layer, who calls it, its invariant"
		fi
		;;
	esac
done >"$out"
# The loop ran in this shell, so that count is real; see that it saw something.
if [ $count -eq 0 ]; then
	echo ".:1: no files there, give the source root"
	exit 1
fi

cat "$out"
errors=$(wc -l <"$out")
echo "no-internal-paths: $count files, $errors errors"
[ "$errors" -eq 0 ]
