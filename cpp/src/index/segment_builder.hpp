// Collects what a commit brings and writes it as one segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/string_column.hpp"
#include "index/label_column.hpp"
#include "index/manifest.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

class SegmentBuilder {
 public:
  // Keys and files are numbered on from these.
  SegmentBuilder(Key first_key, std::uint32_t first_file);

  // A new file; returns its number.
  std::uint32_t add_file(const SourceFile& file);
  // The new state of a file of an earlier segment.
  void update_file(std::uint32_t number, const SourceFile& file);
  // The next samples: records of `file` from `first_record`, one for each label of `pieces`, in order.
  void add_extent(std::uint32_t file, std::uint64_t first_record, Timestamp timestamp,
                  std::vector<PackedLabels> pieces);

  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }
  [[nodiscard]] std::uint32_t files() const noexcept { return static_cast<std::uint32_t>(paths_.size()); }
  [[nodiscard]] bool empty() const noexcept { return samples_ == 0 && files() == 0 && updated_files_.empty(); }

  // Writes the segment, durable when it returns, and describes it for the manifest.
  [[nodiscard]] SegmentEntry publish(const std::filesystem::path& dataset, std::uint64_t sequence,
                                     std::uint64_t epoch) const;

 private:
  struct FileRows {
    std::vector<std::uint64_t> size;
    std::vector<std::int64_t> mtime_ns;
    std::vector<std::uint64_t> inode;
    std::vector<std::uint64_t> ingested_bytes;
    std::vector<std::uint64_t> fingerprint;

    void add(const SourceFile& file);
    void add_to(ColumnFileWriter& writer, const std::string& prefix) const;
  };

  [[nodiscard]] ColumnType label_type() const;
  [[nodiscard]] std::vector<std::byte> labels_as(ColumnType type) const;

  Key first_key_;
  std::uint32_t first_file_;
  std::uint64_t samples_ = 0;
  core::StringColumnBuilder paths_;
  FileRows files_;
  std::vector<std::uint32_t> updated_files_;
  FileRows updates_;
  std::vector<Key> extent_first_key_;
  std::vector<std::uint32_t> extent_file_;
  std::vector<std::uint64_t> extent_first_record_;
  std::vector<Timestamp> extent_timestamp_;
  std::vector<PackedLabels> labels_;
};

}  // namespace modyn::index
