#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <sys/stat.h>

#include "index/dataset_folder.hpp"
#include "ingest/growing_folder.hpp"
#include "ingest/quarantine_file.hpp"
#include "modyn/ingest.hpp"
#include "support/errors.hpp"
#include "support/unprivileged.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;
using testing::throws;

TEST(Quarantine, TakesAFileWhoseSizeIsNoMultipleOfTheRecordSize) {
  const GrowingFolder folder;
  testing::write_text(folder.file("a.bin"), std::string(1003, 'x'));
  folder.write("b.bin", {1});
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.new_files, 1U) << "one bad file never stops another";
  ASSERT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(report.quarantined[0].path, "a.bin");
  EXPECT_EQ(report.quarantined[0].size, 1003U);
  EXPECT_EQ(report.quarantined[0].reason, "file 'a.bin' has 1,003 bytes, not a multiple of record_size 12");
}

TEST(Quarantine, LetsAFileGoThatBecameWhole) {
  const GrowingFolder folder;
  testing::write_text(folder.file("a.bin"), "half");
  folder.scan();
  EXPECT_EQ(quarantine(folder.dataset()).quarantined.size(), 1U);
  folder.write("a.bin", {1, 2});
  const ScanReport report = folder.scan();
  EXPECT_EQ(report.new_samples, 2U);
  EXPECT_TRUE(report.quarantined.empty());
  EXPECT_TRUE(quarantine(folder.dataset()).quarantined.empty());
}

TEST(Quarantine, OfADatasetThatWasNeverScannedIsEmpty) {
  const GrowingFolder folder;
  EXPECT_TRUE(quarantine(folder.dataset()).quarantined.empty());
}

TEST(Quarantine, KeepsPathsAsTheyAre) {
  const GrowingFolder folder;
  const std::string name = "quote' \n\xff.bin";
  testing::write_text(folder.file(name), "x");
  folder.scan();
  const auto list = quarantine(folder.dataset());
  ASSERT_EQ(list.quarantined.size(), 1U);
  EXPECT_EQ(list.quarantined[0].path, name);
  EXPECT_NE(list.quarantined[0].reason.find("'quote\\x27 \\x0a\\xff.bin'"), std::string::npos);
}

TEST(Quarantine, IsWrittenOnlyWhenItChanges) {
  const GrowingFolder folder;
  testing::write_text(folder.file("a.bin"), "x");
  folder.scan();
  struct stat before{};
  struct stat after{};
  ASSERT_EQ(::stat(index::quarantine_file(folder.dataset()).c_str(), &before), 0);
  folder.scan();
  ASSERT_EQ(::stat(index::quarantine_file(folder.dataset()).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

class WrongContentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.options.format = FixedRecordFormat{12, 8, 0, ByteOrder::kLittle, false};
    std::vector<std::byte> bytes(36, std::byte{0});
    bytes[12 + 7] = std::byte{0x80};
    testing::write_bytes(folder_.file("a.bin"), bytes);
    testing::set_mtime(folder_.file("a.bin"), 100);
  }

  // Mends the content behind the back of size and mtime.
  void mend_unnoticed() const {
    testing::write_bytes(folder_.file("a.bin"), std::vector<std::byte>(36, std::byte{0}));
    testing::set_mtime(folder_.file("a.bin"), 100);
  }

  GrowingFolder folder_;
};

TEST_F(WrongContentTest, IsNamedWithItsRecord) {
  const ScanReport report = folder_.scan();
  ASSERT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(report.quarantined[0].reason,
            "file 'a.bin' has the label 9,223,372,036,854,775,808 in record 1, above the largest label "
            "9,223,372,036,854,775,807");
  EXPECT_EQ(report.summary.manifest, 0U);
}

TEST_F(WrongContentTest, IsNotReadAgainUntilTheFileChanges) {
  folder_.scan();
  mend_unnoticed();
  EXPECT_EQ(folder_.scan().quarantined.size(), 1U) << "the same size and mtime: not read";
  testing::set_mtime(folder_.file("a.bin"), 101);
  EXPECT_EQ(folder_.scan().new_samples, 3U);
}

TEST_F(WrongContentTest, IsReadAgainUnderOtherOptions) {
  folder_.scan();
  folder_.options.format = FixedRecordFormat{12, 8, 0, ByteOrder::kLittle, true};
  EXPECT_EQ(folder_.scan().new_samples, 3U);
}

TEST_F(WrongContentTest, IsReadAgainIfTheListIsDamaged) {
  folder_.scan();
  mend_unnoticed();
  const std::byte damaged{1};
  testing::overwrite(index::quarantine_file(folder_.dataset()), 40, std::span(&damaged, 1));
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { static_cast<void>(quarantine(folder_.dataset())); }));
  EXPECT_EQ(folder_.scan().new_samples, 3U);
  EXPECT_TRUE(quarantine(folder_.dataset()).quarantined.empty());
}

TEST(Quarantine, TakesAnUnreadableFileAndTriesItInEveryScan) {
  const GrowingFolder folder;
  folder.write("a.bin", {1});
  folder.write("b.bin", {2});
  ASSERT_EQ(::chmod(folder.file("a.bin").c_str(), 0), 0);
  testing::open_to_all(folder.root().parent_path());
  EXPECT_TRUE(testing::holds_unprivileged([&] {
    const ScanReport report = folder.scan();
    return report.new_files == 1 && report.quarantined.size() == 1 &&
           report.quarantined[0].reason.ends_with("a.bin': Permission denied");
  }));
  ASSERT_EQ(::chmod(folder.file("a.bin").c_str(), 0644), 0);
  EXPECT_EQ(folder.scan().new_files, 1U) << "neither size nor mtime changed";
}

TEST(QuarantineFile, EveryByteIsCovered) {
  const GrowingFolder folder;
  testing::write_text(folder.file("a.bin"), "x");
  folder.scan();
  const auto path = index::quarantine_file(folder.dataset());
  const auto intact = testing::read_bytes(path);
  for (std::size_t at = 0; at < intact.size(); ++at) {
    const std::byte damaged = intact[at] ^ std::byte{2};
    testing::overwrite(path, at, std::span(&damaged, 1));
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { static_cast<void>(quarantine(folder.dataset())); })) << at;
    testing::overwrite(path, at, std::span(intact).subspan(at, 1));
  }
}

}  // namespace
}  // namespace modyn
