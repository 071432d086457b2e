// Looking keys up in an index against a binary search over the bounds of the same extents.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "modyn/index.hpp"
#include "record_dataset.hpp"

namespace {

using modyn::Key;
using modyn::benchmarks::RecordDataset;

constexpr std::uint64_t kFiles = 10'000;
constexpr std::uint64_t kRecords = 20;
constexpr std::size_t kKeys = 100'000;

const RecordDataset& dataset() {
  static const RecordDataset dataset(kFiles, kRecords, 16);
  return dataset;
}

void locate(benchmark::State& state) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<modyn::Location> locations(keys.size());
  for (auto _ : state) {
    dataset().index()->locate(keys, locations);
    benchmark::DoNotOptimize(locations.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void places(benchmark::State& state) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<modyn::Place> found(keys.size());
  for (auto _ : state) {
    dataset().index()->places(keys, found);
    benchmark::DoNotOptimize(found.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

// As a fetch asks: its keys are sorted.
void places_of_ascending_keys(benchmark::State& state) {
  std::vector<Key> keys = dataset().random_keys(kKeys);
  std::ranges::sort(keys);
  std::vector<modyn::Place> found(keys.size());
  for (auto _ : state) {
    dataset().index()->places(keys, found);
    benchmark::DoNotOptimize(found.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void labels(benchmark::State& state) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<std::int64_t> out(keys.size());
  for (auto _ : state) {
    dataset().index()->labels(keys, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void binary_search(benchmark::State& state) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<Key> bounds(kFiles);
  for (std::size_t i = 0; i < kFiles; ++i) bounds[i] = static_cast<Key>(i * kRecords);
  std::vector<std::size_t> out(keys.size());
  for (auto _ : state) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      out[i] = static_cast<std::size_t>(std::upper_bound(bounds.begin(), bounds.end(), keys[i]) - bounds.begin());
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetLabel("std::upper_bound over the first keys");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

BENCHMARK(locate)->Name("locate in 10,000 extents/ours");
BENCHMARK(binary_search)->Name("locate in 10,000 extents/peer");
BENCHMARK(places)->Name("places in 10,000 extents/ours");
BENCHMARK(binary_search)->Name("places in 10,000 extents/peer");
BENCHMARK(places_of_ascending_keys)->Name("places of ascending keys in 10,000 extents/ours");
BENCHMARK(binary_search)->Name("places of ascending keys in 10,000 extents/peer");
BENCHMARK(labels)->Name("labels in 10,000 extents/ours");
BENCHMARK(binary_search)->Name("labels in 10,000 extents/peer");

}  // namespace
