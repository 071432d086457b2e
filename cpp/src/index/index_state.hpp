// What an open index consists of; for the components that read extents themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "index/locator.hpp"
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
  // For each key, which of `filled` has it; false if none has one of them. At most Bounds::kMaxBatch keys.
  [[nodiscard]] bool find_segments(std::span<const Key> keys, std::span<std::uint32_t> out) const;
  // Made when first needed, for it looks at every extent. There must be samples.
  [[nodiscard]] const index::Locator& locator() const;

  // The first key that a commit after this sequence number brought; the next key if there is none.
  [[nodiscard]] Key first_key_after(std::uint64_t sequence) const;

  // The segment that brought this file, which must exist.
  [[nodiscard]] const index::Segment& segment_of_file(std::uint32_t file) const noexcept;
  [[nodiscard]] const Update* find_update(std::uint32_t file) const noexcept;
  // Whether some of `keys`, each of which lies in its one of `of_segments`, are deleted.
  [[nodiscard]] bool any_deleted(std::span<const Key> keys, std::span<const std::uint32_t> of_segments) const;
  // kUnknownKey, naming the first, if some of the keys [first, first + count) that the segment has are deleted.
  void check_live(const index::Segment& segment, Key first, std::uint64_t count) const;
  // kUnknownKey, naming the first few of `keys` that do not exist or are deleted and how many there are.
  [[noreturn]] void throw_unknown_keys(std::span<const Key> keys) const;

  std::filesystem::path dataset;
  index::Manifest manifest;
  std::optional<FixedRecordFormat> fixed_records;
  IndexSummary summary{};
  std::vector<std::unique_ptr<const index::Segment>> segments;
  std::vector<const index::Segment*> filled;  // the segments that have samples
  std::vector<Key> first_keys;                // of those
  std::vector<std::uint32_t> first_files;     // of all segments
  std::vector<Update> updates;                // one for each updated file, by file

 private:
  void collect_updates();
  void summarize();

  index::Bounds filled_bounds_;  // over first_keys
  mutable std::once_flag locator_once_;
  mutable std::optional<index::Locator> locator_;
};

}  // namespace modyn
