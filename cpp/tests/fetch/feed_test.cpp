#include "modyn/feed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;

constexpr FixedRecordFormat kFormat{.record_size = 24, .label_size = 4, .label_offset = 8};
constexpr Address kEpoch{.seed = 7, .trigger = 1, .purpose = Purpose::kShuffle, .index = 0};

class FeedTest : public ::testing::Test {
 protected:
  FeedTest()
      : files_(kFormat, {50, 70, 30}),
        index_(files_.scan()),
        view_(View::build(index_, ViewOrder::kTime)),
        reader_(std::make_shared<const Reader>(index_, files_.root())) {}

  std::shared_ptr<const TrainingSet> write(const std::vector<Range>& ranges, const std::vector<float>& weights) {
    const auto path = files_.root().parent_path() / ("set-" + std::to_string(++written_));
    TrainingSet::write_ranges(path, *view_, ranges, weights);
    return TrainingSet::open(path, view_);
  }

  RecordFiles files_;
  std::shared_ptr<const Index> index_;
  std::shared_ptr<const View> view_;
  std::shared_ptr<const Reader> reader_;
  int written_ = 0;
};

TEST_F(FeedTest, GivesKeysWeightsLabelsAndFieldsOfThePermutedSet) {
  std::vector<float> weights(90);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i) + 0.5F;
  const auto set = write({{100, 50}, {0, 40}}, weights);
  const Permutation permutation(kEpoch, set->size());
  const Feed feed(set, Order::global(kEpoch, set->size()), reader_, std::vector<Field>{{2, 10}, {0, 20}});
  std::vector<std::uint64_t> order(90);
  permutation.apply(0, order);

  for (const Range batch : {Range{0, 32}, Range{32, 32}, Range{64, 26}, Range{90, 0}}) {
    std::vector<Key> keys(batch.count);
    std::vector<float> batch_weights(batch.count);
    std::vector<std::int64_t> labels(batch.count);
    std::vector<std::byte> part(batch.count * 10);
    std::vector<std::byte> whole(batch.count * 20);
    const std::vector<std::byte*> outputs{part.data(), whole.data()};
    feed.fetch(batch.first, keys, batch_weights, labels, outputs);
    for (std::size_t i = 0; i < batch.count; ++i) {
      const std::uint64_t index = order[batch.first + i];
      const Key key = static_cast<Key>(index < 50 ? 100 + index : index - 50);
      EXPECT_EQ(keys[i], key);
      EXPECT_EQ(batch_weights[i], weights[index]);
      EXPECT_EQ(labels[i], files_.label(key));
      const auto sample = files_.sample(key);
      EXPECT_TRUE(std::equal(sample.begin(), sample.end(), whole.begin() + static_cast<long>(i * 20)));
      EXPECT_TRUE(std::equal(sample.begin() + 2, sample.begin() + 12, part.begin() + static_cast<long>(i * 10)));
    }
  }
}

TEST_F(FeedTest, FollowsABlockwiseOrder) {
  const auto set = write({{0, 150}}, {});
  const Order order = Order::blockwise(kEpoch, 150, 4);
  const Feed feed(set, order, reader_, std::vector<Field>{});
  std::vector<std::uint64_t> expected(100);
  order.apply(50, expected);
  std::vector<Key> keys(100);
  std::vector<std::int64_t> labels(100);
  feed.fetch(50, keys, {}, labels, {});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(keys[i], static_cast<Key>(expected[i]));
    EXPECT_EQ(labels[i], files_.label(keys[i]));
  }
}

TEST_F(FeedTest, UnshuffledKeepsTheOrderOfTheSet) {
  const auto set = write({{10, 5}, {3, 2}}, {});
  const Feed feed(set, Order::unshuffled(set->size()), reader_, std::vector<Field>{});
  std::vector<Key> keys(7);
  std::vector<std::int64_t> labels(7);
  feed.fetch(0, keys, {}, labels, {});
  EXPECT_EQ(keys, (std::vector<Key>{10, 11, 12, 13, 14, 3, 4}));
  EXPECT_EQ(labels[6], files_.label(4));
}

TEST_F(FeedTest, RefusesPartsThatDoNotFitTogether) {
  const auto set = write({{0, 10}}, {});
  EXPECT_THROW(Feed(set, Order::global(kEpoch, 11), reader_, std::nullopt), Error);
  EXPECT_THROW(Feed(set, Order::unshuffled(10), reader_, std::vector<Field>{{0, 21}}), Error);
  files_.append(2, 10);
  const auto newer = std::make_shared<const Reader>(files_.scan(), files_.root());
  EXPECT_THROW(Feed(set, Order::unshuffled(10), newer, std::nullopt), Error);
}

TEST_F(FeedTest, RefusesSamplesBeyondTheEnd) {
  const Feed feed(write({{0, 10}}, {}), Order::unshuffled(10), reader_, std::vector<Field>{});
  std::vector<Key> keys(3);
  std::vector<std::int64_t> labels(3);
  EXPECT_THROW(feed.fetch(8, keys, {}, labels, {}), Error);
}

}  // namespace
}  // namespace modyn
