#!/usr/bin/env bash
# Builds and runs every benchmark. Each prints a table and writes build/bench/<name>.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

scripts/build-benchmarks.sh

say "preparing the data of the demo"
python examples/flights/prepare.py

for program in benchmarks/*.py; do
  name=$(basename "$program" .py)
  [[ $name == report ]] && continue # what they share
  say "$program"
  python -m "benchmarks.$name" </dev/null
done
python -m benchmarks.data
python -m benchmarks.selection
