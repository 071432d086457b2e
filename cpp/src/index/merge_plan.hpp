// Which segments are merged.
//
// Sizes are kept falling: a segment is merged with all that follow it as soon as those together are twice its size, and
// they are kFewestToMerge at least. What is merged again thus grows by half or more each time, so that a byte is
// written a logarithmic number of times; and the segments left are fewer than some tens, because each is larger than
// half of all behind it.
#pragma once

#include <cstddef>
#include <span>

#include "index/manifest.hpp"

namespace modyn::index {

inline constexpr std::size_t kFewestToMerge = 8;

// The first of the last segments that should become one; the number of segments if none should.
[[nodiscard]] std::size_t first_to_merge(std::span<const SegmentEntry> segments);

}  // namespace modyn::index
