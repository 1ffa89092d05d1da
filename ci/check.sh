#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check.sh [STAGE...] - build and test everything (`make check`)
#
# Stages: plain asan tsan aarch64 mutants docs origin; all of them by default.
# Prints the reason of every skip, and as the very last line
#
#	N passed, N failed, N skipped
#
# summed over the stages. Test cases are counted from meson's reports, mutants
# one each, a stage that is one command as one test. Exit 0 if nothing failed.
#
# The build directories (build-check, build-asan, ...) stay, so that a second
# run compiles only what has changed.
set -u
cd "$(dirname "$0")/.." || exit 2

export CI=true LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
export DEPS="${DEPS:-1}" DEPS_STATE=build-logs
unset MESON_TESTTHREADS MAKEFLAGS MFLAGS MAKELEVEL FILE DESTDIR

logs=$PWD/build-logs
passed=0 failed=0 skipped=0

heading() { printf '\n=== %s (%d s)\n' "$*" "$SECONDS"; }
add() { passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3)); }
skip() { printf '  skipped %s\n' "$*"; add 0 0 1; }

# fail WHAT [LOG]: one failure, with the end of its log
fail() {
	printf '  FAILED %s\n' "$1"
	[ $# -lt 2 ] || tail -n 60 "$2" | sed 's/^/    | /'
	add 0 1 0
}

# quietly LOG COMMAND...: its output to the log only
quietly() {
	local log=$logs/$1.log

	shift
	printf '+ %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1
}

# build DIR OPTION...: configure (again) and compile; old objects are kept if
# meson will have them. The log is DIR's name.
build() {
	local dir=$1

	shift
	: >"$logs/$dir.log"
	if [ -f "$dir/build.ninja" ]; then
		quietly "$dir" meson setup --reconfigure "$dir" "$@" ||
			quietly "$dir" meson setup --wipe "$dir" "$@"
	else
		quietly "$dir" meson setup "$dir" "$@"
	fi && quietly "$dir" ninja -C "$dir"
}

# run_tests DIR SLOWER [meson test option]...: run, with time limits SLOWER
# times as long, and count
run_tests() {
	local dir=$1 slower=$2 verdict line counts

	shift 2
	rm -f "$dir"/meson-logs/testlog*
	quietly "$dir" "${no_aslr[@]}" meson test -C "$dir" --no-rebuild -t "$slower" "$@"
	verdict=$?
	if [ $verdict -ne 0 ] && [ ! -e "$dir/meson-logs/testlog.json" ]; then
		fail "$dir: meson test could not run" "$logs/$dir.log"
		return
	fi
	line=$(python3 ci/count.py "$dir")
	read -ra counts <<<"${line##*$'\n'}"
	[ "$line" = "${line##*$'\n'}" ] || printf '%s\n' "${line%$'\n'*}"
	printf '  %d passed, %d failed, %d skipped\n' "${counts[@]}"
	add "${counts[@]}"
	if [ $verdict -ne 0 ] && [ "${counts[1]}" -eq 0 ]; then
		fail "$dir: meson test exits with $verdict" "$logs/$dir.log"
	fi
}

# Does this machine run sanitized programs? Kernels that randomise addresses a
# lot break gcc 12's run-time now and then; without randomisation it is fine.
# Sets no_aslr to the words that go before the program.
no_aslr=()
sanitizer_works() {
	local dir i

	no_aslr=()
	dir=$(mktemp -d) || return 1
	echo 'int main(void) { return 0; }' >"$dir/t.c"
	if ! "${CC:-gcc}" "-fsanitize=$1" -o "$dir/t" "$dir/t.c" 2>/dev/null; then
		rm -rf "$dir"
		return 1
	fi
	for ((i = 0; i < 25; i++)); do
		"${no_aslr[@]}" "$dir/t" >/dev/null 2>&1 && continue
		if [ ${#no_aslr[@]} -gt 0 ] || ! setarch -R true 2>/dev/null; then
			rm -rf "$dir"
			return 1
		fi
		no_aslr=(setarch -R)
	done
	rm -rf "$dir"
	[ ${#no_aslr[@]} -eq 0 ] || echo "  (addresses are not randomised for these tests)"
}

# one_command NAME COMMAND...: a stage that is a single test; 77 is a skip whose
# reason is the last line.
one_command() {
	local name=$1 log=$logs/$1.log

	shift
	: >"$log"
	quietly "$name" timeout --foreground -k 10 600 "$@"
	case $? in
	0)	sed -n '2,$p' "$log" | tail -n 25 | sed 's/^/  /'; echo '  1 passed'; add 1 0 0 ;;
	77)	skip "$name: $(tail -n 1 "$log")" ;;
	*)	fail "$name" "$log" ;;
	esac
}

# --- stages ------------------------------------------------------------------

sanitized_suites=(--suite unit --suite contract --suite share --suite demo)

stage_plain() {
	heading "plain build, all tests"
	if build build-check --werror -Dtests=enabled; then
		run_tests build-check 2
	else
		fail "plain build" "$logs/build-check.log"
	fi
}

stage_asan() {
	heading "AddressSanitizer and UndefinedBehaviorSanitizer"
	if ! sanitizer_works address,undefined; then
		skip "asan: the compiler's AddressSanitizer does not run here"
		return
	fi
	if ! build build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dtests=enabled; then
		fail "asan build" "$logs/build-asan.log"
		return
	fi
	ASAN_OPTIONS="detect_leaks=1:halt_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1" \
	UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1" \
	LSAN_OPTIONS="print_suppressions=0$(suppressions lsan)" \
		run_tests build-asan 4 "${sanitized_suites[@]}"
	no_aslr=()
}

stage_tsan() {
	heading "ThreadSanitizer"
	if ! sanitizer_works thread; then
		skip "tsan: the compiler's ThreadSanitizer does not run here"
		return
	fi
	if ! build build-tsan -Db_sanitize=thread -Db_lundef=false -Dtests=enabled; then
		fail "tsan build" "$logs/build-tsan.log"
		return
	fi
	TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:history_size=4:atexit_sleep_ms=0$(suppressions tsan)" \
		run_tests build-tsan 6 "${sanitized_suites[@]}"
	no_aslr=()
}

# Known false alarms in other people's libraries, each with its reason, may be
# listed in tests/tsan.supp and tests/lsan.supp.
suppressions() {
	[ ! -f "tests/$1.supp" ] || printf ':suppressions=%s' "$PWD/tests/$1.supp"
}

stage_aarch64() {
	local word

	heading "arm64 cross build, unit tests under qemu"
	for word in aarch64-linux-gnu-gcc qemu-aarch64; do
		if ! command -v "$word" >/dev/null; then
			skip "aarch64: there is no $word"
			return
		fi
	done
	: >"$logs/sysroot.log"
	if ! quietly sysroot ci/sysroot-aarch64.sh build-aarch64-sysroot; then
		skip "aarch64: $(tail -n 1 "$logs/sysroot.log")"
		return
	fi
	if build build-aarch64 --cross-file build-aarch64-sysroot/paths.ini \
			--cross-file ci/aarch64.ini -Dtests=enabled -Dpng=disabled -Ddocs=disabled; then
		run_tests build-aarch64 10 --suite unit --no-suite media
	else
		fail "aarch64 build" "$logs/build-aarch64.log"
	fi
}

stage_mutants() {
	local log=$logs/mutants.log good bad none

	heading "mutants: deliberate bugs that the tests must find"
	timeout --foreground -k 10 600 tests/mutants/run.sh >"$log" 2>&1
	grep -E '^(ok|not ok|Bail out)' "$log" | sed 's/^/  /'
	none=$(grep -cE '^ok .*# SKIP' "$log")
	good=$(($(grep -c '^ok ' "$log") - none))
	bad=$(grep -c '^not ok ' "$log")
	add "$good" "$bad" "$none"
	[ "$bad" -eq 0 ] || tail -n 40 "$log" | sed 's/^/    | /'
	if [ $((good + bad + none)) -eq 0 ]; then
		fail "mutants: none could be run" "$log"
	fi
}

stage_docs() {
	heading "the book, without a warning"
	if ! command -v sphinx-build >/dev/null; then
		skip "docs: there is no sphinx-build"
		return
	fi
	one_command docs docs/build.sh build-check
}

stage_origin() {
	local tarball=/usr/src/linux-source-6.12.tar.xz

	heading "our sources against Linux 6.12"
	if [ ! -e "$tarball" ]; then
		skip "origin: there is no $tarball"
		return
	fi
	one_command origin ci/check-origin.py
}

# -----------------------------------------------------------------------------

all_stages=(plain asan tsan aarch64 mutants docs origin)
[ $# -gt 0 ] || set -- "${all_stages[@]}"
for stage; do
	if [[ " ${all_stages[*]} " != *" $stage "* ]]; then
		echo "check.sh: no stage '$stage'; there are: ${all_stages[*]}" >&2
		exit 2
	fi
done

mkdir -p "$logs" && : >"$logs/.libdmabuf-build" || exit 2
heading "what is needed"
if ci/deps.sh build demo check docs origin; then
	echo "  all that is required is there"
	exec </dev/null
	for stage; do
		"stage_$stage"
	done
else
	fail "packages that are required are lacking"
fi

heading "sum"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
