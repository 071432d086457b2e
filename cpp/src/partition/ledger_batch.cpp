#include "partition/ledger_batch.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "partition/ledger_columns.hpp"

namespace modyn::partition {

void BatchFrames::clear() {
  buffer_.clear();
  starts_.clear();
  content_ = 0;
  samples_ = 0;
}

void BatchFrames::begin_frame() {
  starts_.push_back(buffer_.size());
  buffer_.resize(buffer_.size() + sizeof(FrameHeader));
}

void BatchFrames::end_frame(FrameHeader header) {
  const auto payload = std::span<const std::byte>(buffer_).subspan(starts_.back() + sizeof(FrameHeader));
  header.payload_bytes = payload.size();
  header.payload_checksum = core::crc32c(payload);
  content_ = content_of_batch(header, content_);
  samples_ += header.samples;
  std::memcpy(buffer_.data() + starts_.back(), &header, sizeof(header));
}

void BatchFrames::set_samples(std::uint32_t trigger, std::uint64_t batch, std::span<const Key> keys,
                              std::span<const Timestamp> timestamps, std::span<const std::int64_t> labels) {
  clear();
  const std::uint64_t parts = std::max<std::uint64_t>(1, (keys.size() + kMaxFrameSamples - 1) / kMaxFrameSamples);
  for (std::uint64_t part = 0; part < parts; ++part) {
    const std::size_t first = part * kMaxFrameSamples;
    const std::size_t count = std::min<std::size_t>(kMaxFrameSamples, keys.size() - first);
    FrameHeader header{.kind = kSamplesFrame,
                       .trigger = trigger,
                       .part = static_cast<std::uint32_t>(part),
                       .parts = static_cast<std::uint32_t>(parts),
                       .samples = count,
                       .batch = batch};
    begin_frame();
    const std::span<const std::int64_t> columns[kLedgerColumns] = {
        keys.subspan(first, count), timestamps.subspan(first, count), labels.subspan(first, count)};
    for (std::size_t column = 0; column < kLedgerColumns; ++column) {
      const ColumnCode code = code_for(columns[column]);
      header.width[column] = code.width;
      header.base[column] = code.base;
      encode_column(columns[column], code, buffer_);
    }
    end_frame(header);
  }
}

void BatchFrames::set_ranges(std::uint32_t trigger, std::uint64_t batch, std::int64_t view,
                             std::span<const Range> ranges) {
  clear();
  FrameHeader header{.kind = kRangesFrame, .trigger = trigger, .batch = batch};
  header.base[0] = view;
  begin_frame();
  for (const Range& range : ranges) header.samples += range.count;
  const auto bytes = std::as_bytes(ranges);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  end_frame(header);
}

void BatchFrames::set_trigger_end(std::uint32_t trigger) {
  clear();
  begin_frame();
  end_frame({.kind = kTriggerEndFrame, .trigger = trigger});
}

std::span<const std::byte> BatchFrames::link(const FrameDirectory& directory) {
  std::uint64_t number = directory.frames().size();
  std::uint32_t previous = directory.last_checksum();
  for (const std::size_t start : starts_) {
    FrameHeader header = frame_header_at(buffer_, start);
    header.number = number++;
    header.previous = previous;
    header.checksum = previous = checksum_of(header);
    std::memcpy(buffer_.data() + start, &header, sizeof(header));
  }
  return buffer_;
}

void BatchFrames::enter(FrameDirectory& directory) const {
  for (const std::size_t start : starts_) {
    if (const auto problem = directory.add(std::span(buffer_).subspan(start))) throw std::logic_error(*problem);
  }
}

}  // namespace modyn::partition
