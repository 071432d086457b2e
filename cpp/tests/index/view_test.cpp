#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>
#include <vector>

#include "index/model_dataset.hpp"
#include "modyn/index.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::ModelDataset;
using testing::throws;

// The order by the definition.
std::vector<Key> expected_order(const ModelDataset& model, ViewOrder order) {
  std::vector<Key> keys = model.live_keys();
  if (order == ViewOrder::kTime) {
    std::ranges::stable_sort(keys, {}, [&](Key key) { return model.timestamps[static_cast<std::size_t>(key)]; });
  }
  return keys;
}

// Orders, seeds, and whether samples were deleted.
class ViewTest : public ::testing::TestWithParam<std::tuple<ViewOrder, unsigned, bool>> {
 protected:
  void SetUp() override {
    generator_.seed(std::get<1>(GetParam()));
    const auto commits = 1 + generator_() % 5;
    for (std::uint64_t i = 0; i < commits; ++i) {
      model_.commit(generator_, static_cast<std::uint32_t>(1 + generator_() % 30), 1 + generator_() % 12);
    }
    if (std::get<2>(GetParam())) model_.remove(generator_, 3);
    view_ = View::build(Index::open(model_.folder()), std::get<0>(GetParam()));
    expected_ = expected_order(model_, std::get<0>(GetParam()));
  }

  std::mt19937_64 generator_;
  ModelDataset model_;
  std::shared_ptr<const View> view_;
  std::vector<Key> expected_;
};

TEST_P(ViewTest, HoldsEverySampleInOrder) {
  ASSERT_EQ(view_->size(), expected_.size());
  std::vector<Key> keys(expected_.size());
  view_->keys(0, keys);
  EXPECT_EQ(keys, expected_);
}

TEST_P(ViewTest, GivesColumnsOfAnyRange) {
  for (int i = 0; i < 100; ++i) {
    const std::size_t first = generator_() % (expected_.size() + 1);
    const std::size_t count = generator_() % (expected_.size() - first + 1);
    std::vector<Key> keys(count);
    std::vector<Timestamp> timestamps(count);
    std::vector<std::int64_t> labels(count);
    view_->keys(first, keys);
    view_->timestamps(first, timestamps);
    view_->labels(first, labels);
    std::vector<Key> same_keys(count);
    std::vector<Timestamp> same_timestamps(count);
    std::vector<std::int64_t> same_labels(count);
    view_->read(first, same_keys, same_timestamps, same_labels);
    ASSERT_EQ(std::tie(keys, timestamps, labels), std::tie(same_keys, same_timestamps, same_labels));
    for (std::size_t j = 0; j < count; ++j) {
      const auto key = static_cast<std::size_t>(expected_[first + j]);
      ASSERT_EQ(keys[j], expected_[first + j]);
      ASSERT_EQ(timestamps[j], model_.timestamps[key]);
      ASSERT_EQ(labels[j], model_.labels[key]);
    }
  }
}

TEST_P(ViewTest, GivesKeysAtAnyPositions) {
  if (expected_.empty()) GTEST_SKIP() << "nothing was drawn";
  std::vector<std::uint64_t> positions(500);
  std::ranges::generate(positions, [&] { return generator_() % expected_.size(); });
  std::vector<Key> keys(positions.size());
  view_->keys_at(positions, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(keys[i], expected_[positions[i]]);
}

TEST_P(ViewTest, GivesNothingBeyondItsEnd) {
  const std::uint64_t size = view_->size();
  std::vector<std::int64_t> one(1);
  view_->keys(size, {});
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { view_->keys(size, one); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { view_->labels(size + 1, {}); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { view_->timestamps(~std::uint64_t{0}, one); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { view_->keys_at(std::span(&size, 1), one); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { view_->keys_at({}, one); }));
}

TEST_P(ViewTest, FindsTheFirstPositionOfATime) {
  if (view_->order() == ViewOrder::kSequence) {
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(view_->position_of_time(0)); }));
    return;
  }
  for (Timestamp time = -8; time < 330; ++time) {
    const auto smaller = std::ranges::count_if(
        expected_, [&](Key key) { return model_.timestamps[static_cast<std::size_t>(key)] < time; });
    ASSERT_EQ(view_->position_of_time(time), static_cast<std::uint64_t>(smaller)) << time;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, ViewTest,
                         ::testing::Combine(::testing::Values(ViewOrder::kSequence, ViewOrder::kTime),
                                            ::testing::Range(0U, 8U), ::testing::Bool()));

TEST(View, OfNothingIsEmpty) {
  const ModelDataset model;
  const auto view = View::build(Index::open(model.folder()), ViewOrder::kTime);
  EXPECT_EQ(view->size(), 0U);
  EXPECT_EQ(view->position_of_time(5), 0U);
  view->keys(0, {});
}

TEST(View, KeepsItsIndex) {
  const ModelDataset model;
  const auto index = Index::open(model.folder());
  const auto view = View::build(index, ViewOrder::kTime);
  EXPECT_EQ(view->index(), index);
  EXPECT_EQ(view->order(), ViewOrder::kTime);
}

}  // namespace
}  // namespace modyn
