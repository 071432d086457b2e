// Fetch of samples that are whole files against the least that any reader must do: open, read and close each,
// with paths and sizes known beforehand and nothing looked up or checked.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "modyn/fetch.hpp"
#include "modyn/format.hpp"
#include "modyn/ingest.hpp"

namespace {

using modyn::Key;

constexpr std::size_t kFiles = 50'000;
constexpr std::size_t kFilesOfFolder = 1000;
constexpr std::size_t kFileBytes = 20'000;
constexpr std::size_t kKeys = 10'000;
constexpr unsigned kPeerThreads = 2;

class FileDataset {
 public:
  FileDataset()
      : folder_(std::filesystem::temp_directory_path() /
                ("modyn-benchmark-" + std::to_string(std::random_device{}()))) {
    std::vector<char> bytes(kFileBytes);
    std::mt19937_64 generator(1);
    for (std::size_t i = 0; i < kFiles; ++i) {
      const auto path = this->path(i);
      if (i % kFilesOfFolder == 0) std::filesystem::create_directories(path.parent_path());
      bytes[i % kFileBytes] = static_cast<char>(generator());
      std::ofstream(path, std::ios::binary).write(bytes.data(), kFileBytes);
      std::ofstream(std::filesystem::path(path).replace_extension(".label")) << i % 10;
    }
    modyn::IngestOptions options;
    options.root = root();
    options.file_extension = ".img";
    options.format =
        modyn::FormatText(modyn::FormatSettings("single_sample").set("label_file_extension", ".label").text());
    modyn::scan(folder_ / "dataset", options);
    index_ = modyn::Index::open(folder_ / "dataset");
    if (index_->summary().samples != kFiles) throw std::runtime_error("the scan did not take all files");
  }
  ~FileDataset() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FileDataset(const FileDataset&) = delete;
  FileDataset& operator=(const FileDataset&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return folder_ / "data"; }
  [[nodiscard]] std::filesystem::path path(std::size_t number) const {
    return root() / std::to_string(number / kFilesOfFolder) / (std::to_string(number) + ".img");
  }
  [[nodiscard]] const std::shared_ptr<const modyn::Index>& index() const noexcept { return index_; }
  [[nodiscard]] static std::vector<Key> keys() {
    std::mt19937_64 generator(2);
    std::vector<Key> keys(kKeys);
    std::ranges::generate(keys, [&] { return static_cast<Key>(generator() % kFiles); });
    return keys;
  }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<const modyn::Index> index_;
};

const FileDataset& dataset() {
  static const FileDataset made;
  return made;
}

void ours(benchmark::State& state) {
  const modyn::Reader reader(dataset().index(), dataset().root());
  const std::vector<Key> keys = FileDataset::keys();
  std::vector<std::uint64_t> sizes(kKeys);
  std::vector<std::int64_t> offsets(kKeys + 1);
  std::vector<std::int64_t> labels(kKeys);
  std::vector<std::byte> data(kKeys * kFileBytes);
  for (auto _ : state) {
    reader.sizes(keys, sizes);
    std::inclusive_scan(
        sizes.begin(), sizes.end(), offsets.begin() + 1,
        [](std::int64_t sum, std::uint64_t size) { return sum + static_cast<std::int64_t>(size); }, std::int64_t{0});
    reader.fetch_any(keys, offsets, labels, data);
    benchmark::DoNotOptimize(data.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

void peer(benchmark::State& state) {
  std::vector<std::string> paths;
  for (const Key key : FileDataset::keys()) {
    std::vector<modyn::Location> location(1);
    dataset().index()->locate({&key, 1}, location);
    paths.push_back(dataset().root() / dataset().index()->source_file(location.front().file).path);
  }
  std::vector<std::byte> data(kKeys * kFileBytes);
  const auto read = [&](std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      const int file = ::open(paths[i].c_str(), O_RDONLY | O_CLOEXEC);
      const ssize_t count = ::read(file, data.data() + i * kFileBytes, kFileBytes);
      if (count != static_cast<ssize_t>(kFileBytes)) std::abort();
      ::close(file);
    }
  };
  for (auto _ : state) {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < kPeerThreads; ++i) {
      helpers.emplace_back(read, i * kKeys / kPeerThreads, (i + 1) * kKeys / kPeerThreads);
    }
    read(0, kKeys / kPeerThreads);
    helpers.clear();
    benchmark::DoNotOptimize(data.data());
  }
  state.SetLabel("opening and reading the same files, threads: " + std::to_string(kPeerThreads));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kKeys));
}

BENCHMARK(ours)->Name("10,000 of 50,000 files of 20 kB/ours")->UseRealTime();
BENCHMARK(peer)->Name("10,000 of 50,000 files of 20 kB/peer")->UseRealTime();

}  // namespace
