# Shared by the scripts beside it (sourced, not run): where things lie, timed steps, and the installing of what is missing.
#
# Nothing is installed that a script does not need, and each installing says what and why.
# Tools go to a cache outside the tree, so that a second clone finds them again.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C
# Colours in a file or in the lines of CI are noise.
[[ -t 1 ]] || export NO_COLOR=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
web=$root/services/gateway/web
cache=${FAIRFLOOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fairfloor}
# State of this clone: stamps of what is built, documents and logs of the last test.
work=$root/.cache
mkdir -p "$cache/bin" "$work"
export PATH=$cache/bin:$PATH

# Every package of both modules; `go build ./...` at the root of a workspace finds none.
# shellcheck disable=SC2034 # read by the scripts that source this
packages=(./pkg/... ./services/...)

# Pinned, so that a green check here is a green check everywhere.
golangci_version=v2.15.0
gotestsum_version=v1.13.0
go_minimum=1.26
node_minimum=20.19

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least WANTED FOUND: true when the dotted version FOUND is WANTED or later.
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

# ---- steps -------------------------------------------------------------------------------------------------------

steps=()
step_name=''
step_began=0

# step NAME COMMAND...: runs the command under a heading and remembers how long it took.
# The command is not tested by `if` or `||`, since that would switch `set -e` off inside it.
step() {
	step_name=$1 step_began=$SECONDS
	shift
	say '' && say "== $step_name"
	"$@"
	steps+=("$(printf 'ok    %5d s  %s' $((SECONDS - step_began)) "$step_name")")
	step_name=''
}

# summarise [CODE]: for `trap summarise EXIT`; prints each step's duration and the outcome, keeping the exit code.
summarise() {
	local code=${1-$?}
	[[ -z $step_name ]] || steps+=("$(printf 'FAIL  %5d s  %s' $((SECONDS - step_began)) "$step_name")")
	printf '\n%s\n' "== ${0##*/}: summary"
	((${#steps[@]} == 0)) || printf '%s\n' "${steps[@]}"
	if ((code == 0)); then
		printf 'all of it passed in %d s\n' "$SECONDS"
	else
		printf 'FAILED with exit code %d after %d s\n' "$code" "$SECONDS"
	fi
	return "$code"
}

# ---- what is missing ---------------------------------------------------------------------------------------------

need_go() {
	have go || die "Go $go_minimum or later is missing; see https://go.dev/doc/install"
	local found
	found=$(go env GOVERSION)
	at_least "$go_minimum" "${found#go}" || die "Go $go_minimum or later is needed, found $found"
}

need_node() {
	{ have node && have npm; } || die "Node $node_minimum or later with npm is missing; it builds the pages"
	local found
	found=$(node --version)
	at_least "$node_minimum" "${found#v}" || die "Node $node_minimum or later is needed, found $found"
}

# as_root COMMAND...: runs it as root, through sudo (and saying so) when we are not.
as_root() {
	if ((EUID == 0)); then
		"$@"
	else
		have sudo || die "not root and no sudo: run as root: $*"
		say "with sudo: $*"
		sudo "$@"
	fi
}

# apt_install WHY PACKAGE...: installs Debian packages.
# The package lists are fetched only when the machine has none, or when they are too old to install from.
apt_install() {
	local why=$1 log=$work/apt.log
	shift
	have apt-get || die "$* missing ($why), and there is no apt-get to install it with"
	say "installing $* with apt-get: $why"
	local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
	if ! apt-cache show "$@" >/dev/null 2>&1 || ! as_root "${install[@]}" >"$log" 2>&1; then
		say "  fetching the package lists first"
		as_root apt-get update >"$log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$log")"
		as_root "${install[@]}" >"$log" 2>&1 || die "installing $* failed: $(tail -n 5 "$log")"
	fi
}

# need_apt PROGRAM PACKAGE WHY: installs the Debian package when the program is not in the PATH.
need_apt() {
	local program=$1 package=$2 why=$3
	! have "$program" || return 0
	apt_install "$why" "$package"
	have "$program" || die "$package is installed, but $program is still not in the PATH"
}

need_chromium() { need_apt chromium chromium 'the browser tests drive a real one'; }
need_redis() { need_apt redis-server redis-server 'presence and limits are tested against a real one'; }
need_flite() { need_apt flite flite 'it speaks, where a test needs speech'; }
need_ip() { need_apt ip iproute2 'each process of the chaos tests has a network of its own'; }
need_mkfs() { need_apt mkfs.ext4 e2fsprogs 'each process of the chaos tests has a disk of its own'; }
need_mount() { need_apt mount mount 'each process of the chaos tests has a disk of its own'; }
need_shellcheck() { need_apt shellcheck shellcheck 'it checks the scripts'; }

# need_pocketsphinx: the speech engine of tests and rehearsals, which is compiled against a library.
need_pocketsphinx() {
	have_pocketsphinx && return
	apt_install 'it hears what flite says' pocketsphinx-en-us libpocketsphinx-dev gcc libc6-dev pkg-config
	have_pocketsphinx || die 'libpocketsphinx-dev is installed, but pkg-config does not find pocketsphinx, or its English model is not there'
}
have_pocketsphinx() {
	have gcc && have pkg-config && pkg-config --exists pocketsphinx && [[ -d /usr/share/pocketsphinx/model/en-us/en-us ]]
}

# need_go_tool PROGRAM MODULE-PATH VERSION WHY: compiles a pinned Go program into the cache, once.
need_go_tool() {
	local program=$1 path=$2 version=$3 why=$4
	local stamp=$cache/bin/.$program.version
	[[ -x $cache/bin/$program && $(cat "$stamp" 2>/dev/null) == "$version" ]] && return
	say "installing $program $version into $cache/bin: $why"
	# Outside the workspace, so that the tool is built with its own dependencies and ours stay as they are.
	(cd "$cache" && GOWORK=off GOBIN=$cache/bin go install "$path@$version")
	printf '%s' "$version" >"$stamp"
}

need_golangci_lint() {
	need_go_tool golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci_version" \
		'format and lint, the rules of .golangci.yml (some 3 minutes to compile, once)'
}
need_gotestsum() {
	need_go_tool gotestsum gotest.tools/gotestsum "$gotestsum_version" \
		'runs go test and counts what ran and what was skipped'
}

# ---- the pages ---------------------------------------------------------------------------------------------------

# alone NAME COMMAND...: runs the command while no other script of this clone is inside the same NAME.
alone() {
	local name=$1
	shift
	if have flock; then
		# The subshell keeps `set -e`, and gives the lock back when it ends.
		(
			flock 9
			"$@"
		) 9>"$work/$name.lock"
	else
		"$@"
	fi
}

# need_web_packages: npm ci, when the lock file or Node's version is another than last time.
need_web_packages() {
	need_node
	alone npm install_web_packages
}

install_web_packages() {
	local stamp=$web/node_modules/.fairfloor-stamp now
	now=$( (node --version && cat "$web/package.json" "$web/package-lock.json" "$web/.npmrc") | sha256sum)
	[[ $(cat "$stamp" 2>/dev/null) != "$now" ]] || return 0
	say "installing the pages' packages with npm ci: Svelte, Vite and what checks them"
	(cd "$web" && npm ci --no-progress --loglevel=error)
	printf '%s' "$now" >"$stamp"
}

# web_sources: every file that goes into the pages, one a line.
web_sources() {
	(cd "$web" && find . \( -name node_modules -o -name dist -o -name e2e -o -name tools \) -prune -o \
		-type f ! -name '*.go' ! -name '*.test.ts' -print | sort)
}

# build_web: vite build, when a source or a result is another than after the last build.
build_web() {
	need_web_packages
	alone web build_web_if_stale
}

build_web_if_stale() {
	local stamp=$work/web.sha256
	if [[ -f $web/dist/index.html && $(cat "$stamp" 2>/dev/null) == "$(web_state)" ]]; then
		return 0
	fi
	say 'building the pages into services/gateway/web/dist'
	(cd "$web" && npm run --silent build -- --logLevel warn)
	web_state >"$stamp"
}

# web_state: one hash of the pages' sources, packages and results.
web_state() {
	(
		cd "$web"
		{
			web_sources
			find dist -type f | sort
		} | xargs -d '\n' sha256sum
		cat node_modules/.fairfloor-stamp
	) | sha256sum
}

# ---- the binary --------------------------------------------------------------------------------------------------

# build_binary: bin/fairfloor, with the pages inside.
build_binary() {
	go build -o "$root/bin/fairfloor" ./services/fairfloor/cmd/fairfloor
}

# Every program, as the images and the archives of a release hold them.
static_programs=(
	./services/fairfloor/cmd/fairfloor ./services/fairfloor/cmd/nats ./services/registry/cmd/registry ./services/queue/cmd/queue
	./services/timing/cmd/timing ./services/transcript/cmd/transcript ./services/gateway/cmd/gateway
)

# static_cache SYSTEM/PROCESSOR: where the compiler keeps what it made for one platform; such builds share nothing with those of
# the tests, and what is kept for the host goes into the image in which the others are built.
static_cache() { printf '%s/static/%s' "$cache" "${1/\//-}"; }

# build_static SYSTEM/PROCESSOR FOLDER: every program, without a C library, a path of this machine or an hour in it: same
# sources and same Go, same bytes.
build_static() {
	local target=$1 folder=$2
	mkdir -p "$folder"
	GOWORK=$root/go.work GOCACHE=$(static_cache "$target") GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 \
		go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$folder/" "${static_programs[@]}"
}
