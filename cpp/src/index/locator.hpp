// Finds many keys at once.
//
// One binary search waits for memory at every step. Here the keys of a batch take each step together, so that
// their waits overlap, and without branches that could be guessed wrong. A directory of evenly spaced keys
// says between which bounds to begin, which leaves a step or two where extents are of similar size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/segment.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// Ascending keys, to be searched in batches of at most kMaxBatch keys.
class Bounds {
 public:
  static constexpr std::size_t kMaxBatch = 1024;

  Bounds() = default;
  // `bounds` is borrowed, not empty, and has fewer than 2^32 elements; keys asked for lie in [bounds.front(), end).
  Bounds(std::span<const Key> bounds, Key end);

  [[nodiscard]] Key operator[](std::size_t at) const { return bounds_[at]; }
  // For each key the last bound that is not above it.
  void find(std::span<const Key> keys, std::span<std::uint32_t> out) const;

 private:
  std::span<const Key> bounds_;
  Key first_ = 0;
  unsigned shift_ = 0;
  // Of each stretch of 2^shift_ keys, the last bound that is not above its first key; and the last bound of all.
  std::vector<std::uint32_t> directory_;
};

// Where a key is: `segment` counts those with samples, `first_key` is that of the extent.
struct Found {
  std::uint32_t segment;
  std::uint64_t extent;
  Key first_key;
};

// The extents of an index by key. Holds at most some tens of megabytes: of more extents in several segments it
// remembers every 2nd, 4th, ... and looks the rest up in the segments' columns.
class Locator {
 public:
  // `segments`: those with samples, by key. Verifies their extents.
  Locator(std::span<const Segment* const> segments, std::size_t max_bounds = kMaxBounds);
  Locator(const Locator&) = delete;
  Locator& operator=(const Locator&) = delete;

  // `segments`: in which segment each key lies. At most Bounds::kMaxBatch keys.
  void find(std::span<const Key> keys, std::span<const std::uint32_t> segments, std::span<Found> out) const;
  [[nodiscard]] const Extents& extents(std::uint32_t segment) const { return *extents_[segment]; }

 private:
  static constexpr std::size_t kMaxBounds = std::size_t{1} << 22;

  std::vector<const Extents*> extents_;
  std::vector<std::uint32_t> first_bound_;  // of each segment
  unsigned skip_ = 0;                       // every 2^skip_-th extent of a segment is a bound
  std::vector<Key> sampled_;                // the bounds; empty if they are the column of the only segment
  Bounds bounds_;
};

}  // namespace modyn::index
