#include "record_dataset.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "modyn/ingest.hpp"

namespace modyn::benchmarks {

RecordDataset::RecordDataset(std::uint64_t files, std::uint64_t records_per_file, std::uint64_t record_size)
    : folder_(std::filesystem::temp_directory_path() / ("modyn-benchmark-" + std::to_string(std::random_device{}()))) {
  std::filesystem::create_directories(root());
  std::mt19937_64 generator(1);
  std::vector<std::uint64_t> words(records_per_file * record_size / 8 + 1);
  for (std::uint64_t number = 0; number < files; ++number) {
    std::ranges::generate(words, generator);
    std::ofstream out(file(number), std::ios::binary);
    out.write(reinterpret_cast<const char*>(words.data()),
              static_cast<std::streamsize>(records_per_file * record_size));
    if (!out.flush()) throw std::runtime_error("cannot write " + file(number).string());
  }
  IngestOptions options;
  options.root = root();
  options.file_extension = ".bin";
  options.format = FixedRecordFormat{.record_size = record_size, .label_size = 4};
  scan(folder_ / "dataset", options);
  index_ = Index::open(folder_ / "dataset");
}

RecordDataset::~RecordDataset() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path RecordDataset::file(std::uint64_t number) const {
  return root() / ("records-" + std::to_string(number) + ".bin");
}

std::vector<Key> RecordDataset::random_keys(std::size_t count) const {
  std::mt19937_64 generator(2);
  std::uniform_int_distribution<Key> any(0, index_->summary().next_key - 1);
  std::vector<Key> keys(count);
  std::ranges::generate(keys, [&] { return any(generator); });
  return keys;
}

}  // namespace modyn::benchmarks
