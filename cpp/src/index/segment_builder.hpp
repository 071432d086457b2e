// Collects what a commit brings and writes it as one segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/string_column.hpp"
#include "index/manifest.hpp"
#include "index/packed_integers.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// The places of records of any length, in the order of the records; columns of equal length.
struct PackedRows {
  PackedIntegers offset;  // of the record, from the base of its extent
  PackedIntegers length;
  PackedIntegers cut_offset;
  PackedIntegers cut_length;
};

// The next samples, one for each label: consecutive records of one file, or consecutive files.
struct NewExtent {
  ExtentKind kind = ExtentKind::kRecords;
  std::uint32_t file = 0;
  std::uint64_t first_record = 0;
  std::uint64_t base = 0;                // kSamples: where the first sample begins; kRows: what offsets count from
  Timestamp timestamp = 0;               // the smallest
  std::vector<PackedIntegers> labels{};  // one or more pieces
  std::vector<PackedIntegers> later{};   // seconds after `timestamp` for each sample; none if all are 0
  std::vector<PackedRows> rows{};        // kRows only
};

class SegmentBuilder {
 public:
  // Keys and files are numbered on from these.
  SegmentBuilder(Key first_key, std::uint32_t first_file);

  // A new file; returns its number.
  std::uint32_t add_file(const SourceFile& file);
  // The new state of a file of an earlier segment.
  void update_file(std::uint32_t number, const SourceFile& file);
  // Nothing happens for an extent without samples.
  void add_extent(NewExtent extent);

  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }
  [[nodiscard]] std::uint32_t files() const noexcept { return static_cast<std::uint32_t>(names_.size()); }
  [[nodiscard]] bool empty() const noexcept { return samples_ == 0 && files() == 0 && updated_files_.empty(); }

  // Writes the segment, durable when it returns, and describes it for the manifest.
  [[nodiscard]] SegmentEntry publish(const std::filesystem::path& dataset, std::uint64_t sequence,
                                     std::uint64_t epoch) const;

 private:
  struct FileRows {
    std::vector<std::int64_t> size;
    std::vector<std::int64_t> mtime_ns;
    std::vector<std::int64_t> inode;
    std::vector<std::int64_t> ingested_bytes;
    std::vector<std::int64_t> fingerprint;
    std::vector<std::int64_t> companion;
    std::vector<std::int64_t> owned;

    void add(const SourceFile& file);
  };
  struct Columns;

  void add_rows(std::vector<PackedRows> rows, std::uint64_t samples);
  void add_paths(Columns& columns) const;
  void add_files(Columns& columns, const FileRows& rows, const std::string& prefix) const;
  void add_extents(Columns& columns) const;
  void add_samples(Columns& columns) const;

  Key first_key_;
  std::uint32_t first_file_;
  std::uint64_t samples_ = 0;
  // Paths are kept apart by folder, so that the folder of many files is stored once.
  std::unordered_map<std::string, std::int64_t> folder_numbers_;
  core::StringColumnBuilder folders_;
  std::vector<std::int64_t> file_folder_;
  core::StringColumnBuilder names_;
  FileRows files_;
  std::vector<std::uint32_t> updated_files_;
  FileRows updates_;
  std::vector<Key> extent_first_key_;
  std::vector<std::uint32_t> extent_file_;
  std::vector<std::uint64_t> extent_first_record_;
  std::vector<Timestamp> extent_timestamp_;
  std::vector<Timestamp> extent_last_;
  std::vector<std::uint8_t> extent_kind_;
  std::vector<std::uint64_t> extent_base_;
  PackedColumn labels_;
  PackedColumn later_;  // shorter than the samples as long as those at its end are all 0
  PackedColumn row_offset_;
  PackedColumn row_length_;
  PackedColumn row_cut_offset_;
  PackedColumn row_cut_length_;
};

}  // namespace modyn::index
