#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# deps.sh GROUP... - see that the packages of these groups are there
#
# Groups: build demo check docs origin. Says what is lacking, then installs it
# (as root, or through sudo) and asks nothing. When nothing is lacking it costs
# one dpkg-query. Runs on a Debian that has no more than bash and apt.
#
# DEPS=0          never install: say what is lacking, fail if it is required
# DEPS_STATE=dir  remember there that something was installed (.deps-new) and
#                 which optional packages could not be had (.deps-refused)
#
# Exit: 0 all that is required is there, 1 it is not, 2 wrong call.
set -u
export LC_ALL=C

# a|b: either will do, the first is what we would install
declare -A required=(
	[build]='gcc|clang libc6-dev|libc-dev meson ninja-build pkg-config|pkgconf liburcu-dev'
	[demo]=''
	[check]='check g++ python3'
	[docs]='python3-sphinx'
	[origin]='python3'
)
declare -A optional=(
	[build]=''
	[demo]='ffmpeg libpng-dev'
	[check]='strace spin scdoc mandoc|man-db gcc-aarch64-linux-gnu libc6-dev-arm64-cross
		 qemu-user|qemu-user-static xz-utils'
	[docs]='scdoc'
	[origin]='linux-source-6.12'
)
declare -A why=(
	[ffmpeg]='the demo then makes its own moving picture'
	[libpng-dev]='no demo.png is then written'
	[strace]='a test that watches system calls is skipped'
	[spin]='the models are not checked'
	[scdoc]='no man pages are made'
	[mandoc]='man pages are not checked'
	[gcc-aarch64-linux-gnu]='no arm64 build'
	[libc6-dev-arm64-cross]='no arm64 build'
	[qemu-user]='no arm64 tests'
	[linux-source-6.12]='nothing to compare our sources with'
)

say() { printf 'deps: %s\n' "$*"; }

if [ $# -eq 0 ]; then
	echo "usage: deps.sh {build|demo|check|docs|origin}..." >&2
	exit 2
fi
want_req=() want_opt=()
for group; do
	if [ -z "${required[$group]+x}" ]; then
		echo "deps.sh: no group '$group'; there are: build demo check docs origin" >&2
		exit 2
	fi
	# shellcheck disable=SC2206 # package names, split at blanks on purpose
	want_req+=(${required[$group]}) want_opt+=(${optional[$group]})
done

if ! command -v dpkg-query >/dev/null; then
	say "this is not Debian, so I cannot tell what is lacking. By Debian's names it takes"
	say "  ${want_req[*]}"
	say "and better also"
	say "  ${want_opt[*]}"
	exit 0
fi

# Which of the wanted are lacking? Fills lack_req and lack_opt.
survey() {
	local all name state word
	local -A have=() seen=()

	all=("${want_req[@]}" "${want_opt[@]}")
	# shellcheck disable=SC2046
	while read -r name state; do
		[ "$state" = 'installed' ] && have[$name]=1
	done < <(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' \
			$(tr '|' ' ' <<<"${all[*]}") 2>/dev/null | sed 's/:[a-z0-9]* / /')

	lack_req=() lack_opt=()
	for word in "${want_req[@]}"; do
		lacking "$word" && lack_req+=("${word%%|*}")
	done
	for word in "${want_opt[@]}"; do
		lacking "$word" && lack_opt+=("${word%%|*}")
	done
}

# Is none of a|b there? Uses survey's have and seen; a name is reported once.
lacking() {
	local name

	[ -n "${seen[$1]+x}" ] && return 1
	seen[$1]=1
	for name in ${1//|/ }; do
		[ -n "${have[$name]+x}" ] && return 1
	done
	return 0
}

note_optional() {
	local name

	for name in "${lack_opt[@]}"; do
		say "note: without $name${why[$name]+: ${why[$name]}}"
	done
}

# The verdict when nothing (more) will be installed.
finish() {
	note_optional
	if [ ${#lack_req[@]} -gt 0 ]; then
		say "cannot go on without: ${lack_req[*]}"
		exit 1
	fi
	exit 0
}

ask_for() {
	say "$1"
	say "  apt-get update && apt-get install -y --no-install-recommends ${lack_req[*]} ${lack_opt[*]}"
}

# Optional packages refused within the last day are not asked for again.
forget_refused() {
	local file=${DEPS_STATE:-}/.deps-refused name keep=()

	[ -n "${DEPS_STATE:-}" ] && [ -n "$(find "$file" -mtime -1 2>/dev/null)" ] || return 0
	for name in "${lack_opt[@]}"; do
		grep -qxF "$name" "$file" || keep+=("$name")
	done
	lack_opt=("${keep[@]}")
}

# Leave a note in DEPS_STATE, if there is one.
note() {
	local file=$1

	shift
	[ -n "${DEPS_STATE:-}" ] || return 0
	mkdir -p "$DEPS_STATE" && : >"$DEPS_STATE/.libdmabuf-build" || return 0
	printf '%s\n' "$@" >"$DEPS_STATE/$file"
}

# The words before apt-get that give us the right to call it; fails if none do.
right_to_install() {
	if [ "$(id -u)" -eq 0 ]; then
		become=()
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		become=(sudo -n)
	elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
		become=(sudo)
	else
		return 1
	fi
}

# apt is told once, in one line; what it says itself is shown only if it fails.
apt() {
	local log status=0

	log=$(mktemp) || return
	"${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Acquire::Retries=2 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		--no-install-recommends "$@" >"$log" 2>&1 </dev/null || status=$?
	if [ $status -ne 0 ]; then
		say "apt-get $* failed:"
		tail -n 15 "$log" | sed 's/^/    | /'
	fi
	rm -f "$log"
	return $status
}

# All at once; if that fails the required ones, then each optional one by itself.
install_lacking() {
	local name

	apt update || say "trying with the package lists there are"
	apt install "${lack_req[@]}" "${lack_opt[@]}" && return
	[ ${#lack_opt[@]} -gt 0 ] || return
	say "not all of them can be installed; trying one by one"
	[ ${#lack_req[@]} -eq 0 ] || apt install "${lack_req[@]}" || return
	for name in "${lack_opt[@]}"; do
		apt install "$name" || say "could not install $name"
	done
}

survey
forget_refused
if [ ${#lack_req[@]} -eq 0 ] && [ ${#lack_opt[@]} -eq 0 ]; then
	exit 0
fi
[ ${#lack_req[@]} -eq 0 ] || say "lacking: ${lack_req[*]}"
[ ${#lack_opt[@]} -eq 0 ] || say "lacking, but optional: ${lack_opt[*]}"

if [ "${DEPS:-1}" = 0 ]; then
	ask_for "DEPS=0, so nothing is installed. To install them, as root:"
	finish
fi
if ! command -v apt-get >/dev/null || ! right_to_install; then
	ask_for "you may not install packages here; please ask an administrator to run:"
	finish
fi

say "installing these and what they need; this can take a few minutes"
before=$((${#lack_req[@]} + ${#lack_opt[@]}))
install_lacking
survey
[ ${#lack_opt[@]} -eq 0 ] || note .deps-refused "${lack_opt[@]}"
if [ $((${#lack_req[@]} + ${#lack_opt[@]})) -ne $before ]; then
	note .deps-new
	say "done"
fi
finish
