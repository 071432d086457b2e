#include "selection/group_reader.hpp"

#include <algorithm>

namespace modyn {
namespace {

// Labels that are this close together are looked up in a table instead of searched.
constexpr std::uint64_t kTableSize = 65'536;

std::uint64_t distance(std::int64_t label, std::int64_t smallest) {
  return static_cast<std::uint64_t>(label) - static_cast<std::uint64_t>(smallest);  // huge for labels below it
}

}  // namespace

GroupReader::GroupReader(const Groups& groups) : groups_(groups) {
  if (!needs_labels()) return;
  const auto& labels = std::get<Groups::Labels>(groups_.kind_).labels;
  if (labels.empty() || distance(labels.back(), labels.front()) >= kTableSize) return;
  table_.assign(distance(labels.back(), labels.front()) + 1, static_cast<std::uint32_t>(labels.size()));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    table_[distance(labels[i], labels.front())] = static_cast<std::uint32_t>(i);
  }
}

std::optional<std::uint32_t> GroupReader::common(std::uint64_t first, std::size_t count) const {
  if (const auto* parts = std::get_if<Groups::Parts>(&groups_.kind_)) {
    const auto end = std::ranges::upper_bound(parts->ends, first);
    const bool is_one = end == parts->ends.end() || first + count <= *end;
    return is_one ? std::optional(static_cast<std::uint32_t>(end - parts->ends.begin())) : std::nullopt;
  }
  return needs_labels() ? std::nullopt : std::optional(0U);
}

void GroupReader::read(std::uint64_t first, std::span<const std::int64_t> labels, std::span<std::uint32_t> out) const {
  if (const auto* parts = std::get_if<Groups::Parts>(&groups_.kind_)) {
    read_parts(parts->ends, first, out);
  } else if (const auto* of_groups = std::get_if<Groups::Labels>(&groups_.kind_)) {
    read_labels(of_groups->labels, labels, out);
  } else {
    std::ranges::fill(out, 0U);
  }
}

void GroupReader::read_parts(const std::vector<std::uint64_t>& ends, std::uint64_t first,
                             std::span<std::uint32_t> out) const {
  std::size_t done = 0;
  auto end = std::ranges::upper_bound(ends, first);
  while (done < out.size()) {
    const std::uint64_t left = out.size() - done;
    const std::uint64_t part = end == ends.end() ? left : std::min(left, *end - first - done);
    std::ranges::fill(out.subspan(done, part), static_cast<std::uint32_t>(end - ends.begin()));
    done += part;
    if (end != ends.end()) ++end;
  }
}

void GroupReader::read_labels(const std::vector<std::int64_t>& of_groups, std::span<const std::int64_t> labels,
                              std::span<std::uint32_t> out) const {
  const auto none = static_cast<std::uint32_t>(of_groups.size());
  if (!table_.empty()) {
    const std::int64_t smallest = of_groups.front();
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t at = distance(labels[i], smallest);
      out[i] = at < table_.size() ? table_[at] : none;
    }
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto found = std::ranges::lower_bound(of_groups, labels[i]);
    const bool is_known = found != of_groups.end() && *found == labels[i];
    out[i] = is_known ? static_cast<std::uint32_t>(found - of_groups.begin()) : none;
  }
}

}  // namespace modyn
