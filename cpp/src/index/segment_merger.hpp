// Makes one segment of neighbours. Columns go from file to file block by block, so that memory does not grow with
// the segments; only folders' names and updates are held.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/string_column.hpp"
#include "index/manifest.hpp"
#include "index/segment.hpp"
#include "modyn/column_file.hpp"

namespace modyn::index {

class SegmentMerger {
 public:
  // `entries`: neighbours without a gap between their keys, two or more.
  SegmentMerger(const std::filesystem::path& dataset, std::span<const SegmentEntry> entries);

  // Writes the segment, and what is deleted of it, for the manifest with these numbers; durable when it returns.
  [[nodiscard]] SegmentEntry publish(std::uint64_t manifest, std::uint64_t epoch);

 private:
  // The latest state of a file: row `row` of the updates of input `input`.
  struct Update {
    std::uint32_t file;
    std::uint32_t input;
    std::uint64_t row;
  };
  // Gives the column of an input, nullptr if it has none (all 0).
  using ColumnOf = std::function<const IntegerColumn*(const Segment&)>;

  void collect_updates();
  void collect_folders();
  void collect_commits();
  void add_paths(ColumnFileWriter& writer);
  void add_files(ColumnFileWriter& writer);
  void add_file_column(ColumnFileWriter& writer, const std::string& name, const ColumnOf& of_files,
                       const ColumnOf& of_updates);
  void add_extents(ColumnFileWriter& writer);
  void add_samples(ColumnFileWriter& writer);
  void add_sample_column(ColumnFileWriter& writer, const std::string& name, const ColumnOf& column_of);
  template <typename T, typename Values>
  void add_extent_column(ColumnFileWriter& writer, const std::string& name, Values values_of);
  [[nodiscard]] SegmentEntry summarize() const;
  [[nodiscard]] DeletionEntry publish_deletions(std::uint64_t manifest, std::uint64_t epoch) const;

  std::filesystem::path dataset_;
  std::vector<std::unique_ptr<const Segment>> inputs_;
  SegmentEntry merged_;
  std::vector<Update> own_updates_;      // of files of the inputs: they become the files' state; by file
  std::vector<Update> foreign_updates_;  // of files before; by file
  std::vector<std::uint32_t> updated_files_;
  core::StringColumnBuilder folders_;
  std::vector<std::vector<std::uint32_t>> folder_numbers_;  // of each input's folders
  std::vector<std::uint64_t> commit_sequences_;
  std::vector<Key> commit_first_keys_;
};

}  // namespace modyn::index
