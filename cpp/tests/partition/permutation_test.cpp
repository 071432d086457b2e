#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "modyn/partition.hpp"

namespace modyn {
namespace {

Address epoch(std::uint64_t index, std::uint64_t seed = 42) {
  return {.seed = seed, .trigger = 0, .purpose = Purpose::kShuffle, .index = index};
}

std::vector<std::uint64_t> images(const Permutation& permutation, std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> out(count);
  permutation.apply(first, out);
  return out;
}

class PermutationOfSize : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PermutationOfSize, IsABijection) {
  const std::uint64_t size = GetParam();
  for (std::uint64_t index = 0; index < 3; ++index) {
    auto all = images(Permutation(epoch(index), size), 0, size);
    std::ranges::sort(all);
    std::vector<std::uint64_t> expected(size);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected);
  }
}

TEST_P(PermutationOfSize, AnyPartCanBeComputedAlone) {
  const std::uint64_t size = GetParam();
  const Permutation permutation(epoch(1), size);
  const auto all = images(permutation, 0, size);
  for (std::uint64_t part = 0; part < 7; ++part) {
    const Range slice = share(size, part, 7);
    const auto alone = images(permutation, slice.first, slice.count);
    EXPECT_TRUE(std::ranges::equal(
        alone, std::span(all).subspan(static_cast<std::size_t>(slice.first), static_cast<std::size_t>(slice.count))));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, PermutationOfSize,
                         testing::Values(0, 1, 2, 3, 5, 15, 16, 17, 255, 256, 257, 511, 512, 513, 4095, 4097, 65537,
                                         100003));

TEST(Permutation, BeyondTheEndIsRefused) {
  const Permutation permutation(epoch(0), 10);
  std::vector<std::uint64_t> out(3);
  EXPECT_THROW(permutation.apply(8, out), Error);
  EXPECT_THROW(permutation.apply(std::numeric_limits<std::uint64_t>::max(), out), Error);
}

TEST(Permutation, StaysInsideHugeSizes) {
  for (const std::uint64_t size : {std::uint64_t{1} << 33, (std::uint64_t{1} << 40) + 1, std::uint64_t{1} << 63,
                                   std::numeric_limits<std::uint64_t>::max()}) {
    const auto values = images(Permutation(epoch(0), size), size / 3, 5000);
    EXPECT_TRUE(std::ranges::all_of(values, [size](std::uint64_t value) { return value < size; }));
    EXPECT_EQ(std::set(values.begin(), values.end()).size(), values.size());
  }
}

// Part of the on-disk contract (kPermutationVersion): a run resumed by a newer version must deal the same batches.
TEST(Permutation, KeepsItsVersionOneValues) {
  const Address address{.seed = 7, .trigger = 3, .purpose = Purpose::kShuffle, .index = 1};
  EXPECT_EQ(images(Permutation(address, 10), 0, 10), (std::vector<std::uint64_t>{5, 3, 9, 1, 8, 2, 0, 7, 6, 4}));
  EXPECT_EQ(images(Permutation(address, 1000000007), 123456789, 4),
            (std::vector<std::uint64_t>{255156970, 87410747, 586617153, 874660264}));
  // An odd number of bits.
  EXPECT_EQ(images(Permutation(address, 100000000), 99999990, 4),
            (std::vector<std::uint64_t>{56626585, 6590695, 12801853, 23097828}));
}

TEST(Permutation, EpochsTriggersAndSeedsGiveDifferentOrders) {
  const auto first = images(Permutation(epoch(0), 1000), 0, 1000);
  EXPECT_NE(images(Permutation(epoch(1), 1000), 0, 1000), first);
  EXPECT_NE(images(Permutation(epoch(0, 43), 1000), 0, 1000), first);
  Address other = epoch(0);
  other.trigger = 1;
  EXPECT_NE(images(Permutation(other, 1000), 0, 1000), first);
}

// Chi-square statistic of equally likely cells, as standard deviations from its mean.
double deviation_from_uniform(const std::vector<std::uint64_t>& counts) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  const double cells = static_cast<double>(counts.size());
  double statistic = 0;
  for (const std::uint64_t count : counts) {
    const double difference = static_cast<double>(count) - total / cells;
    statistic += difference * difference / (total / cells);
  }
  return (statistic - (cells - 1)) / std::sqrt(2 * (cells - 1));
}

TEST(Permutation, AllOrdersOfASmallSetAreEquallyLikely) {
  for (const std::uint64_t size : {2, 3, 4, 5}) {
    std::map<std::vector<std::uint64_t>, std::uint64_t> orders;
    for (std::uint64_t index = 0; index < 60000; ++index) ++orders[images(Permutation(epoch(index), size), 0, size)];
    std::vector<std::uint64_t> counts;
    for (const auto& [order, count] : orders) counts.push_back(count);
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(std::tgamma(static_cast<double>(size) + 1)));
    EXPECT_LT(deviation_from_uniform(counts), 5) << "size " << size;
  }
}

TEST(Permutation, EveryPositionGoesEverywhereEquallyOften) {
  constexpr std::uint64_t kSize = 37;
  std::vector<std::uint64_t> counts(kSize * kSize);
  for (std::uint64_t index = 0; index < 40000; ++index) {
    const auto order = images(Permutation(epoch(index), kSize), 0, kSize);
    for (std::uint64_t from = 0; from < kSize; ++from) ++counts[from * kSize + order[from]];
  }
  EXPECT_LT(std::abs(deviation_from_uniform(counts)), 5);
}

TEST(Permutation, NeighboursAreNotNeighboursAfterwards) {
  // The distance of the images of neighbours in a random order has mean size / 3 and no correlation with the position.
  constexpr std::uint64_t kSize = 1'000'003;
  const auto order = images(Permutation(epoch(5), kSize), 0, kSize);
  double sum = 0;
  double product = 0;
  const double middle = static_cast<double>(kSize - 1) / 2;
  for (std::uint64_t i = 1; i < kSize; ++i) {
    const double here = static_cast<double>(order[i]);
    const double before = static_cast<double>(order[i - 1]);
    sum += std::abs(here - before);
    product += (here - middle) * (before - middle);
  }
  EXPECT_NEAR(sum / (kSize * (kSize / 3.0)), 1.0, 0.005);
  EXPECT_NEAR(product / (kSize * (middle * middle / 3)), 0.0, 0.005);
}

TEST(Share, TheFirstPartsGetOneMore) {
  EXPECT_EQ(share(10, 0, 3).count, 4U);
  EXPECT_EQ(share(10, 1, 3).first, 4U);
  EXPECT_EQ(share(10, 2, 3).first, 7U);
  EXPECT_EQ(share(3, 7, 8).count, 0U);
  EXPECT_EQ(share(3, 7, 8).first, 3U);
}

TEST(Share, PartsAreDisjointAndComplete) {
  for (std::uint64_t size = 0; size < 40; ++size) {
    for (std::uint64_t parts = 1; parts < 12; ++parts) {
      std::uint64_t next = 0;
      for (std::uint64_t part = 0; part < parts; ++part) {
        const Range range = share(size, part, parts);
        EXPECT_EQ(range.first, next);
        next += range.count;
      }
      EXPECT_EQ(next, size);
    }
  }
}

TEST(Share, APartThatDoesNotExistIsRefused) {
  EXPECT_THROW((void)share(10, 3, 3), Error);
  EXPECT_THROW((void)share(10, 0, 0), Error);
}

}  // namespace
}  // namespace modyn
