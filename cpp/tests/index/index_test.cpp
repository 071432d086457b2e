#include "modyn/index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "index/model_dataset.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::ModelDataset;
using testing::throws;

std::vector<Key> random_keys(std::mt19937_64& generator, std::size_t count, std::size_t below) {
  std::vector<Key> keys(count);
  std::ranges::generate(keys, [&] { return static_cast<Key>(generator() % below); });
  return keys;
}

void expect_answers(const ModelDataset& model, const Index& index, const std::vector<Key>& keys) {
  std::vector<Location> locations(keys.size());
  std::vector<Place> places(keys.size());
  std::vector<std::int64_t> labels(keys.size());
  std::vector<Timestamp> timestamps(keys.size());
  index.locate(keys, locations);
  index.places(keys, places);
  index.labels(keys, labels);
  index.timestamps(keys, timestamps);
  std::vector<std::uint32_t> files(keys.size());
  std::vector<std::uint64_t> records(keys.size());
  index.locate(keys, files, records);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto key = static_cast<std::size_t>(keys[i]);
    ASSERT_EQ(locations[i], model.locations[key]);
    ASSERT_EQ(locations[i], (Location{files[i], records[i]}));
    ASSERT_EQ(places[i], model.places[key]);
    ASSERT_EQ(labels[i], model.labels[key]);
    ASSERT_EQ(timestamps[i], model.timestamps[key]);
  }
}

// Property: whatever the commits were, every key answers with what was committed under it.
TEST(Index, AnswersForAnyKeysInAnyOrder) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    std::mt19937_64 generator(seed);
    ModelDataset model;
    const auto commits = 1 + generator() % 6;
    for (std::uint64_t i = 0; i < commits; ++i) {
      model.commit(generator, static_cast<std::uint32_t>(generator() % 20), generator() % 50);
    }
    const auto index = Index::open(model.folder());
    index->verify();
    ASSERT_EQ(index->summary().samples, model.labels.size());
    ASSERT_EQ(index->summary().next_key, static_cast<Key>(model.labels.size()));
    if (model.labels.empty()) continue;

    std::vector<Key> all(model.labels.size());
    std::iota(all.begin(), all.end(), Key{0});
    expect_answers(model, *index, all);
    std::ranges::reverse(all);
    expect_answers(model, *index, all);
    expect_answers(model, *index, random_keys(generator, 2000, all.size()));
  }
}

TEST(Index, GivesLabelsOfConsecutiveKeysAcrossSegments) {
  std::mt19937_64 generator(1);
  ModelDataset model;
  for (int i = 0; i < 5; ++i) model.commit(generator, 8, 30);
  const auto index = Index::open(model.folder());
  for (int i = 0; i < 300; ++i) {
    const std::size_t first = generator() % model.labels.size();
    std::vector<std::int64_t> labels(generator() % (model.labels.size() - first + 1));
    index->label_range(static_cast<Key>(first), labels);
    ASSERT_TRUE(std::ranges::equal(labels, std::span(model.labels).subspan(first, labels.size())));
  }
}

TEST(Index, KnowsTheLatestStateOfEverySourceFile) {
  std::mt19937_64 generator(2);
  ModelDataset model;
  for (int i = 0; i < 6; ++i) model.commit(generator, 10, 5);
  const auto index = Index::open(model.folder());
  ASSERT_EQ(index->source_files(), model.files.size());
  for (std::uint32_t i = 0; i < index->source_files(); ++i) {
    const SourceFile file = index->source_file(i);
    EXPECT_EQ(file.path, model.files[i].path);
    EXPECT_EQ(file.size, model.files[i].size);
    EXPECT_EQ(file.mtime_ns, model.files[i].mtime_ns);
    EXPECT_EQ(file.inode, model.files[i].inode);
    EXPECT_EQ(file.ingested_bytes, model.files[i].ingested_bytes);
    EXPECT_EQ(file.fingerprint, model.files[i].fingerprint);
    EXPECT_EQ(file.companion, model.files[i].companion);
  }
  EXPECT_TRUE(
      throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(index->source_file(index->source_files())); }));
}

TEST(Index, SummarisesWhatThereIs) {
  std::mt19937_64 generator(3);
  ModelDataset model;
  for (int i = 0; i < 4; ++i) model.commit(generator, 5, 9);
  const IndexSummary summary = Index::open(model.folder())->summary();
  EXPECT_EQ(summary.manifest, 4U);
  EXPECT_EQ(summary.sequence, 4U);
  EXPECT_EQ(summary.segments, 4U);
  EXPECT_EQ(summary.files, model.files.size());
  EXPECT_EQ(summary.first_timestamp, std::ranges::min(model.timestamps));
  EXPECT_EQ(summary.last_timestamp, std::ranges::max(model.timestamps));
}

TEST(Index, NamesTheFirstUnknownKeysAndTheirNumber) {
  std::mt19937_64 generator(4);
  ModelDataset model;
  model.commit(generator, 10, 20);
  const auto index = Index::open(model.folder());
  const Key end = index->summary().next_key;
  std::vector<Key> keys{0, -1, 1, end, end + 1, 2, end + 2, end + 3, end + 4, 3};
  std::vector<std::int64_t> out(keys.size());
  std::vector<Location> locations(keys.size());
  const std::string message = message_of(ErrorKind::kUnknownKey, [&] { index->labels(keys, out); });
  EXPECT_NE(message.find("no keys -1, " + std::to_string(end) + ", "), std::string::npos) << message;
  EXPECT_NE(message.find(", ... (6 of the 10 asked for)"), std::string::npos) << message;
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->locate(keys, locations); }));
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->timestamps(keys, out); }));
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->label_range(end - 1, std::span(out).first(2)); }));
}

TEST(Index, RefusesOutputOfAnotherLength) {
  std::mt19937_64 generator(5);
  ModelDataset model;
  model.commit(generator, 10, 20);
  const std::vector<Key> keys{0, 1};
  std::vector<std::int64_t> out(1);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { Index::open(model.folder())->labels(keys, out); }));
}

TEST(Index, AnswersForNoKeys) {
  std::mt19937_64 generator(6);
  ModelDataset model;
  model.commit(generator, 1, 1);
  const auto index = Index::open(model.folder());
  index->locate({}, {});
  index->labels({}, {});
  index->label_range(5, {});
}

TEST(Index, OfADatasetWithoutACommitIsEmpty) {
  const ModelDataset model;
  const auto index = Index::open(model.folder());
  EXPECT_EQ(index->summary().manifest, 0U);
  EXPECT_EQ(index->summary().samples, 0U);
  EXPECT_EQ(index->summary().first_timestamp, 0);
  EXPECT_EQ(index->summary().last_timestamp, -1);
  EXPECT_EQ(index->source_files(), 0U);
  index->verify();
}

TEST(Index, OfAMissingDatasetIsAnError) {
  const testing::TemporaryFolder folder;
  EXPECT_TRUE(throws(ErrorKind::kIo, [&] { Index::open(folder.path() / "absent"); }));
}

TEST(Index, StaysWithThePinnedManifest) {
  std::mt19937_64 generator(7);
  ModelDataset model;
  for (int i = 0; i < 3; ++i) model.commit(generator, 10, 20);
  const auto pinned = Index::open(model.folder());
  const auto second = Index::open(model.folder(), 2);
  const auto samples = pinned->summary().samples;
  model.commit(generator, 10, 20);
  EXPECT_EQ(pinned->summary().samples, samples);
  EXPECT_EQ(pinned->summary().manifest, 3U);
  EXPECT_EQ(second->summary().manifest, 2U);
  EXPECT_LT(second->summary().samples, samples);
  EXPECT_EQ(Index::open(model.folder())->summary().manifest, 4U);
  const auto message = message_of(ErrorKind::kInvalidArgument, [&] { Index::open(model.folder(), 9); });
  EXPECT_NE(message.find("no manifest 9; the newest is 4"), std::string::npos) << message;
}

TEST(Index, KeepsTheIdentityOfItsDataset) {
  std::mt19937_64 generator(8);
  ModelDataset model;
  model.commit(generator, 1, 1);
  const auto identity = Index::open(model.folder())->identity();
  model.commit(generator, 1, 1);
  EXPECT_EQ(Index::open(model.folder())->identity(), identity);
  ModelDataset other;
  other.commit(generator, 1, 1);
  EXPECT_NE(Index::open(other.folder())->identity(), identity);
}

TEST(Index, ServesManyThreads) {
  std::mt19937_64 generator(9);
  ModelDataset model;
  for (int i = 0; i < 4; ++i) model.commit(generator, 30, 100);
  const auto index = Index::open(model.folder());
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 own(seed);
      for (int i = 0; i < 20; ++i) expect_answers(model, *index, random_keys(own, 300, model.labels.size()));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace modyn
