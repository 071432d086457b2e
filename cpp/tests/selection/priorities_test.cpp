#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "modyn/selection.hpp"

namespace modyn {
namespace {

Address address(std::uint64_t seed, std::uint64_t index = 0) {
  return {.seed = seed, .trigger = 3, .purpose = Purpose::kPresampling, .index = index};
}

std::vector<std::uint64_t> of_first_keys(const Priorities& priorities, std::size_t count) {
  std::vector<Key> keys(count);
  std::iota(keys.begin(), keys.end(), 0);
  std::vector<std::uint64_t> found(count);
  priorities.apply(keys, found);
  return found;
}

// Chosen once and never to change: another value is another training set.
TEST(Priorities, AreThoseOfTheContract) {
  const Priorities priorities(address(7));
  EXPECT_EQ(kPriorityVersion, 1U);
  EXPECT_EQ(priorities(0), 2'882'123'821'074'451'300ULL);
  EXPECT_EQ(priorities(1), 7'803'109'225'936'722'479ULL);
  EXPECT_EQ(priorities(123'456'789'012), 993'786'143'575'839'129ULL);
}

TEST(Priorities, AreDistinctAndBelowTheEnd) {
  auto found = of_first_keys(Priorities(address(1)), 1'000'000);
  EXPECT_LT(std::ranges::max(found), Priorities::kEnd);
  std::ranges::sort(found);
  EXPECT_EQ(std::ranges::adjacent_find(found), found.end());
  const Priorities priorities(address(1));
  EXPECT_LT(priorities(static_cast<Key>(Priorities::kEnd - 1)), Priorities::kEnd);
}

TEST(Priorities, OfManyKeysAreThoseOfEach) {
  const Priorities priorities(address(11));
  for (const std::size_t count : {0, 1, 7, 8, 9, 1001}) {
    const auto found = of_first_keys(priorities, count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(found[i], priorities(static_cast<Key>(i)));
  }
}

TEST(Priorities, EveryPartOfTheAddressCounts) {
  const Address base = address(1);
  Address trigger = base;
  trigger.trigger += 1;
  Address purpose = base;
  purpose.purpose = Purpose::kFreshness;
  std::set<std::uint64_t> found;
  for (const Address& one : {base, address(2), address(1, 1), trigger, purpose}) found.insert(Priorities(one)(5));
  EXPECT_EQ(found.size(), 5U);
}

// Pearson's test with 1,023 degrees of freedom: mean 1,023, deviation 45.
void expect_even(const std::vector<std::uint64_t>& counts, std::uint64_t total) {
  const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
  double statistic = 0;
  for (const std::uint64_t count : counts) {
    const double difference = static_cast<double>(count) - expected;
    statistic += difference * difference / expected;
  }
  EXPECT_NEAR(statistic, static_cast<double>(counts.size() - 1), 6 * 45.2);
}

TEST(Priorities, OfConsecutiveKeysAreSpreadEvenly) {
  constexpr std::size_t kKeys = 1 << 18;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto found = of_first_keys(Priorities(address(seed)), kKeys);
    for (const unsigned shift : {53U, 43U, 33U, 23U, 13U, 0U}) {
      std::vector<std::uint64_t> counts(1024);
      for (const std::uint64_t priority : found) ++counts[(priority >> shift) % 1024];
      expect_even(counts, kKeys);
    }
  }
}

TEST(Priorities, OfNeighboursAndOfSeveralAddressesAreIndependent) {
  constexpr std::size_t kKeys = 1 << 18;
  const auto first = of_first_keys(Priorities(address(1)), kKeys);
  const auto second = of_first_keys(Priorities(address(1, 1)), kKeys);
  std::vector<std::uint64_t> neighbours(1024);
  std::vector<std::uint64_t> addresses(1024);
  for (std::size_t i = 0; i + 1 < kKeys; ++i) {
    ++neighbours[(first[i] >> 58) * 32 + (first[i + 1] >> 58)];
    ++addresses[(first[i] >> 58) * 32 + (second[i] >> 58)];
  }
  expect_even(neighbours, kKeys - 1);
  expect_even(addresses, kKeys - 1);
}

TEST(Priorities, ABitOfTheKeyChangesHalfOfTheBits) {
  const Priorities priorities(address(9));
  constexpr int kKeys = 4096;
  for (unsigned bit = 0; bit < 63; ++bit) {
    int changed = 0;
    for (Key key = 0; key < kKeys; ++key) {
      const Key other = key ^ static_cast<Key>(std::uint64_t{1} << bit);
      changed += std::popcount(priorities(key) ^ priorities(other));
    }
    EXPECT_NEAR(static_cast<double>(changed) / kKeys, 31.5, 0.6) << bit;
  }
}

}  // namespace
}  // namespace modyn
