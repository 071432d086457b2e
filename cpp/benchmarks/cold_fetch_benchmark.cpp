// Fetch of records that the page cache does not hold, against sixteen threads that read them at known places.
// Each fetch is by a reader of its own, for the system forgets no page that is mapped.
#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "core/file.hpp"
#include "modyn/fetch.hpp"
#include "record_dataset.hpp"

namespace {

using modyn::Key;
using modyn::benchmarks::RecordDataset;

constexpr std::uint64_t kRecordSize = 12'288;
constexpr std::uint64_t kSampleSize = kRecordSize - 4;
constexpr std::uint64_t kFiles = 10;
constexpr std::size_t kKeys = 10'000;
constexpr unsigned kPeerThreads = 16;

const RecordDataset& dataset() {
  static const RecordDataset made(kFiles, 10'000, kRecordSize);
  return made;
}

void forget_all() {
  for (std::uint64_t number = 0; number < kFiles; ++number) {
    const modyn::core::Descriptor file = modyn::core::open_for_reading(dataset().file(number));
    modyn::core::sync_file(file, dataset().file(number));
    static_cast<void>(::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED));
  }
}

template <typename Work>
void measure(benchmark::State& state, Work work) {
  for (auto _ : state) {
    forget_all();
    const auto start = std::chrono::steady_clock::now();
    work();
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void ours(benchmark::State& state, modyn::Access access) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<std::int64_t> labels(kKeys);
  std::vector<std::byte> data(kKeys * kSampleSize);
  measure(state, [&] {
    const modyn::Reader reader(dataset().index(), dataset().root(), 0, 4096, access);
    reader.fetch(keys, labels, data);
  });
}

void peer(benchmark::State& state) {
  const std::vector<Key> keys = dataset().random_keys(kKeys);
  std::vector<modyn::Place> places(kKeys);
  dataset().index()->places(keys, places);
  std::vector<modyn::core::Descriptor> files;
  for (std::uint32_t file = 0; file < dataset().index()->source_files(); ++file) {
    files.push_back(modyn::core::open_for_reading(dataset().root() / dataset().index()->source_file(file).path));
  }
  std::vector<std::byte> data(kKeys * kSampleSize);
  measure(state, [&] {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < kPeerThreads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < kKeys; at = next++) {
          const auto offset = static_cast<off_t>(places[at].offset + 4);
          const ssize_t count =
              ::pread(files[places[at].file].number(), data.data() + at * kSampleSize, kSampleSize, offset);
          if (count != static_cast<ssize_t>(kSampleSize)) std::abort();
        }
      });
    }
  });
  state.SetLabel("reading at known places, threads: " + std::to_string(kPeerThreads));
}

BENCHMARK_CAPTURE(ours, map, modyn::Access::kMap)->Name("10,000 cold keys of 12 KiB/ours")->UseManualTime();
BENCHMARK(peer)->Name("10,000 cold keys of 12 KiB/peer")->UseManualTime();
BENCHMARK_CAPTURE(ours, read, modyn::Access::kRead)->Name("10,000 cold keys of 12 KiB, read/ours")->UseManualTime();
BENCHMARK(peer)->Name("10,000 cold keys of 12 KiB, read/peer")->UseManualTime();

}  // namespace
