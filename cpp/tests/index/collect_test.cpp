#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/folder_lock.hpp"
#include "index/dataset_folder.hpp"
#include "index/model_dataset.hpp"
#include "index/order_builder.hpp"
#include "modyn/index.hpp"
#include "modyn/maintenance.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::ModelDataset;
using testing::throws;

std::size_t files_in(const std::filesystem::path& folder) {
  std::error_code error;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename() != "lock") ++count;
  }
  return count;
}

// Ten commits, something deleted, all merged.
class CollectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 10; ++i) model_.commit(generator_, 3, 20);
    model_.remove(generator_, 5);
    merge_segments(folder());
    model_.reload();
  }
  [[nodiscard]] std::filesystem::path folder() const { return model_.folder(); }
  [[nodiscard]] std::vector<std::int64_t> labels_of(const Index& index) const {
    std::vector<std::int64_t> labels(model_.live_keys().size());
    index.labels(model_.live_keys(), labels);
    return labels;
  }

  std::mt19937_64 generator_{4};
  ModelDataset model_;
};

TEST_F(CollectTest, LeavesTheNewestManifestAndWhatItNeeds) {
  const CollectReport report = collect(folder(), 0);
  EXPECT_EQ(report.manifests, 11U);
  EXPECT_EQ(report.segments, 10U);
  EXPECT_GT(report.deletions, 0U);
  EXPECT_GT(report.bytes, 0U);
  EXPECT_EQ(files_in(index::manifest_folder(folder())), 1U);
  EXPECT_EQ(files_in(index::segment_folder(folder())), 1U);
  EXPECT_EQ(files_in(index::deletion_folder(folder())), 1U);
  Index::open(folder())->verify();
  EXPECT_EQ(collect(folder(), 0).bytes, 0U) << "nothing is left to do";
}

TEST_F(CollectTest, LeavesWhatIsYoung) {
  EXPECT_EQ(collect(folder(), 3600).manifests, 0U);
  for (std::uint64_t manifest = 1; manifest <= 12; ++manifest) Index::open(folder(), manifest)->verify();
}

TEST_F(CollectTest, LeavesWhatIsPinnedUntilNobodyNeedsIt) {
  pin_manifest(folder(), 5, "run-1");
  pin_manifest(folder(), 5, "run-2");
  pin_manifest(folder(), 11, "run-1");
  collect(folder(), 0);
  Index::open(folder(), 5)->verify();
  Index::open(folder(), 11)->verify();
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { Index::open(folder(), 6); }));
  EXPECT_TRUE(unpin_manifest(folder(), 5, "run-1"));
  EXPECT_EQ(collect(folder(), 0).manifests, 0U);
  EXPECT_TRUE(unpin_manifest(folder(), 5, "run-2"));
  EXPECT_EQ(collect(folder(), 0).manifests, 1U);
  Index::open(folder(), 11)->verify();
}

TEST_F(CollectTest, LeavesReadersThatAreOpenAlone) {
  const auto index = Index::open(folder(), 11);
  const auto before = labels_of(*index);
  const auto other = Index::open(folder(), 11);
  collect(folder(), 0);
  EXPECT_EQ(labels_of(*index), before);
  EXPECT_EQ(labels_of(*other), before) << "nothing was read before";
  other->verify();
  EXPECT_EQ(View::build(other, ViewOrder::kTime)->size(), before.size());
}

TEST_F(CollectTest, RemovesViewsOfManifestsThatAreGone) {
  static_cast<void>(index::stored_order_by_time(Index::open(folder(), 11), 0));
  static_cast<void>(index::stored_order_by_time(Index::open(folder()), 0));
  EXPECT_EQ(files_in(index::view_folder(folder())), 2U);
  EXPECT_EQ(collect(folder(), 0).views, 1U);
  EXPECT_NE(index::find_stored_order(Index::open(folder())), nullptr);
}

TEST_F(CollectTest, RemovesNothingElseIfARemainingManifestIsDamaged) {
  pin_manifest(folder(), 3, "run");
  const std::byte damaged{0};
  testing::overwrite(index::manifest_file(folder(), 3), 0, std::span(&damaged, 1));
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { collect(folder(), 0); }));
  EXPECT_EQ(files_in(index::segment_folder(folder())), 11U);
}

TEST_F(CollectTest, RefusesAGraceThatIsNone) {
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { collect(folder(), -1); }));
}

TEST_F(CollectTest, PinsAreListedAndOnce) {
  pin_manifest(folder(), 12, "b");
  pin_manifest(folder(), 12, "a");
  pin_manifest(folder(), 3, "c.d_e-f");
  pin_manifest(folder(), 3, "c.d_e-f");
  EXPECT_EQ(pins(folder()), (std::vector<Pin>{{3, "c.d_e-f"}, {12, "a"}, {12, "b"}}));
  EXPECT_FALSE(unpin_manifest(folder(), 3, "other"));
}

TEST_F(CollectTest, PinsOfNoManifestAndOfNobodyAreRefused) {
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { pin_manifest(folder(), 13, "run"); }));
  for (const std::string& owner : {std::string(), std::string("a/b"), std::string(101, 'a'), std::string("ä")}) {
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { pin_manifest(folder(), 12, owner); })) << owner;
  }
  EXPECT_TRUE(pins(folder()).empty());
}

// Whoever has pinned a manifest can open it, however often the collector runs meanwhile.
TEST_F(CollectTest, NeverTakesWhatWasPinnedBesideIt) {
  std::atomic<bool> stop = false;
  std::thread collector([&] {
    while (!stop) {
      collect(folder(), 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // a lock that is always taken again starves others
    }
  });
  std::uint64_t pinned = 0;
  for (int i = 0; i < 15; ++i) {
    const std::uint64_t number = model_.manifest().number + 1;
    {
      const core::FolderLock lock(index::lock_file(folder()), 60);
      model_.commit(generator_, 1, 3);
      model_.commit(generator_, 1, 3);
    }
    try {
      pin_manifest(folder(), number, "run");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument) << error.what();
      continue;
    }
    ++pinned;
    Index::open(folder(), number)->verify();
    Index::open(folder());
    unpin_manifest(folder(), number, "run");
  }
  stop = true;
  collector.join();
  EXPECT_GT(pinned, 0U);
}

}  // namespace
}  // namespace modyn
