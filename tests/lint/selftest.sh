#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A check never seen red is not a check: each one gets a small clean tree, on
# which it is green, then one planted violation, on which it must fail and say
# what we expect.
#
#	selftest.sh SOURCE_ROOT [CC]

set -u

root=$(CDPATH='' cd -- "${1:-.}" && pwd)
cc=${2:-cc}
lint=$root/tests/lint
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
number=0 failed=0

result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		failed=$((failed + 1))
		echo "not ok $number - $2"
		sed 's/^/# /' "$top/output"
	fi
}

# green NAME COMMAND...: the command must succeed
green()
{
	name=$1
	shift
	"$@" >"$top/output" 2>&1
	result $? "$name"
}

# red NAME WORDS COMMAND...: must exit 1 and say WORDS (a pattern) as file:line: ...
red()
{
	name=$1 words=$2
	shift 2
	"$@" >"$top/output" 2>&1
	code=$?
	if [ $code -ne 1 ]; then
		echo "exit status $code, expected 1" >>"$top/output"
		result 1 "$name"
	elif ! grep -qE "^[^ ]+:[0-9]+: .*$words" "$top/output"; then
		echo "no line 'file:line: ... $words'" >>"$top/output"
		result 1 "$name"
	else
		result 0 "$name"
	fi
}

# fresh: a tree in which every check is green
fresh()
{
	rm -rf "$top/t"
	mkdir -p "$top/t/include/dmabuf" "$top/t/src/base" "$top/t/src/fence" "$top/t/src/fd" \
		"$top/t/tools/dmabuf" "$top/t/build" "$top/t/docs/book"
	cd "$top/t" || exit 2
	cat >include/dmabuf/dma-fence.h <<-'END'
		/* SPDX-License-Identifier: MIT */
		/**
		 * DOC: Overview
		 *
		 * Some words, with a_name_ and 2*3 and `odd` marks:
		 *
		 * - one
		 * - two, see dma_fence_signal()s and @fence->lock
		 */
		#ifndef DMA_FENCE_H
		#define DMA_FENCE_H
		#ifdef __cplusplus
		extern "C" {
		#endif
		/** struct dma_fence - a fence */
		struct dma_fence {
			int state;	/* 0 or 1 */
		};
		/**
		 * dma_fence_signal() - signal it
		 * @fence: the fence
		 *
		 * Context: Any.
		 * Locks: none.
		 * Owns: none.
		 * Units: none.
		 * Across: none.
		 * Return: 0.
		 * Source: ours.
		 */
		int dma_fence_signal(struct dma_fence *fence);
		#ifdef __cplusplus
		}
		#endif
		#endif
	END
	cat >src/fence/dma-fence.c <<-'END'
		/* SPDX-License-Identifier: MIT */
		/*
		 * A fence.
		 * Layer: fence.
		 * Called by: all.
		 * Invariant: one way only.
		 */
		#include <dmabuf/dma-fence.h>
		#include "fence-internal.h"
		int dma_fence_signal(struct dma_fence *fence)
		{
			return dmabuf_base_set(&fence->state);
		}
	END
	cat >src/fence/fence-internal.h <<-'END'
		/* SPDX-License-Identifier: MIT */
		int dmabuf_base_set(int *state);
	END
	echo '/* SPDX-License-Identifier: MIT */' | tee src/fd/fd.h >src/base/lock.h
	printf '# SPDX-License-Identifier: MIT\ndma_fence_signal\n' >src/symbols.txt
	printf '/* SPDX-License-Identifier: MIT */\nV0 {\nglobal:\n\tdma_fence_signal;\nlocal:\n\t*;\n};\n' >src/libdmabuf.map
	cat >docs/book/index.rst <<-'END'
		.. SPDX-License-Identifier: MIT

		Book
		====

		.. include-doc:: include/dmabuf/dma-fence.h "Overview"

		.. include-api:: include/dmabuf/dma-fence.h
	END
}

# edit FILE SED_SCRIPT
edit()
{
	sed "$2" "$1" >"$1.new" && mv "$1.new" "$1"
}

# --- headers.sh
headers() { sh "$lint/headers.sh" . build "$cc"; }
headers_any() { headers || [ $? -eq 77 ]; }
fresh
green "headers: clean" headers_any
edit include/dmabuf/dma-fence.h 's/int state;/uint32_t state;/'
red "headers: one that does not stand alone" "as C11, included once" headers
fresh
edit include/dmabuf/dma-fence.h '/^#ifndef DMA/d;$d'
red "headers: one without a guard" "included twice" headers
fresh
if ! command -v c++ >/dev/null; then
	result 0 "headers: a C++ keyword as a name # SKIP no C++ compiler"
else
	edit include/dmabuf/dma-fence.h 's/int state;/int class;/'
	red "headers: a C++ keyword as a name" "as C..17" sh "$lint/headers.sh" . build "$cc" c++
fi

# --- include-direction.py
direction() { "$python" "$lint/include-direction.py" .; }
fresh
green "include-direction: clean" direction
echo '#include "../fd/fd.h"' >>src/fence/dma-fence.c
red "include-direction: a later layer" "later layer fd" direction
fresh
echo '#include <dmabuf/dma-buf.h>' >>src/fence/dma-fence.c
red "include-direction: a later public header" "later layer buf" direction
fresh
echo '#include "fence/fence-internal.h"' >>src/fd/fd.h
red "include-direction: an internal header of another layer" "layer fence alone" direction
fresh
echo '#include "fd/fd.h"' >tools/dmabuf/main.c
red "include-direction: a tool that includes a private header" "from outside" direction
fresh
echo >include/dmabuf/new.h
red "include-direction: a public header nobody placed" "add it to PUBLIC" direction

# --- contract-tags.py
tags() { "$python" "$lint/contract-tags.py" .; }
fresh
green "contract-tags: clean" tags
edit include/dmabuf/dma-fence.h '/Across:/d'
red "contract-tags: a missing tag" "no Across tag" tags
fresh
edit include/dmabuf/dma-fence.h 's/Units: none./Units:/'
red "contract-tags: an empty tag" "Units: is empty" tags
fresh
edit include/dmabuf/dma-fence.h 's/Context: Any./Owns: x/;s/Owns: none./Context: y/'
red "contract-tags: tags out of order" "out of order" tags
fresh
edit include/dmabuf/dma-fence.h '/@fence: /d'
red "contract-tags: a parameter without words" "parameter fence is not documented" tags
fresh
edit include/dmabuf/dma-fence.h 's/@fence: /@fense: /'
red "contract-tags: a parameter that is none" "@fense is no parameter" tags
fresh
edit include/dmabuf/dma-fence.h 's/^int dma_fence_signal.*/&\nint dma_fence_bare(void);/'
red "contract-tags: a function without comment" "dma_fence_bare has no contract comment" tags
fresh
edit include/dmabuf/dma-fence.h 's/^int dma_fence_signal/int dma_fence_other/'
red "contract-tags: a comment about another function" "the declaration after it is not" tags

# --- symbols.py
build_library()
{
	echo 'int dmabuf_base_set(int *s) { *s = 1; return 0; }' >base.c
	$cc -shared -fPIC -Iinclude -Wl,--version-script="${1:-src/libdmabuf.map}" -o lib.so src/fence/dma-fence.c base.c
}
symbols() { "$python" "$lint/symbols.py" lib.so src/symbols.txt src/libdmabuf.map; }
fresh
build_library
green "symbols: clean" symbols
echo 'global: dma_fence_signal; dmabuf_base_set; local: *; };' | sed 's/^/V0 { /' >loose.map
build_library loose.map
red "symbols: an export nobody listed" "exports dmabuf_base_set" symbols
fresh
build_library
echo dma_fence_unknown >>src/symbols.txt
red "symbols: a listed symbol that is not exported" "dma_fence_unknown is not exported" symbols
fresh
build_library
edit src/libdmabuf.map 's/dma_fence_signal;/dma_fence_sign;/'
red "symbols: map and list differ" "dma_fence_signal is not in src/libdmabuf.map" symbols
fresh
build_library
edit src/libdmabuf.map 's/dma_fence_signal;/dma_fence_*;/'
red "symbols: a pattern in the map" "pattern dma_fence_" symbols

# --- layer-symbols.sh
objects()
{
	mkdir -p build/lib.p
	$cc -Iinclude -c -o build/lib.p/fence_dma-fence.c.o src/fence/dma-fence.c &&
		sh "$lint/layer-symbols.sh" build
}
fresh
green "layer-symbols: clean" objects
edit src/fence/dma-fence.c 's/{$/{ extern int puts(const char *); puts("x");/'
red "layer-symbols: a call of libc" "uses puts" objects
fresh
edit src/fence/dma-fence.c 's/{$/{ extern int pthread_mutex_lock(void *); pthread_mutex_lock(fence);/'
red "layer-symbols: a call of pthread" "uses pthread_mutex_lock" objects
fresh
red "layer-symbols: nothing to look at" "no object" sh "$lint/layer-symbols.sh" build

# --- no-internal-paths.sh
small() { sh "$lint/no-internal-paths.sh" .; }
fresh
green "no-internal-paths: clean" small
printf 'see /%s/notes\n' root >>src/symbols.txt
red "no-internal-paths: a path" "absolute path" small
fresh
edit src/base/lock.h 's/SPDX/SPDY/'
red "no-internal-paths: a file without SPDX line" "0 SPDX lines" small
fresh
edit src/fence/dma-fence.c '/Layer:/d;/Called by/d'
red "no-internal-paths: a short opening comment" "opening comment of 4 lines" small
fresh
head -c 210000 /dev/zero | tr '\0' x >big.txt
red "no-internal-paths: a big file" "more than 200 kB" small

# --- docs/render.py
render() { "$python" "$root/docs/render.py" . build/book-src 2>&1 | sed 's/^error: //' >messages; cat messages; ! grep -qE '^[^ ]+:[0-9]+: ' messages; }
fresh
green "render: clean" render
sed -i '/include-api/d' docs/book/index.rst
red "render: an exported symbol that is not in the book" "dma_fence_signal is exported and not in the book" render
fresh
printf '\n.. include-api:: include/dmabuf/dma-fence.h\n' >>docs/book/index.rst
red "render: a symbol that is in the book twice" "2 entries in the book" render
fresh
edit docs/book/index.rst 's/"Overview"/"Overlook"/'
red "render: a section that is not there" "no DOC section \"Overlook\"" render
fresh
edit include/dmabuf/dma-fence.h '/Locks:/d'
red "render: an entry without a tag" "no Locks tag" render
fresh
printf '\n.. code-block:: c\n\n   int x;\n' >>docs/book/index.rst
red "render: C that nobody compiles" "C that nobody compiles" render
# Sphinx is a program of the system's python; the one in use may be another.
sphinx=
for candidate in "$python" /usr/bin/python3; do
	if [ -z "$sphinx" ] && "$candidate" -c 'import sphinx' 2>/dev/null; then
		sphinx=$candidate
	fi
done
if [ -z "$sphinx" ]; then
	result 0 "book: odd marks in a comment give no warning # SKIP no python3-sphinx"
else
	book() { "$python" "$root/docs/render.py" . build/book-src && cp "$root/docs/book/conf.py" build/book-src &&
		"$sphinx" -m sphinx -q -W --keep-going -b html build/book-src build/book 2>&1; }
	fresh
	green "book: odd marks in a comment give no warning" book
fi

# --- ci/check-origin.py, with a made-up kernel; its own self-test does the rest
fresh
mkdir -p kernel/drivers/dma-buf
cat >kernel/drivers/dma-buf/dma-fence.c <<'END'
/*
 * A comment that is long enough to be noticed when somebody takes it over, word for word, into another tree of sources.
 */
static int walk_the_list(struct list *head, int limit)
{
	int count = 0, total = 0;
	struct node *node;

	for (node = head->first; node; node = node->next) {
		if (node->value > limit && node->other < limit) {
			total += node->value * 3 - node->other;
			if (++count == limit)
				break;
		} else if (node->flags & 0x40) {
			node->flags &= ~0x40;
			total -= node->other;
		}
	}
	return total ? total / count : -1;
}
END
green "check-origin: its self-test" "$python" "$root/ci/check-origin.py" --linux kernel --self-test
origin() { "$python" "$root/ci/check-origin.py" --linux kernel --source . | sed 's/^  TOO LONG //'; }
cp kernel/drivers/dma-buf/dma-fence.c src/fence/copy.c
red "check-origin: a copied file" "tokens as in drivers/dma-buf" eval 'origin >found; cat found; ! grep -q "FAILED" found'

echo "1..$number"
[ $failed -eq 0 ]
