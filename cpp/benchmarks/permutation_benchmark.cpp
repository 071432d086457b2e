// Keyed permutations against the same network computed element by element in a loop.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "modyn/partition.hpp"

namespace {

using modyn::Permutation;

constexpr modyn::Address kAddress{.seed = 7, .trigger = 1, .purpose = modyn::Purpose::kShuffle, .index = 0};
constexpr std::size_t kSlice = 1'000'000;

void ours(benchmark::State& state, std::uint64_t size) {
  const Permutation permutation(kAddress, size);
  std::vector<std::uint64_t> out(kSlice);
  for (auto _ : state) {
    permutation.apply(size / 2, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

// Six rounds with one multiplication each over the halves, walked until inside: what one would write first.
std::uint64_t feistel(std::uint64_t value, std::uint64_t size, unsigned half_bits, const std::uint64_t (&keys)[6]) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  do {
    std::uint64_t left = value >> half_bits;
    std::uint64_t right = value & mask;
    for (const std::uint64_t key : keys) {
      const std::uint64_t mixed = (right ^ key) * 0x9E3779B97F4A7C15;
      const std::uint64_t next = left ^ ((mixed >> 32) & mask);
      left = right;
      right = next;
    }
    value = (left << half_bits) | right;
  } while (value >= size);
  return value;
}

void peer(benchmark::State& state, std::uint64_t size) {
  unsigned half_bits = 1;
  while ((std::uint64_t{1} << (2 * half_bits)) < size) ++half_bits;
  const std::uint64_t keys[6] = {1, 2, 3, 4, 5, 6};
  std::vector<std::uint64_t> out(kSlice);
  for (auto _ : state) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = feistel(size / 2 + i, size, half_bits, keys);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetLabel("a 6-round Feistel network, one value at a time");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * out.size()));
}

const bool registered = [] {
  for (const std::uint64_t size :
       {std::uint64_t{10'000'000}, std::uint64_t{100'000'000}, std::uint64_t{1'000'000'000}}) {
    const std::string work = "permutation of " + std::to_string(size);
    benchmark::RegisterBenchmark((work + "/ours").c_str(), ours, size);
    benchmark::RegisterBenchmark((work + "/peer").c_str(), peer, size);
  }
  return true;
}();

}  // namespace
