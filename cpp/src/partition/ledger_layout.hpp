// The bytes of a ledger file. docs/formats.md describes them; change both together.
//
//   file header | zeros | mark 0 | zeros | mark 1 | zeros | frames, each at a multiple of 8 bytes
//
// The marks say how much of the file is durable. A sync flushes the frames, then writes the next mark to
// the older one's place and flushes again: so a mark never promises what a disk may have lost, and there is
// a valid one at any moment.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/crc32c.hpp"

namespace modyn::partition {

static_assert(std::endian::native == std::endian::little, "files are little-endian and read as they lie in memory");

inline constexpr std::uint32_t kLedgerVersion = 1;
inline constexpr std::uint64_t kFirstFrame = 4096;
inline constexpr std::array<std::uint64_t, 2> kMarkOffsets{512, 1024};  // sectors of their own: written in one piece
inline constexpr std::array<char, 8> kLedgerMagic{'\x89', 'M', 'O', 'D', 'L', 'E', 'D', '\n'};
inline constexpr std::uint32_t kFrameMagic = 0x454D5246;  // "FRME"
// Samples of a frame with columns: one frame is what is checked when one sample is read.
inline constexpr std::uint64_t kMaxFrameSamples = 65'536;

struct LedgerHeader {
  std::array<char, 8> magic = kLedgerMagic;
  std::uint32_t version = kLedgerVersion;
  std::uint32_t checksum = 0;  // of the bytes before it
};
static_assert(sizeof(LedgerHeader) == 16);

// What is durable.
struct LedgerMark {
  std::uint64_t generation = 0;  // from 1; in place generation % 2
  std::uint64_t length = 0;      // of the file
  std::uint64_t frames = 0;
  std::uint64_t samples = 0;
  std::uint32_t last_frame = 0;  // checksum of the last frame's header, or of the file's without frames
  std::uint32_t checksum = 0;    // of the bytes before it
};
static_assert(sizeof(LedgerMark) == 40);

enum FrameKind : std::uint8_t {
  kSamplesFrame = 1,     // columns keys, timestamps, labels, each padded to 8 bytes
  kRangesFrame = 2,      // pairs of uint64: first position, count
  kTriggerEndFrame = 3,  // no payload
};

// How a column is stored: the difference of each value from the frame's base, in so many bytes.
enum ColumnWidth : std::uint8_t {
  kConstant = 0,     // no bytes: all are the base
  kConsecutive = 1,  // no bytes: base, base + 1, ...
  kOneByte = 2,
  kTwoBytes = 3,
  kFourBytes = 4,
  kEightBytes = 5,
};

enum LedgerColumn : std::size_t { kKeyColumn = 0, kTimestampColumn = 1, kLabelColumn = 2, kLedgerColumns = 3 };

struct FrameHeader {
  std::uint32_t magic = kFrameMagic;
  std::uint8_t kind = 0;
  std::array<std::uint8_t, kLedgerColumns> width{};
  std::uint64_t number = 0;    // of the frame, from 0
  std::uint32_t trigger = 0;   // that it belongs to
  std::uint32_t part = 0;      // of its batch, from 0
  std::uint32_t parts = 1;     // frames of its batch
  std::uint32_t previous = 0;  // checksum of the header before it (the file's for the first)
  std::uint64_t samples = 0;
  std::uint64_t batch = 0;                          // the caller's number for it
  std::array<std::int64_t, kLedgerColumns> base{};  // ranges: base[0] is the fingerprint of the view
  std::uint64_t payload_bytes = 0;                  // a multiple of 8
  std::uint32_t payload_checksum = 0;
  std::uint32_t checksum = 0;  // of the bytes before it in the header
};
static_assert(sizeof(FrameHeader) == 88);
static_assert(std::has_unique_object_representations_v<FrameHeader> && std::is_trivially_copyable_v<FrameHeader>);

// Of a structure whose last field is its checksum.
template <typename Structure>
[[nodiscard]] std::uint32_t checksum_of(const Structure& structure) noexcept {
  static_assert(offsetof(Structure, checksum) + sizeof(std::uint32_t) == sizeof(Structure));
  return core::crc32c(std::as_bytes(std::span(&structure, 1)).first(offsetof(Structure, checksum)));
}

}  // namespace modyn::partition
