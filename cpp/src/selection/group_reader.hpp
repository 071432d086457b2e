// Finds the groups of consecutive samples, a block at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modyn/selection.hpp"

namespace modyn {

// Keeps a reference to the groups. Thread-safe.
class GroupReader {
 public:
  explicit GroupReader(const Groups& groups);

  [[nodiscard]] bool needs_labels() const noexcept { return std::holds_alternative<Groups::Labels>(groups_.kind_); }
  // The one group of all samples [first, first + count), or nothing if it takes a look at each.
  [[nodiscard]] std::optional<std::uint32_t> common(std::uint64_t first, std::size_t count) const;
  // The groups of samples first, first + 1, ... of the window; the number of groups stands for none of them. `labels`
  // are theirs, if needed.
  void read(std::uint64_t first, std::span<const std::int64_t> labels, std::span<std::uint32_t> out) const;

 private:
  void read_parts(const std::vector<std::uint64_t>& ends, std::uint64_t first, std::span<std::uint32_t> out) const;
  void read_labels(const std::vector<std::int64_t>& of_groups, std::span<const std::int64_t> labels,
                   std::span<std::uint32_t> out) const;

  const Groups& groups_;
  std::vector<std::uint32_t> table_;  // group of a label by its distance from the smallest, if they are close together
};

}  // namespace modyn
