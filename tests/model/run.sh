#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Check every model of this folder: no error and the whole state space as it stands, an error with each of its bugs.
# Usage: run.sh [MODEL...]; exit 77 where spin or a compiler is absent.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for tool in spin gcc; do
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "no $tool here, which checks the models (Debian: apt-get install spin gcc)"
		exit 77
	fi
done

# check OPTIMISE MODEL OPTION... > report
check() {
	rm -rf "$work/pan" && mkdir "$work/pan" && cd "$work/pan" || return 1
	optimise=$1
	model=$2
	shift 2
	spin -a "$@" "$here/$model.pml" >spin.log 2>&1 || { cat spin.log; return 1; }
	gcc "$optimise" -w -DSAFETY -DCOLLAPSE -DMEMLIM=4096 -o pan pan.c || return 1
	timeout 100 ./pan -w22 -m1000000 2>&1 || echo 'not completed'
}

failed=0
say() { # MODEL OPTIONS VERDICT DETAIL
	printf '%-6s %-18s %-4s %s\n' "$1" "$2" "$3" "$4"
	[ "$3" = ok ] || failed=1
}

# The model holds: no errors, nothing cut short.
expect_clean() {
	model=$1
	shift
	check -O2 "$model" "$@" >"$work/report"
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/report" | head -n 1)
	if ! grep -q 'errors: 0$' "$work/report"; then
		say "$model" "$*" FAIL "$(grep -m1 -e 'pan:1' -e rror "$work/report")"
	elif grep -q -e 'max search depth too small' -e 'out of memory' -e 'not completed' "$work/report"; then
		say "$model" "$*" FAIL 'the search was cut short'
	else
		say "$model" "$*" ok "$states states"
	fi
}

# The bug is seen.
expect_error() {
	model=$1
	shift
	check -O0 "$model" "$@" >"$work/report"
	if grep -q 'errors: [1-9]' "$work/report"; then
		say "$model" "$*" ok "seen: $(sed -n 's/^pan:1: //p' "$work/report" | head -n 1 | cut -c1-60)"
	else
		say "$model" "$*" FAIL 'the bug was not found'
	fi
}

bugs_of() { sed -n 's/^ \* BUG \([0-9]*\) .*/\1/p' "$here/$1.pml"; }

[ $# -gt 0 ] || set -- fence bell board ww
for model in "$@"; do
	if [ "$model" = ww ]; then
		for async in 0 2; do
			expect_clean ww "-DASYNC=$async"
		done
	else
		expect_clean "$model"
	fi
	for bug in $(bugs_of "$model"); do
		expect_error "$model" "-DBUG=$bug"
	done
done
[ "$failed" -eq 0 ] && echo "all models hold and all bugs were seen"
exit "$failed"
