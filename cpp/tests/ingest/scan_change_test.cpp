// What a scan does about known files that are not what they were.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/growing_folder.hpp"
#include "modyn/ingest.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;
using testing::manifest_of;
using Labels = std::vector<std::int64_t>;

class ScanChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("a.bin", {1, 2, 3}, 100);
    folder_.write("b.bin", {4, 5}, 200);
    folder_.scan();
  }

  // Scans; the only conflict must be this one, and nothing may have been published.
  void expect_conflict(const std::string& reason) {
    const ScanReport report = folder_.scan();
    ASSERT_EQ(report.conflicts.size(), 1U);
    EXPECT_EQ(report.conflicts[0].reason, reason);
    EXPECT_EQ(report.known_files, 1U);
    EXPECT_EQ(report.summary.manifest, 1U);
    EXPECT_EQ(folder_.labels(), (Labels{1, 2, 3, 4, 5})) << "a conflict is left alone";
    const QuarantineList list = quarantine(folder_.dataset());
    ASSERT_EQ(list.conflicts.size(), 1U);
    EXPECT_EQ(list.conflicts[0].reason, reason);
  }

  GrowingFolder folder_;
};

TEST_F(ScanChangeTest, TakesTheTailOfAFileThatHasGrown) {
  folder_.append("a.bin", {6, 7}, 300);
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.grown_files, 1U);
  EXPECT_EQ(report.new_files, 0U);
  EXPECT_EQ(report.new_samples, 2U);
  EXPECT_EQ(report.summary.files, 2U);
  EXPECT_EQ(report.summary.last_timestamp, 300);
  EXPECT_EQ(folder_.labels(), (Labels{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(folder_.places()[5], "a.bin:3");
  testing::check_samples(*folder_.open(), folder_.root());
  EXPECT_EQ(folder_.scan().known_files, 2U);
}

TEST_F(ScanChangeTest, FollowsAFileThatGrowsAgainAndAgain) {
  std::int32_t label = 10;
  for (int i = 0; i < 10; ++i) {
    folder_.append("a.bin", {label, label + 1}, 300 + i);
    label += 2;
    EXPECT_EQ(folder_.scan().grown_files, 1U);
  }
  const auto index = folder_.open();
  EXPECT_EQ(index->summary().samples, 25U);
  EXPECT_EQ(index->source_file(0).ingested_bytes, 23U * GrowingFolder::kRecordSize);
  testing::check_samples(*index, folder_.root());
}

TEST_F(ScanChangeTest, WaitsForTheRestOfARecord) {
  const auto whole = testing::read_bytes(folder_.file("a.bin"));
  testing::write_bytes(folder_.file("a.bin"), std::span(whole).first(5), std::ios::app);
  const ScanReport report = folder_.scan();
  ASSERT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(report.quarantined[0].reason, "file 'a.bin' has grown to 41 bytes, not a multiple of record_size 12");
  EXPECT_EQ(report.summary.manifest, 1U);
  testing::write_bytes(folder_.file("a.bin"), std::span(whole).first(12).subspan(5), std::ios::app);
  EXPECT_EQ(folder_.scan().grown_files, 1U);
  EXPECT_TRUE(quarantine(folder_.dataset()).quarantined.empty());
}

TEST_F(ScanChangeTest, ReportsAFileThatShrank) {
  std::filesystem::resize_file(folder_.file("a.bin"), 24);
  expect_conflict("file 'a.bin' shrank to 24 bytes, 36 were ingested");
}

TEST_F(ScanChangeTest, ReportsAFileThatWasRewritten) {
  folder_.write("a.bin", {1, 9, 3}, 101);
  expect_conflict("file 'a.bin' was changed within its 36 ingested bytes");
}

TEST_F(ScanChangeTest, ReportsAFileThatWasRewrittenAndGrew) {
  folder_.write("a.bin", {9, 2, 3, 4}, 101);
  expect_conflict("file 'a.bin' was changed within its 36 ingested bytes");
}

TEST_F(ScanChangeTest, ReportsAFileThatVanished) {
  std::filesystem::remove(folder_.file("a.bin"));
  expect_conflict("file 'a.bin' vanished");
  folder_.write("a.bin", {1, 2, 3}, 100);
  EXPECT_TRUE(folder_.scan().conflicts.empty()) << "it came back as it was";
}

TEST_F(ScanChangeTest, ReportsAFileThatBecameAFolder) {
  std::filesystem::remove(folder_.file("a.bin"));
  std::filesystem::create_directory(folder_.file("a.bin"));
  expect_conflict("file 'a.bin' is no longer a regular file");
}

TEST_F(ScanChangeTest, AConflictStopsNoOtherFile) {
  std::filesystem::remove(folder_.file("a.bin"));
  folder_.write("c.bin", {6});
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.conflicts.size(), 1U);
  EXPECT_EQ(report.new_files, 1U);
}

TEST_F(ScanChangeTest, ATouchedFileIsKnownAndItsNewStateIsRecordedOnce) {
  testing::set_mtime(folder_.file("a.bin"), 999);
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.known_files, 2U);
  EXPECT_TRUE(report.conflicts.empty());
  EXPECT_EQ(report.new_samples, 0U);
  EXPECT_EQ(report.summary.manifest, 2U);
  EXPECT_EQ(report.summary.sequence, 1U) << "no new data";
  EXPECT_EQ(report.summary.last_timestamp, 200) << "samples keep their timestamps";
  EXPECT_EQ(folder_.open()->source_file(0).mtime_ns, 999'000'000'000);
  EXPECT_EQ(folder_.scan().summary.manifest, 2U);
}

TEST_F(ScanChangeTest, ACopyInPlaceOfAFileIsTheFile) {
  std::filesystem::copy_file(folder_.file("a.bin"), folder_.file("copy"));
  std::filesystem::rename(folder_.file("copy"), folder_.file("a.bin"));
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.known_files, 2U);
  EXPECT_TRUE(report.conflicts.empty());
}

TEST_F(ScanChangeTest, ATouchIsRecordedTogetherWithWhatIsNew) {
  testing::set_mtime(folder_.file("a.bin"), 999);
  folder_.write("c.bin", {6});
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.summary.segments, 2U);
  EXPECT_EQ(report.summary.sequence, 2U);
  EXPECT_EQ(folder_.open()->source_file(0).mtime_ns, 999'000'000'000);
}

TEST_F(ScanChangeTest, AKnownFileStaysKnownUnderAnotherExtension) {
  folder_.write("c.dat", {6});
  folder_.options.file_extension = ".dat";
  const ScanReport report = folder_.scan();
  EXPECT_EQ(report.known_files, 2U);
  EXPECT_EQ(report.new_files, 1U);
  EXPECT_TRUE(report.conflicts.empty());
}

}  // namespace
}  // namespace modyn
