// Ranges of positions as arguments: rows of (first position, count).
#pragma once

#include <vector>

#include "arrays.hpp"
#include "modyn/partition.hpp"

namespace modyn::bindings {

inline std::vector<Range> ranges_of(const Pairs& pairs) {
  std::vector<Range> ranges(pairs.array.shape(0));
  for (std::size_t i = 0; i < ranges.size(); ++i) ranges[i] = {pairs.array(i, 0), pairs.array(i, 1)};
  return ranges;
}

}  // namespace modyn::bindings
