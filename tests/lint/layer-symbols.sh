#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The layers fence, resv and buf stand on base alone: their objects ask the
# linker for words of ours and for nothing of libc, pthread or liburcu.
#
#	layer-symbols.sh OBJECT_DIR...
#
# Everything not allowed below is refused.

set -u

if [ $# -lt 1 ]; then
	echo "usage: $0 OBJECT_DIR..." >&2
	exit 2
fi

# Our prefixes, as a whole word or a beginning.
allowed='^(dmabuf_|dma_buf_|dma_fence_|dma_resv_|__dma_fence_|__dma_resv_|dma_heap_|ww_mutex_|ww_acquire_|iosys_map_|sg_|__sg_|sync_file_|sync_timeline_)'
allowed="$allowed|^(reservation_ww_class|get_dma_buf|_GLOBAL_OFFSET_TABLE_)\$"
# The four calls GCC may make up in any code, also for a machine without a libc.
allowed="$allowed|^(__)?mem(cpy|move|set|cmp)(_chk)?\$"
# What the compiler puts in by itself: sanitizers, coverage, stack protector.
allowed="$allowed|^__(asan|ubsan|tsan|sanitizer|gcov|llvm|stack_chk)_|^__odr_asan|^_?_(start|stop)_"
# Atomic operations of aarch64 that GCC keeps out of line, in its own libgcc.
allowed="$allowed|^__aarch64_(cas|swp|ldadd|ldset|ldclr|ldeor)[0-9]"

count=0 failed=0
list=$(find "$@" -name '*.o' | grep -E '(^|/)(src_)?(fence|resv|buf)[_/][^/]*\.o$' | sort)
for object in $list; do
	count=$((count + 1))
	bad=$(${NM:-nm} -u --format=posix "$object" | awk '{ print $1 }' | sed 's/@.*//' | grep -Ev "$allowed" | sort -u)
	for symbol in $bad; do
		echo "$object:1: uses $symbol: give base a dmabuf_ call for it, and use that"
		failed=$((failed + 1))
	done
done

if [ $count -eq 0 ]; then
	echo "$1:1: no object of fence, resv or buf there: build first, or give the right directory"
	exit 1
fi
echo "layer-symbols: $count objects, $failed forbidden symbols"
[ $failed -eq 0 ]
