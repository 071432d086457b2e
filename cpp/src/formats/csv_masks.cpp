#include "formats/csv_masks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace modyn::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "byte i of a word is its bits from 8 * i on");

constexpr std::uint64_t repeated(char character) noexcept {
  return 0x0101010101010101U * static_cast<unsigned char>(character);
}

// The highest bits of 8 bytes as 8 bits.
constexpr std::uint64_t high_bits(std::uint64_t word) noexcept {
  return ((word & 0x8080808080808080U) * 0x0002040810204081U) >> 56U;
}

// Bit i says whether byte i of the word is zero; exact for every byte.
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7FU;
  return high_bits(~(((word & kLow) + kLow) | word | kLow));
}

}  // namespace

void find_masks_portable(std::span<const std::byte> bytes, const CsvCharacters& characters, CsvMasks* out) {
  const std::uint64_t separator = repeated(characters.separator);
  const std::uint64_t quote = repeated(characters.quote);
  for (; !bytes.empty(); bytes = bytes.subspan(kMaskBytes), ++out) {
    CsvMasks masks{};
    for (unsigned word_number = 0; word_number < 8; ++word_number) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + std::size_t{8} * word_number, 8);
      const unsigned shift = 8 * word_number;
      masks.separator |= zero_bytes(word ^ separator) << shift;
      masks.quote |= zero_bytes(word ^ quote) << shift;
      masks.line_feed |= zero_bytes(word ^ repeated('\n')) << shift;
      masks.carriage_return |= zero_bytes(word ^ repeated('\r')) << shift;
      masks.high |= high_bits(word) << shift;
    }
    if (!characters.has_quote) masks.quote = 0;
    *out = masks;
  }
}

#if defined(__x86_64__)
namespace {

struct Avx2Half {
  __m256i low;
  __m256i high;
};

__attribute__((target("avx2"))) inline std::uint64_t bits_of(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         (std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32U);
}

__attribute__((target("avx2"))) inline std::uint64_t equal_bits(const Avx2Half& bytes, __m256i character) {
  return bits_of(_mm256_cmpeq_epi8(bytes.low, character), _mm256_cmpeq_epi8(bytes.high, character));
}

__attribute__((target("avx2"))) void find_masks_avx2(std::span<const std::byte> bytes, const CsvCharacters& characters,
                                                     CsvMasks* out) {
  const __m256i separator = _mm256_set1_epi8(characters.separator);
  const __m256i quote = _mm256_set1_epi8(characters.quote);
  const __m256i line_feed = _mm256_set1_epi8('\n');
  const __m256i carriage_return = _mm256_set1_epi8('\r');
  const std::uint64_t quotes = characters.has_quote ? ~std::uint64_t{0} : 0;
  for (const std::byte* at = bytes.data(); at != bytes.data() + bytes.size(); at += kMaskBytes, ++out) {
    const auto* const vectors = reinterpret_cast<const __m256i*>(at);
    const Avx2Half both{_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors + 1)};
    out->separator = equal_bits(both, separator);
    out->quote = equal_bits(both, quote) & quotes;
    out->line_feed = equal_bits(both, line_feed);
    out->carriage_return = equal_bits(both, carriage_return);
    out->high = bits_of(both.low, both.high);
  }
}

__attribute__((target("avx2,popcnt"))) std::uint64_t count_avx2(std::span<const std::byte> bytes, char character) {
  const __m256i wanted = _mm256_set1_epi8(character);
  std::uint64_t found = 0;
  for (const std::byte* at = bytes.data(); at != bytes.data() + bytes.size(); at += kMaskBytes) {
    const auto* const vectors = reinterpret_cast<const __m256i*>(at);
    const Avx2Half both{_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors + 1)};
    found += static_cast<std::uint64_t>(__builtin_popcountll(equal_bits(both, wanted)));
  }
  return found;
}

bool has_avx2() noexcept {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

}  // namespace
#endif

void find_masks(std::span<const std::byte> bytes, const CsvCharacters& characters, CsvMasks* out) {
#if defined(__x86_64__)
  if (has_avx2()) return find_masks_avx2(bytes, characters, out);
#endif
  find_masks_portable(bytes, characters, out);
}

std::uint64_t count_of(std::span<const std::byte> bytes, char character) {
  std::uint64_t found = 0;
#if defined(__x86_64__)
  if (has_avx2()) {
    const std::size_t whole = bytes.size() / kMaskBytes * kMaskBytes;
    found = count_avx2(bytes.first(whole), character);
    bytes = bytes.subspan(whole);
  }
#endif
  return found + static_cast<std::uint64_t>(std::ranges::count(bytes, static_cast<std::byte>(character)));
}

}  // namespace modyn::formats
