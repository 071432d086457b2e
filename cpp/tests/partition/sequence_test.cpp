#include "modyn/sequence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <vector>

#include "support/errors.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;
using testing::throws;

constexpr FixedRecordFormat kFormat{.record_size = 8, .label_size = 1, .label_offset = 0};

// A sample as the sequence must give it.
struct Sample {
  Key key;
  float weight;
};

class SequenceTest : public ::testing::Test {
 protected:
  SequenceTest() : files_(kFormat, {400, 300, 0, 500}), view_(View::build(files_.scan(), ViewOrder::kTime)) {
    timestamps_.resize(files_.samples());
    std::vector<Key> keys(files_.samples());
    std::iota(keys.begin(), keys.end(), 0);
    view_->index()->timestamps(keys, timestamps_);
  }

  // All columns, read in pieces and at random, are those of the samples.
  void expect_samples(const Sequence& sequence, const std::vector<Sample>& expected) {
    ASSERT_EQ(sequence.size(), expected.size());
    for (std::uint64_t part = 0; part < 3; ++part) {
      const Range range = share(sequence.size(), part, 3);
      std::vector<std::uint64_t> indices(range.count);
      std::iota(indices.begin(), indices.end(), range.first);
      expect_read(expected, indices, [&](const SampleColumns& out) { sequence.read(range.first, range.count, out); });
    }
    if (expected.empty()) return;
    std::mt19937_64 generator(5);
    std::uniform_int_distribution<std::uint64_t> any(0, expected.size() - 1);
    std::vector<std::uint64_t> indices(5000);
    std::ranges::generate(indices, [&] { return any(generator); });
    expect_read(expected, indices, [&](const SampleColumns& out) { sequence.read_at(indices, out); });
  }

  template <typename Read>
  void expect_read(const std::vector<Sample>& expected, const std::vector<std::uint64_t>& indices, Read read) {
    const std::size_t size = indices.size();
    std::vector<Key> keys(size);
    std::vector<float> weights(size);
    std::vector<Timestamp> timestamps(size);
    std::vector<std::int64_t> labels(size);
    read(SampleColumns{.keys = keys, .weights = weights, .timestamps = timestamps, .labels = labels});
    for (std::size_t i = 0; i < size; ++i) {
      const Sample& sample = expected[indices[i]];
      ASSERT_EQ(keys[i], sample.key) << i;
      ASSERT_EQ(weights[i], sample.weight);
      ASSERT_EQ(labels[i], files_.label(sample.key));
      ASSERT_EQ(timestamps[i], timestamps_[static_cast<std::size_t>(sample.key)]);
    }
    std::vector<std::int64_t> labels_alone(size);
    read(SampleColumns{.labels = labels_alone});
    EXPECT_EQ(labels_alone, labels);
  }

  Sequence ranges(const std::vector<Range>& of_positions) { return Sequence::of_ranges(view_, of_positions); }

  std::filesystem::path new_path() { return files_.root().parent_path() / ("set-" + std::to_string(++paths_)); }

  RecordFiles files_;
  std::shared_ptr<const View> view_;
  std::vector<Timestamp> timestamps_;
  int paths_ = 0;
};

std::vector<Sample> samples_of(const std::vector<Range>& ranges) {
  std::vector<Sample> samples;
  for (const Range& range : ranges) {
    for (std::uint64_t i = 0; i < range.count; ++i) samples.push_back({static_cast<Key>(range.first + i), 1});
  }
  return samples;
}

std::vector<float> some_weights(std::size_t size) {
  std::vector<float> weights(size);
  for (std::size_t i = 0; i < size; ++i) weights[i] = 0.5F + static_cast<float>(i);
  return weights;
}

TEST_F(SequenceTest, OfRangesAndKeysAndNothing) {
  expect_samples(Sequence(), {});
  expect_samples(ranges({}), {});
  expect_samples(ranges({{900, 300}, {5, 0}, {0, 450}, {3, 2}}), samples_of({{900, 300}, {0, 450}, {3, 2}}));
  expect_samples(Sequence::of_keys(view_->index(), {7, 3, 1199, 3}), {{7, 1}, {3, 1}, {1199, 1}, {3, 1}});
}

TEST_F(SequenceTest, OfTrainingSets) {
  const std::vector<Key> keys{9, 8, 1000, 8};
  const auto path = new_path();
  TrainingSet::write_keys(path, *view_, keys, std::vector<float>{4, 3, 2, 1});
  const Sequence sequence = Sequence::of_training_set(TrainingSet::open(path, view_));
  EXPECT_TRUE(sequence.weighted());
  expect_samples(sequence, {{9, 4}, {8, 3}, {1000, 2}, {8, 1}});
}

// Random compositions against plain vectors.
TEST_F(SequenceTest, CompositionsGiveWhatVectorsGive) {
  std::mt19937_64 generator(11);
  const auto below = [&](std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(generator);
  };
  for (int round = 0; round < 60; ++round) {
    const std::vector<Range> first{{below(600), below(600)}, {below(600), below(600)}};
    Sequence sequence = ranges(first);
    std::vector<Sample> expected = samples_of(first);
    for (int step = 0; step < 5; ++step) {
      switch (below(5)) {
        case 0: {
          const std::uint64_t from = below(expected.size() + 1);
          const std::uint64_t count = below(expected.size() - from + 1);
          sequence = sequence.slice(from, count);
          expected = {expected.begin() + static_cast<long>(from), expected.begin() + static_cast<long>(from + count)};
          break;
        }
        case 1: {
          const std::vector<Range> more{{below(1000), below(200)}};
          const std::vector<Sample> added = samples_of(more);
          sequence = Sequence::join({sequence, ranges(more), Sequence()});
          expected.insert(expected.end(), added.begin(), added.end());
          break;
        }
        case 2: {
          const Address address{.seed = 3, .trigger = 0, .purpose = Purpose::kShuffle, .index = below(100)};
          const Order order = below(2) == 0 ? Order::global(address, expected.size())
                                            : Order::blockwise(address, expected.size(), 1 + below(30));
          std::vector<std::uint64_t> places(expected.size());
          order.apply(0, places);
          std::vector<Sample> permuted;
          for (const std::uint64_t place : places) permuted.push_back(expected[place]);
          sequence = sequence.permuted(order);
          expected = std::move(permuted);
          break;
        }
        case 3: {
          const std::vector<float> weights = some_weights(expected.size());
          sequence = sequence.with_weights(weights);
          for (std::size_t i = 0; i < weights.size(); ++i) expected[i].weight = weights[i];
          break;
        }
        default: {
          const std::int64_t label = static_cast<std::int64_t>(below(256));
          SampleFilter filter{.labels = std::vector<std::int64_t>(), .start = timestamps_[below(1200)], .end = {}};
          for (std::int64_t other = label; other < label + 128; ++other) filter.labels->push_back(other % 256);
          sequence = sequence.where(filter);
          std::erase_if(expected, [&](const Sample& sample) {
            return std::ranges::count(*filter.labels, files_.label(sample.key)) == 0 ||
                   timestamps_[static_cast<std::size_t>(sample.key)] < *filter.start;
          });
        }
      }
    }
    expect_samples(sequence, expected);
  }
}

TEST_F(SequenceTest, FiltersByLabelAndHalfOpenInterval) {
  const Sequence all = ranges({{0, 1200}});
  const Timestamp second_file = timestamps_[400];
  const Timestamp last_file = timestamps_[700];
  expect_samples(all.where({.labels = {}, .start = second_file, .end = last_file}), samples_of({{400, 300}}));
  EXPECT_EQ(all.where({.labels = std::vector<std::int64_t>(), .start = {}, .end = {}}).size(), 0U);
  EXPECT_EQ(all.where({}).size(), 1200U);
  std::vector<Sample> expected;
  for (Key key = 0; key < 1200; ++key) {
    if (files_.label(key) == 3 || files_.label(key) == 200) expected.push_back({key, 1});
  }
  expect_samples(
      all.where({.labels = std::vector<std::int64_t>{200, 3, -5, std::int64_t{1} << 60}, .start = {}, .end = {}}),
      expected);
}

TEST_F(SequenceTest, CountsLabels) {
  std::map<std::int64_t, std::uint64_t> expected;
  for (Key key = 100; key < 900; ++key) ++expected[files_.label(key)];
  const auto counts = ranges({{100, 800}}).label_counts();
  ASSERT_EQ(counts.size(), expected.size());
  std::size_t at = 0;
  for (const auto& [label, samples] : expected) EXPECT_EQ(counts[at++], (LabelCount{label, samples}));
  EXPECT_TRUE(Sequence().label_counts().empty());
}

TEST_F(SequenceTest, PartitionsAndSharesOfThem) {
  const Sequence all = ranges({{0, 13}});
  EXPECT_EQ(all.partitions(5), 3U);
  EXPECT_EQ(all.partitions(13), 1U);
  EXPECT_EQ(Sequence().partitions(5), 0U);
  expect_samples(all.partition(2, 5), samples_of({{10, 3}}));
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t worker = 0; worker < 5; ++worker) sizes.push_back(all.share(worker, 5).size());
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{3, 3, 3, 2, 2}));
  EXPECT_EQ(ranges({{0, 3}}).share(7, 8).size(), 0U);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(all.share(5, 5)); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(all.partition(3, 5)); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(all.partitions(0)); }));
}

TEST_F(SequenceTest, RefusesWhatDoesNotFit) {
  const Sequence ten = ranges({{0, 10}});
  std::vector<Key> keys(3);
  std::vector<float> weights(2);
  const auto refused = [](auto action) { return throws(ErrorKind::kInvalidArgument, action); };
  EXPECT_TRUE(refused([&] { ten.read(8, 3, {.keys = keys}); }));
  EXPECT_TRUE(refused([&] { ten.read(0, 3, {.keys = keys, .weights = weights}); }));
  EXPECT_TRUE(refused([&] { ten.read_at(std::vector<std::uint64_t>{0, 10, 1}, {.keys = keys}); }));
  EXPECT_TRUE(refused([&] { static_cast<void>(ten.slice(5, 6)); }));
  EXPECT_TRUE(refused([&] { static_cast<void>(ten.permuted(Order::unshuffled(11))); }));
  EXPECT_TRUE(refused([&] { static_cast<void>(ten.with_weights({1, 2})); }));
  EXPECT_TRUE(refused([&] { ranges({{1199, 2}}); }));
  std::vector<std::int64_t> labels(1);
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey,
                     [&] { Sequence::of_keys(view_->index(), {5000}).read(0, 1, {.labels = labels}); }));
}

TEST_F(SequenceTest, IsWrittenAsRangesIfItIsRanges) {
  const Sequence sequence = Sequence::join({ranges({{900, 100}, {0, 50}}).slice(10, 120), ranges({{30, 5}})});
  const auto written = new_path();
  write_training_set(written, *view_, sequence);
  const auto expected = new_path();
  TrainingSet::write_ranges(expected, *view_, std::vector<Range>{{910, 90}, {0, 30}, {30, 5}}, {});
  EXPECT_EQ(testing::read_bytes(written), testing::read_bytes(expected));
}

TEST_F(SequenceTest, IsWrittenAsKeysElse) {
  const Order order = Order::global({.seed = 1, .trigger = 2, .purpose = Purpose::kSample, .index = 0}, 1200);
  const Sequence sequence = ranges({{0, 1200}}).permuted(order).slice(0, 700).with_weights(some_weights(700));
  std::vector<Key> keys(700);
  sequence.read(0, 700, {.keys = keys});
  const auto written = new_path();
  write_training_set(written, *view_, sequence);
  const auto expected = new_path();
  TrainingSet::write_keys(expected, *view_, keys, some_weights(700));
  EXPECT_EQ(testing::read_bytes(written), testing::read_bytes(expected));
}

TEST_F(SequenceTest, WithAnUnknownKeyOrABadWeightIsNotWritten) {
  const auto path = new_path();
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey,
                     [&] { write_training_set(path, *view_, Sequence::of_keys(view_->index(), {3, 1200})); }));
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument,
                     [&] { write_training_set(path, *view_, ranges({{0, 2}}).with_weights({1, infinity})); }));
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace modyn
