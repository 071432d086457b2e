#include "index/locator.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace modyn::index {
namespace {

// Entries of a directory; more would fall out of the processor's caches.
constexpr std::uint64_t kMaxDirectory = std::uint64_t{1} << 22;

std::uint64_t distance(Key from, Key to) { return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from); }

// Bounds that are needed if every 2^skip-th extent is one.
std::uint64_t bounds_needed(std::span<const Extents* const> extents, unsigned skip) {
  std::uint64_t needed = 0;
  for (const Extents* of : extents) needed += (of->first_key.size() + (std::uint64_t{1} << skip) - 1) >> skip;
  return needed;
}

}  // namespace

Bounds::Bounds(std::span<const Key> bounds, Key end) : bounds_(bounds), first_(bounds.front()) {
  const std::uint64_t keys = distance(first_, end);
  // About as many stretches as bounds: with bounds at even distances one stretch then has one or two.
  const std::uint64_t stretches = std::min<std::uint64_t>(std::bit_ceil(bounds.size()), kMaxDirectory);
  while (((keys - 1) >> shift_) >= stretches) ++shift_;
  directory_.reserve(((keys - 1) >> shift_) + 2);
  std::uint32_t bound = 0;
  for (std::uint64_t key = 0; key < keys; key += std::uint64_t{1} << shift_) {
    while (bound + 1 < bounds.size() && distance(first_, bounds[bound + 1]) <= key) ++bound;
    directory_.push_back(bound);
    if (keys - key <= std::uint64_t{1} << shift_) break;  // the next step could overflow
  }
  directory_.push_back(static_cast<std::uint32_t>(bounds.size() - 1));
}

void Bounds::find(std::span<const Key> keys, std::span<std::uint32_t> out) const {
  std::array<std::uint32_t, kMaxBatch> left;  // how many bounds it may still be, from out[i] on
  std::uint32_t most = 1;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::uint64_t stretch = distance(first_, keys[i]) >> shift_;
    out[i] = directory_[stretch];
    left[i] = directory_[stretch + 1] - out[i] + 1;
    __builtin_prefetch(&bounds_[out[i]]);
    most = std::max(most, left[i]);
  }
  for (; most > 1; most -= most / 2) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::uint32_t half = left[i] / 2;
      out[i] += bounds_[out[i] + half] <= keys[i] ? half : 0;
      left[i] -= half;
    }
  }
}

Locator::Locator(std::span<const Segment* const> segments, std::size_t max_bounds) {
  if (segments.empty()) return;
  for (const Segment* segment : segments) extents_.push_back(&segment->extents());
  const Key end = segments.back()->entry().end_key();
  if (extents_.size() == 1) {
    first_bound_ = {0};
    bounds_ = Bounds(extents_.front()->first_key, end);
    return;
  }
  while (bounds_needed(extents_, skip_) > std::max(max_bounds, extents_.size())) ++skip_;
  sampled_.reserve(bounds_needed(extents_, skip_));
  for (const Extents* of : extents_) {
    first_bound_.push_back(static_cast<std::uint32_t>(sampled_.size()));
    for (std::uint64_t at = 0; at < of->first_key.size(); at += std::uint64_t{1} << skip_) {
      sampled_.push_back(of->first_key[at]);
    }
  }
  bounds_ = Bounds(sampled_, end);
}

void Locator::find(std::span<const Key> keys, std::span<const std::uint32_t> segments, std::span<Found> out) const {
  std::array<std::uint32_t, Bounds::kMaxBatch> bound;
  bounds_.find(keys, std::span(bound).first(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::uint64_t extent = static_cast<std::uint64_t>(bound[i] - first_bound_[segments[i]]) << skip_;
    out[i] = {segments[i], extent, bounds_[bound[i]]};
    // What its callers read next.
    __builtin_prefetch(extents_[segments[i]]->file.data() + extent);
    __builtin_prefetch(extents_[segments[i]]->first_record.data() + extent);
  }
  if (skip_ == 0) return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& first_keys = extents_[segments[i]]->first_key;
    const auto among = first_keys.subspan(
        out[i].extent, std::min<std::uint64_t>(std::uint64_t{1} << skip_, first_keys.size() - out[i].extent));
    const auto after = std::ranges::upper_bound(among, keys[i]) - among.begin();
    out[i].extent += static_cast<std::uint64_t>(after) - 1;
    out[i].first_key = first_keys[out[i].extent];
  }
}

}  // namespace modyn::index
