#include "fetch/key_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace modyn::fetch {
namespace {

// Keys with their slots, ascending by key and then by slot.
std::vector<std::pair<Key, std::uint32_t>> expected_order(const std::vector<Key>& keys) {
  std::vector<std::pair<Key, std::uint32_t>> order;
  for (std::uint32_t slot = 0; slot < keys.size(); ++slot) order.emplace_back(keys[slot], slot);
  std::ranges::sort(order);
  return order;
}

void expect_ordered(KeyOrder& order, const std::vector<Key>& keys, Key next_key) {
  order.build(keys, next_key);
  ASSERT_EQ(order.size(), keys.size());
  const auto expected = expected_order(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(order.key(i), expected[i].first);
    ASSERT_EQ(order.slot(i), expected[i].second);
  }
}

TEST(KeyOrder, AscendsForAnyNumberAndSizeOfKeys) {
  std::mt19937_64 generator(1);
  KeyOrder order;
  for (const Key next_key : {Key{1}, Key{2}, Key{200}, Key{256}, Key{257}, Key{1} << 20, Key{1} << 40, Key{1} << 50}) {
    for (const std::size_t count : {0, 1, 2, 3, 255, 256, 257, 1000, 5000}) {
      if (count > KeyOrder::max_keys(next_key)) continue;
      std::uniform_int_distribution<Key> any(0, next_key - 1);
      std::vector<Key> keys(count);
      std::ranges::generate(keys, [&] { return any(generator); });
      expect_ordered(order, keys, next_key);
      std::ranges::sort(keys);
      expect_ordered(order, keys, next_key);
      std::ranges::reverse(keys);
      expect_ordered(order, keys, next_key);
    }
  }
}

TEST(KeyOrder, PacksTheLargestKeys) {
  constexpr Key kLast = std::numeric_limits<Key>::max();
  ASSERT_GE(KeyOrder::max_keys(kLast), 2U);
  KeyOrder order;
  expect_ordered(order, {kLast - 1, 0}, kLast);
  const Key next_key = Key{1} << 50;
  std::vector<Key> keys(KeyOrder::max_keys(next_key), next_key - 1);
  keys.front() = next_key - 1;
  keys.back() = 0;
  expect_ordered(order, keys, next_key);
}

}  // namespace
}  // namespace modyn::fetch
