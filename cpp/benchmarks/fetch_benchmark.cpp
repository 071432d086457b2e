// Fetch against the least that any reader must do: copy the same bytes out of maps of the same files,
// places known beforehand, two threads, nothing looked up and nothing checked.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/file.hpp"
#include "modyn/fetch.hpp"
#include "record_dataset.hpp"

namespace {

using modyn::Key;
using modyn::benchmarks::RecordDataset;

struct Work {
  std::string name;
  std::uint64_t record_size;
  std::uint64_t files;
  std::uint64_t records_per_file;
  std::size_t keys;
  unsigned peer_threads;
  std::uint64_t extents_per_file = 1;
};

// Datasets are made when first measured, once for both.
const RecordDataset& dataset_of(const Work& work) {
  static std::map<std::string, std::unique_ptr<RecordDataset>> datasets;
  auto& dataset = datasets[work.name];
  if (!dataset)
    dataset =
        std::make_unique<RecordDataset>(work.files, work.records_per_file, work.record_size, work.extents_per_file);
  return *dataset;
}

void ours(benchmark::State& state, const Work& work) {
  const RecordDataset& dataset = dataset_of(work);
  const modyn::Reader reader(dataset.index(), dataset.root());
  const std::vector<Key> keys = dataset.random_keys(work.keys);
  std::vector<std::int64_t> labels(keys.size());
  std::vector<std::byte> data(keys.size() * (work.record_size - 4));
  reader.fetch(keys, labels, data);
  for (auto _ : state) {
    reader.fetch(keys, labels, data);
    benchmark::DoNotOptimize(data.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * keys.size()));
}

class Gather {
 public:
  Gather(const RecordDataset& dataset, const Work& work, const std::vector<Key>& keys)
      : sample_size_(work.record_size - 4), threads_(work.peer_threads) {
    std::vector<modyn::Location> locations(keys.size());
    dataset.index()->locate(keys, locations);
    for (std::uint32_t file = 0; file < dataset.index()->source_files(); ++file) {
      maps_.push_back(
          std::make_unique<modyn::core::MappedFile>(dataset.root() / dataset.index()->source_file(file).path));
    }
    for (const auto& [file, record] : locations) {
      places_.push_back(maps_[file]->bytes().data() + record * work.record_size + 4);
    }
  }

  void copy(std::byte* out) const {
    const std::size_t part = (places_.size() + threads_ - 1) / threads_;
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads_; ++i) {
      helpers.emplace_back([=, this] { copy_part(i * part, std::min(places_.size(), (i + 1) * part), out); });
    }
    copy_part(0, std::min(places_.size(), part), out);
  }

 private:
  void copy_part(std::size_t first, std::size_t end, std::byte* out) const {
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = first; i < end; ++i) {
      if (i + kAhead < end) {
        for (std::size_t line = 0; line < std::min<std::size_t>(sample_size_, 256); line += 64) {
          __builtin_prefetch(places_[i + kAhead] + line);
        }
      }
      std::memcpy(out + i * sample_size_, places_[i], sample_size_);
    }
  }

  std::size_t sample_size_;
  unsigned threads_;
  std::vector<std::unique_ptr<modyn::core::MappedFile>> maps_;
  std::vector<const std::byte*> places_;
};

void peer(benchmark::State& state, const Work& work) {
  const RecordDataset& dataset = dataset_of(work);
  const std::vector<Key> keys = dataset.random_keys(work.keys);
  const Gather gather(dataset, work, keys);
  std::vector<std::byte> data(keys.size() * (work.record_size - 4));
  gather.copy(data.data());
  for (auto _ : state) {
    gather.copy(data.data());
    benchmark::DoNotOptimize(data.data());
  }
  state.SetLabel("copying from maps at known places, threads: " + std::to_string(work.peer_threads));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * keys.size()));
}

const bool registered = [] {
  static const std::vector<Work> works{
      {"100,000 keys of 160 B in 10 files", 160, 10, 1'000'000, 100'000, 2},
      {"100,000 keys of 1 KiB in 10 files", 1024, 10, 100'000, 100'000, 2},
      {"100,000 keys of 12 KiB in 10 files", 12288, 10, 10'000, 100'000, 2},
      {"100,000 keys of 160 B in 1 M extents", 160, 10, 1'000'000, 100'000, 2, 100'000},
      {"1,024 keys of 64 B in 365 files", 64, 365, 900, 1024, 1},
      {"16,384 keys of 64 B in 365 files", 64, 365, 900, 16384, 2},
  };
  for (const Work& work : works) {
    // Wall time: the threads of the pool do much of the work.
    benchmark::RegisterBenchmark((work.name + "/ours").c_str(), ours, work)->UseRealTime();
    benchmark::RegisterBenchmark((work.name + "/peer").c_str(), peer, work)->UseRealTime();
  }
  return true;
}();

}  // namespace
