#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ingest/source_tree.hpp"
#include "modyn/push.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::reasons;
using testing::SourceTree;
using Labels = std::vector<std::int64_t>;

constexpr char kRecords[] =
    "format=fixed_record\nrecord_size=4\nlabel_size=1\nlabel_offset=0\nbyte_order=little\nlabel_signed=false\n";
constexpr char kRows[] = "format=csv\nlabel_column=1\n";

void push(const SourceTree& tree, std::uint64_t sample_size, const std::string& data,
          const std::vector<std::uint64_t>& lengths, const Labels& labels, const std::vector<Timestamp>& timestamps) {
  Appender appender(tree.dataset(), {.sample_size = sample_size, .log_bytes = 1U << 20U, .lock_timeout_s = 10.0});
  appender.append({std::as_bytes(std::span(data)), lengths, labels, timestamps});
}

// A sample as the places of the index say where it lies in the dataset's folder.
std::vector<std::string> pushed_samples(const SourceTree& tree) {
  const auto index = tree.open();
  std::vector<std::string> samples;
  for (Key key = 0; key < index->summary().next_key; ++key) {
    Place place{};
    index->places(std::span(&key, 1), std::span(&place, 1));
    const SourceFile file = index->source_file(place.file);
    EXPECT_TRUE(file.owned);
    const auto bytes = testing::read_bytes(tree.dataset() / file.path);
    samples.emplace_back(reinterpret_cast<const char*>(bytes.data()) + place.offset, place.sample_size());
  }
  return samples;
}

TEST(PushedScan, SealsSamplesOfOneSize) {
  const SourceTree tree(".bin", kRecords);
  push(tree, 3, "onetwo", {}, {1, 2}, {20, 10});
  push(tree, 3, "six", {}, {6}, {30});
  ScanReport report = tree.scan();
  EXPECT_EQ(report.pushed_samples, 3U);
  EXPECT_EQ(report.new_samples, 3U);
  EXPECT_EQ(report.new_files, 0U);
  EXPECT_EQ(pushed_samples(tree), (std::vector<std::string>{"one", "two", "six"}));
  EXPECT_EQ(report.summary.first_timestamp, 10);
  EXPECT_EQ(report.summary.last_timestamp, 30);
  push(tree, 3, "ten", {}, {10}, {5});
  EXPECT_EQ(seal(tree.dataset(), tree.options.format).samples, 4U);
  EXPECT_EQ(pushed_samples(tree).back(), "ten");
  std::vector<Timestamp> timestamps(4);
  tree.open()->timestamps(std::vector<Key>{0, 1, 2, 3}, timestamps);
  EXPECT_EQ(timestamps, (std::vector<Timestamp>{20, 10, 30, 5}));
  report = tree.scan();
  EXPECT_EQ(report.pushed_samples, 0U);
  EXPECT_EQ(report.summary.manifest, 2U) << "nothing is sealed twice";
  tree.open()->verify();
}

TEST(PushedScan, SealsSamplesOfAnyLength) {
  const SourceTree tree(".csv", kRows);
  push(tree, 0, "onethreesix", {3, 5, 3}, {1, 3, 6}, {1, 1, 1});
  push(tree, 0, "eleven", {6}, {11}, {2});
  EXPECT_EQ(tree.scan().pushed_samples, 4U);
  EXPECT_EQ(pushed_samples(tree), (std::vector<std::string>{"one", "three", "six", "eleven"}));
  std::vector<std::int64_t> labels(4);
  tree.open()->label_range(0, labels);
  EXPECT_EQ(labels, (Labels{1, 3, 6, 11}));
}

TEST(PushedScan, FollowsTheFilesOfTheSameCommit) {
  const SourceTree tree(".bin", kRecords);
  push(tree, 3, "one", {}, {1}, {20});
  tree.put("a.bin", std::string("\7abc", 4), 5000);
  const ScanReport report = tree.scan();
  EXPECT_EQ(report.summary.sequence, 1U);
  std::vector<std::int64_t> labels(2);
  tree.open()->label_range(0, labels);
  EXPECT_EQ(labels, (Labels{7, 1}));
  EXPECT_EQ(tree.scan().known_files, 1U) << "a log is no file that could vanish from the root";
}

TEST(PushedScan, TakesTheFilesThoughALogIsDamaged) {
  const SourceTree tree(".bin", kRecords);
  push(tree, 3, "one", {}, {1}, {20});
  const auto log = tree.dataset() / pushed_logs(tree.dataset()).front().path;
  const std::byte damaged{0x55};
  testing::overwrite(log, pushed_logs(tree.dataset()).front().end - 20, std::span(&damaged, 1));
  tree.put("a.bin", std::string("\7abc", 4));
  const ScanReport report = tree.scan();
  EXPECT_EQ(report.new_files, 1U);
  EXPECT_EQ(report.pushed_samples, 0U);
  ASSERT_EQ(report.quarantined.size(), 1U);
  EXPECT_EQ(report.quarantined[0].retry, Retry::kAlways);
  EXPECT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { seal(tree.dataset(), tree.options.format); }));
}

TEST(PushedScan, RefusesSamplesOfAnotherSize) {
  const SourceTree tree(".bin", kRecords);
  push(tree, 5, "three", {}, {3}, {20});
  EXPECT_EQ(reasons(tree.scan().quarantined),
            (std::vector<std::string>{"log 'pushed/00000001.log' holds samples of 5 bytes, but those of the dataset's "
                                      "format have 3 bytes"}));
}

}  // namespace
}  // namespace modyn
