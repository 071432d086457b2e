#!/usr/bin/env bash
# Prints a clang++ that has libFuzzer and compiles what the C++ library uses of C++20; fails if there is none.
set -euo pipefail

probe='
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<int> values(data, data + size);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
  return 0;
}'

serves() { "$1" -std=c++20 -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null <<<"$probe" >/dev/null 2>&1; }

for version in "" $(seq 30 -1 15 | sed 's/^/-/'); do
  compiler="clang++$version"
  command -v "$compiler" >/dev/null || continue
  serves "$compiler" || continue
  echo "$compiler"
  exit 0
done
exit 1
