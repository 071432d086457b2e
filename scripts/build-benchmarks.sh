#!/usr/bin/env bash
# Builds the C++ benchmarks in build/native-bench.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

say "building the C++ benchmarks"
cmake -S . -B build/native-bench -G Ninja -DMODYN_BUILD_BENCHMARKS=ON -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/native-bench -- --quiet
