#!/usr/bin/env bash
# Makes sure that the system has what a make target needs beyond Python packages.
#
#   scripts/system-packages.sh compiler gtest ...
#
# What is missing is installed from the distribution (Debian, Ubuntu) where that needs no question:
# as root, or with a sudo that asks for no password. Otherwise the command is printed and we stop.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/say.sh"

cxx() { "${CXX:-c++}" "$@"; }

has_header() { cxx -E -x c++ -include "$1" /dev/null >/dev/null 2>&1; }

is_there() {
  case $1 in
    compiler) cxx -std=c++20 -fsyntax-only -x c++ -include vector /dev/null >/dev/null 2>&1 ;;
    gtest) has_header gtest/gtest.h ;;
    benchmark) has_header benchmark/benchmark.h ;;
    fuzzer) "$here/fuzzing-compiler.sh" >/dev/null ;;
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ;;
    python) [[ -x /usr/bin/python3 ]] ;;
    python-venv) /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    python-headers) [[ -e $(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h ]] ;;
    *) stop "system-packages.sh knows no '$1'" ;;
  esac
}

debian_name() {
  case $1 in
    compiler) echo g++ ;;
    gtest) echo libgtest-dev ;;
    benchmark) echo libbenchmark-dev ;;
    # The newest clang that the distribution has: its default may be too old for C++20's ranges.
    fuzzer) newest_clang ;;
    postgresql) echo postgresql ;;
    python) echo python3 ;;
    python-venv) echo python3-venv ;;
    python-headers) echo python3-dev ;;
  esac
}

newest_clang() {
  local version
  version=$(apt-cache search --names-only '^clang-[0-9]+$' | sed -E 's/^clang-([0-9]+) .*/\1/' | sort -n | tail -1)
  echo "clang-$version libclang-rt-$version-dev"
}

missing=()
packages=()
for need in "$@"; do
  is_there "$need" && continue
  missing+=("$need")
  read -ra names <<<"$(debian_name "$need")"
  packages+=("${names[@]}")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null ||
  stop "missing on this system: ${missing[*]}" "Install them with your package manager (on Debian: ${packages[*]}), then run make again."

install=(apt-get install --yes --no-install-recommends "${packages[@]}")
if ((EUID == 0)); then
  as_root=(env DEBIAN_FRONTEND=noninteractive)
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
  stop "Debian packages are missing, and installing them needs a password. Run this, then make again:" \
    "sudo apt-get update && sudo ${install[*]}"
fi

say "installing Debian packages: ${packages[*]}"
# The lists may be absent (a container) or old; an install without them fails in ways that say little.
"${as_root[@]}" apt-get update -qq </dev/null >&2 || say "apt-get update failed, trying with the package lists at hand"
"${as_root[@]}" "${install[@]}" -qq </dev/null >&2 || stop "apt-get could not install them. The command was:" "sudo ${install[*]}"

for need in "${missing[@]}"; do
  is_there "$need" || stop "$(debian_name "$need") was installed, but '$need' is still missing"
done
