#include "push/log_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

#include "core/crc32c.hpp"
#include "core/message.hpp"

namespace modyn::push {
namespace {

// A log grows in steps of zeros, so that most flushes change neither its length nor its blocks, and the file
// system has nothing to journal (a third of the time on fast disks). fallocate alone would not do: blocks
// that are reserved but not written have to be journalled when they are.
constexpr std::uint64_t kSmallestStep = std::uint64_t{256} << 10U;
constexpr std::uint64_t kLargestStep = std::uint64_t{4} << 20U;
// A frame of this size takes longer to write than its journal entry.
constexpr std::uint64_t kLargeFrame = std::uint64_t{1} << 19U;

#if defined(IOV_MAX)
constexpr std::size_t kMaxPieces = IOV_MAX;
#else
constexpr std::size_t kMaxPieces = 1024;
#endif

void sync_data(const OpenLog& log) {
#if defined(__linux__)
  if (::fdatasync(log.file.number()) != 0) core::throw_system_error("write to disk", log.path, errno);
#else
  core::sync_file(log.file, log.path);
#endif
}

iovec piece_of(std::span<const std::byte> bytes) { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

void write_pieces(const OpenLog& log, std::uint64_t offset, std::span<iovec> pieces) {
  while (!pieces.empty()) {
    const int count = static_cast<int>(std::min(pieces.size(), kMaxPieces));
    const ssize_t written = ::pwritev(log.file.number(), pieces.data(), count, static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      core::throw_system_error("append to", log.path, errno);
    }
    offset += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (!pieces.empty() && left >= pieces.front().iov_len) {
      left -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (left > 0) {
      pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + left;
      pieces.front().iov_len -= left;
    }
  }
}

// Appends zeros behind `end`, where the file ends. A full disk is no reason to fail: the frame is there.
void reserve(const OpenLog& log, std::uint64_t end) {
  static constexpr std::array<std::byte, 1U << 16U> kZeros{};
  const std::uint64_t target = end + std::clamp(end / 4, kSmallestStep, kLargestStep);
  for (std::uint64_t offset = end; offset < target;) {
    const ssize_t written = ::pwrite(log.file.number(), kZeros.data(), std::min(kZeros.size(), target - offset),
                                     static_cast<off_t>(offset));
    if (written <= 0) {
      if (written < 0 && errno == EINTR) continue;
      if (::ftruncate(log.file.number(), static_cast<off_t>(end)) != 0) {
        core::throw_system_error("cut off the end of", log.path, errno);
      }
      return;
    }
    offset += static_cast<std::uint64_t>(written);
  }
}

template <typename T>
std::byte* put(std::byte* at, std::span<const T> values) {
  if (!values.empty()) std::memcpy(at, values.data(), values.size_bytes());
  return at + values.size_bytes();
}

}  // namespace

FrameHeader LogWriter::compose_head(const OpenLog& log, const LogEnd& end, std::span<const BatchContent> batches) {
  FrameHeader header;
  header.identity = log.header.identity;
  header.offset = end.offset;
  header.batches = batches.size();
  header.sample_size = log.header.sample_size;
  header.first_batch = end.batches;
  header.first_sample = end.samples;
  for (const BatchContent& batch : batches) {
    header.samples += batch.labels.size();
    header.data_bytes += batch.data.size();
  }
  const FrameParts parts = parts_of(header);
  header.bytes = parts.bytes;
  head_.assign(parts.data / sizeof(std::uint64_t), 0);
  std::byte* const start = std::as_writable_bytes(std::span(head_)).data();

  std::byte* entry = start + sizeof(FrameHeader);
  std::byte* label = start + parts.labels;
  std::byte* timestamp = start + parts.timestamps;
  std::byte* length = start + parts.lengths;
  for (const BatchContent& batch : batches) {
    entry = put(entry, std::span(&batch.entry, 1));
    label = put(label, batch.labels);
    timestamp = put(timestamp, batch.timestamps);
    if (batch.timestamps.empty()) {
      for (std::size_t i = 0; i < batch.labels.size(); ++i) timestamp = put(timestamp, std::span(&batch.timestamp, 1));
    }
    for (const std::uint64_t bytes : batch.lengths) {
      const auto narrow = static_cast<std::uint32_t>(bytes);
      length = put(length, std::span<const std::uint32_t>(&narrow, 1));
    }
  }
  header.batches_checksum = core::crc32c({start + sizeof(FrameHeader), start + parts.labels});
  header.checksum = checksum_of(header);
  put(start, std::span<const FrameHeader>(&header, 1));
  return header;
}

LogEnd LogWriter::write(const OpenLog& log, const LogEnd& end, std::span<const BatchContent> batches) {
  const FrameHeader header = compose_head(log, end, batches);
  const auto head = std::as_bytes(std::span(head_));
  std::vector<iovec> pieces{piece_of(head)};
  std::uint32_t checksum = core::crc32c(head);
  for (const BatchContent& batch : batches) {
    if (batch.data.empty()) continue;
    pieces.push_back(piece_of(batch.data));
    checksum = core::crc32c(batch.data, checksum);
  }
  std::array<std::byte, kFrameAlignment + sizeof(FrameTrailer)> end_bytes{};
  const auto tail = std::span(end_bytes).first(header.bytes - head.size() - header.data_bytes);
  FrameTrailer trailer;
  const auto place = tail.last<sizeof(trailer)>();
  std::memcpy(place.data(), &trailer.magic, sizeof(trailer.magic));
  trailer.checksum = core::crc32c(tail.first(tail.size() - sizeof(trailer.checksum)), checksum);
  std::memcpy(place.data(), &trailer, sizeof(trailer));
  pieces.push_back(piece_of(tail));

  const std::uint64_t size = core::file_status(log.file, log.path).size;
  const LogEnd after{end.log, end.offset + header.bytes, end.batches + header.batches, end.samples + header.samples};
  write_pieces(log, end.offset, pieces);
  if (after.offset > size && header.bytes < kLargeFrame) reserve(log, after.offset);
  sync_data(log);
  return after;
}

}  // namespace modyn::push
