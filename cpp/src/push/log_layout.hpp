// The bytes of an append log, as docs/formats.md describes them.
//
//   log header | frame | frame | ... | nothing, or zeros
//
//   frame: header | batches | labels | timestamps | lengths (unless all have one size) | zeros to a
//          multiple of 8 | sample bytes | zeros | checksum; its length is a multiple of 64
//
// A frame is what one flush to disk made durable, so it is whole or it does not count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/column_file_layout.hpp"

namespace modyn::push {

inline constexpr std::uint32_t kLogVersion = 1;
inline constexpr std::uint64_t kFrameAlignment = 64;
inline constexpr std::array<char, 8> kLogMagic{'\x89', 'M', 'O', 'D', 'P', 'S', 'H', '\n'};
inline constexpr std::array<char, 8> kFrameMagic{'\x89', 'F', 'R', 'A', 'M', 'E', '\r', '\n'};
inline constexpr std::uint32_t kTrailerMagic = 0x646E6521;  // "!end"
// A CRC over bytes that end with their own CRC is the same for all of them. So that the checksum of a frame stands
// for its header too, that of the header is stored rotated left by 15 bits, plus this.
inline constexpr std::uint32_t kChecksumMask = 0x9E3779B9;
// No sum or product of a frame's sizes overflows below these.
inline constexpr std::uint64_t kMaxFrameBatches = std::uint64_t{1} << 32U;
inline constexpr std::uint64_t kMaxFrameSamples = std::uint64_t{1} << 40U;
inline constexpr std::uint64_t kMaxFrameData = std::uint64_t{1} << 48U;
inline constexpr std::uint64_t kMaxSampleBytes = std::numeric_limits<std::uint32_t>::max();

struct LogHeader {
  std::array<char, 8> magic = kLogMagic;
  std::uint32_t version = kLogVersion;
  std::uint32_t reserved = 0;
  std::uint64_t identity = 0;      // random: its frames carry it
  std::uint64_t number = 0;        // the same as in the file's name
  std::uint64_t sample_size = 0;   // 0: each sample has a length of its own
  std::uint64_t previous_end = 0;  // where the log before this one ends; 0 for the first
  std::uint64_t first_batch = 0;   // batches of the dataset before this log
  std::uint64_t first_sample = 0;  // samples likewise
  std::array<std::uint64_t, 7> zeros{};
  std::uint32_t zero = 0;
  std::uint32_t checksum = 0;  // CRC-32C of the bytes before it in the header
};
static_assert(sizeof(LogHeader) == 128 && sizeof(LogHeader) % kFrameAlignment == 0);

struct FrameHeader {
  std::array<char, 8> magic = kFrameMagic;
  std::uint32_t version = kLogVersion;
  std::uint32_t reserved = 0;
  std::uint64_t identity = 0;  // of the log
  std::uint64_t offset = 0;    // of this frame in the log: no copy of a frame elsewhere is taken for one
  std::uint64_t bytes = 0;     // of the whole frame
  std::uint64_t batches = 0;
  std::uint64_t samples = 0;
  std::uint64_t data_bytes = 0;    // of the samples
  std::uint64_t sample_size = 0;   // 0: there is a column of lengths
  std::uint64_t first_batch = 0;   // batches of the dataset before this frame
  std::uint64_t first_sample = 0;  // samples likewise
  std::array<std::uint64_t, 4> zeros{};
  std::uint32_t batches_checksum = 0;  // CRC-32C of the batches alone: they are read without the samples
  std::uint32_t checksum = 0;          // CRC-32C of the bytes before it in the header, masked
};
static_assert(sizeof(FrameHeader) == 128);

struct BatchEntry {
  std::uint64_t id_high = 0;  // hash of the batch id
  std::uint64_t id_low = 0;
  std::uint64_t digest = 0;  // of the batch's content
  std::uint64_t samples = 0;
};
static_assert(sizeof(BatchEntry) == 32);

struct FrameTrailer {
  std::uint32_t magic = kTrailerMagic;
  std::uint32_t checksum = 0;  // CRC-32C of the frame's bytes before it
};
static_assert(sizeof(FrameTrailer) == 8);

[[nodiscard]] constexpr std::uint64_t rounded_up(std::uint64_t bytes, std::uint64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// Where the parts of a frame begin, counted from its first byte.
struct FrameParts {
  std::uint64_t labels;
  std::uint64_t timestamps;
  std::uint64_t lengths;
  std::uint64_t data;
  std::uint64_t bytes;  // of the whole frame
};
// `header` keeps to the limits above.
[[nodiscard]] constexpr FrameParts parts_of(const FrameHeader& header) {
  FrameParts parts{};
  parts.labels = sizeof(FrameHeader) + header.batches * sizeof(BatchEntry);
  parts.timestamps = parts.labels + header.samples * sizeof(std::int64_t);
  parts.lengths = parts.timestamps + header.samples * sizeof(std::int64_t);
  const std::uint64_t lengths = header.sample_size == 0 ? header.samples * sizeof(std::uint32_t) : 0;
  parts.data = rounded_up(parts.lengths + lengths, sizeof(std::uint64_t));
  parts.bytes = rounded_up(parts.data + header.data_bytes + sizeof(FrameTrailer), kFrameAlignment);
  return parts;
}

// As they are stored: of all bytes before.
[[nodiscard]] std::uint32_t checksum_of(const LogHeader& header) noexcept;
[[nodiscard]] std::uint32_t checksum_of(const FrameHeader& header) noexcept;

}  // namespace modyn::push
