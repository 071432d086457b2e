// The samples of an index that a query asks for, as stretches of consecutive keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "index/index_state.hpp"
#include "index/segment.hpp"
#include "modyn/index.hpp"

namespace modyn::index {

// Keys [first_key, end_key) with timestamps [start, end).
struct Window {
  Key first_key = 0;
  Key end_key = std::numeric_limits<Key>::max();
  std::optional<Timestamp> start{};
  std::optional<Timestamp> end{};

  [[nodiscard]] bool of_all_times() const noexcept { return !start && !end; }
  [[nodiscard]] bool contains(Timestamp time) const noexcept {
    return (!start || time >= *start) && (!end || time < *end);
  }
  // Whether all, or some, of [first, last] may be asked for.
  [[nodiscard]] bool covers(Timestamp first, Timestamp last) const noexcept {
    return contains(first) && contains(last);
  }
  [[nodiscard]] bool touches(Timestamp first, Timestamp last) const noexcept {
    return (!start || last >= *start) && (!end || first < *end);
  }
};

// What a stretch has in common besides its consecutive keys.
enum class Cut { kNothing, kTimestamp };

// Calls action(first key, count, timestamp of the first sample) for each stretch, by key. Deleted samples are left
// out. Segments and extents in which nothing is asked for are not looked into.
template <typename Action>
class StretchFinder {
 public:
  StretchFinder(const Window& window, Cut cut, Action action)
      : window_(window), cut_(cut), action_(std::move(action)) {}

  void find_in(const Index::State& state) {
    for (const Segment* segment : state.filled) {
      const SegmentEntry& entry = segment->entry();
      const Key first = std::max(entry.first_key, window_.first_key);
      const Key end = std::min(entry.end_key(), window_.end_key);
      if (first >= end || !window_.touches(entry.first_timestamp, entry.last_timestamp)) continue;
      if (cut_ == Cut::kNothing && window_.covers(entry.first_timestamp, entry.last_timestamp)) {
        find_live(*segment, segment->row_of(first), segment->row_of(end), 0);
      } else {
        find_in_extents(*segment, first, end);
      }
    }
  }

 private:
  void find_in_extents(const Segment& segment, Key first, Key end) {
    const Extents& extents = segment.extents();
    const auto after = std::ranges::upper_bound(extents.first_key, first);
    for (auto at = static_cast<std::size_t>(after - extents.first_key.begin()) - 1; at < extents.first_key.size();
         ++at) {
      const Key extent_first = std::max(first, extents.first_key[at]);
      const Key extent_end = std::min(end, extents.first_key[at] + static_cast<Key>(segment.extent_size(at)));
      if (extent_first >= extent_end) break;
      const Timestamp earliest = extents.timestamp[at];
      const Timestamp latest = extents.last_of(at);
      if (!window_.touches(earliest, latest)) continue;
      const std::uint64_t row = segment.row_of(extent_first);
      const std::uint64_t stop = segment.row_of(extent_end);
      if (earliest == latest || (cut_ == Cut::kNothing && window_.covers(earliest, latest))) {
        find_live(segment, row, stop, earliest);
      } else {
        find_by_sample(segment, row, stop, earliest);
      }
    }
  }

  void find_live(const Segment& segment, std::uint64_t row, std::uint64_t end, Timestamp time) {
    const Key base = segment.entry().first_key;
    if (segment.deletions() == nullptr) {
      action_(base + static_cast<Key>(row), end - row, time);
      return;
    }
    segment.deletions()->for_each_live(row, end, [&](std::uint64_t from, std::uint64_t to) {
      action_(base + static_cast<Key>(from), to - from, time);
    });
  }

  // Samples of an extent with a timestamp each.
  void find_by_sample(const Segment& segment, std::uint64_t first, std::uint64_t end, Timestamp earliest) {
    constexpr std::uint64_t kBlock = 4096;
    std::vector<Timestamp> times(std::min(kBlock, end - first));
    const auto find_in_rows = [&](std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t row = from; row < to; row += times.size()) {
        const auto block = std::span(times).first(std::min<std::uint64_t>(times.size(), to - row));
        segment.later().read(row, block);
        for (Timestamp& time : block) time = later_by(earliest, time);
        find_in_block(segment.entry().first_key + static_cast<Key>(row), block);
      }
    };
    if (segment.deletions() == nullptr) {
      find_in_rows(first, end);
    } else {
      segment.deletions()->for_each_live(first, end, find_in_rows);
    }
  }

  void find_in_block(Key first_key, std::span<const Timestamp> times) {
    for (std::size_t at = 0; at < times.size();) {
      const std::size_t begin = at++;
      if (!window_.contains(times[begin])) continue;
      while (at < times.size() && (cut_ == Cut::kTimestamp ? times[at] == times[begin] : window_.contains(times[at])))
        ++at;
      action_(first_key + static_cast<Key>(begin), at - begin, times[begin]);
    }
  }

  Window window_;
  Cut cut_;
  Action action_;
};

template <typename Action>
void for_each_stretch(const Index::State& state, const Window& window, Cut cut, Action action) {
  StretchFinder<Action>(window, cut, std::move(action)).find_in(state);
}

}  // namespace modyn::index
