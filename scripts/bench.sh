#!/usr/bin/env bash
# Builds and runs every benchmark. Each prints a table and writes build/bench/<name>.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

say "building the C++ benchmarks"
cmake -S . -B build/native-bench -G Ninja -DMODYN_BUILD_BENCHMARKS=ON -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/native-bench -- --quiet

say "preparing the data of the demo"
python examples/flights/prepare.py

for program in benchmarks/*.py; do
  name=$(basename "$program" .py)
  [[ $name == report ]] && continue # what they share
  say "$program"
  python -m "benchmarks.$name" </dev/null
done
