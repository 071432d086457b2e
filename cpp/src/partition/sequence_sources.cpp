#include "partition/sequence_sources.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "core/thread_pool.hpp"

namespace modyn::partition {
namespace {

// Indices that are turned into other indices at a time: they stay in the nearest cache.
constexpr std::size_t kBlock = 2048;
// What one thread of a long read does at a time.
constexpr std::uint64_t kPiece = 32 * kBlock;

using IndexBlock = std::array<std::uint64_t, kBlock>;

// Calls action(at, count) for blocks of `total` elements.
template <typename Action>
void in_blocks(std::uint64_t total, Action action) {
  for (std::uint64_t at = 0; at < total; at += kBlock) action(at, std::min<std::uint64_t>(kBlock, total - at));
}

// Reads samples of `base` whose indices are the image of `indices` under `map`.
template <typename Map>
void read_mapped(const SampleSource& base, std::span<const std::uint64_t> indices, const SampleColumns& out, Map map) {
  IndexBlock mapped;
  in_blocks(indices.size(), [&](std::uint64_t at, std::uint64_t count) {
    std::ranges::transform(indices.subspan(at, count), mapped.begin(), map);
    base.read_at(std::span(mapped).first(count), out.subspan(at, count));
  });
}

void look_up(const Index& index, std::span<const Key> keys, const SampleColumns& out) {
  if (!out.labels.empty()) index.labels(keys, out.labels);
  if (!out.timestamps.empty()) index.timestamps(keys, out.timestamps);
  std::ranges::fill(out.weights, 1.0F);
}

}  // namespace

ViewRanges::ViewRanges(std::shared_ptr<const View> view, std::span<const Range> ranges) : view_(std::move(view)) {
  std::uint64_t samples = 0;
  std::uint64_t next = 0;
  for (const Range& range : ranges) {
    if (range.first > view_->size() || range.count > view_->size() - range.first) {
      throw Error(ErrorKind::kInvalidArgument, "range [" + core::grouped(range.first) + ", " +
                                                   core::grouped(range.first) + " + " + core::grouped(range.count) +
                                                   ") reaches beyond the view's " + core::grouped(view_->size()) +
                                                   " samples");
    }
    if (range.count == 0) continue;
    is_distinct_ = is_distinct_ && range.first >= next;
    next = range.first + range.count;
    first_.push_back(range.first);
    end_.push_back(samples += range.count);
  }
  table_ = RangeTable(first_, end_);
}

void ViewRanges::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  table_.for_each(first, count, [&](std::uint64_t position, std::uint64_t at, std::uint64_t part) {
    const SampleColumns columns = out.subspan(at, part);
    if (!columns.keys.empty()) view_->keys(position, columns.keys);
    if (!columns.labels.empty()) view_->labels(position, columns.labels);
    if (!columns.timestamps.empty()) view_->timestamps(position, columns.timestamps);
  });
  std::ranges::fill(out.weights, 1.0F);
}

void ViewRanges::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  IndexBlock positions;
  std::array<Key, kBlock> keys;
  in_blocks(indices.size(), [&](std::uint64_t at, std::uint64_t count) {
    std::ranges::transform(indices.subspan(at, count), positions.begin(),
                           [this](std::uint64_t index) { return table_.position_of(index); });
    const SampleColumns columns = out.subspan(at, count);
    const auto block = columns.keys.empty() ? std::span(keys).first(count) : columns.keys;
    view_->keys_at(std::span(positions).first(count), block);
    look_up(*view_->index(), block, columns);
  });
}

bool ViewRanges::append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                               std::vector<Range>& ranges) const {
  if (&view != view_.get()) return false;
  table_.for_each(first, count, [&](std::uint64_t position, std::uint64_t, std::uint64_t part) {
    ranges.push_back({position, part});
  });
  return true;
}

void KeyList::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  const auto keys = std::span(keys_).subspan(first, count);
  if (!out.keys.empty()) std::ranges::copy(keys, out.keys.begin());
  look_up(*index_, keys, out);
}

void KeyList::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  std::array<Key, kBlock> keys;
  in_blocks(indices.size(), [&](std::uint64_t at, std::uint64_t count) {
    std::ranges::transform(indices.subspan(at, count), keys.begin(),
                           [this](std::uint64_t index) { return keys_[index]; });
    const SampleColumns columns = out.subspan(at, count);
    if (!columns.keys.empty()) std::copy_n(keys.begin(), count, columns.keys.begin());
    look_up(*index_, std::span(keys).first(count), columns);
  });
}

void TrainingSetSource::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  const Index& index = *set_->view()->index();
  if (!out.keys.empty() && out.labels.empty() && out.timestamps.empty()) {
    set_->read(first, out.keys, out.weights);
    return;
  }
  std::array<Key, kBlock> keys;
  in_blocks(count, [&](std::uint64_t at, std::uint64_t part) {
    SampleColumns columns = out.subspan(at, part);
    const auto block = columns.keys.empty() ? std::span(keys).first(part) : columns.keys;
    set_->read(first + at, block, columns.weights);
    columns.weights = {};
    look_up(index, block, columns);
  });
}

void TrainingSetSource::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  const Index& index = *set_->view()->index();
  std::array<Key, kBlock> keys;
  in_blocks(indices.size(), [&](std::uint64_t at, std::uint64_t count) {
    SampleColumns columns = out.subspan(at, count);
    const auto block = columns.keys.empty() ? std::span(keys).first(count) : columns.keys;
    set_->read_at(indices.subspan(at, count), block, columns.weights);
    columns.weights = {};
    look_up(index, block, columns);
  });
}

void Slice::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  base_->read(range_.first + first, count, out);
}

void Slice::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  read_mapped(*base_, indices, out, [this](std::uint64_t index) { return range_.first + index; });
}

bool Slice::append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                          std::vector<Range>& ranges) const {
  return base_->append_ranges(view, range_.first + first, count, ranges);
}

Joined::Joined(std::vector<Sequence> parts) : parts_(std::move(parts)) {
  std::uint64_t samples = 0;
  for (const Sequence& part : parts_) {
    end_.push_back(samples += part.size());
    weighted_ = weighted_ || part.weighted();
  }
}

std::size_t Joined::part_of(std::uint64_t index) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(end_, index) - end_.begin());
}

void Joined::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  std::uint64_t at = 0;
  for (std::size_t part = part_of(first); at < count; ++part) {
    const std::uint64_t piece = std::min(end_[part] - first - at, count - at);
    if (piece > 0) parts_[part].source().read(first + at - begin_of(part), piece, out.subspan(at, piece));
    at += piece;
  }
}

// The indices of a block are sorted by part, so that each part is asked once for each block.
void Joined::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  struct Wanted {
    std::size_t part;
    std::size_t slot;
  };
  std::vector<Wanted> wanted;
  IndexBlock within;
  std::array<Key, kBlock> keys;
  std::array<float, kBlock> weights;
  std::array<Timestamp, kBlock> timestamps;
  std::array<std::int64_t, kBlock> labels;
  in_blocks(indices.size(), [&](std::uint64_t at, std::uint64_t count) {
    wanted.clear();
    for (std::size_t slot = at; slot < at + count; ++slot) wanted.push_back({part_of(indices[slot]), slot});
    std::ranges::stable_sort(wanted, {}, &Wanted::part);
    for (std::size_t begin = 0; begin < count;) {
      const std::size_t part = wanted[begin].part;
      std::size_t size = 0;
      for (; begin + size < count && wanted[begin + size].part == part; ++size) {
        within[size] = indices[wanted[begin + size].slot] - begin_of(part);
      }
      const SampleColumns columns{std::span(keys).first(out.keys.empty() ? 0 : size),
                                  std::span(weights).first(out.weights.empty() ? 0 : size),
                                  std::span(timestamps).first(out.timestamps.empty() ? 0 : size),
                                  std::span(labels).first(out.labels.empty() ? 0 : size)};
      parts_[part].source().read_at(std::span(within).first(size), columns);
      for (std::size_t i = 0; i < size; ++i) {
        const std::size_t slot = wanted[begin + i].slot;
        if (!out.keys.empty()) out.keys[slot] = keys[i];
        if (!out.weights.empty()) out.weights[slot] = weights[i];
        if (!out.timestamps.empty()) out.timestamps[slot] = timestamps[i];
        if (!out.labels.empty()) out.labels[slot] = labels[i];
      }
      begin += size;
    }
  });
}

bool Joined::append_ranges(const View& view, std::uint64_t first, std::uint64_t count,
                           std::vector<Range>& ranges) const {
  std::uint64_t at = 0;
  for (std::size_t part = part_of(first); at < count; ++part) {
    const std::uint64_t piece = std::min(end_[part] - first - at, count - at);
    if (piece > 0 && !parts_[part].source().append_ranges(view, first + at - begin_of(part), piece, ranges)) {
      return false;
    }
    at += piece;
  }
  return true;
}

void Permuted::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  const std::size_t pieces = (count + kPiece - 1) / kPiece;
  core::ThreadPool::shared().for_each(pieces, 0, [&](std::size_t number) {
    const std::uint64_t begin = number * kPiece;
    const std::uint64_t size = std::min(kPiece, count - begin);
    IndexBlock indices;
    in_blocks(size, [&](std::uint64_t at, std::uint64_t part) {
      order_.apply(first + begin + at, std::span(indices).first(part));
      base_->read_at(std::span(indices).first(part), out.subspan(begin + at, part));
    });
  });
}

void Permuted::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  read_mapped(*base_, indices, out, [this](std::uint64_t index) {
    std::uint64_t image = 0;
    order_.apply(index, {&image, 1});
    return image;
  });
}

void Weighted::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  SampleColumns others = out;
  others.weights = {};
  base_->read(first, count, others);
  if (!out.weights.empty()) std::ranges::copy(std::span(weights_).subspan(first, count), out.weights.begin());
}

void Weighted::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  SampleColumns others = out;
  others.weights = {};
  base_->read_at(indices, others);
  if (out.weights.empty()) return;
  std::ranges::transform(indices, out.weights.begin(), [this](std::uint64_t index) { return weights_[index]; });
}

void Chosen::read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const {
  IndexBlock indices;
  in_blocks(count, [&](std::uint64_t at, std::uint64_t part) {
    positions_.read(first + at, std::span(indices).first(part));
    const bool together = indices[part - 1] - indices[0] == part - 1;
    if (together) {
      base_->read(indices[0], part, out.subspan(at, part));
    } else {
      base_->read_at(std::span(indices).first(part), out.subspan(at, part));
    }
  });
}

void Chosen::read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const {
  read_mapped(*base_, indices, out, [this](std::uint64_t index) { return positions_[index]; });
}

}  // namespace modyn::partition
