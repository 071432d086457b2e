#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "index/merge_plan.hpp"
#include "index/model_dataset.hpp"
#include "index/segment.hpp"
#include "modyn/index.hpp"
#include "modyn/maintenance.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::ModelDataset;

TEST(Merge, PublishesTheSameSamplesUnderTheSameSequence) {
  std::mt19937_64 generator(1);
  ModelDataset model;
  for (int i = 0; i < 9; ++i) model.commit(generator, 3, 20);
  const auto before = Index::open(model.folder());
  const MergeReport report = merge_segments(model.folder());
  EXPECT_EQ(report.merged, 9U);
  EXPECT_EQ(report.segments, 1U);
  EXPECT_EQ(report.manifest, 10U);
  EXPECT_GT(report.bytes_written, 0U);
  const IndexSummary after = Index::open(model.folder())->summary();
  EXPECT_EQ(after.sequence, before->summary().sequence);
  EXPECT_EQ(after.samples, before->summary().samples);
  EXPECT_EQ(after.next_key, before->summary().next_key);
  EXPECT_EQ(after.files, before->summary().files);
  EXPECT_EQ(after.first_timestamp, before->summary().first_timestamp);
  EXPECT_EQ(after.last_timestamp, before->summary().last_timestamp);
  EXPECT_EQ(after.segments, 1U);
  Index::open(model.folder(), 9)->verify();
}

TEST(Merge, OfFewSegmentsPublishesNothing) {
  std::mt19937_64 generator(1);
  ModelDataset model;
  for (int i = 0; i < 3; ++i) model.commit(generator, 3, 20);
  const MergeReport report = merge_segments(model.folder());
  EXPECT_EQ(report.merged, 0U);
  EXPECT_EQ(report.manifest, 3U);
}

TEST(Merge, FoldsUpdatesIntoTheFilesThatItHolds) {
  std::mt19937_64 generator(2);
  ModelDataset model;
  for (int i = 0; i < 10; ++i) model.commit(generator, 3, 20);
  merge_segments(model.folder());
  model.reload();
  const index::Segment merged(model.folder(), model.manifest().segments.front());
  EXPECT_TRUE(merged.updated_files().empty());
  EXPECT_EQ(merged.commits().sequence.size(), 10U);
}

// Sizes of segments as a history of commits, merged after each, leaves them.
struct Simulated {
  std::size_t most_segments = 0;
  double written_per_byte = 0;
};
Simulated simulate(const std::vector<std::uint64_t>& commits) {
  std::vector<index::SegmentEntry> segments;
  Simulated result;
  double written = 0;
  double committed = 0;
  Key key = 0;
  for (const std::uint64_t bytes : commits) {
    index::SegmentEntry entry;
    entry.bytes = bytes;
    entry.first_key = key++;
    entry.samples = 1;
    segments.push_back(entry);
    committed += static_cast<double>(bytes);
    const std::size_t first = index::first_to_merge(segments);
    if (first < segments.size()) {
      for (std::size_t i = first + 1; i < segments.size(); ++i) {
        segments[first].bytes += segments[i].bytes;
        segments[first].samples += segments[i].samples;
      }
      segments.resize(first + 1);
      written += static_cast<double>(segments.back().bytes);
    }
    result.most_segments = std::max(result.most_segments, segments.size());
  }
  result.written_per_byte = written / committed;
  return result;
}

TEST(Merge, KeepsSegmentsFewAndWritesFewTimesWhateverTheHistory) {
  constexpr std::uint64_t kKilobyte = 1024;
  std::mt19937_64 generator(3);
  std::vector<std::vector<std::uint64_t>> histories(6);
  for (int i = 0; i < 20'000; ++i) {
    histories[0].push_back(4 * kKilobyte);
    histories[1].push_back(200 * kKilobyte);
    histories[2].push_back((generator() % 1000 + 1) * kKilobyte);
    histories[3].push_back(static_cast<std::uint64_t>(std::exp2(10 + static_cast<double>(generator() % 2000) / 100)));
    histories[4].push_back(i % 9 == 0 ? 10'000 * kKilobyte : 100 * kKilobyte);
    histories[5].push_back((20'001 - static_cast<std::uint64_t>(i)) * kKilobyte);
  }
  for (std::size_t history = 0; history < histories.size(); ++history) {
    const Simulated result = simulate(histories[history]);
    EXPECT_LE(result.most_segments, 40U) << "history " << history;
    EXPECT_LE(result.written_per_byte, 16) << "history " << history;
    std::printf("history %zu: at most %zu segments, each byte merged %.1f times\n", history, result.most_segments,
                result.written_per_byte);
  }
}

TEST(Merge, LeavesGapsBetweenKeysAlone) {
  std::vector<index::SegmentEntry> segments(20);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    segments[i].bytes = 100;
    segments[i].samples = 1;
    segments[i].first_key = static_cast<Key>(i < 10 ? i : i + 5);
  }
  EXPECT_EQ(index::first_to_merge(segments), 10U);
}

}  // namespace
}  // namespace modyn
