#include "push/frame.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "core/crc32c.hpp"
#include "modyn/error.hpp"

namespace modyn::push {
namespace {

// A copy: headers may lie anywhere.
template <typename Header>
std::optional<Header> copy_of(std::span<const std::byte> bytes) {
  Header header;
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

template <typename T>
std::span<const T> column(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t count) {
  return {reinterpret_cast<const T*>(bytes.data() + offset), count};
}

bool sizes_agree(const FrameHeader& header) {
  if (header.batches > kMaxFrameBatches || header.samples > kMaxFrameSamples || header.data_bytes > kMaxFrameData ||
      header.sample_size > kMaxSampleBytes) {
    return false;
  }
  if (header.bytes != parts_of(header).bytes) return false;
  if (header.sample_size == 0) return true;
  return header.data_bytes / header.sample_size == header.samples && header.data_bytes % header.sample_size == 0;
}

// Whether the columns add up to what the header says.
bool columns_agree(const Frame& frame, const FrameHeader& header) {
  std::uint64_t samples = 0;
  for (const BatchEntry& batch : frame.batches) {
    if (batch.samples > header.samples - samples) return false;
    samples += batch.samples;
  }
  if (samples != header.samples) return false;
  if (header.sample_size != 0) return true;
  return std::accumulate(frame.lengths.begin(), frame.lengths.end(), std::uint64_t{0}) == header.data_bytes;
}

}  // namespace

std::optional<LogHeader> read_log_header(std::span<const std::byte> bytes) {
  const auto header = copy_of<LogHeader>(bytes);
  if (!header || header->magic != kLogMagic || header->checksum != checksum_of(*header)) return std::nullopt;
  return header->version == kLogVersion ? header : std::nullopt;
}

std::optional<FrameHeader> read_frame_header(std::span<const std::byte> bytes, const LogHeader& log,
                                             std::uint64_t offset) {
  const auto header = copy_of<FrameHeader>(bytes);
  if (!header || header->magic != kFrameMagic || header->checksum != checksum_of(*header)) return std::nullopt;
  if (header->version != kLogVersion || header->identity != log.identity || header->offset != offset ||
      header->sample_size != log.sample_size || !sizes_agree(*header)) {
    return std::nullopt;
  }
  return header;
}

std::optional<Frame> read_frame(std::span<const std::byte> bytes, const LogHeader& log, std::uint64_t offset) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) != 0) {
    throw Error(ErrorKind::kInvalidArgument, "frames are read from bytes that lie at a multiple of 8");
  }
  const auto header = read_frame_header(bytes, log, offset);
  if (!header || header->bytes > bytes.size()) return std::nullopt;
  bytes = bytes.first(header->bytes);
  FrameTrailer trailer;
  std::memcpy(&trailer, bytes.last<sizeof(trailer)>().data(), sizeof(trailer));
  if (trailer.magic != kTrailerMagic ||
      trailer.checksum != core::crc32c(bytes.first(bytes.size() - sizeof(trailer.checksum)))) {
    return std::nullopt;
  }
  const FrameParts parts = parts_of(*header);
  Frame frame;
  frame.offset = offset;
  frame.end = offset + header->bytes;
  frame.data_offset = offset + parts.data;
  frame.sample_size = header->sample_size;
  frame.first_batch = header->first_batch;
  frame.first_sample = header->first_sample;
  frame.batches = column<BatchEntry>(bytes, sizeof(FrameHeader), header->batches);
  frame.labels = column<std::int64_t>(bytes, parts.labels, header->samples);
  frame.timestamps = column<Timestamp>(bytes, parts.timestamps, header->samples);
  if (header->sample_size == 0) frame.lengths = column<std::uint32_t>(bytes, parts.lengths, header->samples);
  frame.data = bytes.subspan(parts.data, header->data_bytes);
  return columns_agree(frame, *header) ? std::optional(frame) : std::nullopt;
}

std::vector<Frame> read_frames(std::span<const std::byte> bytes, const LogHeader& log, std::uint64_t offset) {
  std::vector<Frame> frames;
  while (const auto frame = read_frame(bytes, log, offset)) {
    frames.push_back(*frame);
    bytes = bytes.subspan(frame->end - offset);
    offset = frame->end;
  }
  return frames;
}

}  // namespace modyn::push
