// A dataset of fixed records to measure on, removed at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "modyn/index.hpp"

namespace modyn::benchmarks {

class RecordDataset {
 public:
  RecordDataset(std::uint64_t files, std::uint64_t records_per_file, std::uint64_t record_size);
  ~RecordDataset();
  RecordDataset(const RecordDataset&) = delete;
  RecordDataset& operator=(const RecordDataset&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return folder_ / "data"; }
  [[nodiscard]] std::filesystem::path file(std::uint64_t number) const;
  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept { return index_; }
  [[nodiscard]] std::vector<Key> random_keys(std::size_t count) const;

 private:
  std::filesystem::path folder_;
  std::shared_ptr<const Index> index_;
};

}  // namespace modyn::benchmarks
