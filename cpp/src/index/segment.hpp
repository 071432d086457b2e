// Segments: the immutable files that hold what one commit brought.
//
// New files (numbered on from the segments before), updates of files that grew, extents (consecutive
// keys of consecutive records of one file, or of consecutive files), and a label for each sample; where
// extents cannot say it, also a timestamp and a place for each.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/string_column.hpp"
#include "index/deletions.hpp"
#include "index/manifest.hpp"
#include "index/packed_integers.hpp"
#include "modyn/column_file.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// The state of files as columns, under names that begin with `prefix`.
struct FileColumns {
  FileColumns(const ColumnFile& file, const std::string& prefix);
  [[nodiscard]] SourceFile at(std::uint64_t row, std::string path) const;

  IntegerColumn size;
  IntegerColumn mtime_ns;
  IntegerColumn inode;
  IntegerColumn ingested_bytes;
  IntegerColumn fingerprint;
  OptionalIntegerColumn companion;
  OptionalIntegerColumn owned;
};

// The extents of a segment, all verified. `first_key` ascends.
struct Extents {
  std::span<const Key> first_key;
  std::span<const std::uint32_t> file;
  std::span<const std::uint64_t> first_record;
  std::span<const Timestamp> timestamp;  // the smallest of the extent
  std::span<const ExtentKind> kind;      // empty if all are kRecords
  std::span<const std::uint64_t> base;   // what offsets count from; empty if all are 0
  std::span<const Timestamp> last;       // the largest timestamp of the extent; empty if all have only one

  [[nodiscard]] ExtentKind kind_of(std::size_t at) const { return kind.empty() ? ExtentKind::kRecords : kind[at]; }
  [[nodiscard]] std::uint64_t base_of(std::size_t at) const { return base.empty() ? 0 : base[at]; }
  [[nodiscard]] Timestamp last_of(std::size_t at) const { return last.empty() ? timestamp[at] : last[at]; }
};

// The places of the samples of extents of kind kRows, one for each sample of the segment.
struct RowColumns {
  IntegerColumn offset;  // of the record, from the base of its extent
  IntegerColumn length;
  IntegerColumn cut_offset;
  IntegerColumn cut_length;
};

// Adds without overflow: what a damaged file says may be anything.
[[nodiscard]] inline Timestamp later_by(Timestamp timestamp, std::int64_t seconds) noexcept {
  return static_cast<Timestamp>(static_cast<std::uint64_t>(timestamp) + static_cast<std::uint64_t>(seconds));
}

class Segment {
 public:
  // Opens the file and compares it with the manifest's entry. kCorrupt if they differ.
  Segment(const std::filesystem::path& dataset, const SegmentEntry& entry);

  [[nodiscard]] const SegmentEntry& entry() const noexcept { return entry_; }
  [[nodiscard]] const ColumnFile& file() const noexcept { return *file_; }
  [[nodiscard]] const IntegerColumn& labels() const noexcept { return labels_; }

  // What was deleted of it in the manifest that it was opened for; nullptr if nothing was.
  [[nodiscard]] const Deletions* deletions() const noexcept { return deletions_ ? &*deletions_ : nullptr; }

  // The commits that brought its samples, each with a higher sequence number and first key than the one before.
  // A segment that was not merged has one.
  struct Commits {
    std::span<const std::uint64_t> sequence;
    std::span<const Key> first_key;
  };
  [[nodiscard]] const Commits& commits() const noexcept { return commits_; }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return commits_.sequence.back(); }
  // Of the first commit after `sequence`, which must not be the last.
  [[nodiscard]] Key first_key_after(std::uint64_t sequence) const;

  // Verified when first asked for.
  [[nodiscard]] const Extents& extents() const;
  // Samples in extent `at`.
  [[nodiscard]] std::uint64_t extent_size(std::size_t at) const;
  // Whether samples of one extent may differ in their timestamps.
  [[nodiscard]] bool has_timestamps() const noexcept { return later_.present(); }
  // Seconds of each sample after the timestamp of its extent. Only if samples of one extent may differ.
  [[nodiscard]] const IntegerColumn& later() const noexcept { return later_.column(); }
  [[nodiscard]] bool has_rows() const noexcept { return rows_.has_value(); }
  // kCorrupt without such columns.
  [[nodiscard]] const RowColumns& rows() const;
  // Where `key` stands in the columns that have one element for each sample.
  [[nodiscard]] std::uint64_t row_of(Key key) const noexcept {
    return static_cast<std::uint64_t>(key - entry_.first_key);
  }

  // The path of a file that this segment brought, numbered from 0: "folder/name", or what has no folder column.
  [[nodiscard]] std::string path(std::uint32_t row) const;
  [[nodiscard]] std::string_view folder(std::uint32_t row) const;
  [[nodiscard]] std::string_view name(std::uint32_t row) const { return names_[row]; }
  // Both nullptr in a segment that has whole paths as names.
  [[nodiscard]] const core::StringColumn* folders() const noexcept { return folders_ ? &*folders_ : nullptr; }
  [[nodiscard]] const IntegerColumn* file_folder() const noexcept { return file_folder_ ? &*file_folder_ : nullptr; }
  [[nodiscard]] const FileColumns& files() const noexcept { return files_; }
  // Files of earlier segments whose state changed.
  [[nodiscard]] std::span<const std::uint32_t> updated_files() const { return updated_files_.read(); }
  [[nodiscard]] const FileColumns& updates() const noexcept { return updates_; }

  // Checks every block, and that the columns agree with each other.
  void verify() const;

 private:
  void check_sizes() const;
  void open_commits();
  void check_extents() const;
  void check_extent(std::size_t at) const;

  SegmentEntry entry_;
  std::shared_ptr<const ColumnFile> file_;
  IntegerColumn labels_;
  OptionalIntegerColumn later_;  // seconds after the timestamp of the extent
  std::optional<RowColumns> rows_;
  std::optional<core::StringColumn> folders_;
  std::optional<IntegerColumn> file_folder_;
  core::StringColumn names_;
  FileColumns files_;
  Column<std::uint32_t> updated_files_;
  FileColumns updates_;
  std::optional<Deletions> deletions_;
  Commits commits_;
  Extents extents_;
  mutable std::atomic<bool> extents_verified_ = false;
};

}  // namespace modyn::index
