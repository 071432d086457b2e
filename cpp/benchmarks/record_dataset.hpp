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
  // `extents_per_file`: as if each file had grown so many times, from scan to scan.
  RecordDataset(std::uint64_t files, std::uint64_t records_per_file, std::uint64_t record_size,
                std::uint64_t extents_per_file = 1);
  ~RecordDataset();
  RecordDataset(const RecordDataset&) = delete;
  RecordDataset& operator=(const RecordDataset&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return folder_ / "data"; }
  [[nodiscard]] std::filesystem::path file(std::uint64_t number) const;
  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept { return index_; }
  [[nodiscard]] std::vector<Key> random_keys(std::size_t count, std::uint64_t seed = 2) const;

 private:
  void scan_once(const FixedRecordFormat& format) const;
  void commit_extents(const FixedRecordFormat& format, std::uint64_t files, std::uint64_t records_per_file,
                      std::uint64_t extents_per_file) const;

  std::filesystem::path folder_;
  std::shared_ptr<const Index> index_;
};

}  // namespace modyn::benchmarks
