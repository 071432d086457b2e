// Fetch against the least that any reader must do: copy the same bytes out of maps of the same files,
// places known beforehand, two threads, nothing looked up and nothing checked. No request is repeated before others
// came between, so records come from the page cache and not from the processor's.
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

constexpr std::uint64_t kRequests = 8;

// The requests that are made in turns.
std::vector<std::vector<Key>> requests_of(const RecordDataset& dataset, const Work& work) {
  std::vector<std::vector<Key>> requests;
  for (std::uint64_t seed = 0; seed < kRequests; ++seed) requests.push_back(dataset.random_keys(work.keys, seed));
  return requests;
}

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
  const auto requests = requests_of(dataset, work);
  std::vector<std::int64_t> labels(work.keys);
  std::vector<std::byte> data(work.keys * (work.record_size - 4));
  for (const auto& keys : requests) reader.fetch(keys, labels, data);  // maps what will be read
  std::size_t request = 0;
  for (auto _ : state) {
    reader.fetch(requests[request++ % kRequests], labels, data);
    benchmark::DoNotOptimize(data.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * work.keys));
}

class Gather {
 public:
  Gather(const RecordDataset& dataset, const Work& work)
      : sample_size_(work.record_size - 4), threads_(work.peer_threads) {
    for (std::uint32_t file = 0; file < dataset.index()->source_files(); ++file) {
      maps_.push_back(
          std::make_unique<modyn::core::MappedFile>(dataset.root() / dataset.index()->source_file(file).path));
    }
    for (const auto& keys : requests_of(dataset, work)) {
      std::vector<modyn::Location> locations(keys.size());
      dataset.index()->locate(keys, locations);
      auto& places = requests_.emplace_back();
      for (const auto& [file, record] : locations) {
        places.push_back(maps_[file]->bytes().data() + record * work.record_size + 4);
      }
    }
  }

  void copy(std::size_t request, std::byte* out) const {
    const Places& places = requests_[request % kRequests];
    const std::size_t part = (places.size() + threads_ - 1) / threads_;
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads_; ++i) {
      helpers.emplace_back(
          [=, this, &places] { copy_part(places, i * part, std::min(places.size(), (i + 1) * part), out); });
    }
    copy_part(places, 0, std::min(places.size(), part), out);
  }

 private:
  using Places = std::vector<const std::byte*>;

  void copy_part(const Places& places, std::size_t first, std::size_t end, std::byte* out) const {
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = first; i < end; ++i) {
      if (i + kAhead < end) {
        for (std::size_t line = 0; line < std::min<std::size_t>(sample_size_, 256); line += 64) {
          __builtin_prefetch(places[i + kAhead] + line);
        }
      }
      std::memcpy(out + i * sample_size_, places[i], sample_size_);
    }
  }

  std::size_t sample_size_;
  unsigned threads_;
  std::vector<std::unique_ptr<modyn::core::MappedFile>> maps_;
  std::vector<Places> requests_;
};

void peer(benchmark::State& state, const Work& work) {
  const RecordDataset& dataset = dataset_of(work);
  const Gather gather(dataset, work);
  std::vector<std::byte> data(work.keys * (work.record_size - 4));
  for (std::size_t request = 0; request < kRequests; ++request) gather.copy(request, data.data());
  std::size_t request = 0;
  for (auto _ : state) {
    gather.copy(request++, data.data());
    benchmark::DoNotOptimize(data.data());
  }
  state.SetLabel("copying from maps at known places, threads: " + std::to_string(work.peer_threads));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * work.keys));
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
