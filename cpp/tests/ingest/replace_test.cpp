#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/source_tree.hpp"

namespace modyn {
namespace {

using testing::reasons;
using testing::SourceTree;

class ReplacingTree : public SourceTree {
 public:
  ReplacingTree(const std::string& extension, const std::string& settings) : SourceTree(extension, settings) {
    options.on_change = OnChange::kReplace;
  }
};

// The live labels in the order of keys.
std::vector<std::int64_t> live_labels(const SourceTree& tree) {
  const auto view = View::build(tree.open(), ViewOrder::kSequence);
  std::vector<std::int64_t> labels(view->size());
  view->labels(0, labels);
  return labels;
}

constexpr char kRows[] = "format=csv\nlabel_column=1\n";

TEST(Replace, DeletesTheSamplesOfAChangedFileAndTakesItAnew) {
  const ReplacingTree tree(".csv", kRows);
  tree.put("a.csv", "a,1\nb,2\n");
  tree.put("b.csv", "c,3\n");
  tree.scan();
  const auto pinned = tree.open();
  tree.put("a.csv", "x,7\ny,8\nz,9\n", 2000);
  const ScanReport report = tree.scan();
  EXPECT_EQ(report.replaced_files, 1U);
  EXPECT_EQ(report.new_files, 0U);
  EXPECT_EQ(report.new_samples, 3U);
  EXPECT_TRUE(report.conflicts.empty());
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{3, 7, 8, 9}));
  EXPECT_EQ(View::build(pinned, ViewOrder::kSequence)->size(), 3U) << "who pinned it sees the old ones";
  EXPECT_EQ(tree.scan().known_files, 2U) << "the path has one live number";
  tree.open()->verify();
}

TEST(Replace, GoesOnWithGrowthAndFurtherChanges) {
  const ReplacingTree tree(".csv", kRows);
  tree.put("a.csv", "a,1\n");
  tree.scan();
  tree.put("a.csv", "b,2\n", 2000);
  tree.scan();
  tree.append("a.csv", "c,3\n", 3000);
  EXPECT_EQ(tree.scan().grown_files, 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{2, 3}));
  tree.put("a.csv", "", 4000);
  EXPECT_EQ(tree.scan().replaced_files, 1U) << "cut off to nothing";
  EXPECT_TRUE(live_labels(tree).empty());
  tree.put("a.csv", "d,4\n", 5000);
  EXPECT_EQ(tree.scan().grown_files, 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{4}));
}

TEST(Replace, KeepsTheOldSamplesWhileTheNewContentIsWrong) {
  const ReplacingTree tree(".csv", kRows);
  tree.put("a.csv", "a,1\n");
  tree.scan();
  tree.put("a.csv", "b,x\n", 2000);
  EXPECT_EQ(tree.scan().quarantined.size(), 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{1}));
  tree.put("a.csv", "b,2\n", 3000);
  EXPECT_EQ(tree.scan().replaced_files, 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{2}));
}

TEST(Replace, TakesALastRowThatWasAppendedTo) {
  const ReplacingTree tree(".csv", kRows);
  tree.put("a.csv", "a,1\nb,2");
  tree.scan();
  tree.append("a.csv", "2\n", 2000);
  EXPECT_EQ(tree.scan().replaced_files, 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{1, 22}));
}

TEST(Replace, LeavesAVanishedFileAConflict) {
  const ReplacingTree tree(".csv", kRows);
  tree.put("a.csv", "a,1\n");
  tree.scan();
  std::filesystem::remove(tree.file("a.csv"));
  EXPECT_EQ(reasons(tree.scan().conflicts), (std::vector<std::string>{"file 'a.csv' vanished"}));
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{1}));
}

TEST(Replace, TakesALabelThatChanged) {
  const ReplacingTree tree(".png", "format=single_sample\nlabel_file_extension=.label\n");
  for (const char* name : {"a", "b", "c"}) {
    tree.put(std::string(name) + ".png", name);
    tree.put(std::string(name) + ".label", "1");
  }
  tree.scan();
  tree.put("b.label", "2", 2000);
  EXPECT_EQ(tree.scan().replaced_files, 1U);
  EXPECT_EQ(live_labels(tree), (std::vector<std::int64_t>{1, 1, 2}));
  EXPECT_EQ(tree.scan().known_files, 3U);
}

}  // namespace
}  // namespace modyn
