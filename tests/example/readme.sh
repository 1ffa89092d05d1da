#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's example is the program that is built, and the program does what the README says.
# usage: readme.sh README.md example.c built-example
set -eu
shown=$(awk '/^```c$/{on=1;next} /^```$/{on=0} on' "$1")
file=$(cat "$2")
[ "$shown" = "$file" ] || {
	echo "README.md: its C example differs from $2; copy the file into the README"
	exit 1
}
expected=$(awk '/^child: status/' "$1")
printed=$(timeout 20 "$3")
[ "$printed" = "$expected" ] || {
	echo "the example printed '$printed', README.md promises '$expected'"
	exit 1
}
