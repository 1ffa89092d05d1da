#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sysroot-aarch64.sh DIR - the arm64 libraries the cross build links with
#
# Fetches them from the system's own package sources with a package state of
# its own below DIR, so the system never learns of a second architecture. Needs
# no rights. DIR/paths.ini is the part of the meson cross file that depends on
# where DIR is. When DIR is complete it does nothing.
#
# DEPS=0: never fetches. On failure the last line printed says why.
set -eu
export LC_ALL=C

packages=(liburcu-dev liburcu8 check libsubunit-dev libsubunit0)

if [ $# -ne 1 ]; then
	echo "usage: sysroot-aarch64.sh DIR" >&2
	exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
root=$dir/root
: >"$dir/.libdmabuf-build"
printf "[constants]\nsysroot = '%s'\n" "$root" >"$dir/paths.ini"

if [ "$(cat "$dir/.complete" 2>/dev/null)" = "${packages[*]}" ]; then
	exit 0
fi

give_up() {
	echo "$1"
	exit 1
}

[ "${DEPS:-1}" != 0 ] || give_up "DEPS=0, so the arm64 libraries are not fetched"
for tool in apt-get dpkg-deb; do
	command -v "$tool" >/dev/null || give_up "there is no $tool to fetch arm64 libraries with"
done

# A package state of our own: nothing installed, one architecture, our caches.
# The sources and their keys stay the system's.
mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial" "$dir/debs"
: >"$dir/state/status"
own_apt() {
	apt-get -q -o Acquire::Retries=2 -o Acquire::http::Timeout=30 \
		-o Dir::State="$dir/state" -o Dir::State::status="$dir/state/status" \
		-o Dir::State::lists="$dir/state/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}

own_apt update || give_up "the arm64 package lists cannot be fetched"
rm -f "$dir"/debs/*.deb
(cd "$dir/debs" && own_apt download "${packages[@]}") ||
	give_up "the arm64 packages cannot be fetched: ${packages[*]}"

rm -rf "$root"
mkdir -p "$root"
for deb in "$dir"/debs/*.deb; do
	dpkg-deb -x "$deb" "$root" || give_up "$(basename "$deb") cannot be unpacked"
done
rm -rf "$dir/state" "$dir/cache" "$dir/debs"
echo "${packages[*]}" >"$dir/.complete"
