// Finds the characters that give a CSV file its structure, 64 bytes at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modyn::formats {

inline constexpr std::size_t kMaskBytes = 64;

// Bit i says whether byte i of 64 is the character.
struct CsvMasks {
  std::uint64_t separator;
  std::uint64_t quote;
  std::uint64_t line_feed;
  std::uint64_t carriage_return;
  std::uint64_t high;  // bytes from 0x80 on
};

struct CsvCharacters {
  char separator = ',';
  char quote = '"';  // never found if has_quote is false
  bool has_quote = true;
};

// One element of `out` for each 64 bytes; `bytes` must be a multiple of 64 bytes.
void find_masks(std::span<const std::byte> bytes, const CsvCharacters& characters, CsvMasks* out);
// The same in plain C++, for machines without the vector instructions and as the reference of tests.
void find_masks_portable(std::span<const std::byte> bytes, const CsvCharacters& characters, CsvMasks* out);

// Bit i is the xor of bits 0 to i: set from an odd set bit up to before the next one.
[[nodiscard]] constexpr std::uint64_t prefix_xor(std::uint64_t bits) noexcept {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// The number of bytes that are `character`.
[[nodiscard]] std::uint64_t count_of(std::span<const std::byte> bytes, char character);

}  // namespace modyn::formats
