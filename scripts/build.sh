# Configures and builds incrementally, one build at a time. Sourced; needs `root` and `say`.
# shellcheck shell=bash

# Everything that the binary is made from. The package database is among it: a library that was
# removed or upgraded since is noticed, and so nothing else has to look at packages on each start.
binary_sources() {
  sources=("$root/src" "$root/CMakeLists.txt" "$root/CMakePresets.json" "$root/scripts/packages")
  [[ -e /var/lib/dpkg/status ]] && sources+=(/var/lib/dpkg/status)
  return 0
}

# is_fresh BINARY STAMP : the binary was built here, from what stands here now. Folders count too: a
# file that was removed or renamed changes its folder's time.
is_fresh() {
  local sources built_in=""
  [[ -x $1 && -e $2 ]] && read -r built_in <"$2"
  [[ $built_in == "$root" ]] || return 1 # else a checkout that was copied or moved
  binary_sources
  [[ -z $(find "${sources[@]}" -newer "$2" -print -quit 2>&1) ]]
}

# lock_builds : waits until no other launcher builds; the lock goes with the shell that took it.
lock_builds() {
  if ! mkdir -p "$root/build" || ! exec {build_lock}>"$root/build/.lock"; then
    say "cannot build: no right to write to $root/build"
    return 1
  fi
  if ! flock -n "$build_lock"; then
    say "waiting for another build in $root/build"
    flock "$build_lock"
  fi
}

unlock_builds() { exec {build_lock}>&-; }

# A stamp is dated before its build: what changes meanwhile is newer, and built by the next start.
begin_stamp() { printf '%s\n' "$root" >"$1.new"; }
end_stamp() { mv "$1.new" "$1"; }

# configure PRESET [-DNAME=VALUE...] : runs CMake where there is no usable build folder or where
# settings are given; starts over where what an earlier, killed run left is in the way.
configure() {
  local preset=$1 log=$root/build/$1/configure.log
  shift
  if ! grep -qxsF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$root/build/$preset/CMakeCache.txt"; then
    rm -rf "${root:?}/build/$preset" # left half-made, or the checkout was copied or moved
  fi
  mkdir -p "$root/build/$preset"
  [[ $# -eq 0 && -s $root/build/$preset/build.ninja ]] && return 0
  # A first build for somebody who only wants to use the tool needs no test libraries.
  [[ $# -eq 0 ]] && set -- -DFLEXOS_TESTS=OFF -DFLEXOS_BENCH=OFF
  if ! (cd "$root" && cmake --preset "$preset" "$@") >"$log" 2>&1 </dev/null; then
    if ! (cd "$root" && cmake --fresh --preset "$preset" "$@") >"$log" 2>&1 </dev/null; then
      say "configuring the build failed (preset $preset):"
      grep -A 8 -m 1 '^CMake Error' "$log" >&2 || tail -n 8 "$log" >&2
      say "the log is $log"
      return 1
    fi
  fi
}

# run_ninja PRESET [TARGET...] : builds, with one line of progress on a terminal.
run_ninja() {
  local preset=$1 line announced="" width=${COLUMNS:-80}
  local log=$root/build/$1/build.log
  shift
  LC_ALL=C ninja -C "$root/build/$preset" -j "$(nproc)" "$@" 2>&1 </dev/null | {
    trap '' INT # Ninja tells us how it ended
    while IFS= read -r line; do
      printf '%s\n' "$line"
      [[ $line == '['*'] '@(Building|Linking)' '* ]] || continue
      if [[ -z $announced ]]; then
        announced=yes
        if [[ $preset == release && ! -e $root/build/.release-built ]]; then
          say "building; the first time takes some minutes"
        else
          say "building (preset $preset)"
        fi
      fi
      [[ -t 2 ]] && printf '\r\e[K%.*s' "$((width - 1))" "$line" >&2
    done
    [[ -t 2 && -n $announced ]] && printf '\r\e[K' >&2
    :
  } >"$log"
  return "${PIPESTATUS[0]}"
}

# build PRESET [TARGET...] : 1 with a message where it fails.
build() {
  local preset=$1 log=$root/build/$1/build.log
  shift
  run_ninja "$preset" "$@" && return 0
  # No command failed, Ninja itself did: the folder is damaged, not the source. Start over once.
  if ! grep -q '^FAILED: ' "$log" && grep -q '^ninja: error: ' "$log"; then
    say "build/$preset is damaged; building it anew"
    local settings=()
    [[ $preset == release && -f $root/build/release/CMakeCache.txt ]] &&
      mapfile -t settings < <(sed -nE 's/^(FLEXOS_(TESTS|BENCH)):BOOL=(.*)$/-D\1=\3/p' \
        "$root/build/release/CMakeCache.txt")
    rm -rf "${root:?}/build/$preset"
    configure "$preset" "${settings[@]}" || return 1
    run_ninja "$preset" "$@" && return 0
  fi
  say "the build failed (preset $preset):"
  if grep -q '^FAILED: ' "$log"; then
    # The command line that failed helps nobody; the first of its messages do.
    grep -m 1 '^FAILED: ' "$log" >&2
    grep -A 2 -m 3 -E ': (fatal )?error: |undefined reference' "$log" | cut -c -200 >&2
  else
    tail -n 8 "$log" >&2
  fi
  say "the log is $log"
  return 1
}

# page_is_settled FILE : nothing that the report's page is made from has changed since FILE was written.
page_is_settled() {
  [[ -e $1 && -z $(find "$root/src/report/web" "$root/scripts/build-report" -newer "$1" -print -quit 2>&1) ]]
}

# build_page [COMMAND] : bundles the report's page where its sources have changed. What that needs
# (Node.js, an npm registry) is not what the tool needs: without it everything but the page goes on,
# and it is tried again when something is installed, when the sources change, or when COMMAND is
# `report`.
build_page() {
  local built=$root/build/.page-built failed=$root/build/.page-failed log=$root/build/page.log
  local wanted=()
  [[ -d $root/src/report/web ]] || return 0
  [[ -s $root/build/report/bundle.js ]] && page_is_settled "$built" && return 0
  [[ ${1-} != report ]] && page_is_settled "$failed" &&
    [[ ! /var/lib/dpkg/status -nt $failed ]] && return 0
  # shellcheck source=scripts/packages.sh
  source "$root/scripts/packages.sh"
  # Somebody's own Node.js does as well as Debian's.
  { command -v node && command -v npm; } >/dev/null || wanted+=(node)
  command -v rsvg-convert >/dev/null || wanted+=(figure)
  [[ ${#wanted[@]} -eq 0 ]] || install_packages "${wanted[@]}" || true
  begin_stamp "$built"
  if "$root/scripts/build-report" 2>"$log" </dev/null; then
    end_stamp "$built"
    rm -f "$failed"
  else
    rm -f "$built.new"
    say "the report's page could not be built; everything else works"
    sed -n 's/^build-report: error: /  /p; s/^  hint: /  hint: /p' "$log" >&2
    : >"$failed"
  fi
}
