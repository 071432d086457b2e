#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "index/index_state.hpp"
#include "ingest/source_tree.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::reasons;
using testing::SourceTree;
using testing::StoredSample;
using Reasons = std::vector<std::string>;
using Samples = std::vector<StoredSample>;

constexpr char kPlain[] = "format=csv\nquote=\"\nlabel_column=1\n";
constexpr char kTimed[] = "format=csv\nquote=\"\nheader=true\nlabel_name=y\ntimestamp_name=t\n";

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

TEST(CsvScan, RegistersEveryRowOfEveryFile) {
  const SourceTree tree(".csv", kPlain);
  tree.put("b.csv", "\"x,\ny\",4,z\n", 2000);
  tree.put("a.csv", "a,1,b\r\nc,2,d", 1000);
  tree.put("empty.csv", "", 1000);
  const ScanReport report = tree.scan();
  EXPECT_EQ(report.new_files, 3U);
  EXPECT_EQ(report.new_samples, 3U);
  EXPECT_EQ(tree.samples(), (Samples{{1, 1000, "a,b"}, {2, 1000, "c,d"}, {4, 2000, "\"x,\ny\",z"}}));
  EXPECT_EQ(tree.scan().known_files, 3U);
  tree.open()->verify();
}

TEST(CsvScan, TakesAppendedRows) {
  const SourceTree tree(".csv", kPlain);
  tree.put("a.csv", "a,1\nb,2\n", 1000);
  tree.scan();
  tree.append("a.csv", "c,3\n", 2000);
  ScanReport report = tree.scan();
  EXPECT_EQ(report.grown_files, 1U);
  EXPECT_EQ(tree.samples(), (Samples{{1, 1000, "a"}, {2, 1000, "b"}, {3, 2000, "c"}}));
  tree.append("a.csv", "\n", 3000);
  report = tree.scan();
  EXPECT_EQ(report.grown_files, 1U);
  EXPECT_EQ(report.new_samples, 0U);
  tree.append("a.csv", "d,4\n", 4000);
  tree.scan();
  EXPECT_EQ(tree.labels(), (std::vector<std::int64_t>{1, 2, 3, 4}));
  std::vector<Location> place(1);
  tree.open()->locate(std::vector<Key>{3}, place);
  EXPECT_EQ(place[0].record, 3U) << "rows of a file are numbered on when it grows";
}

TEST(CsvScan, LetsALastRowWithoutAnEndWaitUntilTheFileIsQuiet) {
  SourceTree tree(".csv", kPlain);
  tree.options.quiet_s = 1000;
  tree.put("a.csv", "a,1\nb,2", now());
  ScanReport report = tree.scan();
  EXPECT_EQ(report.new_files, 0U) << "the file as a whole waits";
  EXPECT_EQ(reasons(report.quarantined), (Reasons{"file 'a.csv' ends within a line; it is taken when the line ends or "
                                                  "nobody writes to the file any more"}));
  EXPECT_EQ(report.quarantined[0].retry, Retry::kAlways);
  tree.options.quiet_s = 0;
  report = tree.scan();
  EXPECT_EQ(report.new_samples, 2U) << "the same bytes, but quiet";
  EXPECT_TRUE(report.quarantined.empty());
}

TEST(CsvScan, TakesATimeThatLiesAheadForQuiet) {
  const SourceTree tree(".csv", kPlain);
  tree.put("a.csv", "a,1", now() + 100'000);
  EXPECT_EQ(tree.scan().new_samples, 1U);
}

TEST(CsvScan, ReportsATailThatChangesTheLastRow) {
  const SourceTree tree(".csv", kPlain);
  tree.put("a.csv", "a,1\nb,2");
  tree.scan();
  tree.append("a.csv", "3\n", 2000);
  const ScanReport report = tree.scan();
  EXPECT_EQ(reasons(report.conflicts),
            (Reasons{"file 'a.csv' was appended to within its last row, which was ingested without a line ending"}));
  EXPECT_EQ(report.summary.samples, 2U);
  EXPECT_EQ(reasons(tree.scan().conflicts).size(), 1U) << "as long as the file is like that";
}

TEST(CsvScan, QuarantinesABadFileAndTakesTheOthers) {
  const SourceTree tree(".csv", kPlain);
  tree.put("a.csv", "a,1\nb\n");
  tree.put("b.csv", "a,1\n\"b,2\n");
  tree.put("c.csv", "a,1\n");
  ScanReport report = tree.scan();
  EXPECT_EQ(report.new_files, 1U);
  EXPECT_EQ(reasons(report.quarantined),
            (Reasons{"file 'a.csv' has 1 column in row 2, where the first row has 2",
                     "file 'b.csv' has a quoted field without an end in row 2, column 1"}));
  EXPECT_EQ(report.quarantined[0].retry, Retry::kWhenChanged);
  tree.put("a.csv", "a,1\nb,2\n", 2000);
  report = tree.scan();
  EXPECT_EQ(report.new_samples, 2U);
  EXPECT_EQ(report.quarantined.size(), 1U);
}

TEST(CsvScan, QuarantinesABadTailAndKeepsWhatWasIngested) {
  const SourceTree tree(".csv", kPlain);
  tree.put("a.csv", "a,1\n");
  tree.scan();
  tree.append("a.csv", "b,x\n", 2000);
  EXPECT_EQ(reasons(tree.scan().quarantined), (Reasons{"file 'a.csv' has the label 'x' in row 2, column 2, where an "
                                                       "integer of at most 64 bits is expected"}));
  EXPECT_EQ(tree.open()->summary().samples, 1U);
  tree.put("a.csv", "a,1\nb,2\n", 3000);
  EXPECT_EQ(tree.scan().grown_files, 1U);
  EXPECT_EQ(tree.labels(), (std::vector<std::int64_t>{1, 2}));
}

TEST(CsvScan, TakesTimestampsFromAColumn) {
  SourceTree tree(".csv", kTimed);
  tree.options.timestamp_source = TimestampSource::kRecord;
  tree.put("b.csv", "t,y,x\n5,1,a\n2024-05-31,2,b\n", 10);
  tree.put("a.csv", "t,y,x\n-7,3,c\n", 20);
  const ScanReport report = tree.scan();
  EXPECT_EQ(tree.samples(), (Samples{{3, -7, "-7,c"}, {1, 5, "5,a"}, {2, 1717113600, "2024-05-31,b"}}))
      << "keys follow path and row";
  EXPECT_EQ(report.summary.first_timestamp, -7);
  EXPECT_EQ(report.summary.last_timestamp, 1717113600);
  tree.append("b.csv", "4,4,d\n", 30);
  tree.scan();
  const auto view = View::build(tree.open(), ViewOrder::kTime);
  std::vector<Key> keys(4);
  view->keys(0, keys);
  EXPECT_EQ(keys, (std::vector<Key>{0, 3, 1, 2}));
}

TEST(CsvScan, RefusesTimestampsFromTwoSourcesOrNone) {
  SourceTree tree(".csv", kTimed);
  EXPECT_NE(testing::message_of(ErrorKind::kInvalidArgument, [&] { tree.scan(); }).find("from somewhere else"),
            std::string::npos);
  tree.options.format = std::string(kPlain);
  tree.options.timestamp_source = TimestampSource::kRecord;
  EXPECT_NE(testing::message_of(ErrorKind::kInvalidArgument, [&] { tree.scan(); }).find("does not say where"),
            std::string::npos);
}

TEST(CsvScan, QuarantinesTimestampsBeyondAllTimes) {
  SourceTree tree(".csv", kTimed);
  tree.options.timestamp_source = TimestampSource::kRecord;
  tree.put("a.csv", "t,y,x\n9223372036854775807,1,a\n");
  EXPECT_EQ(tree.scan().quarantined.size(), 1U);
}

// Many rows: extents with narrow offsets, several pieces, threads that finish in any order.
TEST(CsvScan, GivesTheSameForAnyNumberOfThreads) {
  std::string file;
  std::vector<std::int64_t> expected;
  for (int row = 0; file.size() < (20U << 20U); ++row) {
    expected.push_back(row % 1000);
    file +=
        "row " + std::to_string(row) + (row % 100 == 0 ? ",\"a\n\"\"b\"," : ",x,") + std::to_string(row % 1000) + "\n";
  }
  std::vector<std::uint64_t> extents;
  for (const unsigned threads : {1U, 2U, 5U}) {
    SourceTree tree(".csv", "format=csv\nquote=\"\nlabel_column=2\n");
    tree.options.threads = threads;
    tree.put("a.csv", file);
    EXPECT_EQ(tree.scan().new_samples, expected.size());
    const auto index = tree.open();
    std::vector<std::int64_t> labels(expected.size());
    index->label_range(0, labels);
    EXPECT_EQ(labels, expected);
    const auto samples = tree.samples();
    EXPECT_EQ(samples[12'300].bytes, "row 12300,\"a\n\"\"b\"");
    EXPECT_EQ(samples.back().bytes, "row " + std::to_string(expected.size() - 1) + ",x");
    EXPECT_GT(index->summary().extents, 100U);
    EXPECT_EQ(index->state().segments[0]->file().type("row_offset"), ColumnType::kUint16);
    index->verify();
    extents.push_back(index->summary().extents);
  }
  EXPECT_EQ(extents[0], extents[1]);
  EXPECT_EQ(extents[0], extents[2]);
}

TEST(CsvScan, GrowsAtEveryBytePositionOfAFile) {
  const std::string file = "x,1\r\n\"a,\n\"\"b\",22\n\nc,-3";
  std::size_t whole = 0;
  for (std::size_t cut = 0; cut <= file.size(); ++cut) {
    const SourceTree tree(".csv", kPlain);
    tree.put("a.csv", file.substr(0, cut), 1000);
    const ScanReport first = tree.scan();
    tree.put("a.csv", file, 2000);
    const ScanReport second = tree.scan();
    EXPECT_EQ(first.quarantined.size() + first.known_files + first.new_files, 1U);
    if (!second.conflicts.empty()) continue;
    EXPECT_TRUE(second.quarantined.empty());
    EXPECT_EQ(tree.labels(), (std::vector<std::int64_t>{1, 22, -3})) << cut;
    ++whole;
  }
  EXPECT_GE(whole, file.size() - 6) << "only a label cut in two changes a row";
}

}  // namespace
}  // namespace modyn
