#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "index/dataset_folder.hpp"
#include "ingest/growing_folder.hpp"
#include "modyn/ingest.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;
using testing::manifest_of;
using testing::message_of;
using testing::throws;
using Labels = std::vector<std::int64_t>;

TEST(Scan, RegistersEveryRecordOfEveryFile) {
  const GrowingFolder folder;
  folder.write("b.bin", {4, 5}, 200);
  folder.write("a.bin", {1, -2, 3}, 100);
  folder.write("other.txt", {9}, 100);
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.new_files, 2U);
  EXPECT_EQ(report.new_samples, 5U);
  EXPECT_EQ(report.known_files, 0U);
  EXPECT_TRUE(report.quarantined.empty());
  EXPECT_EQ(report.summary.manifest, 1U);
  EXPECT_EQ(report.summary.samples, 5U);
  EXPECT_EQ(report.summary.first_timestamp, 100);
  EXPECT_EQ(report.summary.last_timestamp, 200);
  EXPECT_EQ(folder.labels(), (Labels{1, -2, 3, 4, 5}));
  EXPECT_EQ(folder.places(), (std::vector<std::string>{"a.bin:0", "a.bin:1", "a.bin:2", "b.bin:0", "b.bin:1"}));
  testing::check_samples(*folder.open(), folder.root());
}

TEST(Scan, PublishesNothingIfNothingIsNew) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.scan();
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.known_files, 1U);
  EXPECT_EQ(report.new_files, 0U);
  EXPECT_EQ(report.summary.manifest, 1U);
  EXPECT_EQ(manifest_of(folder), 1U);
}

TEST(Scan, OfAnEmptyFolderLeavesADatasetWithoutACommit) {
  const GrowingFolder folder;
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.summary.manifest, 0U);
  EXPECT_EQ(folder.open()->summary().samples, 0U);
}

TEST(Scan, AddsWhatCameLaterWithLaterKeys) {
  const GrowingFolder folder;
  folder.write("b.bin", {1, 2}, 200);
  folder.scan();
  folder.write("a.bin", {3}, 100);
  folder.write("c.bin", {4}, 300);
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.new_files, 2U);
  EXPECT_EQ(report.known_files, 1U);
  EXPECT_EQ(report.summary.sequence, 2U);
  EXPECT_EQ(folder.labels(), (Labels{1, 2, 3, 4})) << "the late file with an old timestamp is not lost";
}

TEST(Scan, KnowsEmptyFilesWithZeroRecords) {
  const GrowingFolder folder;
  folder.write("a.bin", {}, 100);
  ScanReport report = folder.scan();
  EXPECT_EQ(report.new_files, 1U);
  EXPECT_EQ(report.new_samples, 0U);
  report = folder.scan();
  EXPECT_EQ(report.known_files, 1U);
  EXPECT_EQ(report.summary.manifest, 1U);
  folder.append("a.bin", {7, 8}, 200);
  report = folder.scan();
  EXPECT_EQ(report.grown_files, 1U);
  EXPECT_EQ(folder.labels(), (Labels{7, 8}));
}

TEST(Scan, TakesTimestampsFromFileNames) {
  GrowingFolder folder;
  folder.options.timestamp_source = TimestampSource::kFileName;
  folder.options.timestamp_pattern = "%Y-%m-%d";
  folder.write("x/2013-01-02.bin", {2}, 5);
  folder.write("y/2013-01-01.bin", {1}, 9);
  folder.write("2013-01-03/no-date.bin", {3}, 9);
  const ScanReport report = folder.scan();
  EXPECT_EQ(folder.labels(), (Labels{1, 2}));
  EXPECT_EQ(report.summary.first_timestamp, 1356998400);
  EXPECT_EQ(report.summary.last_timestamp, 1356998400 + 86400);
  ASSERT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(report.quarantined[0].path, "2013-01-03/no-date.bin");
  EXPECT_EQ(report.quarantined[0].reason,
            "file '2013-01-03/no-date.bin' has no timestamp in its name by the pattern '%Y-%m-%d'");
}

TEST(Scan, RoundsModificationTimesDownToSeconds) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  const timespec times[2] = {{-2, 999'999'999}, {-2, 999'999'999}};
  ASSERT_EQ(::utimensat(AT_FDCWD, folder.file("a.bin").c_str(), times, 0), 0);
  EXPECT_EQ(folder.scan().summary.first_timestamp, -2);
}

TEST(Scan, CreatesTheDatasetsFolderAndKeepsItOutOfTheData) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  const auto dataset = folder.root() / "deep" / "index";
  scan(dataset, folder.options);
  testing::write_text(dataset / "looks-like-data.bin", "x");
  EXPECT_TRUE(scan(dataset, folder.options).quarantined.empty());
  EXPECT_EQ(Index::open(dataset)->summary().samples, 1U);
}

TEST(Scan, RefusesOptionsThatCannotBe) {
  const GrowingFolder folder;
  const auto refused = [&](auto change) {
    IngestOptions options = folder.options;
    change(options);
    return message_of(ErrorKind::kInvalidArgument, [&] { scan(folder.dataset(), options); });
  };
  EXPECT_NE(refused([](auto& o) {
              o.format = FixedRecordFormat{12, 9, 0, ByteOrder::kLittle, true};
            }).find("label_size is 9"),
            std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.file_extension = "bin"; }).find("file_extension is 'bin'"), std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.file_extension = ""; }).find("file_extension is ''"), std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.timestamp_source = TimestampSource::kFileName; }).find("pattern"),
            std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.timestamp_pattern = "%Y"; }).find("has no effect"), std::string::npos);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { scan(folder.root(), folder.options); }))
      << "the index in the root itself";
}

TEST(Scan, RefusesAnotherFormatThanTheDatasets) {
  GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.scan();
  folder.options.format = FixedRecordFormat{GrowingFolder::kRecordSize, 4, 0, ByteOrder::kLittle, false};
  const auto message = message_of(ErrorKind::kInvalidArgument, [&] { folder.scan(); });
  EXPECT_NE(message.find("label_signed=true"), std::string::npos) << message;
  EXPECT_NE(message.find("label_signed=false"), std::string::npos) << message;
}

TEST(Scan, OfAMissingRootIsAnErrorAndNoConflict) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.scan();
  std::filesystem::rename(folder.root(), folder.root().string() + "-gone");
  EXPECT_TRUE(throws(ErrorKind::kIo, [&] { folder.scan(); }));
  std::filesystem::rename(folder.root().string() + "-gone", folder.root());
  EXPECT_EQ(folder.scan().known_files, 1U);
}

TEST(Scan, StopsAtACorruptNewestManifest) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.scan();
  const std::byte damaged{1};
  testing::overwrite(index::manifest_file(folder.dataset(), 1), 20, std::span(&damaged, 1));
  folder.write("b.bin", {2});
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { folder.scan(); }));
}

TEST(Scan, ReportsItsProgressOnTheCallersThread) {
  const GrowingFolder folder;
  for (int i = 0; i < 50; ++i) folder.write("file-" + std::to_string(i) + ".bin", {i});
  const auto caller = std::this_thread::get_id();
  std::vector<std::uint64_t> done;
  scan(folder.dataset(), folder.options, 1.0, [&](std::uint64_t files, std::uint64_t total) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(total, 50U);
    done.push_back(files);
  });
  ASSERT_GE(done.size(), 2U);
  EXPECT_EQ(done.front(), 0U);
  EXPECT_EQ(done.back(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(done));
}

TEST(Scan, StoppedByItsProgressPublishesNothing) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  EXPECT_THROW(scan(folder.dataset(), folder.options, 1.0,
                    [](std::uint64_t, std::uint64_t) { throw std::runtime_error("stop"); }),
               std::runtime_error);
  EXPECT_EQ(folder.open()->summary().manifest, 0U);
  EXPECT_EQ(folder.scan().new_files, 1U);
}

TEST(Scan, RemovesWhatKilledWritersLeft) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.scan();
  const auto temporary = index::manifest_folder(folder.dataset()) / ".tmp-0011223344556677";
  const auto orphan = index::segment_folder(folder.dataset()) / index::new_segment_name(2, 2);
  testing::write_text(temporary, "half a manifest");
  testing::write_text(orphan, "a segment without a manifest");
  folder.scan();
  EXPECT_FALSE(std::filesystem::exists(temporary));
  EXPECT_FALSE(std::filesystem::exists(orphan));
  folder.open()->verify();
}

}  // namespace
}  // namespace modyn
