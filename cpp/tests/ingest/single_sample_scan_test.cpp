#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/source_tree.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::reasons;
using testing::set_mtime;
using testing::SourceTree;
using testing::StoredSample;
using Labels = std::vector<std::int64_t>;
using Reasons = std::vector<std::string>;
using Samples = std::vector<StoredSample>;

class SingleSampleScanTest : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& label, std::int64_t mtime = 1000) const {
    tree_.put(name + ".png", "image " + name, mtime);
    tree_.put(name + ".label", label, mtime);
  }

  SourceTree tree_{".png", "format=single_sample\nlabel_file_extension=.label\n"};
};

TEST_F(SingleSampleScanTest, RegistersFilesWithTheirLabels) {
  put("b", "2\n", 2000);
  put("a/x", "12345678");
  put("a/y", " -3 ");
  const ScanReport report = tree_.scan();
  EXPECT_EQ(report.new_files, 3U);
  EXPECT_EQ(report.new_samples, 3U);
  EXPECT_EQ(report.summary.extents, 1U) << "a run, not an object each";
  EXPECT_EQ(tree_.samples(), (Samples{{12345678, 1000, "image a/x"}, {-3, 1000, "image a/y"}, {2, 2000, "image b"}}));
  EXPECT_EQ(tree_.scan().known_files, 3U);
  put("c", "4", 500);
  EXPECT_EQ(tree_.scan().new_samples, 1U) << "a late file with an old time";
  EXPECT_EQ(tree_.samples().back(), (StoredSample{4, 500, "image c"}));
}

TEST_F(SingleSampleScanTest, WaitsForTheLabel) {
  put("a", "1");
  tree_.put("b.png", "image b");
  tree_.put("c.png", "image c");
  tree_.put("c.label", "\n");
  ScanReport report = tree_.scan();
  EXPECT_EQ(report.new_samples, 1U) << "one that waits never stops another";
  EXPECT_EQ(reasons(report.quarantined), (Reasons{"file 'b.png' has no label file 'b.label' yet",
                                                  "file 'c.png' has an empty label file 'c.label'"}));
  EXPECT_EQ(report.quarantined[0].retry, Retry::kAlways);
  tree_.put("b.label", "2");
  tree_.put("c.label", "3\n");
  report = tree_.scan();
  EXPECT_EQ(report.new_samples, 2U);
  EXPECT_TRUE(report.quarantined.empty());
  EXPECT_EQ(tree_.labels(), (Labels{1, 2, 3}));
}

TEST_F(SingleSampleScanTest, ReadsAWrongLabelAgainWhenTheLabelFileChanges) {
  put("a", "cat");
  ScanReport report = tree_.scan();
  EXPECT_EQ(
      reasons(report.quarantined),
      (Reasons{"file 'a.png' has a label file 'a.label' that holds 'cat', where one decimal integer is expected"}));
  EXPECT_EQ(report.quarantined[0].retry, Retry::kWhenChanged);
  EXPECT_EQ(tree_.scan().quarantined.size(), 1U);
  tree_.put("a.label", "7");
  EXPECT_EQ(tree_.scan().new_samples, 1U) << "though the sample's own file is as it was";
}

TEST_F(SingleSampleScanTest, RefusesALabelFileThatIsFarTooLong) {
  put("a", std::string(5000, '1'));
  EXPECT_EQ(reasons(tree_.scan().quarantined),
            (Reasons{"file 'a.png' has a label file 'a.label' of 5,000 bytes, more than the 4,096 that are expected"}));
}

TEST_F(SingleSampleScanTest, ReportsALabelThatChanged) {
  put("a", "1");
  put("b", "2");
  tree_.scan();
  tree_.put("a.label", "5", 2000);
  tree_.put("b.label", "2\n", 2000);
  ScanReport report = tree_.scan();
  EXPECT_EQ(reasons(report.conflicts), (Reasons{"file 'a.png' has the label 5 now, 1 was ingested"}));
  EXPECT_EQ(report.known_files, 1U) << "the same label in other bytes is the same";
  report = tree_.scan();
  EXPECT_EQ(report.conflicts.size(), 1U);
  EXPECT_EQ(report.summary.manifest, 2U) << "what was touched is recorded once";
  std::filesystem::remove(tree_.file("b.label"));
  EXPECT_EQ(reasons(tree_.scan().conflicts).back(), "file 'b.png' has no label file 'b.label' any more");
  EXPECT_EQ(tree_.labels(), (Labels{1, 2}));
}

TEST_F(SingleSampleScanTest, ReportsASampleThatChangedOrVanished) {
  put("a", "1");
  put("b", "2");
  put("c", "3");
  tree_.scan();
  tree_.put("a.png", "another image", 1000);
  set_mtime(tree_.file("b.png"), 3000);
  std::filesystem::remove(tree_.file("c.png"));
  EXPECT_EQ(reasons(tree_.scan().conflicts),
            (Reasons{"file 'a.png' was changed after it was ingested", "file 'b.png' was changed after it was ingested",
                     "file 'c.png' vanished"}));
}

TEST_F(SingleSampleScanTest, KnowsACopyWithTheSameTime) {
  put("a", "1");
  tree_.scan();
  const auto path = tree_.file("a.png");
  std::filesystem::copy_file(path, tree_.file("copy"));
  std::filesystem::rename(tree_.file("copy"), path);
  set_mtime(path, 1000);
  const ScanReport report = tree_.scan();
  EXPECT_TRUE(report.conflicts.empty());
  EXPECT_EQ(report.known_files, 1U);
}

TEST_F(SingleSampleScanTest, TakesManyFilesInManyFolders) {
  Labels expected;
  for (int i = 0; i < 3000; ++i) {
    put("folder-" + std::to_string(i % 7) + "/" + std::to_string(10'000 + i), std::to_string(i), 1000 + i);
    expected.push_back(i);
  }
  tree_.put("folder-3/15000.png", "no label");
  EXPECT_EQ(tree_.scan().new_samples, 3000U);
  EXPECT_EQ(tree_.labels(), expected);
  EXPECT_EQ(tree_.scan().known_files, 3000U);
  tree_.open()->verify();
}

TEST_F(SingleSampleScanTest, RefusesOneEndingForBoth) {
  tree_.options.file_extension = ".label";
  EXPECT_NE(testing::message_of(ErrorKind::kInvalidArgument, [&] { tree_.scan(); }).find("must differ"),
            std::string::npos);
}

}  // namespace
}  // namespace modyn
