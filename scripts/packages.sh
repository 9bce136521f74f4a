# Debian packages: which are missing, and how to get them. Sourced; needs `root` and `say`.
# shellcheck shell=bash disable=SC2154

# packages_of SECTION... : sets `packages` to the names that scripts/packages lists there.
packages_of() {
  local line section=""
  packages=()
  while read -r line _; do
    case $line in
      '' | '#'*) ;;
      '['*']')
        section=${line#[}
        section=${section%]}
        ;;
      *) [[ " $* " == *" $section "* ]] && packages+=("$line") ;;
    esac
  done <"$root/scripts/packages"
  return 0
}

# find_missing NAME... : sets `missing` to those that are not installed. One call for all of them.
find_missing() {
  local status name installed=" "
  while read -r status name; do
    [[ $status == installed ]] && installed+="$name "
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null)
  missing=()
  for name; do
    [[ $installed == *" $name "* ]] || missing+=("$name")
  done
}

# install_packages SECTION... : installs what is missing; 1 with a message where that cannot be done.
install_packages() {
  local packages missing
  packages_of "$@"
  # Where there is no dpkg, the configure step says which library it does not find.
  command -v dpkg-query >/dev/null || return 0
  find_missing "${packages[@]}"
  [[ ${#missing[@]} -eq 0 ]] && return 0

  local by_hand="apt-get install ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    say "these Debian packages are missing, and there is no apt-get to install them: ${missing[*]}"
    return 1
  fi
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
      say "these Debian packages are missing: ${missing[*]}"
      say "neither root nor sudo is at hand; as root, run: $by_hand"
      return 1
    fi
    # A question for a password needs somebody who can answer it.
    if [[ -t 0 && -t 2 ]]; then as_root=(sudo); else as_root=(sudo -n); fi
  fi

  mkdir -p "$root/build"
  local log=$root/build/packages.log
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -y
    -o DPkg::Lock::Timeout=300)
  local install=("${apt[@]}" install --no-install-recommends "${missing[@]}")
  # The lists are refreshed only where they turn out to be absent or too old.
  if ! "${install[@]}" >"$log" 2>&1 </dev/null; then
    if ! { "${apt[@]}" update && "${install[@]}"; } >>"$log" 2>&1 </dev/null; then
      say "installing Debian packages failed: ${missing[*]}"
      grep -E '^(E:|sudo:)' "$log" | tail -n 5 >&2
      say "the log is $log; by hand, as root: $by_hand"
      return 1
    fi
  fi
  find_missing "${missing[@]}"
  if [[ ${#missing[@]} -gt 0 ]]; then
    say "apt-get reported success, yet these packages are still missing: ${missing[*]} (log: $log)"
    return 1
  fi
}
