#include "modyn/order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::throws;

Address epoch(std::uint64_t index) { return {.seed = 42, .trigger = 0, .purpose = Purpose::kShuffle, .index = index}; }

std::vector<std::uint64_t> places(const Order& order, std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> out(count);
  order.apply(first, out);
  return out;
}

std::vector<std::uint64_t> all(const Order& order) { return places(order, 0, order.size()); }

// Every mode over a set of `size` samples; block sizes on both sides of every border.
std::vector<Order> orders_of(std::uint64_t size) {
  std::vector<Order> orders{Order::unshuffled(size), Order::global(epoch(0), size)};
  for (const std::uint64_t block : {1, 2, 3, 7, 16, 100, 5000})
    orders.push_back(Order::blockwise(epoch(0), size, block));
  return orders;
}

void expect_permutation(const Order& order) {
  auto samples = all(order);
  std::ranges::sort(samples);
  std::vector<std::uint64_t> expected(order.size());
  std::iota(expected.begin(), expected.end(), 0U);
  EXPECT_EQ(samples, expected);
}

TEST(Order, IsAPermutationOfEverySize) {
  for (std::uint64_t size = 0; size < 420; ++size) {
    for (const Order& order : orders_of(size)) expect_permutation(order);
  }
  for (const std::uint64_t size : {1023, 1024, 1025, 3199, 3200, 3201, 20'011}) {
    for (const Order& order : orders_of(size)) expect_permutation(order);
  }
}

TEST(Order, AnyPartCanBeComputedAlone) {
  for (const std::uint64_t size : {1, 50, 511, 2000}) {
    for (const Order& order : orders_of(size)) {
      const auto whole = all(order);
      for (std::uint64_t first = 0; first < size; first += 1 + size / 37) {
        const std::uint64_t count = std::min<std::uint64_t>(size - first, 1 + first % 97);
        ASSERT_TRUE(std::ranges::equal(places(order, first, count), std::span(whole).subspan(first, count)));
      }
    }
  }
}

TEST(Order, BeyondTheEndAndImpossibleBlocksAreRefused) {
  for (const Order& order : orders_of(10)) {
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { places(order, 9, 2); }));
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { places(order, 11, 0); }));
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(order.sources(9, 2)); }));
  }
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { Order::blockwise(epoch(0), 10, 0); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { Order::blockwise(epoch(std::uint64_t{1} << 32), 10, 2); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { Order::blockwise(epoch(0), ~std::uint64_t{0}, 1); }));
}

TEST(Order, HugeBlockwiseSetsCostNothing) {
  const std::uint64_t size = (std::uint64_t{1} << 45) + 12'345;
  const Order order = Order::blockwise(epoch(3), size, 1 << 12);
  for (const std::uint64_t first : {std::uint64_t{0}, size / 2, size - 5000}) {
    const auto samples = places(order, first, 5000);
    EXPECT_TRUE(std::ranges::all_of(samples, [size](std::uint64_t sample) { return sample < size; }));
    EXPECT_EQ(std::set(samples.begin(), samples.end()).size(), samples.size());
  }
}

TEST(Order, SourcesHoldWhatIsAppliedAndNoMoreThanItsGroups) {
  constexpr std::uint64_t kSize = 5003;
  constexpr std::uint64_t kBlock = 16;
  const Order order = Order::blockwise(epoch(0), kSize, kBlock);
  for (std::uint64_t first = 0; first + 60 < kSize; first += 61) {
    const auto ranges = order.sources(first, 60);
    EXPECT_LE(ranges.size(), 2 * kBlocksInFlight);
    for (const std::uint64_t sample : places(order, first, 60)) {
      EXPECT_TRUE(std::ranges::any_of(ranges, [sample](const Range& range) {
        return sample >= range.first && sample - range.first < range.count;
      }));
    }
  }
}

TEST(Order, EpochsDiffer) {
  for (const std::uint64_t block : {1, 16, 5000}) {
    EXPECT_NE(all(Order::blockwise(epoch(0), 1000, block)), all(Order::blockwise(epoch(1), 1000, block)));
    EXPECT_NE(all(Order::blockwise(epoch(0), 1000, block)), all(Order::global(epoch(0), 1000)));
  }
}

// Part of the contract (kBlockwiseVersion): a run resumed by a newer version must deal the same batches.
TEST(Order, KeepsItsVersionOneValues) {
  const Address address{.seed = 7, .trigger = 3, .purpose = Purpose::kShuffle, .index = 1};
  EXPECT_EQ(all(Order::blockwise(address, 11, 4)), (std::vector<std::uint64_t>{9, 10, 5, 7, 1, 2, 6, 8, 3, 0, 4}));
  EXPECT_EQ(places(Order::blockwise(address, 1'000'000'007, 1024), 123'456'789, 4),
            (std::vector<std::uint64_t>{474626219, 878585299, 702518142, 988074065}));
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

TEST(Order, EverySampleGoesToEveryPlaceEquallyOften) {
  // Blocks that fill the set, so that no place is reserved for longer groups; two groups of 32 blocks of 1.
  constexpr std::uint64_t kSize = 2 * kBlocksInFlight;
  std::vector<std::uint64_t> counts(kSize * kSize);
  for (std::uint64_t index = 0; index < 60'000; ++index) {
    const auto order = all(Order::blockwise(epoch(index), kSize, 1));
    for (std::uint64_t place = 0; place < kSize; ++place) ++counts[place * kSize + order[place]];
  }
  EXPECT_LT(std::abs(deviation_from_uniform(counts)), 5);
}

TEST(Order, TheShortBlockStandsEverywhereEquallyOften) {
  constexpr std::uint64_t kBlocks = 40;
  std::vector<std::uint64_t> counts(2);  // in the first group of 32 blocks or in the second of 8
  for (std::uint64_t index = 0; index < 20'000; ++index) {
    const auto order = Order::blockwise(epoch(index), (kBlocks - 1) * 5 + 2, 5);
    const auto first_group = order.sources(0, 1);
    ++counts[std::ranges::any_of(first_group, [](const Range& range) { return range.count == 2; }) ? 0 : 1];
  }
  EXPECT_NEAR(static_cast<double>(counts[0]) / 20'000, 32.0 / 40, 0.015);
}

TEST(Order, BatchesMixTheBlocksOfTheirGroupEvenly) {
  // A batch of b samples of a group of g blocks holds g * (1 - (1 - 1/g)^b) different blocks on average.
  constexpr std::uint64_t kBlock = 512;
  constexpr std::uint64_t kBatch = 64;
  const Order order = Order::blockwise(epoch(1), kBlocksInFlight * kBlock * 40, kBlock);
  const auto samples = all(order);
  double blocks = 0;
  for (std::size_t first = 0; first < samples.size(); first += kBatch) {
    std::set<std::uint64_t> seen;
    for (std::size_t i = first; i < first + kBatch; ++i) seen.insert(samples[i] / kBlock);
    blocks += static_cast<double>(seen.size());
  }
  const double groups = static_cast<double>(kBlocksInFlight);
  const double expected = groups * (1 - std::pow(1 - 1 / groups, static_cast<double>(kBatch)));
  EXPECT_NEAR(blocks / static_cast<double>(samples.size() / kBatch), expected, 0.15);
}

TEST(Order, NeighboursAreNotNeighboursAfterwards) {
  constexpr std::uint64_t kBlock = 256;
  const auto samples = all(Order::blockwise(epoch(2), 1'000'000, kBlock));
  std::uint64_t together = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) together += samples[i] == samples[i - 1] + 1 ? 1 : 0;
  // One in a group's 8,192 samples by chance.
  EXPECT_NEAR(static_cast<double>(together) / 1e6, 1.0 / (kBlock * kBlocksInFlight), 5e-5);
}

}  // namespace
}  // namespace modyn
