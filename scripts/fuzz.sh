#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while, on top of the seeds in cpp/fuzz/corpus.
#
#   scripts/fuzz.sh SECONDS [TARGET...]
#
# What a target finds goes to build/fuzz/found/<target>: run the target's program with that file to see it again.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/say.sh"

seconds=$1
shift
folder=build/fuzz
compiler=$("$here/fuzzing-compiler.sh") || stop "no clang with libFuzzer was found"

say "building the fuzz targets with $compiler in $folder"
cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DMODYN_BUILD_FUZZERS=ON \
  -DMODYN_WARNINGS_ARE_ERRORS=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O1 -g' -DMODYN_SANITIZE=fuzzer-no-link,address,undefined >/dev/null
cmake --build "$folder" -- --quiet

if ((!$#)); then
  for program in "$folder"/cpp/fuzz/*_fuzzer; do set -- "$@" "$(basename "$program" _fuzzer)"; done
fi
failed=()
for target in "$@"; do
  say "fuzzing $target for $seconds seconds"
  mkdir -p "$folder/corpus/$target" "$folder/found/$target"
  # A slow or greedy input counts as a fault too.
  "$folder/cpp/fuzz/${target}_fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/found/$target/" "$folder/corpus/$target" "cpp/fuzz/corpus/$target" \
    >"$folder/$target.log" 2>&1 </dev/null || failed+=("$target: see $folder/$target.log")
  grep -E '^stat::(number_of_executed_units|peak_rss_mb)' "$folder/$target.log" | sed 's/^stat::/    /' >&2 || true
done
((!${#failed[@]})) || stop "fuzzing found faults" "${failed[@]}"
