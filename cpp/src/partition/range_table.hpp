// Ranges of positions one after the other: which position is the sample with this index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace modyn::partition {

// Borrows two columns: the first position of range r, and the samples in ranges 0 to r, which ascend.
class RangeTable {
 public:
  RangeTable() = default;
  RangeTable(std::span<const std::uint64_t> first, std::span<const std::uint64_t> end) : first_(first), end_(end) {}

  [[nodiscard]] std::uint64_t samples() const noexcept { return end_.empty() ? 0 : end_.back(); }
  [[nodiscard]] std::size_t ranges() const noexcept { return end_.size(); }
  // The index of the range's first sample; of the end for the range behind the last.
  [[nodiscard]] std::uint64_t begin_of(std::size_t range) const { return range == 0 ? 0 : end_[range - 1]; }
  [[nodiscard]] std::size_t range_of(std::uint64_t index) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(end_, index) - end_.begin());
  }
  [[nodiscard]] std::uint64_t position_of(std::uint64_t index) const {
    const std::size_t range = end_.size() == 1 ? 0 : range_of(index);
    return first_[range] + (index - begin_of(range));
  }

  // Calls action(position, at, count) for each piece of the samples [first, first + total); `at` counts from `first`.
  template <typename Action>
  void for_each(std::uint64_t first, std::uint64_t total, Action action) const {
    std::uint64_t at = 0;
    for (std::size_t range = total == 0 ? 0 : range_of(first); at < total; ++range) {
      const std::uint64_t index = first + at;
      const std::uint64_t count = std::min(end_[range] - index, total - at);
      action(first_[range] + (index - begin_of(range)), at, count);
      at += count;
    }
  }

 private:
  std::span<const std::uint64_t> first_;
  std::span<const std::uint64_t> end_;
};

}  // namespace modyn::partition
