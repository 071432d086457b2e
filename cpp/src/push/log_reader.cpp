#include "push/log_reader.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/crc32c.hpp"

namespace modyn::push {

LogReader::LogReader(const core::Descriptor& file, std::filesystem::path path, const LogHeader& log,
                     std::uint64_t offset)
    : file_(file), path_(std::move(path)), log_(log), offset_(std::max<std::uint64_t>(offset, sizeof(LogHeader))) {}

std::optional<FrameHeader> LogReader::read_header() const {
  FrameHeader header;
  const auto bytes = std::as_writable_bytes(std::span(&header, 1));
  if (core::read_at(file_, offset_, bytes, path_) < bytes.size()) return std::nullopt;
  return read_frame_header(bytes, log_, offset_);
}

bool LogReader::load(std::uint64_t bytes) {
  // A valid header may still promise more than there is; do not reserve memory for a promise.
  if (core::file_status(file_, path_).size < offset_ + bytes) return false;
  buffer_.resize(rounded_up(bytes, sizeof(std::uint64_t)) / sizeof(std::uint64_t));
  return core::read_at(file_, offset_, std::as_writable_bytes(std::span(buffer_)).first(bytes), path_) == bytes;
}

std::span<const std::byte> LogReader::loaded(std::uint64_t bytes) const {
  return std::as_bytes(std::span(buffer_)).first(bytes);
}

std::optional<Frame> LogReader::next() {
  const auto header = read_header();
  if (!header || !load(header->bytes)) return std::nullopt;
  auto frame = read_frame(loaded(header->bytes), log_, offset_);
  if (frame) offset_ = frame->end;
  return frame;
}

std::optional<Frame> LogReader::next_batches() {
  const auto header = read_header();
  if (!header || !load(sizeof(FrameHeader) + header->batches * sizeof(BatchEntry))) return std::nullopt;
  const auto bytes = loaded(sizeof(FrameHeader) + header->batches * sizeof(BatchEntry)).subspan(sizeof(FrameHeader));
  if (core::crc32c(bytes) != header->batches_checksum) return std::nullopt;
  Frame frame;
  frame.offset = offset_;
  frame.end = offset_ + header->bytes;
  frame.data_offset = offset_ + parts_of(*header).data;
  frame.sample_size = header->sample_size;
  frame.first_batch = header->first_batch;
  frame.first_sample = header->first_sample;
  frame.batches = {reinterpret_cast<const BatchEntry*>(bytes.data()), header->batches};
  offset_ = frame.end;
  return frame;
}

}  // namespace modyn::push
