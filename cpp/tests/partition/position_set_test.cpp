#include "partition/position_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace modyn::partition {
namespace {

// Blocks in which a share of the positions is chosen: empty, few, many and full ones beside each other.
TEST(PositionSet, GivesTheChosenPositionsInAnyPiece) {
  std::mt19937_64 generator(1);
  PositionSet set;
  std::vector<std::uint64_t> expected;
  std::uint64_t first = 0;
  for (const double share : {0.0, 0.001, 0.05, 0.5, 1.0, 0.0, 0.99, 1.0, 0.3}) {
    const std::size_t positions = share == 0.3 ? 1000 : PositionSet::kBlock;  // the last block is short
    std::vector<std::uint16_t> offsets;
    std::bernoulli_distribution is_chosen(share);
    for (std::size_t i = 0; i < positions; ++i) {
      if (!is_chosen(generator)) continue;
      offsets.push_back(static_cast<std::uint16_t>(i));
      expected.push_back(first + i);
    }
    set.append_block(offsets, positions);
    first += positions;
  }
  ASSERT_EQ(set.size(), expected.size());
  std::vector<std::uint64_t> found(expected.size());
  set.read(0, found);
  EXPECT_EQ(found, expected);
  std::uniform_int_distribution<std::size_t> any(0, expected.size() - 1);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t at = any(generator);
    ASSERT_EQ(set[at], expected[at]);
    const std::size_t count = std::min<std::size_t>(expected.size() - at, 1 + at % 300);
    std::vector<std::uint64_t> piece(count);
    set.read(at, piece);
    ASSERT_TRUE(std::equal(piece.begin(), piece.end(), expected.begin() + static_cast<long>(at)));
  }
}

TEST(PositionSet, MayBeEmpty) {
  PositionSet set;
  EXPECT_EQ(set.size(), 0U);
  set.append_block({}, PositionSet::kBlock);
  EXPECT_EQ(set.size(), 0U);
  set.read(0, {});
}

}  // namespace
}  // namespace modyn::partition
