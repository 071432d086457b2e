// Property: whatever was committed, updated, deleted and merged in whatever turn, every question is answered as by
// the plain model.
#include "modyn/query.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "index/model_dataset.hpp"
#include "modyn/index.hpp"
#include "modyn/maintenance.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::ModelDataset;
using testing::throws;

std::vector<Key> expected_keys(const ModelDataset& model, const Query& query) {
  std::vector<Key> keys;
  for (const Key key : model.live_keys()) {
    const auto at = static_cast<std::size_t>(key);
    const Timestamp time = model.timestamps[at];
    if (query.start && time < *query.start) continue;
    if (query.end && time >= *query.end) continue;
    if (model.sequences[at] <= query.since || (query.until && model.sequences[at] > *query.until)) continue;
    keys.push_back(key);
  }
  if (query.order == ViewOrder::kTime) {
    std::ranges::stable_sort(keys, {}, [&](Key key) { return model.timestamps[static_cast<std::size_t>(key)]; });
  }
  return keys;
}

void expect_samples(const ModelDataset& model, const Samples& samples, const std::vector<Key>& expected,
                    std::size_t batch) {
  ASSERT_EQ(samples.size(), expected.size());
  for (std::size_t first = 0; first < expected.size(); first += batch) {
    const std::size_t count = std::min(batch, expected.size() - first);
    std::vector<Key> keys(count);
    std::vector<Timestamp> timestamps(count);
    std::vector<std::int64_t> labels(count);
    samples.keys(first, keys);
    samples.timestamps(first, timestamps);
    samples.labels(first, labels);
    for (std::size_t i = 0; i < count; ++i) {
      const auto key = static_cast<std::size_t>(expected[first + i]);
      ASSERT_EQ(keys[i], expected[first + i]);
      ASSERT_EQ(timestamps[i], model.timestamps[key]);
      ASSERT_EQ(labels[i], model.labels[key]);
    }
  }
}

Query random_query(std::mt19937_64& generator, std::uint64_t sequence) {
  Query query;
  query.order = generator() % 2 == 0 ? ViewOrder::kSequence : ViewOrder::kTime;
  if (generator() % 2 == 0) query.start = static_cast<Timestamp>(generator() % 340) - 10;
  if (generator() % 2 == 0) query.end = static_cast<Timestamp>(generator() % 340) - 10;
  if (generator() % 2 == 0) query.since = generator() % (sequence + 2);
  if (generator() % 3 == 0) query.until = generator() % (sequence + 2);
  return query;
}

void expect_all_answers(std::mt19937_64& generator, const ModelDataset& model) {
  const auto index = Index::open(model.folder());
  index->verify();
  ASSERT_EQ(index->summary().samples, model.live_keys().size());
  ASSERT_EQ(index->source_files(), model.files.size());
  for (std::uint32_t file = 0; file < index->source_files(); ++file) {
    const SourceFile found = index->source_file(file);
    const SourceFile& expected = model.files[file];
    ASSERT_EQ(found.path, expected.path);
    ASSERT_EQ(found.mtime_ns, expected.mtime_ns);
    ASSERT_EQ(found.fingerprint, expected.fingerprint);
    ASSERT_EQ(found.ingested_bytes, expected.ingested_bytes);
    ASSERT_EQ(found.companion, expected.companion);
    ASSERT_EQ(found.owned, expected.owned);
  }
  const std::vector<Key> live = model.live_keys();
  std::vector<Place> places(live.size());
  std::vector<Location> locations(live.size());
  index->places(live, places);
  index->locate(live, locations);
  for (std::size_t i = 0; i < live.size(); ++i) {
    ASSERT_EQ(places[i], model.places[static_cast<std::size_t>(live[i])]);
    ASSERT_EQ(locations[i], model.locations[static_cast<std::size_t>(live[i])]);
  }
  for (int i = 0; i < 12; ++i) {
    const Query query = random_query(generator, model.manifest().sequence);
    const std::vector<Key> expected = expected_keys(model, query);
    const auto samples = Samples::select(index, query);
    expect_samples(model, *samples, expected, 1 + generator() % 300);
    if (query.since > 0 || query.until) continue;
    ASSERT_EQ(count_samples(*index, query.start, query.end), expected.size());
    std::map<std::int64_t, std::uint64_t> counts;
    for (const Key key : expected) ++counts[model.labels[static_cast<std::size_t>(key)]];
    const LabelCounts found = count_labels(*index, query.start, query.end);
    ASSERT_EQ(found.labels.size(), counts.size());
    std::size_t at = 0;
    for (const auto& [label, count] : counts) {
      ASSERT_EQ(found.labels[at], label);
      ASSERT_EQ(found.counts[at++], count);
    }
  }
}

class QueryTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(QueryTest, AnswersAsThePlainModel) {
  std::mt19937_64 generator(GetParam());
  ModelDataset model;
  for (int step = 0; step < 30; ++step) {
    switch (generator() % 5) {
      case 0:
        if (!model.labels.empty()) model.remove(generator, 1 + generator() % 30);
        break;
      case 1:
        model.merge(generator);
        break;
      case 2:
        if (model.manifest().number == 0) break;
        merge_segments(model.folder());
        model.reload();
        break;
      default:
        model.commit(generator, static_cast<std::uint32_t>(generator() % 6), generator() % 40);
    }
    if (step % 5 == 4) expect_all_answers(generator, model);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, QueryTest, ::testing::Range(0U, 12U));

class SamplesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) model_.commit(generator_, 8, 30);
    index_ = Index::open(model_.folder());
  }
  std::mt19937_64 generator_{7};
  ModelDataset model_;
  std::shared_ptr<const Index> index_;
};

TEST_F(SamplesTest, AreSharedWithoutGapsOrRepeats) {
  for (const ViewOrder order : {ViewOrder::kSequence, ViewOrder::kTime}) {
    const Query query{.order = order, .start = 3};
    const auto samples = Samples::select(index_, query);
    const std::vector<Key> expected = expected_keys(model_, query);
    for (const std::uint64_t workers : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{7}, expected.size() + 3}) {
      std::vector<Key> all;
      for (std::uint64_t worker = 0; worker < workers; ++worker) {
        const auto share = samples->share(worker, workers);
        ASSERT_EQ(share->size(), expected.size() / workers + (worker < expected.size() % workers ? 1 : 0));
        const std::size_t before = all.size();
        all.resize(before + share->size());
        share->keys(0, std::span(all).subspan(before));
      }
      ASSERT_EQ(all, expected);
    }
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(samples->share(2, 2)); }));
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(samples->share(0, 0)); }));
  }
}

TEST_F(SamplesTest, StayWhatTheyAreWhateverIsCommittedMeanwhile) {
  const auto samples = Samples::select(index_, {.since = 1});
  const std::vector<Key> expected = expected_keys(model_, {.since = 1});
  const ModelDataset& before = model_;
  expect_samples(before, *samples, expected, 10);
  model_.commit(generator_, 8, 30);
  expect_samples(model_, *samples, expected, 10);
}

TEST_F(SamplesTest, NewSinceEachCommitAreAllSamplesOnce) {
  std::vector<Key> all;
  for (std::uint64_t sequence = 0; sequence < 3; ++sequence) {
    const auto samples = Samples::select(index_, {.since = sequence, .until = sequence + 1});
    const std::size_t before = all.size();
    all.resize(before + samples->size());
    samples->keys(0, std::span(all).subspan(before));
  }
  EXPECT_EQ(all, model_.live_keys());
}

TEST_F(SamplesTest, OfAnIntervalThatEndsBeforeItStartsAreNone) {
  EXPECT_EQ(Samples::select(index_, {.start = 5, .end = 5})->size(), 0U);
  EXPECT_EQ(Samples::select(index_, {.order = ViewOrder::kTime, .start = 9, .end = 5})->size(), 0U);
  EXPECT_EQ(count_samples(*index_, 9, 5), 0U);
  EXPECT_TRUE(count_labels(*index_, 9, 5).labels.empty());
}

TEST_F(SamplesTest, GiveNothingBeyondTheirEnd) {
  const auto samples = Samples::select(index_, {.end = 10});
  std::vector<Key> one(1);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { samples->keys(samples->size(), one); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(samples->slice(samples->size(), 1)); }));
  EXPECT_EQ(samples->slice(samples->size(), 0)->size(), 0U);
}

TEST(Samples, OfADatasetWithoutACommitAreNone) {
  const ModelDataset model;
  const auto index = Index::open(model.folder());
  EXPECT_EQ(Samples::select(index, {.order = ViewOrder::kTime})->size(), 0U);
  EXPECT_EQ(Samples::select(index, {.since = 4})->size(), 0U);
  EXPECT_EQ(count_samples(*index, 1), 0U);
}

}  // namespace
}  // namespace modyn
