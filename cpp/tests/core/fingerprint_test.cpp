#include "core/fingerprint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <vector>

#include "support/temporary_folder.hpp"

namespace modyn::core {
namespace {

using testing::TemporaryFolder;
using testing::write_bytes;
using Bytes = std::vector<std::byte>;

std::uint64_t xxh64_of(std::string_view text, std::uint64_t seed = 0) {
  return xxh64(std::as_bytes(std::span(text)), seed);
}

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 generator(size);
  Bytes bytes(size);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(generator()); });
  return bytes;
}

class FingerprintTest : public ::testing::Test {
 protected:
  std::optional<std::uint64_t> of(std::span<const std::byte> bytes, std::uint64_t length) {
    const auto path = folder_.path() / "file";
    write_bytes(path, bytes);
    return fingerprint(open_for_reading(path), length, path);
  }

 private:
  TemporaryFolder folder_;
};

TEST(Xxh64, GivesThePublishedValues) {
  EXPECT_EQ(xxh64_of(""), 0xEF46DB3751D8E999U);
  EXPECT_EQ(xxh64_of("a"), 0xD24EC4F1A98C6E5BU);
  EXPECT_EQ(xxh64_of("abc"), 0x44BC2CF5AD770999U);
  EXPECT_EQ(xxh64_of("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1U);
}

TEST(Xxh64, DependsOnTheSeed) { EXPECT_NE(xxh64_of("abc", 1), xxh64_of("abc", 2)); }

TEST_F(FingerprintTest, OfAPrefixIsNotChangedByAppending) {
  for (const std::size_t length : {0, 1, 31, 32768, 32769, 1'000'000}) {
    Bytes bytes = random_bytes(length);
    const auto before = of(bytes, length);
    bytes.insert(bytes.end(), 500, std::byte{7});
    ASSERT_TRUE(before);
    EXPECT_EQ(of(bytes, length), before) << length;
  }
}

TEST_F(FingerprintTest, OfAShortFileSeesEveryByte) {
  Bytes bytes = random_bytes(700);
  const auto before = of(bytes, bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += 13) {
    bytes[at] ^= std::byte{1};
    EXPECT_NE(of(bytes, bytes.size()), before) << at;
    bytes[at] ^= std::byte{1};
  }
}

TEST_F(FingerprintTest, OfALongFileSeesBothEndsAndTheSampledBlocks) {
  Bytes bytes = random_bytes(1'000'000);
  const std::uint64_t last = bytes.size() - 4096;
  const auto before = of(bytes, bytes.size());
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{4095}, last / 7 * 3, last, bytes.size() - 1}) {
    bytes[at] ^= std::byte{0x80};
    EXPECT_NE(of(bytes, bytes.size()), before) << at;
    bytes[at] ^= std::byte{0x80};
  }
}

TEST_F(FingerprintTest, DependsOnTheLength) {
  const Bytes zeros(100'000, std::byte{0});
  EXPECT_NE(of(zeros, 99'999), of(zeros, 100'000));
}

TEST_F(FingerprintTest, OfAFileThatIsTooShortIsNothing) {
  EXPECT_FALSE(of(random_bytes(99), 100));
  EXPECT_FALSE(of(random_bytes(99'999), 100'000));
}

}  // namespace
}  // namespace modyn::core
