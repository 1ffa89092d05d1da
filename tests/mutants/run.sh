#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run.sh [MUTANT...] - do the tests notice deliberate bugs?
#
# For each tests/mutants/*.mutant (or the named ones): build the bug into a copy
# of the tree, run the one test that promises to find it, and take the bug out
# again. Killed, so fine, is a mutant whose test fails, crashes or hangs. The
# format of the files is told in mutate.py; a mutant can name the rules of its
# test that find it, then only those run.
#
# Before that all named tests, or rules, run without a bug and must pass: what is
# red anyway finds nothing.
#
# Prints TAP, then a line of totals. Exit 0 if every mutant was killed.
# The copy and its build stay in build-mutants.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/build-mutants
src=$work/src
build=$work/build
log=$work/log
limit=30		# seconds a test may take with a bug in
limit_only=15		# seconds some rules of a test may take
export PYTHONDONTWRITEBYTECODE=1

bail() {
	[ $# -lt 2 ] || tail -n 40 "$2" | sed 's/^/# /'
	echo "Bail out! $1"
	exit 1
}

mutate() { python3 "$here/mutate.py" "$@"; }

# Is WORD one of the words that follow it?
is_among() {
	local word=$1 other

	shift
	for other; do
		[ "$word" != "$other" ] || return 0
	done
	return 1
}

# meson test for one test or several, with the limit over all. A hang ends by
# SIGTERM, on which meson ends its tests; 124 then.
run_tests() {
	rm -f "$build"/meson-logs/testlog*
	timeout --foreground -k 10 "$limit" meson test -C "$build" --no-rebuild "$@" >"$log" 2>&1 </dev/null
}

# run_only TEST PART: those rules of a test whose names have PART in them. The
# test programs take it as their argument, and exit with 2 if there are none. In a
# process group of their own: libcheck ends its whole group when it is told to end.
run_only() {
	timeout -k 2 "$limit_only" "$(mutate program "$build" "$1")" "$2" >"$log" 2>&1 </dev/null
}

# --- the mutants and the tests they name -----------------------------------------

mutants=("$@")
if [ ${#mutants[@]} -eq 0 ]; then
	shopt -s nullglob
	mutants=("$here"/*.mutant)
fi
[ ${#mutants[@]} -gt 0 ] || bail "there are no mutants in tests/mutants"

tests=()	# run as a whole by some mutant
parts=()	# TEST/PART
names=()	# all of them
for mutant in "${mutants[@]}"; do
	[ -r "$mutant" ] || bail "$mutant cannot be read"
	# a mutant without a test is reported when its turn comes
	name=$(mutate field killed-by "$mutant") || continue
	only=$(mutate field only "$mutant")
	names+=("$name")
	if [ -n "$only" ]; then
		is_among "$name/$only" "${parts[@]}" || parts+=("$name/$only")
	else
		is_among "$name" "${tests[@]}" || tests+=("$name")
	fi
done

# --- the copy, built and green ---------------------------------------------------

mkdir -p "$work" || bail "build-mutants cannot be made"
: >"$work/.libdmabuf-build"
mutate sync "$root" "$src" || bail "the tree could not be copied"

# From nothing if need be. Both directories are named: with one, meson would
# take the current directory for the source, which has no bugs in it.
build_copy() {
	[ -f "$build/build.ninja" ] ||
		meson setup "$build" "$src" -Dbuildtype=debug -Dwerror=false \
			-Dtests=enabled -Ddocs=disabled >"$log" 2>&1 || return
	ninja -C "$build" build.ninja >"$log" 2>&1 && compile_for "${names[@]}"
}
# only what these tests need
compile_for() {
	local targets

	targets=$(mutate targets "$build" "$@") || return
	# shellcheck disable=SC2086 # they are words
	[ -z "$targets" ] || ninja -C "$build" $targets >"$log" 2>&1
}
if ! build_copy; then
	rm -rf "$build"
	build_copy || bail "the tree does not build without a bug" "$log"
fi

declare -A without_bug=()
if [ ${#tests[@]} -gt 0 ]; then
	limit=300 run_tests "${tests[@]}"
	while read -r verdict name; do
		without_bug[$name]=$verdict
	done < <(mutate verdicts "$build" 2>/dev/null)
fi
for part in "${parts[@]}"; do
	run_only "${part%%/*}" "${part#*/}" && without_bug[$part]=OK || without_bug[$part]=FAIL
done

# --- one after the other ---------------------------------------------------------

count=0 killed=0 survived=0 broken=0 untested=0
ok() { echo "ok $count - $1"; }
not_ok() { echo "not ok $count - $1"; }

# one MUTANT: apply, build, test, revert, tell
one() {
	local mutant=$1 name what test only key began=$SECONDS said state

	name=$(basename "$mutant" .mutant)
	if ! what=$(mutate field what "$mutant"); then
		broken=$((broken + 1))
		not_ok "$name: $what"
		return
	fi
	test=$(mutate field killed-by "$mutant")
	only=$(mutate field only "$mutant")
	key=$test${only:+/$only}
	case ${without_bug[$key]:-none} in
	OK)	;;
	SKIP)	untested=$((untested + 1))
		ok "$name: $what # SKIP the test $test is skipped here"
		return ;;
	none)	broken=$((broken + 1))
		not_ok "$name: there is no test $test, or it did not end"
		return ;;
	*)	broken=$((broken + 1))
		not_ok "$name: the test $key fails without the bug, too, or is not there"
		return ;;
	esac

	if ! said=$(mutate apply "$src" "$mutant"); then
		broken=$((broken + 1))
		not_ok "$name: $said"
		return
	fi
	if ! compile_for "$test"; then
		broken=$((broken + 1))
		not_ok "$name: does not compile with the bug"
		grep -E 'error:|FAILED:' "$log" | head -n 10 | sed 's/^/# /'
	else
		if [ -n "$only" ]; then
			run_only "$test" "$only"
		else
			run_tests "$test"
		fi
		state=$?
		case $state in
		0)	survived=$((survived + 1))
			not_ok "$name: survived: $what (test $key)" ;;
		124|137) killed=$((killed + 1))
			ok "$name: $what (hung in $key, $((SECONDS - began)) s)" ;;
		*)	killed=$((killed + 1))
			ok "$name: $what (killed by $key, $((SECONDS - began)) s)" ;;
		esac
	fi
	mutate revert "$src" "$root" "$mutant" || bail "$name could not be taken out again"
}

echo "TAP version 13"
echo "1..${#mutants[@]}"
for mutant in "${mutants[@]}"; do
	count=$((count + 1))
	one "$mutant"
done
echo "# mutants: $killed killed, $survived survived, $broken stale or broken, $untested skipped, $SECONDS s"
[ $((survived + broken)) -eq 0 ]
