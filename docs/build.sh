#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Make the book: docs/build.sh BUILD_DIR
# The pages end up in BUILD_DIR/book/index.html.  Warnings are errors.

set -eu

if [ $# -ne 1 ]; then
	echo "usage: $0 BUILD_DIR" >&2
	exit 2
fi
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
mkdir -p "$1"
build=$(CDPATH='' cd -- "$1" && pwd)
# Sphinx is a program of the system's python; another python has no sphinx.
python=${PYTHON:-/usr/bin/python3}

if ! "$python" -c 'import sphinx' 2>/dev/null; then
	echo "docs: python3-sphinx is not installed: apt-get install python3-sphinx" >&2
	exit 1
fi

# Both steps run, so that one go shows all there is to mend.
status=0
PYTHONDONTWRITEBYTECODE=1 "$python" "$root/docs/render.py" "$root" "$build/book-src" || status=1
"$python" -m sphinx -q -W --keep-going -b html -d "$build/book-doctrees" \
	"$build/book-src" "$build/book" || status=1
if [ $status -ne 0 ]; then
	echo "docs: the book has errors, listed above" >&2
	exit 1
fi
echo "docs: $build/book/index.html"
