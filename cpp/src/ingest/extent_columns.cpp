#include "ingest/extent_columns.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/message.hpp"

namespace modyn::ingest {
namespace {

// Offsets of two bytes instead of four are worth an extent of its own from so many samples on.
constexpr std::uint64_t kRowsWorthAnExtent = 512;
constexpr std::uint64_t kNarrowOffsets = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint64_t kWideOffsets = std::numeric_limits<std::uint32_t>::max();
// Differences of timestamps must be numbers of 64 bits, too.
constexpr Timestamp kLargestTimestamp = Timestamp{1} << 61;

std::vector<std::int64_t> less(std::span<const std::int64_t> values, std::int64_t base) {
  std::vector<std::int64_t> differences(values.size());
  std::ranges::transform(values, differences.begin(), [base](std::int64_t value) { return value - base; });
  return differences;
}

std::vector<std::int64_t> unpacked(const index::PackedIntegers& packed) {
  std::vector<std::int64_t> values(packed.size());
  packed.widen(ColumnType::kInt64, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace

void ExtentColumns::take(std::uint64_t piece, const SampleBlock& block) {
  if (block.labels.empty()) return;
  Block packed;
  packed.labels = index::PackedIntegers(block.labels);
  if (!block.timestamps.empty()) {
    packed.timestamps = index::PackedIntegers(block.timestamps);
    if (packed.timestamps.largest() > kLargestTimestamp || packed.timestamps.smallest() < -kLargestTimestamp) {
      throw BadContent("has a timestamp that is further away than " + core::grouped(kLargestTimestamp) + " seconds");
    }
  }
  if (layout_ == SampleLayout::kRows) {
    check_rows(block);
    const std::int64_t base = std::ranges::min(block.offsets);
    packed.base = static_cast<std::uint64_t>(base);
    packed.rows = {index::PackedIntegers(less(block.offsets, base)), index::PackedIntegers(block.lengths),
                   index::PackedIntegers(block.cut_offsets), index::PackedIntegers(block.cut_lengths)};
  }
  const std::lock_guard lock(mutex_);
  if (pieces_.size() <= piece) pieces_.resize(piece + 1);
  pieces_[piece].push_back(std::move(packed));
}

// Fetch copies what places say: they must lie in the bytes that were read.
void ExtentColumns::check_rows(const SampleBlock& block) const {
  constexpr std::uint64_t kLongest = std::numeric_limits<std::uint32_t>::max();
  bool good = true;
  for (std::size_t i = 0; i < block.labels.size(); ++i) {
    const auto offset = static_cast<std::uint64_t>(block.offsets[i]);
    const auto length = static_cast<std::uint64_t>(block.lengths[i]);
    const auto cut_offset = static_cast<std::uint64_t>(block.cut_offsets[i]);
    const auto cut_length = static_cast<std::uint64_t>(block.cut_lengths[i]);
    good &= (offset >= first_byte_) & (offset <= end_) & (length <= end_ - offset) & (length <= kLongest) &
            (cut_offset <= length) & (cut_length <= length - cut_offset);
  }
  if (!good) throw BadContent("has samples of which the format says that they lie outside of the bytes it read");
}

bool ExtentColumns::goes_on(const index::NewExtent& extent, std::uint64_t samples, const Block& block) const {
  if (layout_ != SampleLayout::kRows) return true;
  if (block.base < extent.base) return false;
  const std::uint64_t last = block.base - extent.base + static_cast<std::uint64_t>(block.rows.offset.largest());
  const bool few = samples < kRowsWorthAnExtent && block.labels.size() < kRowsWorthAnExtent;
  return last <= kNarrowOffsets || (few && last <= kWideOffsets);
}

std::vector<index::NewExtent> ExtentColumns::extents(Timestamp timestamp, std::uint64_t first_record) {
  std::vector<index::NewExtent> extents;
  std::vector<std::vector<index::PackedIntegers>> timestamps;  // of each extent
  std::uint64_t samples = 0;                                   // of the last extent
  for (std::vector<Block>& piece : pieces_) {
    for (Block& block : piece) {
      if (extents.empty() || !goes_on(extents.back(), samples, block)) {
        index::NewExtent extent;
        extent.kind = layout_ == SampleLayout::kRows ? ExtentKind::kRows : ExtentKind::kRecords;
        extent.first_record = first_record;
        extent.base = block.base;
        extent.timestamp = timestamp;
        extents.push_back(std::move(extent));
        timestamps.emplace_back();
        samples = 0;
      }
      index::NewExtent& extent = extents.back();
      samples += block.labels.size();
      first_record += block.labels.size();
      extent.labels.push_back(std::move(block.labels));
      if (block.timestamps.size() > 0) timestamps.back().push_back(std::move(block.timestamps));
      if (layout_ != SampleLayout::kRows) continue;
      if (block.base != extent.base) {
        // Offsets that count from the block's own base count from the extent's now.
        block.rows.offset = index::PackedIntegers(
            less(unpacked(block.rows.offset), -static_cast<std::int64_t>(block.base - extent.base)));
      }
      extent.rows.push_back(std::move(block.rows));
    }
  }
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (timestamps[i].empty()) continue;
    const auto earliest = std::ranges::min_element(timestamps[i], {}, &index::PackedIntegers::smallest);
    extents[i].timestamp = earliest->smallest();
    for (const index::PackedIntegers& block : timestamps[i]) {
      extents[i].later.emplace_back(less(unpacked(block), extents[i].timestamp));
    }
  }
  pieces_.clear();
  return extents;
}

std::int64_t ExtentColumns::only_label() const {
  if (pieces_.size() != 1 || pieces_[0].size() != 1 || pieces_[0][0].labels.size() != 1) {
    throw BadContent("has no sample or several, where a file is one sample");
  }
  return pieces_[0][0].labels.smallest();
}

}  // namespace modyn::ingest
