#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <vector>

#include "modyn/partition.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;

constexpr FixedRecordFormat kFormat{.record_size = 8, .label_size = 4, .label_offset = 0};

ErrorKind kind_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kIo;
}

class TrainingSetTest : public ::testing::Test {
 protected:
  TrainingSetTest() : files_(kFormat, {40, 60}), view_(View::build(files_.scan(), ViewOrder::kTime)) {}

  std::filesystem::path new_path() { return files_.root().parent_path() / ("set-" + std::to_string(++paths_)); }

  std::shared_ptr<const TrainingSet> ranges(const std::vector<Range>& of_positions,
                                            const std::vector<float>& weights = {}) {
    const auto path = new_path();
    TrainingSet::write_ranges(path, *view_, of_positions, weights);
    return TrainingSet::open(path, view_);
  }

  std::shared_ptr<const TrainingSet> keys(const std::vector<Key>& of_samples, const std::vector<float>& weights = {}) {
    const auto path = new_path();
    TrainingSet::write_keys(path, *view_, of_samples, weights);
    return TrainingSet::open(path, view_);
  }

  RecordFiles files_;
  std::shared_ptr<const View> view_;
  int paths_ = 0;
};

// Slices and random accesses give what `expected_keys` and `expected_weights` hold.
void expect_elements(const TrainingSet& set, const std::vector<Key>& expected_keys,
                     const std::vector<float>& expected_weights) {
  ASSERT_EQ(set.size(), expected_keys.size());
  for (std::uint64_t part = 0; part < 5; ++part) {
    const Range slice = share(set.size(), part, 5);
    std::vector<Key> keys(slice.count);
    std::vector<float> weights(slice.count);
    set.read(slice.first, keys, weights);
    for (std::size_t i = 0; i < slice.count; ++i) {
      EXPECT_EQ(keys[i], expected_keys[slice.first + i]);
      EXPECT_EQ(weights[i], expected_weights[slice.first + i]);
    }
  }
  if (set.size() == 0) return;
  std::mt19937_64 generator(3);
  std::uniform_int_distribution<std::uint64_t> any(0, set.size() - 1);
  std::vector<std::uint64_t> indices(3000);
  std::ranges::generate(indices, [&] { return any(generator); });
  std::vector<Key> keys(indices.size());
  std::vector<float> weights(indices.size());
  set.read_at(indices, keys, weights);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    ASSERT_EQ(keys[i], expected_keys[indices[i]]);
    ASSERT_EQ(weights[i], expected_weights[indices[i]]);
  }
}

std::vector<float> weights_for(std::size_t size) {
  std::vector<float> weights(size);
  for (std::size_t i = 0; i < size; ++i) weights[i] = 0.25F * static_cast<float>(i);
  return weights;
}

TEST_F(TrainingSetTest, RangesGiveTheKeysOfTheirPositionsInOrder) {
  const std::vector<Range> of_positions{{90, 10}, {0, 3}, {3, 4}, {20, 0}, {2, 5}, {0, 100}};
  std::vector<Key> expected;
  for (const Range& range : of_positions) {
    for (std::uint64_t i = 0; i < range.count; ++i) expected.push_back(static_cast<Key>(range.first + i));
  }
  const auto set = ranges(of_positions);
  EXPECT_FALSE(set->weighted());
  expect_elements(*set, expected, std::vector<float>(expected.size(), 1.0F));
  const auto weighted = ranges(of_positions, weights_for(expected.size()));
  EXPECT_TRUE(weighted->weighted());
  expect_elements(*weighted, expected, weights_for(expected.size()));
}

TEST_F(TrainingSetTest, KeysStayAsTheyAre) {
  std::vector<Key> of_samples{99, 0, 5, 5, 42, 0};
  expect_elements(*keys(of_samples), of_samples, std::vector<float>(6, 1.0F));
  expect_elements(*keys(of_samples, weights_for(6)), of_samples, weights_for(6));
}

TEST_F(TrainingSetTest, MayBeEmpty) {
  expect_elements(*ranges({}), {}, {});
  expect_elements(*ranges({{5, 0}}), {}, {});
  expect_elements(*keys({}), {}, {});
}

TEST_F(TrainingSetTest, EqualSetsAreEqualFiles) {
  EXPECT_EQ(ranges({{0, 10}, {50, 5}})->digest(), ranges({{0, 4}, {4, 6}, {7, 0}, {50, 5}})->digest());
  EXPECT_NE(ranges({{0, 10}})->digest(), ranges({{0, 11}})->digest());
  EXPECT_NE(ranges({{0, 2}}, {1, 2})->digest(), ranges({{0, 2}}, {1, 3})->digest());
  RecordFiles elsewhere(kFormat, {40, 60});
  const auto path = new_path();
  TrainingSet::write_ranges(path, *View::build(elsewhere.scan(), ViewOrder::kTime), std::vector<Range>{{0, 10}}, {});
  EXPECT_EQ(TrainingSet::open(path, view_)->digest(), ranges({{0, 10}})->digest());
}

TEST_F(TrainingSetTest, NeverReplacesAFile) {
  const auto path = new_path();
  TrainingSet::write_ranges(path, *view_, std::vector<Range>{{0, 1}}, {});
  EXPECT_EQ(kind_of([&] { TrainingSet::write_ranges(path, *view_, std::vector<Range>{{0, 2}}, {}); }),
            ErrorKind::kConflict);
  EXPECT_EQ(TrainingSet::open(path, view_)->size(), 1U);
}

TEST_F(TrainingSetTest, RefusesWhatTheViewDoesNotHave) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(kind_of([&] { ranges({{0, 101}}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { ranges({{101, 0}}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { ranges({{kMax, 2}}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { keys({0, 100}); }), ErrorKind::kUnknownKey);
  EXPECT_EQ(kind_of([&] { keys({-1}); }), ErrorKind::kUnknownKey);
}

TEST_F(TrainingSetTest, RefusesWeightsThatDoNotFit) {
  EXPECT_EQ(kind_of([&] { ranges({{0, 3}}, {1, 2}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { keys({1}, {NAN}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { keys({1}, {INFINITY}); }), ErrorKind::kInvalidArgument);
}

TEST_F(TrainingSetTest, RefusesReadsBeyondTheEnd) {
  const auto set = ranges({{0, 10}});
  std::vector<Key> out(3);
  std::vector<float> weights(2);
  EXPECT_EQ(kind_of([&] { set->read(8, out, {}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { set->read_at(std::vector<std::uint64_t>{0, 10, 1}, out, {}); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind_of([&] { set->read(0, out, weights); }), ErrorKind::kInvalidArgument);
}

TEST_F(TrainingSetTest, OpensOnlyWithTheViewThatItWasWrittenFor) {
  const auto path = new_path();
  TrainingSet::write_ranges(path, *view_, std::vector<Range>{{0, 10}}, {});
  const auto by_key = View::build(view_->index(), ViewOrder::kSequence);
  EXPECT_EQ(kind_of([&] { TrainingSet::open(path, by_key); }), ErrorKind::kInvalidArgument);
  files_.append(1, 5);
  const auto newer = View::build(files_.scan(), ViewOrder::kTime);
  EXPECT_EQ(kind_of([&] { TrainingSet::open(path, newer); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(TrainingSet::open(path, view_)->size(), 10U);
}

TEST_F(TrainingSetTest, EveryChangedByteIsDetected) {
  const auto path = new_path();
  TrainingSet::write_keys(path, *view_, std::vector<Key>{4, 8, 15, 16, 23, 42}, weights_for(6));
  std::vector<char> bytes(std::filesystem::file_size(path));
  std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto damaged = new_path();
  for (std::size_t place = 0; place < bytes.size(); ++place) {
    auto copy = bytes;
    copy[place] = static_cast<char>(copy[place] ^ 0x10);
    std::ofstream(damaged, std::ios::binary).write(copy.data(), static_cast<std::streamsize>(copy.size()));
    const auto use = [&] {
      const auto set = TrainingSet::open(damaged, view_);
      std::vector<Key> out(set->size());
      std::vector<float> weights(set->size());
      set->read(0, out, weights);
    };
    ASSERT_EQ(kind_of(use), ErrorKind::kCorrupt) << "byte " << place;
  }
}

}  // namespace
}  // namespace modyn
