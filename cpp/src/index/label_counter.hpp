// Counts labels. Those of one or two bytes, which most datasets have, by a table.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "index/packed_integers.hpp"
#include "modyn/query.hpp"

namespace modyn::index {

class LabelCounter {
 public:
  // The labels in rows [first, first + count).
  void add(const IntegerColumn& labels, std::uint64_t first, std::uint64_t count);
  [[nodiscard]] LabelCounts counts() const;

 private:
  static constexpr std::int64_t kSmallest = -32768;
  static constexpr std::int64_t kLargest = 65535;

  std::vector<std::uint64_t> table_ = std::vector<std::uint64_t>(kLargest - kSmallest + 1);
  std::unordered_map<std::int64_t, std::uint64_t> others_;
};

}  // namespace modyn::index
