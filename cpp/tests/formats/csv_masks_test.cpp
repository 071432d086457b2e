#include "formats/csv_masks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace modyn::formats {
namespace {

std::uint64_t bits_of(std::span<const std::byte> block, auto is_set) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kMaskBytes; ++i) bits |= std::uint64_t{is_set(block[i])} << i;
  return bits;
}

TEST(CsvMasks, FindTheCharactersByBothWays) {
  std::mt19937_64 generator(1);
  constexpr char kInteresting[] = {',', '"', '\n', '\r', '\0', 'a', '\x7F', '\x80', '\xFF', '-'};
  std::vector<std::byte> bytes(64 * kMaskBytes);
  for (std::byte& byte : bytes) {
    byte = generator() % 4 == 0 ? static_cast<std::byte>(generator())
                                : static_cast<std::byte>(kInteresting[generator() % sizeof(kInteresting)]);
  }
  for (const bool has_quote : {true, false}) {
    const CsvCharacters characters{',', '"', has_quote};
    std::vector<CsvMasks> fast(64);
    std::vector<CsvMasks> portable(64);
    find_masks(bytes, characters, fast.data());
    find_masks_portable(bytes, characters, portable.data());
    for (std::size_t i = 0; i < 64; ++i) {
      const auto block = std::span(bytes).subspan(i * kMaskBytes, kMaskBytes);
      const auto equal = [&](char c) {
        return bits_of(block, [c](std::byte b) { return b == static_cast<std::byte>(c); });
      };
      for (const CsvMasks& masks : {fast[i], portable[i]}) {
        EXPECT_EQ(masks.separator, equal(','));
        EXPECT_EQ(masks.quote, has_quote ? equal('"') : 0);
        EXPECT_EQ(masks.line_feed, equal('\n'));
        EXPECT_EQ(masks.carriage_return, equal('\r'));
        EXPECT_EQ(masks.high, bits_of(block, [](std::byte b) { return b >= std::byte{0x80}; }));
      }
    }
  }
}

TEST(CsvMasks, PrefixXorFillsBetweenPairs) {
  EXPECT_EQ(prefix_xor(0), 0U);
  EXPECT_EQ(prefix_xor(0b100100), 0b011100U);
  EXPECT_EQ(prefix_xor(1), ~std::uint64_t{0});
  EXPECT_EQ(prefix_xor(std::uint64_t{1} << 63U), std::uint64_t{1} << 63U);
}

TEST(CsvMasks, CountsACharacterInAnyNumberOfBytes) {
  std::vector<std::byte> bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); i += 3) bytes[i] = std::byte{'"'};
  for (const std::size_t size : {0, 1, 3, 63, 64, 65, 129, 1000}) {
    EXPECT_EQ(count_of(std::span(bytes).first(size), '"'), (size + 2) / 3) << size;
  }
}

}  // namespace
}  // namespace modyn::formats
