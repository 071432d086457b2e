// Logs go when nobody may ask for one of their samples any more.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "modyn/check.hpp"
#include "modyn/ingest.hpp"
#include "modyn/maintenance.hpp"
#include "modyn/push.hpp"
#include "push/pushed_folder.hpp"
#include "push/pushed_samples.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::throws;

// Four logs of one batch of ten samples each, sealed: keys 0 to 39.
class CollectLogs : public ::testing::Test {
 protected:
  CollectLogs() {
    for (std::int64_t number = 0; number < 4; ++number) append(number);
    seal(dataset(), format());
  }

  [[nodiscard]] const std::filesystem::path& dataset() const { return folder_.path(); }

  [[nodiscard]] static FormatText format() {
    FixedRecordFormat format;
    format.record_size = 12;
    format.label_size = 4;
    return format;
  }

  AppendReceipt append(std::int64_t number) {
    return Appender(dataset(), {.sample_size = 8, .log_bytes = 1}).append(make_batch(10 * number, 10, 8), id(number));
  }
  [[nodiscard]] static std::string id(std::int64_t number) { return "batch " + std::to_string(number); }

  void delete_keys(Key first, Key end) { delete_samples(dataset(), std::vector{KeyRange{first, end}}); }
  [[nodiscard]] std::vector<std::uint64_t> logs() const { return push::log_numbers(dataset()); }
  std::uint64_t collect_all() {
    collect(dataset(), 0);
    return collect_logs(dataset()).logs;
  }

  testing::TemporaryFolder folder_;
};

using Numbers = std::vector<std::uint64_t>;

TEST_F(CollectLogs, TheyStayAsLongAsASampleIsThere) {
  EXPECT_EQ(logs(), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(collect_all(), 0U);
  delete_keys(0, 9);
  EXPECT_EQ(collect_all(), 0U);
  delete_keys(9, 10);
  EXPECT_EQ(collect_all(), 1U);
  EXPECT_EQ(logs(), (Numbers{2, 3, 4}));
}

TEST_F(CollectLogs, TheOldestGoesFirst) {
  delete_keys(10, 30);
  EXPECT_EQ(collect_all(), 0U) << "log 1 is needed, and none goes before it";
  delete_keys(0, 10);
  EXPECT_EQ(collect_all(), 3U);
}

TEST_F(CollectLogs, TheNewestStays) {
  delete_keys(0, 40);
  const CollectedLogs before = collect_logs(dataset());
  EXPECT_EQ(before.logs, 0U) << "an older manifest still has the samples";
  EXPECT_EQ(collect_all(), 3U);
  EXPECT_EQ(logs(), (Numbers{4}));
  EXPECT_EQ(collect_all(), 0U);
}

TEST_F(CollectLogs, AManifestThatIsPinnedKeepsThem) {
  pin_manifest(dataset(), 1, "somebody");
  delete_keys(0, 40);
  EXPECT_EQ(collect_all(), 0U);
  unpin_manifest(dataset(), 1, "somebody");
  EXPECT_EQ(collect_all(), 3U);
}

TEST_F(CollectLogs, WhatIsNotSealedKeepsThem) {
  append(4);
  append(5);  // log 5 is full, and no manifest knows it
  delete_keys(0, 40);
  EXPECT_EQ(collect_all(), 4U);
  EXPECT_EQ(logs(), (Numbers{5, 6}));
  EXPECT_EQ(waiting_samples(*Index::open(dataset())), 20U);
}

TEST_F(CollectLogs, TheDatasetGoesOnWithoutThem) {
  delete_keys(0, 20);
  ASSERT_EQ(collect_all(), 2U);
  EXPECT_TRUE(append(0).duplicate) << "their batch ids stay known";
  EXPECT_TRUE(append(3).duplicate);
  EXPECT_TRUE(throws(ErrorKind::kConflict,
                     [this] { Appender(dataset(), {.sample_size = 8}).append(make_batch(0, 9, 8), id(0)); }));
  EXPECT_TRUE(append(4).log_is_full);
  EXPECT_EQ(seal(dataset(), format()).samples, 30U);
  verify_pushed(dataset());
  const CheckReport report = check(dataset(), {.root = dataset() / "sources"}, {});
  EXPECT_TRUE(report.findings.empty()) << report.findings.front().path << ": " << report.findings.front().what;
  EXPECT_EQ(merge_segments(dataset()).manifest, Index::open(dataset())->summary().manifest);
}

TEST_F(CollectLogs, AnAppenderThatWasIdleMeanwhileGoesOn) {
  Appender idle(dataset(), {.sample_size = 8, .log_bytes = 1});  // knows log 4 only
  for (std::int64_t number = 4; number < 10; ++number) append(number);
  seal(dataset(), format());
  delete_keys(0, 100);
  ASSERT_EQ(collect_all(), 9U);
  EXPECT_FALSE(idle.append(make_batch(100, 10, 8), id(10)).duplicate);
  EXPECT_TRUE(idle.append(make_batch(50, 10, 8), id(5)).duplicate);
  verify_pushed(dataset());
}

TEST_F(CollectLogs, ALogThatIsMissingBetweenOthersIsDamage) {
  std::filesystem::remove(dataset() / push::log_name(2));
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [this] { static_cast<void>(pushed_logs(dataset())); }));
  std::filesystem::remove(dataset() / push::log_name(1));
  EXPECT_EQ(pushed_logs(dataset()).size(), 2U) << "as if both had been collected";
}

TEST_F(CollectLogs, OneWhoseSamplesWereSealedInPartsIsLookedAtWhole) {
  Appender appender(dataset(), {.sample_size = 8, .log_bytes = 1U << 20U});
  for (std::int64_t number = 4; number < 6; ++number) {
    appender.append(make_batch(10 * number, 10, 8), id(number));  // in log 4, behind its first batch
    seal(dataset(), format());
  }
  append(6);
  seal(dataset(), format());
  delete_keys(0, 40);
  EXPECT_EQ(collect_all(), 3U);
  delete_keys(40, 59);
  EXPECT_EQ(collect_all(), 0U);
  delete_keys(59, 60);
  EXPECT_EQ(collect_all(), 1U);
  EXPECT_EQ(logs(), (Numbers{5}));
}

TEST_F(CollectLogs, ADamagedRunOfBatchIdsIsNotMadeAnewFromLogsThatAreGone) {
  delete_keys(0, 10);
  ASSERT_EQ(collect_all(), 1U);
  for (const auto& entry : std::filesystem::directory_iterator(push::batch_folder(dataset()))) {
    std::filesystem::resize_file(entry.path(), 100);
  }
  EXPECT_NE(testing::message_of(ErrorKind::kCorrupt, [this] { append(4); }).find("restore it from a backup"),
            std::string::npos);
}

TEST_F(CollectLogs, ADamagedManifestMayNeedThem) {
  delete_keys(0, 40);
  collect(dataset(), 0);
  pin_manifest(dataset(), 2, "somebody");
  delete_keys(0, 40);
  for (const auto& entry : std::filesystem::directory_iterator(dataset() / "deleted")) {
    std::filesystem::resize_file(entry.path(), 10);
  }
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [this] { collect_logs(dataset()); }));
  EXPECT_EQ(logs().size(), 4U);
}

}  // namespace
}  // namespace modyn
