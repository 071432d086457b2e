// Segments: the immutable files that hold what one commit brought.
//
// New files (numbered on from the segments before), updates of files that grew, extents (ranges of
// consecutive records with consecutive keys and one timestamp), and a label for each sample.
// Per-sample timestamps, record offsets and runs of single-sample files will be further columns.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/string_column.hpp"
#include "index/label_column.hpp"
#include "index/manifest.hpp"
#include "modyn/column_file.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// The state of files as columns, under names that begin with `prefix`.
struct FileColumns {
  FileColumns(const ColumnFile& file, const std::string& prefix);
  [[nodiscard]] SourceFile at(std::uint64_t row, std::string_view path) const;

  Column<std::uint64_t> size;
  Column<std::int64_t> mtime_ns;
  Column<std::uint64_t> inode;
  Column<std::uint64_t> ingested_bytes;
  Column<std::uint64_t> fingerprint;
};

// The extents of a segment, all verified. `first_key` ascends.
struct Extents {
  std::span<const Key> first_key;
  std::span<const std::uint32_t> file;
  std::span<const std::uint64_t> first_record;
  std::span<const Timestamp> timestamp;
};

class Segment {
 public:
  // Opens the file and compares it with the manifest's entry. kCorrupt if they differ.
  Segment(const std::filesystem::path& dataset, const SegmentEntry& entry);

  [[nodiscard]] const SegmentEntry& entry() const noexcept { return entry_; }
  [[nodiscard]] const ColumnFile& file() const noexcept { return *file_; }
  [[nodiscard]] const LabelColumn& labels() const noexcept { return labels_; }

  // Verified when first asked for.
  [[nodiscard]] const Extents& extents() const;
  // Samples in extent `at`.
  [[nodiscard]] std::uint64_t extent_size(std::size_t at) const;

  // The path of a file that this segment brought, numbered from 0.
  [[nodiscard]] std::string_view path(std::uint32_t row) const { return paths_[row]; }
  [[nodiscard]] const FileColumns& files() const noexcept { return files_; }

  // Files of earlier segments whose state changed.
  [[nodiscard]] std::span<const std::uint32_t> updated_files() const { return updated_files_.read(); }
  [[nodiscard]] const FileColumns& updates() const noexcept { return updates_; }

  // Checks every block, and that the columns agree with each other.
  void verify() const;

 private:
  void check_sizes() const;
  void check_extents() const;
  SegmentEntry entry_;
  std::shared_ptr<const ColumnFile> file_;
  LabelColumn labels_;
  core::StringColumn paths_;
  FileColumns files_;
  Column<std::uint32_t> updated_files_;
  FileColumns updates_;
  Extents extents_;
  mutable std::atomic<bool> extents_verified_ = false;
};

}  // namespace modyn::index
