// Keys follow (timestamp, path, record), whatever the threads and the limits of segments.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "ingest/growing_folder.hpp"
#include "modyn/ingest.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;

struct File {
  std::int64_t mtime;
  std::string path;
  std::vector<std::int32_t> labels;
};

std::vector<File> random_files(std::mt19937& generator, std::size_t count) {
  std::vector<File> files;
  std::int32_t label = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::string path = std::to_string(generator() % 1000) + (generator() % 2 == 0 ? "/x-" : "-x-") + std::to_string(i);
    File file{1 + static_cast<std::int64_t>(generator() % 10), path + ".bin", {}};
    for (std::size_t left = generator() % 20; left > 0; --left) file.labels.push_back(label++);
    files.push_back(std::move(file));
  }
  return files;
}

// Labels and places by key, by the definition.
std::pair<std::vector<std::int64_t>, std::vector<std::string>> expected(std::vector<File> files) {
  std::ranges::sort(files,
                    [](const File& a, const File& b) { return std::tie(a.mtime, a.path) < std::tie(b.mtime, b.path); });
  std::vector<std::int64_t> labels;
  std::vector<std::string> places;
  for (const File& file : files) {
    for (std::size_t i = 0; i < file.labels.size(); ++i) {
      labels.push_back(file.labels[i]);
      places.push_back(file.path + ":" + std::to_string(i));
    }
  }
  return {labels, places};
}

class ScanOrderTest : public ::testing::TestWithParam<std::tuple<unsigned, std::uint64_t>> {};

TEST_P(ScanOrderTest, IsTimestampPathRecord) {
  const auto [threads, samples_per_segment] = GetParam();
  std::mt19937 generator(3);
  const std::vector<File> files = random_files(generator, 120);
  GrowingFolder folder;
  folder.options.threads = threads;
  for (const File& file : files) folder.write(file.path, file.labels, file.mtime);
  const ScanReport report = folder.scan(ingest::ScanLimits{30.0, samples_per_segment});
  const auto [labels, places] = expected(files);
  EXPECT_EQ(report.new_files, files.size());
  EXPECT_EQ(report.summary.manifest, 1U) << "one commit, however many segments";
  if (samples_per_segment < 1000) {
    EXPECT_GT(report.summary.segments, 1U);
  }
  EXPECT_EQ(folder.labels(), labels);
  EXPECT_EQ(folder.places(), places);
  folder.open()->verify();
}

INSTANTIATE_TEST_SUITE_P(ThreadsAndSegments, ScanOrderTest,
                         ::testing::Combine(::testing::Values(1U, 2U, 8U),
                                            ::testing::Values<std::uint64_t>(1, 100, 1U << 20U)));

TEST(ScanOrder, OfALargeFileReadInPiecesIsThatOfItsRecords) {
  GrowingFolder folder;
  std::vector<std::int32_t> labels(1'500'000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i);
  folder.write("a.bin", labels);
  folder.scan();
  const auto read = folder.labels();
  ASSERT_EQ(read.size(), labels.size());
  EXPECT_TRUE(std::ranges::equal(read, labels));
  EXPECT_EQ(folder.open()->summary().extents, 1U);
}

// Property: a folder that grows in random ways, scanned now and then, ends with every record exactly once.
TEST(ScanOrder, LosesAndRepeatsNothingWhileAFolderGrows) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::mt19937 generator(seed);
    GrowingFolder folder;
    std::vector<std::string> names;
    std::int32_t next = 0;
    for (int step = 0; step < 15; ++step) {
      for (std::size_t change = generator() % 4; change > 0; --change) {
        std::vector<std::int32_t> labels;
        for (std::size_t left = generator() % 9; left > 0; --left) labels.push_back(next++);
        if (names.empty() || generator() % 2 == 0) {
          names.push_back("file-" + std::to_string(names.size()) + ".bin");
          folder.write(names.back(), labels);
        } else {
          folder.append(names[generator() % names.size()], labels);
        }
      }
      folder.scan();
      testing::check_samples(*folder.open(), folder.root());
    }
    auto labels = folder.labels();
    std::ranges::sort(labels);
    ASSERT_EQ(labels.size(), static_cast<std::size_t>(next));
    for (std::size_t i = 0; i < labels.size(); ++i) ASSERT_EQ(labels[i], static_cast<std::int64_t>(i));
  }
}

}  // namespace
}  // namespace modyn
