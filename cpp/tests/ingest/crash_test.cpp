// kill -9 at any moment of a commit loses nothing, repeats nothing and leaves nothing half done.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "index/dataset_folder.hpp"
#include "ingest/growing_folder.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;

// Lets files appear and grow, and scans after every step, until it is killed.
[[noreturn]] void grow_for_ever(const GrowingFolder& folder, std::int32_t next, unsigned round) {
  const std::string prefix = std::to_string(round) + "-";
  for (std::int32_t i = 0;; ++i) {
    const std::string name = prefix + std::to_string(i);
    folder.write(name + ".part", {next, next + 1, next + 2});
    std::filesystem::rename(folder.file(name + ".part"), folder.file(name + ".bin"));
    next += 3;
    if (i % 3 == 2) folder.append(prefix + std::to_string(i - 1) + ".bin", {next++});
    folder.scan();
  }
}

std::int32_t records_on_disk(const GrowingFolder& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.root())) {
    if (entry.path().extension() == ".bin") bytes += entry.file_size();
  }
  return static_cast<std::int32_t>(bytes / GrowingFolder::kRecordSize);
}

TEST(Crash, OfAWriterAtAnyMomentLosesAndRepeatsNothing) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer does not support threads after a fork";
#endif
  const GrowingFolder folder;
  std::mt19937 generator(5);
  std::uint64_t samples_before = 0;
  std::uint64_t manifests_before = 0;
  for (unsigned round = 0; round < 20; ++round) {
    const std::int32_t next = records_on_disk(folder);
    const pid_t child = ::fork();
    if (child == 0) grow_for_ever(folder, next, round);
    ASSERT_GT(child, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(5000 + generator() % 60'000));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    if (!std::filesystem::is_directory(folder.dataset())) continue;

    // As it was left: whole, and with all that was committed before.
    const auto left = folder.open();
    left->verify();
    testing::check_samples(*left, folder.root());
    EXPECT_GE(left->summary().samples, samples_before);
    EXPECT_GE(left->summary().manifest, manifests_before);

    // The next writer needs no repair.
    folder.scan();
    const auto index = folder.open();
    index->verify();
    testing::check_samples(*index, folder.root());
    auto labels = folder.labels();
    std::ranges::sort(labels);
    EXPECT_TRUE(std::ranges::adjacent_find(labels) == labels.end()) << "a sample was taken twice";
    EXPECT_EQ(labels.size(), static_cast<std::size_t>(records_on_disk(folder))) << "a sample was lost";
    samples_before = index->summary().samples;
    manifests_before = index->summary().manifest;
  }
  EXPECT_GT(manifests_before, 0U);

  std::size_t segments = 0;
  for (const auto& entry : std::filesystem::directory_iterator(index::segment_folder(folder.dataset()))) {
    EXPECT_TRUE(index::is_segment_name(entry.path().filename().native())) << "left over: " << entry.path();
    ++segments;
  }
  EXPECT_EQ(segments, folder.open()->summary().segments) << "segments of killed writers were removed";
}

}  // namespace
}  // namespace modyn
