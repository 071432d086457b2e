// What goes through the samples of a sequence, in blocks: filters and counts.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "core/thread_pool.hpp"
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

// What a thread counts at a time, and how many samples of it are read at a time: they stay in the nearest caches.
constexpr std::uint64_t kChunk = 16 * PositionSet::kBlock;
constexpr std::size_t kPiece = 8192;

// Adds the labels of samples [first, first + count): those that are places of `small`, and the others.
void count_labels(const SampleSource& source, std::uint64_t first, std::uint64_t count, std::span<std::uint64_t> small,
                  std::map<std::int64_t, std::uint64_t>& others) {
  std::array<std::int64_t, kPiece> room;
  for (std::uint64_t done = 0; done < count; done += kPiece) {
    const auto labels = std::span(room).first(std::min<std::uint64_t>(kPiece, count - done));
    source.read(first + done, labels.size(), {.labels = labels});
    for (const std::int64_t label : labels) {
      if (static_cast<std::uint64_t>(label) < small.size()) {
        ++small[static_cast<std::size_t>(label)];
      } else {
        ++others[label];
      }
    }
  }
}

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
  std::mutex mutex;
  std::vector<std::uint64_t> small(kTableSize);  // of labels that are their own place
  std::map<std::int64_t, std::uint64_t> others;
  const std::size_t chunks = (size() + kChunk - 1) / kChunk;
  core::ThreadPool::shared().for_each(chunks, 0, [&](std::size_t chunk) {
    const std::uint64_t first = chunk * kChunk;
    std::vector<std::uint64_t> counts(kTableSize);
    std::map<std::int64_t, std::uint64_t> large;
    count_labels(*source_, first, std::min(kChunk, size() - first), counts, large);
    const std::lock_guard lock(mutex);
    std::ranges::transform(small, counts, small.begin(), std::plus());
    for (const auto& [label, samples] : large) others[label] += samples;
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
