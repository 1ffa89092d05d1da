#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test-bare.sh [OPTION]... BASE [MAKE-ARGUMENT]...
#
# Does `make demo` (or what the arguments say) work on a bare Debian 12? Makes
# the system BASE with debootstrap if it is not there: minbase, plus make, git
# and ca-certificates. Copies it to BASE.run, puts a fresh clone of this
# repository into it and runs make there, in mount and process namespaces of
# their own, so that nothing is left mounted or running. For developers; needs
# root and debootstrap. Packages come from where apt gets them here.
#
#	--again		keep the system and the clone of the last run
#	--user		run make as an ordinary user, without sudo
#	--repo DIR	clone DIR instead of this tree's repository
#	--in FILE	copy FILE to the clone first (may be repeated)
#
# Example: ci/test-bare.sh /var/tmp/bookworm check
#          ci/test-bare.sh --again --in some.mp4 /var/tmp/bookworm demo FILE=some.mp4
#
# Only what is committed is tested. Exit: make's. Afterwards the tree can be
# looked at in BASE.run/home/builder/src.
set -eu
export LC_ALL=C

repo=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm
again=no user=root copies=()

usage() { sed -n '/^# test-bare/,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

while [ $# -gt 0 ]; do
	case $1 in
	--again) again=yes ;;
	--user)	user=builder ;;
	--repo)	repo=$(cd "$2" && pwd); shift ;;
	--in)	copies+=("$(realpath "$2")"); shift ;;
	-*)	usage ;;
	*)	break ;;
	esac
	shift
done
[ $# -gt 0 ] || usage
base=$(realpath -m "$1")
shift
[ $# -gt 0 ] || set -- demo
[ "$(id -u)" -eq 0 ] || { echo "test-bare: needs root" >&2; exit 2; }

run=$base.run
debs=$base.debs		# downloaded packages, kept between runs
src=/home/builder/src

# "URI RELEASE" of each of Debian's sources here that belongs to the suite.
debian_sources() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT) $(ORIGIN)' \
		'Created-By: Packages' |
		awk -v s="$suite" '$5 == "Debian" && $4 == "main" && index($3, s) == 1 { print $1, $2 }' |
		sort -u
}

# How apt here reaches its servers and judges dates; nothing else is taken over.
apt_settings() {
	apt-config dump | grep -E '^Acquire::(http::Proxy|https::Proxy|Check-Date|Check-Valid-Until) ' || :
}

inside() {
	local root=$1

	shift
	# shellcheck disable=SC2016 # the inner shell expands these
	unshare --mount --pid --fork --kill-child sh -eu -c '
		root=$1 debs=$2
		shift 2
		mount --make-rprivate /
		mount -t proc proc "$root/proc"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
		mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
		mount --bind "$debs" "$root/var/cache/apt/archives"
		exec chroot "$root" "$@"' \
		sh "$root" "$debs" \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root TERM=dumb "$@" </dev/null
}

make_base() {
	local sources mirror

	sources=$(debian_sources)
	mirror=$(awk -v s="$suite" '$2 == s { print $1; exit }' <<<"$sources")
	if [ ! -e "$base/etc/debian_version" ]; then
		debootstrap --variant=minbase "$suite" "$base" "${mirror:?apt here knows no $suite}"
	fi
	awk '{ print "deb", $0, "main" }' <<<"$sources" >"$base/etc/apt/sources.list"
	apt_settings >"$base/etc/apt/apt.conf.d/90test-bare"
	cp -L /etc/resolv.conf "$base/etc/resolv.conf"
	inside "$base" sh -eu -c '
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q update
		apt-get -q -y --no-install-recommends install make git ca-certificates
		id builder >/dev/null 2>&1 || useradd -m -s /bin/bash builder
		rm -rf /var/lib/apt/lists/*'
	: >"$base/.bare-complete"
}

mkdir -p "$debs/partial"
[ -e "$base/.bare-complete" ] || make_base

if [ $again = no ]; then
	rm -rf --one-file-system "$run"
	cp -a --reflink=auto "$base" "$run"
	git clone -q --no-hardlinks "$repo" "$run$src"
	chown -R --reference="$run/home/builder" "$run$src"
	[ $user != root ] || chown -R 0:0 "$run$src"
fi
for file in "${copies[@]}"; do
	cp "$file" "$run$src/"
done

echo "test-bare: make $* as $user in $run$src"
began=$(date +%s)
if [ $user = root ]; then
	as=()
else
	as=(setpriv --reuid "$user" --regid "$user" --init-groups env HOME="/home/$user")
fi
status=0
inside "$run" "${as[@]}" make --no-print-directory -C "$src" "$@" || status=$?
echo "test-bare: make exits with $status after $(($(date +%s) - began)) s"
exit $status
