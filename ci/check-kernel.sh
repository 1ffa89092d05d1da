#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check-kernel.sh [plain|asan|tsan]... - the kernel's own tests and drivers, on the library
#
# Takes a few files of Debian's linux-source-6.12 as they are, compiles them
# against include/kcompat and the library, and runs them: the self-tests of
# fences, chains, unwrapping, reservations and ww_mutex, and two drivers that
# implement fences, sw_sync and vgem. All three builds by default.
#
# One line for each sub-test, and as the very last
#
#	check-kernel: N passed, N failed
#
# Nothing of the kernel is kept but in build-kernel. The library is built in
# build-check, build-asan and build-tsan, as `make check` does. Exit 0 if all
# passed, 77 if there is no kernel source.
#
# KERNEL_TARBALL=file	another linux-source-6.12.tar.xz
# ONLY=word		only programs whose name has it
set -u
cd "$(dirname "$0")/.." || exit 2
export LC_ALL=C

tarball=${KERNEL_TARBALL:-/usr/src/linux-source-6.12.tar.xz}
out=$PWD/build-kernel
linux=$out/linux
cc=${CC:-gcc}
passed=0 failed=0

# The files that are taken. selftest.h is not among them: tests/kcompat has
# another one of that name.
files=(
	drivers/dma-buf/st-dma-fence.c
	drivers/dma-buf/st-dma-fence-chain.c
	drivers/dma-buf/st-dma-fence-unwrap.c
	drivers/dma-buf/st-dma-resv.c
	drivers/dma-buf/sw_sync.c
	drivers/dma-buf/sync_debug.h
	drivers/dma-buf/sync_trace.h
	drivers/gpu/drm/vgem/vgem_drv.h
	drivers/gpu/drm/vgem/vgem_fence.c
	include/uapi/drm/drm.h
	include/uapi/drm/drm_mode.h
	include/uapi/drm/vgem_drm.h
	kernel/locking/test-ww_mutex.c
)

# program | its function | values of its data | macros | sources besides selftest.c
programs=(
	'st-dma-fence|dma_fence|||drivers/dma-buf/st-dma-fence.c'
	'st-dma-fence-chain|dma_fence_chain|||drivers/dma-buf/st-dma-fence-chain.c'
	'st-dma-fence-unwrap|dma_fence_unwrap|||drivers/dma-buf/st-dma-fence-unwrap.c'
	'st-dma-resv|dma_resv|KERNEL WRITE READ BOOKKEEP||drivers/dma-buf/st-dma-resv.c'
	'test-ww_mutex|ww_mutex_test|||tests/kcompat/ww-mutex.c'
	'test-ww_mutex-wound|ww_mutex_test||-DWOUND_WAIT|tests/kcompat/ww-mutex.c'
	'sw_sync|sw_sync|||tests/kcompat/sw-sync.c drivers/dma-buf/sw_sync.c'
	'vgem_fence|vgem_fence|||tests/kcompat/vgem-fence.c drivers/gpu/drm/vgem/vgem_fence.c'
)

# What does not compile must not run: an absent function is an error. The
# kernel prints a 64-bit number with %llu, which ours is not on every machine.
cflags=(
	-std=gnu11 -D_GNU_SOURCE -g -O2 -Wall -Wno-format -Wno-pointer-sign -Wno-tsan
	-Werror=implicit-function-declaration -Werror=incompatible-pointer-types
	-Werror=int-conversion -Werror=discarded-qualifiers -Werror=return-type
)

not_ok() { printf 'not ok - %s\n' "$*"; failed=$((failed + 1)); }
indent() { sed "s,^,    | ,"; }

extract() {
	local stamp

	stamp="$tarball $(stat -c '%s %Y' "$tarball") ${files[*]}"
	[ "$(cat "$linux/.complete" 2>/dev/null)" != "$stamp" ] || return 0
	rm -rf "$linux"
	mkdir -p "$linux" && : >"$out/.libdmabuf-build" || return
	echo "check-kernel: unpacking from $tarball (once) ..."
	tar -x -C "$linux" --strip-components=1 --no-same-owner --wildcards -f "$tarball" "${files[@]/#/*/}" || return
	printf '%s\n' "$stamp" >"$linux/.complete"
}

# build_library DIR MESON-OPTION...
build_library() {
	local dir=$1

	shift
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$@" || return
	fi
	ninja -C "$dir" src/libdmabuf.so.0 src/kcompat/libdmabuf-kcompat.so.0
}

# compile PROGRAM DIR FUNCTION DATA MACROS SOURCES CFLAG...
compile() {
	local program=$1 dir=$2 func=$3 data=$4 macros=$5 sources=$6 source name words=() given=()

	shift 6
	for source in $sources; do
		[ -e "$source" ] || source=$linux/$source
		given+=("$source")
	done
	if [ -n "$data" ]; then
		for name in $data; do words+=("\"$name\""); done
		data=-DSELFTEST_DATA=$(IFS=,; echo "${words[*]}")
	fi
	# shellcheck disable=SC2086 # no macro, no word
	"$cc" "${cflags[@]}" "$@" $data $macros \
		-DSELFTEST_NAME="\"$(basename "$program")\"" -DSELFTEST_ENTRY="$func" \
		-I tests/kcompat -I "$linux" -I "$linux/include" -I include/kcompat -I include \
		-o "$program" tests/kcompat/selftest.c "${given[@]}" \
		-L "$dir/src/kcompat" -ldmabuf-kcompat -L "$dir/src" -ldmabuf \
		-Wl,-rpath,"$PWD/$dir/src/kcompat:$PWD/$dir/src" -pthread
}

# run PROGRAM: its lines, counted. One that ends without a plan has crashed.
run() {
	local log=$1.log status name last

	name=$(basename "$1")
	"${no_aslr[@]}" "$1" >"$log" 2>&1
	status=$?
	grep -E '^(not )?ok ' "$log"
	passed=$((passed + $(grep -c '^ok ' "$log")))
	failed=$((failed + $(grep -c '^not ok ' "$log")))
	if ! grep -q '^1\.\.' "$log" && ! grep -q '^not ok' "$log"; then
		last=$(grep -E '^ok ' "$log" | tail -n 1)
		not_ok "$name: ended with $status after '${last:-nothing}'"
	elif [ $status -ne 0 ] && ! grep -q '^not ok ' "$log"; then
		not_ok "$name: all passed, but it ended with $status"
	elif [ $status -eq 0 ]; then
		return
	fi
	grep -vE '^ok ' "$log" | tail -n 40 | indent
}

# variant NAME DIR MESON-OPTIONS CFLAG...
variant() {
	local name=$1 dir=$2 options=$3 row program func data macros sources log

	shift 3
	echo "== $name ($SECONDS s)"
	mkdir -p "$out/$name"
	log=$out/$name/library.log
	# shellcheck disable=SC2086 # options, split at blanks
	if ! build_library "$dir" $options >"$log" 2>&1; then
		not_ok "$name: the library does not build"
		tail -n 40 "$log" | indent
		return
	fi
	for row in "${programs[@]}"; do
		IFS='|' read -r program func data macros sources <<<"$row"
		[[ $program == *${ONLY:-}* ]] || continue
		log=$out/$name/$program.compile.log
		if compile "$out/$name/$program" "$dir" "$func" "$data" "$macros" "$sources" "$@" >"$log" 2>&1; then
			run "$out/$name/$program"
		else
			not_ok "$program: does not compile"
			head -n 40 "$log" | indent
		fi
	done
}

[ $# -gt 0 ] || set -- plain asan tsan
ci/deps.sh build origin || exit 1
if [ ! -e "$tarball" ]; then
	echo "check-kernel: there is no $tarball"
	exit 77
fi
extract || exit 1

# gcc 12's sanitizers do not bear addresses that are randomised a lot.
no_aslr=()
for name; do
	case $name in
	plain)	variant plain build-check '--werror' ;;
	asan)	if setarch -R true 2>/dev/null; then no_aslr=(setarch -R); fi
		export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1
		export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
		variant asan build-asan '-Db_sanitize=address,undefined -Db_lundef=false' \
			-fsanitize=address,undefined -fno-omit-frame-pointer ;;
	tsan)	if setarch -R true 2>/dev/null; then no_aslr=(setarch -R); fi
		export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:history_size=4:atexit_sleep_ms=0:suppressions=$PWD/tests/kcompat/tsan.supp
		variant tsan build-tsan '-Db_sanitize=thread -Db_lundef=false' -fsanitize=thread ;;
	*)	echo "check-kernel.sh: no build '$name'; there are: plain asan tsan" >&2
		exit 2 ;;
	esac
done
printf 'check-kernel: %d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
