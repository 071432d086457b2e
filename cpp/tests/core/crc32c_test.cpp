#include "core/crc32c.hpp"
#include "core/crc32c_wide.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

namespace modyn::core {
namespace {

using Bytes = std::vector<std::byte>;
using Function = std::uint32_t (*)(std::span<const std::byte>, std::uint32_t);

std::vector<Function> implementations() {
  std::vector<Function> all{&crc32c, &crc32c_table};
  if (crc32c_has_hardware()) all.push_back(&crc32c_hardware);
  return all;
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(generator()); });
  return bytes;
}

// RFC 3720, appendix B.4, and the check value of the Rocksoft model.
TEST(Crc32c, GivesThePublishedValues) {
  Bytes ascending(32);
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<std::byte>(i);
  const Bytes descending(ascending.rbegin(), ascending.rend());
  for (const Function crc : implementations()) {
    EXPECT_EQ(crc({}, 0), 0U);
    EXPECT_EQ(crc(bytes_of("123456789"), 0), 0xE3069283U);
    EXPECT_EQ(crc(Bytes(32, std::byte{0}), 0), 0x8A9136AAU);
    EXPECT_EQ(crc(Bytes(32, std::byte{0xFF}), 0), 0x62A8AB43U);
    EXPECT_EQ(crc(ascending, 0), 0x46DD794EU);
    EXPECT_EQ(crc(descending, 0), 0x113FDB5CU);
  }
}

TEST(Crc32c, IsTheSameByTableAndByHardwareForAnyLengthAndAlignment) {
  if (!crc32c_has_hardware()) GTEST_SKIP() << "this processor has no instruction for it";
  const Bytes bytes = random_bytes(300, 1);
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t length = 0; first + length <= bytes.size(); ++length) {
      const auto part = std::span(bytes).subspan(first, length);
      ASSERT_EQ(crc32c_hardware(part, 0x1234U), crc32c_table(part, 0x1234U)) << first << " " << length;
    }
  }
}

TEST(Crc32c, IsTheSameByWideMultiplicationForAnyLengthAndAlignment) {
  if (!crc32c_has_wide()) GTEST_SKIP() << "this processor has no wide carry-less multiplication";
  const Bytes bytes = random_bytes(2200, 4);
  for (std::size_t first = 0; first < 70; first += 3) {
    for (std::size_t length = 0; first + length <= bytes.size(); length += 1 + length / 50) {
      const auto part = std::span<const std::byte>(bytes).subspan(first, length);
      auto left = part;
      const std::uint32_t done = crc32c_wide(left, 0x1234U);
      ASSERT_LT(left.size(), 512U);
      ASSERT_EQ(crc32c_table(left, done), crc32c_table(part, 0x1234U)) << first << " " << length;
      ASSERT_EQ(crc32c(part, 0x1234U), crc32c_table(part, 0x1234U));
    }
  }
}

TEST(Crc32c, ContinuesFromWhatCameBefore) {
  const Bytes bytes = random_bytes(1000, 2);
  for (const Function crc : implementations()) {
    const std::uint32_t whole = crc(bytes, 0);
    for (std::size_t cut = 0; cut <= bytes.size(); cut += 37) {
      const auto all = std::span<const std::byte>(bytes);
      ASSERT_EQ(crc(all.subspan(cut), crc(all.first(cut), 0)), whole);
    }
  }
}

TEST(Crc32c, OfManyBlocksAtOnceIsThatOfEachBlock) {
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 3 * 4096, 7 * 4096 + 5, 12 * 4096}) {
    const Bytes bytes = random_bytes(size, 3);
    std::vector<std::uint32_t> checksums((size + 4095) / 4096);
    crc32c_blocks(bytes, 4096, checksums);
    for (std::size_t block = 0; block < checksums.size(); ++block) {
      const std::size_t first = block * 4096;
      const auto part = std::span<const std::byte>(bytes).subspan(first, std::min<std::size_t>(4096, size - first));
      ASSERT_EQ(checksums[block], crc32c_table(part, 0)) << size << " " << block;
    }
  }
}

}  // namespace
}  // namespace modyn::core
