#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/deletions.hpp"
#include "index/model_dataset.hpp"
#include "index/retirement.hpp"
#include "modyn/index.hpp"
#include "modyn/maintenance.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::ModelDataset;
using testing::throws;

std::vector<Key> all_keys(const ModelDataset& model) {
  std::vector<Key> keys(model.labels.size());
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<Key>(i);
  return keys;
}

void expect_answers(const ModelDataset& model, const Index& index) {
  const std::vector<Key> all = all_keys(model);
  const auto deleted = std::make_unique<bool[]>(all.size());
  index.deleted(all, std::span(deleted.get(), all.size()));
  for (std::size_t key = 0; key < all.size(); ++key) ASSERT_EQ(deleted[key], model.deleted[key]) << key;

  const std::vector<Key> live = model.live_keys();
  std::vector<std::int64_t> labels(live.size());
  std::vector<Timestamp> timestamps(live.size());
  std::vector<Place> places(live.size());
  index.labels(live, labels);
  index.timestamps(live, timestamps);
  index.places(live, places);
  for (std::size_t i = 0; i < live.size(); ++i) {
    const auto key = static_cast<std::size_t>(live[i]);
    ASSERT_EQ(labels[i], model.labels[key]);
    ASSERT_EQ(timestamps[i], model.timestamps[key]);
    ASSERT_EQ(places[i], model.places[key]);
  }
  EXPECT_EQ(index.summary().samples, live.size());
  EXPECT_EQ(index.summary().deleted, all.size() - live.size());
  if (!live.empty()) {
    EXPECT_EQ(index.summary().first_timestamp, std::ranges::min(timestamps));
    EXPECT_EQ(index.summary().last_timestamp, std::ranges::max(timestamps));
  }
}

// Property: after any deletes, what is left answers as before and what is not says so; older manifests see all.
TEST(Delete, TakesAwayWhatWasNamedAndNothingElse) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::mt19937_64 generator(seed);
    ModelDataset model;
    for (int i = 0; i < 4; ++i) {
      model.commit(generator, 8, 60);
      if (i % 2 == 1) model.remove(generator, 1 + generator() % 20);
      const auto index = Index::open(model.folder());
      index->verify();
      expect_answers(model, *index);
    }
    EXPECT_EQ(Index::open(model.folder(), 1)->summary().deleted, 0U);
  }
}

class DeleteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 generator(3);
    for (int i = 0; i < 3; ++i) model_.commit(generator, 6, 40);
  }
  [[nodiscard]] DeleteReport remove(const std::vector<Key>& keys) const {
    return delete_samples(model_.folder(), keys);
  }
  [[nodiscard]] std::shared_ptr<const Index> open() const { return Index::open(model_.folder()); }

  ModelDataset model_;
};

TEST_F(DeleteTest, CountsWhatWasDeletedBeforeAndTakesRepeatsForOne) {
  EXPECT_EQ(remove({5, 3, 5, 5}).deleted, 2U);
  const DeleteReport report = remove({3, 4, 3});
  EXPECT_EQ(report.deleted, 1U);
  EXPECT_EQ(report.already_deleted, 1U);
  EXPECT_EQ(report.manifest, 5U);
  EXPECT_EQ(open()->summary().deleted, 3U);
}

TEST_F(DeleteTest, OfNothingPublishesNothing) {
  EXPECT_EQ(remove({}).manifest, 3U);
  static_cast<void>(remove({7}));
  EXPECT_EQ(remove({7}).manifest, 4U);
  EXPECT_EQ(open()->summary().manifest, 4U);
}

TEST_F(DeleteTest, LeavesTheSequenceAndTheNextKey) {
  const IndexSummary before = open()->summary();
  static_cast<void>(remove({0, before.next_key - 1}));
  const IndexSummary after = open()->summary();
  EXPECT_EQ(after.sequence, before.sequence);
  EXPECT_EQ(after.next_key, before.next_key);
  EXPECT_EQ(after.manifest, before.manifest + 1);
}

TEST_F(DeleteTest, OfAnUnknownKeyIsAnErrorThatNamesItAndChangesNothing) {
  const Key next = open()->summary().next_key;
  for (const Key key : {next, Key{-1}, std::numeric_limits<Key>::max(), std::numeric_limits<Key>::min()}) {
    const auto message = message_of(ErrorKind::kUnknownKey, [&] { static_cast<void>(remove({1, key})); });
    EXPECT_NE(message.find(std::to_string(key)), std::string::npos) << message;
  }
  const KeyRange beyond{next - 1, next + 5};
  const auto message =
      message_of(ErrorKind::kUnknownKey, [&] { delete_samples(model_.folder(), std::span(&beyond, 1)); });
  EXPECT_NE(message.find("never had these 5 keys"), std::string::npos) << message;
  EXPECT_EQ(open()->summary().manifest, 3U);
  EXPECT_FALSE(std::filesystem::exists(index::deletion_folder(model_.folder())));
}

TEST_F(DeleteTest, OfARangeThatEndsBeforeItBeginsIsRefused) {
  const KeyRange backwards{5, 4};
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { delete_samples(model_.folder(), std::span(&backwards, 1)); }));
}

TEST_F(DeleteTest, OfADatasetThatIsNotThereMakesNone) {
  EXPECT_TRUE(throws(ErrorKind::kIo, [&] { delete_samples(model_.folder() / "other", std::vector<Key>{1}); }));
  EXPECT_FALSE(std::filesystem::exists(model_.folder() / "other"));
}

TEST_F(DeleteTest, IsToldFromKeysThatNeverWere) {
  static_cast<void>(remove({3}));
  const auto index = open();
  std::vector<std::int64_t> out(2);
  const std::vector<Key> keys{3, index->summary().next_key};
  const auto message = message_of(ErrorKind::kUnknownKey, [&] { index->labels(keys, out); });
  EXPECT_NE(message.find("deleted: keys 3"), std::string::npos) << message;
  EXPECT_NE(message.find("no keys " + std::to_string(keys[1])), std::string::npos) << message;
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->label_range(2, out); }));
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->timestamp_range(2, out); }));
  bool flags[2];
  EXPECT_TRUE(throws(ErrorKind::kUnknownKey, [&] { index->deleted(keys, flags); }));
}

TEST_F(DeleteTest, OfEverythingLeavesAnEmptyDatasetWithItsKeys) {
  const Key next = open()->summary().next_key;
  const KeyRange all{0, next};
  EXPECT_EQ(delete_samples(model_.folder(), std::span(&all, 1)).deleted, static_cast<std::uint64_t>(next));
  const auto index = open();
  EXPECT_EQ(index->summary().samples, 0U);
  EXPECT_EQ(index->summary().first_timestamp, 0);
  EXPECT_EQ(index->summary().last_timestamp, -1);
  EXPECT_EQ(index->summary().next_key, next);
  EXPECT_EQ(View::build(index, ViewOrder::kTime)->size(), 0U);
}

TEST_F(DeleteTest, IsDetectedWhenAnyByteOfItIsDamaged) {
  // Ranges and a bitmap.
  std::vector<Key> every_second;
  for (Key key = 0; key < open()->summary().next_key; key += 2) every_second.push_back(key);
  for (const auto& keys : {std::vector<Key>{1}, every_second}) {
    static_cast<void>(remove(keys));
    model_.reload();
    for (const index::SegmentEntry& segment : model_.manifest().segments) {
      if (segment.deletions.name.empty()) continue;
      const auto path = index::deletion_folder(model_.folder()) / segment.deletions.name;
      const auto intact = testing::read_bytes(path);
      for (std::size_t at = 0; at < intact.size(); ++at) {
        const std::byte damaged = intact[at] ^ std::byte{0x40};
        testing::overwrite(path, at, std::span(&damaged, 1));
        ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { open()->verify(); })) << "byte " << at;
        testing::overwrite(path, at, std::span(intact).subspan(at, 1));
      }
    }
  }
}

TEST_F(DeleteTest, FindsTheKeysOfFiles) {
  const auto index = open();
  std::mt19937_64 generator(8);
  std::vector<std::uint32_t> files;
  for (std::uint32_t file = 0; file < index->source_files(); ++file) {
    if (generator() % 3 == 0) files.push_back(file);
  }
  std::vector<bool> found(model_.labels.size(), false);
  for (const KeyRange& range : index::keys_of_files(*index, files)) {
    for (Key key = range.first; key < range.end; ++key) found[static_cast<std::size_t>(key)] = true;
  }
  for (std::size_t key = 0; key < found.size(); ++key) {
    ASSERT_EQ(found[key], std::ranges::binary_search(files, model_.locations[key].file)) << key;
  }
}

TEST(Deletions, FindWhatIsDeletedAndWhatIsNot) {
  testing::TemporaryFolder folder;
  std::mt19937_64 generator(1);
  for (const std::uint64_t rows : {1U, 63U, 64U, 65U, 1000U, 5000U}) {
    for (const std::uint64_t one_of : {1U, 2U, 3U, 100U, 3000U}) {
      index::DeletionBitmap bitmap(rows);
      std::vector<bool> expected(rows, false);
      bitmap.add(rows / 2, rows / 2 + 1);
      expected[rows / 2] = true;
      for (std::uint64_t row = 0; row < rows; ++row) {
        if (generator() % one_of != 0) continue;
        const std::uint64_t end = std::min(rows, row + generator() % 200);
        bitmap.add(row, end);
        std::fill(expected.begin() + static_cast<std::ptrdiff_t>(row),
                  expected.begin() + static_cast<std::ptrdiff_t>(end), true);
        row = end;
      }
      index::SegmentEntry entry;
      entry.samples = rows;
      entry.deletions = bitmap.publish(folder.path(), 1, 1);
      ASSERT_EQ(entry.deletions.samples, static_cast<std::uint64_t>(std::ranges::count(expected, true)));
      const index::Deletions deletions(folder.path(), entry);
      deletions.verify();
      std::vector<bool> live(rows, false);
      deletions.for_each_live(0, rows, [&](std::uint64_t first, std::uint64_t end) {
        ASSERT_LT(first, end);
        for (std::uint64_t row = first; row < end; ++row) live[row] = true;
      });
      for (std::uint64_t row = 0; row < rows; ++row) {
        ASSERT_EQ(deletions.contains(row), expected[row]);
        ASSERT_NE(live[row], expected[row]);
      }
      const std::uint64_t middle = generator() % (rows + 1);
      ASSERT_EQ(deletions.count(0, middle) + deletions.count(middle, rows), entry.deletions.samples);
    }
  }
}

}  // namespace
}  // namespace modyn
