#include "index/locator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "index/index_state.hpp"
#include "index/model_dataset.hpp"

namespace modyn::index {
namespace {

// Some extents of a sample or two beside some of millions, so that a directory of even stretches helps little.
std::vector<Key> skewed_bounds(std::mt19937_64& generator, std::size_t count) {
  std::vector<Key> bounds{static_cast<Key>(generator() % 1000)};
  while (bounds.size() < count) {
    const std::uint64_t size = 1 + generator() % (generator() % 16 == 0 ? 50'000'000 : 2);
    bounds.push_back(bounds.back() + static_cast<Key>(size));
  }
  return bounds;
}

class BoundsTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(BoundsTest, FindTheLastOneThatIsNotAboveAKey) {
  std::mt19937_64 generator(GetParam());
  const std::vector<Key> all = skewed_bounds(generator, GetParam());
  const Key end = all.back() + 1 + static_cast<Key>(generator() % 1000);
  const Bounds bounds(all, end);
  std::vector<Key> keys{all.front(), all.back(), end - 1};
  for (std::size_t i = 0; keys.size() < Bounds::kMaxBatch; ++i) {
    const Key bound = all[i % all.size()];
    keys.push_back(generator() % 2 == 0 ? bound : std::min(end - 1, bound + static_cast<Key>(generator() % 5000)));
  }
  std::vector<std::uint32_t> found(keys.size());
  bounds.find(keys, found);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(found[i], std::ranges::upper_bound(all, keys[i]) - all.begin() - 1) << "key " << keys[i];
  }
}

INSTANTIATE_TEST_SUITE_P(OfManySizes, BoundsTest, ::testing::Values(1, 2, 3, 7, 64, 1000, 20'000));

TEST(Bounds, ReachToTheLastKeyThereIs) {
  const std::vector<Key> all{0, 5, std::numeric_limits<Key>::max() - 2};
  const Bounds bounds(all, std::numeric_limits<Key>::max());
  const std::vector<Key> keys{0, 4, 5, std::numeric_limits<Key>::max() - 3, std::numeric_limits<Key>::max() - 1};
  std::vector<std::uint32_t> found(keys.size());
  bounds.find(keys, found);
  EXPECT_EQ(found, (std::vector<std::uint32_t>{0, 0, 1, 1, 2}));
}

class LocatorTest : public ::testing::TestWithParam<std::tuple<std::size_t, int>> {};

TEST_P(LocatorTest, FindsTheExtentOfEveryKeyHoweverFewBoundsItMayKeep) {
  const auto [max_bounds, commits] = GetParam();
  std::mt19937_64 generator(5);
  testing::ModelDataset model;
  for (int i = 0; i < commits; ++i) model.commit(generator, 20, 9);
  const auto index = Index::open(model.folder());
  const Index::State& state = index->state();
  const Locator locator(state.filled, max_bounds);

  std::vector<Key> keys(model.labels.size());
  std::ranges::generate(keys, [&] { return static_cast<Key>(generator() % model.labels.size()); });
  for (std::size_t first = 0; first < keys.size(); first += Bounds::kMaxBatch) {
    const auto batch = std::span<const Key>(keys).subspan(first, std::min(Bounds::kMaxBatch, keys.size() - first));
    std::vector<std::uint32_t> segments(batch.size());
    std::vector<Found> found(batch.size());
    ASSERT_TRUE(state.find_segments(batch, segments));
    locator.find(batch, segments, found);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& first_keys = state.filled[segments[i]]->extents().first_key;
      const auto extent = std::ranges::upper_bound(first_keys, batch[i]) - first_keys.begin() - 1;
      ASSERT_EQ(state.filled[segments[i]], state.find(batch[i]));
      ASSERT_EQ(found[i].extent, static_cast<std::uint64_t>(extent));
      ASSERT_EQ(found[i].first_key, first_keys[static_cast<std::size_t>(extent)]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfManySizes, LocatorTest,
                         ::testing::Combine(::testing::Values(1, 40, 1'000'000), ::testing::Values(1, 2, 30)));

}  // namespace
}  // namespace modyn::index
