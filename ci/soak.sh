#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# soak.sh [MINUTES] - what needs time to go wrong (`make soak`); 30 by default
#
# Rounds, each with a seed of its own, until the time is over:
#
#	ThreadSanitizer		the race programs, 10 s for each race; the models, the
#				share programs that stress and kill
#	AddressSanitizer	the models with many seeds, the same share programs,
#				many frames through the demo
#
# Prints a line for each round, for a failure the seed and the end of the log, and
# as the very last line
#
#	soak: N rounds, N programs, N failures
#
# Exit 0 if there are none. SOAK_SEED repeats a run: the seed of round 1, the next
# ones count on. SOAK_SECONDS and SOAK_FRAMES are the length of a race and of the
# demo. At most two programs run at the same time.
set -u
cd "$(dirname "$0")/.." || exit 2

minutes=${1:-30}
case $minutes in
''|*[!0-9]*)	echo "usage: soak.sh [MINUTES]" >&2; exit 2 ;;
esac
base_seed=${SOAK_SEED:-$(date +%s)}
race_seconds=${SOAK_SECONDS:-10}
frames=${SOAK_FRAMES:-3000}
export LC_ALL=C.UTF-8
unset MESON_TESTTHREADS MAKEFLAGS MFLAGS MAKELEVEL

tsan=$PWD/build-soak-tsan
asan=$PWD/build-soak-asan
logs=$tsan/soak-logs
races=(fence container timeline ww resv sync-file buf)
models=(unit/fence/test-fence-model unit/resv/test-resv-model unit/resv/test-ww-model)
shares=(share/test-share-stress share/test-share-death)

# gcc 12's run-time does not get along with addresses that are randomised a lot.
no_aslr=()
if setarch -R true 2>/dev/null; then
	no_aslr=(setarch -R)
fi

# build DIR SANITIZER TARGET...
build() {
	local dir=$1 sanitizer=$2

	shift 2
	if [ ! -f "$dir/build.ninja" ] &&
	   ! meson setup "$dir" -Db_sanitize="$sanitizer" -Db_lundef=false -Dtests=enabled \
			-Ddocs=disabled >"$logs/build.log" 2>&1; then
		return 1
	fi
	ninja -C "$dir" "$@" >"$logs/build.log" 2>&1
}

# A job appends one word here when it is over: ok or failed.
results=$logs/results
count() { grep -c "^$1" "$results"; }

# run_logged NAME COMMAND...: one program, which passes or fails.
run_logged() {
	local name=$1 log=$logs/$1.log pid state

	shift
	# In a process group of its own, which timeout ends as a whole.
	timeout -k 10 600 "${no_aslr[@]}" "$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill $pid 2>/dev/null' TERM
	wait $pid
	state=$?
	if [ $state -eq 0 ]; then
		echo ok >>"$results"
		return 0
	fi
	echo "failed $name" >>"$results"
	{
		echo "soak: FAILED $name, exit $state, DMABUF_TEST_SEED=$DMABUF_TEST_SEED"
		echo "soak: command: $*"
		grep '^not ok' "$log" | head -n 10
		tail -n 60 "$log"
	} | sed 's/^/    | /'
	return 1
}

deadline=$((SECONDS + 60 * minutes))
is_over() { [ $SECONDS -ge $deadline ]; }

# beside NAME COMMAND...: not more than two at a time; comes back once it has begun.
beside() {
	is_over && return
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do
		wait -n
	done
	run_logged "$@" &
}

# alone NAME COMMAND...: nothing else runs; for what forks, or is timed.
alone() {
	wait
	is_over && return
	run_logged "$@" &
	wait
}

one_round() {
	local name program k

	for name in "${races[@]}"; do
		beside "tsan-race-$name" "$tsan/tests/race/test-race-$name"
	done
	for program in "${models[@]}"; do
		beside "tsan-${program##*/test-}" "$tsan/tests/$program"
	done
	for k in 1 2 3 4; do
		for program in "${models[@]}"; do
			DMABUF_TEST_SEED=$((DMABUF_TEST_SEED + 1000000 * k)) \
				beside "asan-${program##*/test-}-$k" "$asan/tests/$program"
		done
	done
	for k in 1 2 3; do
		for program in "${shares[@]}"; do
			alone "tsan-${program##*/test-}" "$tsan/tests/$program"
			alone "asan-${program##*/test-}" "$asan/tests/$program"
		done
	done
	alone asan-demo "$asan/dmabuf" demo --frames "$frames" --png "$logs/demo.png"
	wait
}

stop() {
	local pids

	pids=$(jobs -p)
	# shellcheck disable=SC2086 # they are words
	[ -z "$pids" ] || kill $pids 2>/dev/null
	echo "soak: interrupted"
	exit 130
}
trap stop INT TERM

mkdir -p "$logs" || exit 2
: >"$tsan/.libdmabuf-build"
mkdir -p "$asan" && : >"$asan/.libdmabuf-build"
: >"$results"

programs=("${models[@]/#/tests/}" "${shares[@]/#/tests/}")
if ! build "$tsan" thread "${races[@]/#/tests/race/test-race-}" "${programs[@]}" ||
   ! build "$asan" address,undefined dmabuf "${programs[@]}"; then
	tail -n 40 "$logs/build.log" | sed 's/^/    | /'
	echo "soak: the build failed"
	exit 1
fi

export DMABUF_TEST_SECONDS=$race_seconds DMABUF_TEST_LOOPS=10 CK_TIMEOUT_MULTIPLIER=4
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:history_size=4:atexit_sleep_ms=0:die_after_fork=0"
export ASAN_OPTIONS="detect_leaks=1:halt_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"

echo "soak: $minutes min, built after $SECONDS s, SOAK_SEED=$base_seed"
deadline=$((SECONDS + 60 * minutes))
rounds=0
while ! is_over; do
	export DMABUF_TEST_SEED=$((base_seed + rounds))
	rounds=$((rounds + 1))
	one_round
	echo "soak: round $rounds, seed $DMABUF_TEST_SEED, $((SECONDS / 60)) min, $(wc -l <"$results") programs," \
		"$(count failed) failures"
done
echo "soak: $rounds rounds, $(wc -l <"$results") programs, $(count failed) failures"
[ "$(count failed)" -eq 0 ]
