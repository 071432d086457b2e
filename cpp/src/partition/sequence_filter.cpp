// What goes through the samples of a sequence, in blocks: filters and counts.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include "modyn/sequence.hpp"
#include "partition/position_set.hpp"
#include "partition/sequence_sources.hpp"

namespace modyn {
namespace {

using partition::PositionSet;

// Labels that are this close together are looked up in a table instead of searched.
constexpr std::uint64_t kTableSize = 65'536;

// A set of labels with fast membership.
class LabelSet {
 public:
  explicit LabelSet(std::vector<std::int64_t> labels) : labels_(std::move(labels)) {
    std::ranges::sort(labels_);
    if (labels_.empty() || distance(labels_.back()) >= kTableSize) return;
    table_.resize(distance(labels_.back()) + 1);
    for (const std::int64_t label : labels_) table_[distance(label)] = true;
  }
  [[nodiscard]] bool contains(std::int64_t label) const {
    if (labels_.empty()) return false;
    if (table_.empty()) return std::ranges::binary_search(labels_, label);
    return distance(label) < table_.size() && table_[distance(label)];
  }

 private:
  // From the smallest; huge for labels below it.
  [[nodiscard]] std::uint64_t distance(std::int64_t label) const {
    return static_cast<std::uint64_t>(label) - static_cast<std::uint64_t>(labels_.front());
  }
  std::vector<std::int64_t> labels_;
  std::vector<bool> table_;
};

// Columns of a block, allocated if wanted.
struct Block {
  Block(bool wants_labels, bool wants_timestamps)
      : labels(wants_labels ? PositionSet::kBlock : 0), timestamps(wants_timestamps ? PositionSet::kBlock : 0) {}
  std::vector<std::int64_t> labels;
  std::vector<Timestamp> timestamps;

  void read(const SampleSource& source, std::uint64_t first, std::size_t count) {
    SampleColumns out;
    if (!labels.empty()) out.labels = std::span(labels).first(count);
    if (!timestamps.empty()) out.timestamps = std::span(timestamps).first(count);
    source.read(first, count, out);
  }
};

// Calls action(first, count) for each block of a sequence.
template <typename Action>
void for_each_block(std::uint64_t size, Action action) {
  for (std::uint64_t first = 0; first < size; first += PositionSet::kBlock) {
    action(first, static_cast<std::size_t>(std::min<std::uint64_t>(PositionSet::kBlock, size - first)));
  }
}

}  // namespace

Sequence Sequence::where(const SampleFilter& filter) const {
  const bool by_time = filter.start || filter.end;
  if (!filter.labels && !by_time) return *this;
  const LabelSet labels(filter.labels.value_or(std::vector<std::int64_t>()));
  Block block(filter.labels.has_value(), by_time);
  std::vector<std::uint16_t> offsets(PositionSet::kBlock);
  PositionSet positions;
  for_each_block(size(), [&](std::uint64_t first, std::size_t count) {
    block.read(*source_, first, count);
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < count; ++i) {
      bool matches = !filter.labels || labels.contains(block.labels[i]);
      if (filter.start) matches &= block.timestamps[i] >= *filter.start;
      if (filter.end) matches &= block.timestamps[i] < *filter.end;
      offsets[chosen] = static_cast<std::uint16_t>(i);
      chosen += matches ? 1 : 0;
    }
    positions.append_block(std::span(offsets).first(chosen), count);
  });
  if (positions.size() == size()) return *this;
  return Sequence(std::make_shared<partition::Chosen>(source_, std::move(positions)));
}

std::vector<LabelCount> Sequence::label_counts() const {
  std::vector<std::uint64_t> small(kTableSize);  // of labels that are their own place
  std::map<std::int64_t, std::uint64_t> others;
  Block block(true, false);
  for_each_block(size(), [&](std::uint64_t first, std::size_t count) {
    block.read(*source_, first, count);
    for (const std::int64_t label : std::span(block.labels).first(count)) {
      if (static_cast<std::uint64_t>(label) < kTableSize) {
        ++small[static_cast<std::size_t>(label)];
      } else {
        ++others[label];
      }
    }
  });
  for (std::size_t label = 0; label < small.size(); ++label) {
    if (small[label] > 0) others.emplace(static_cast<std::int64_t>(label), small[label]);
  }
  std::vector<LabelCount> counts;
  counts.reserve(others.size());
  for (const auto& [label, samples] : others) counts.push_back({label, samples});
  return counts;
}

}  // namespace modyn
