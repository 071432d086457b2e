// Deletes keys in a manifest that is being made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "index/deletions.hpp"
#include "index/manifest.hpp"
#include "modyn/maintenance.hpp"

namespace modyn::index {

// Sorted, and joined where they touch. kInvalidArgument for a range that ends before it begins.
[[nodiscard]] std::vector<KeyRange> normalized(std::span<const KeyRange> ranges);

// The keys of these files (ascending numbers), by key.
[[nodiscard]] std::vector<KeyRange> keys_of_files(const Index& index, std::span<const std::uint32_t> files);

// Whether every sample of the file is deleted; also if it never had one.
[[nodiscard]] bool is_wholly_deleted(const Index& index, std::uint32_t file);

class Retirement {
 public:
  // Looks up what there is to delete; writes nothing. Keys in any order, repeats are one.
  // kUnknownKey, naming the first few, if the manifest's segments have not all of them.
  Retirement(const std::filesystem::path& dataset, const Manifest& manifest, std::span<const KeyRange> keys);

  [[nodiscard]] std::uint64_t deleted() const noexcept { return deleted_; }
  // Keys that were deleted before.
  [[nodiscard]] std::uint64_t already_deleted() const noexcept { return already_deleted_; }

  // Writes what is deleted now of each affected segment and names it in `manifest`, which has the segments of
  // the manifest given before at the same places, and the number and the epoch under which it will be published.
  void write(Manifest& manifest) const;

 private:
  struct Affected {
    std::size_t segment;
    DeletionBitmap rows;
  };
  void check_known(const Manifest& manifest, std::span<const KeyRange> keys) const;
  void add(const SegmentEntry& segment, std::size_t number, std::span<const KeyRange> keys);

  std::filesystem::path dataset_;
  std::uint64_t deleted_ = 0;
  std::uint64_t already_deleted_ = 0;
  std::vector<Affected> affected_;
};

}  // namespace modyn::index
