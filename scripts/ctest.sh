#!/usr/bin/env bash
# Builds and runs the GoogleTest suites.
#
#   scripts/ctest.sh BUILD_FOLDER [CMAKE_OPTION...]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

folder=$1
shift

say "building the C++ tests in $folder"
# Optimised, because the tests move real amounts of data, but with asserts: -DNDEBUG is left out.
cmake -S . -B "$folder" -G Ninja -DMODYN_BUILD_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O2 -g' "$@" >/dev/null
cmake --build "$folder" -- --quiet
ctest --test-dir "$folder" --output-on-failure --parallel "$(getconf _NPROCESSORS_ONLN)" --no-tests=error
