// What an open index consists of; for the components that read extents themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "index/manifest.hpp"
#include "index/segment.hpp"
#include "modyn/index.hpp"

namespace modyn {

struct Index::State {
  // The latest update of a file, if it was ever updated: row `row` of the updates of segment `segment`.
  struct Update {
    std::uint32_t file;
    std::uint32_t segment;
    std::uint64_t row;
  };

  State(const std::filesystem::path& folder, index::Manifest opened);

  // The segment with this key, or nullptr.
  [[nodiscard]] const index::Segment* find(Key key) const noexcept;
  // The segment that brought this file, which must exist.
  [[nodiscard]] const index::Segment& segment_of_file(std::uint32_t file) const noexcept;
  [[nodiscard]] const Update* find_update(std::uint32_t file) const noexcept;
  // kUnknownKey, naming the first few of `keys` that do not exist and how many there are.
  [[noreturn]] void throw_unknown_keys(std::span<const Key> keys) const;

  std::filesystem::path dataset;
  index::Manifest manifest;
  std::optional<FixedRecordFormat> fixed_records;
  IndexSummary summary{};
  std::vector<std::unique_ptr<const index::Segment>> segments;
  std::vector<Key> first_keys;              // of the segments that have samples
  std::vector<std::uint32_t> with_samples;  // their numbers
  std::vector<std::uint32_t> first_files;   // of all segments
  std::vector<Update> updates;              // one for each updated file, by file

 private:
  void collect_updates();
  void summarize();
};

}  // namespace modyn
