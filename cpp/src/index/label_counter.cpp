#include "index/label_counter.hpp"

#include <algorithm>
#include <utility>

namespace modyn::index {

void LabelCounter::add(const IntegerColumn& labels, std::uint64_t first, std::uint64_t count) {
  labels.visit([&](const auto& column) {
    constexpr std::uint64_t kBlock = 65536;
    for (std::uint64_t at = first; at < first + count; at += kBlock) {
      for (const auto value : column.read(at, std::min(kBlock, first + count - at))) {
        const auto label = static_cast<std::int64_t>(value);
        if (sizeof(value) <= 2 || (label >= kSmallest && label <= kLargest)) {
          ++table_[static_cast<std::size_t>(label - kSmallest)];
        } else {
          ++others_[label];
        }
      }
    }
  });
}

LabelCounts LabelCounter::counts() const {
  std::vector<std::pair<std::int64_t, std::uint64_t>> found(others_.begin(), others_.end());
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (table_[i] > 0) found.emplace_back(kSmallest + static_cast<std::int64_t>(i), table_[i]);
  }
  std::ranges::sort(found);
  LabelCounts counts;
  for (const auto& [label, count] : found) {
    counts.labels.push_back(label);
    counts.counts.push_back(count);
  }
  return counts;
}

}  // namespace modyn::index
