#!/usr/bin/env bash
# Builds and runs every benchmark. Each prints a table and writes build/bench/<name>.json.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

results=build/bench
mkdir -p "$results"
shopt -s nullglob

for program in benchmarks/*.py; do
  say "$program"
  python "$program" </dev/null
done
