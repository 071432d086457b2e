#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "core/folder_lock.hpp"
#include "index/dataset_folder.hpp"
#include "index/index_state.hpp"
#include "ingest/commit.hpp"
#include "ingest/growing_folder.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::GrowingFolder;
using testing::throws;

void expect_labels_once(const GrowingFolder& folder, std::size_t count) {
  auto labels = folder.labels();
  std::ranges::sort(labels);
  ASSERT_EQ(labels.size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(labels[i], static_cast<std::int64_t>(i));
  testing::check_samples(*folder.open(), folder.root());
}

TEST(ConcurrentScans, InOneProcessLoseAndRepeatNothing) {
  const GrowingFolder folder;
  constexpr int kWriters = 4;
  constexpr int kFiles = 10;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&folder, writer] {
      for (int i = 0; i < kFiles; ++i) {
        const int label = writer * kFiles + i;
        const auto name = std::to_string(label);
        folder.write(name + ".part", {label});
        std::filesystem::rename(folder.file(name + ".part"), folder.file(name + ".bin"));
        folder.scan();
      }
    });
  }
  // A reader never sees anything but whole commits, and never fewer samples than before.
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::uint64_t before = 0;
    while (!done) {
      std::error_code error;
      if (!std::filesystem::is_directory(folder.dataset(), error)) continue;
      const auto index = folder.open();
      index->verify();
      EXPECT_GE(index->summary().samples, before);
      before = index->summary().samples;
    }
  });
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  expect_labels_once(folder, kWriters * kFiles);
}

TEST(ConcurrentScans, InSeveralProcessesLoseAndRepeatNothing) {
  const GrowingFolder folder;
  constexpr int kWriters = 3;
  constexpr int kFiles = 20;
  std::vector<pid_t> children;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0; i < kFiles; ++i) {
        const int label = writer * kFiles + i;
        const auto name = std::to_string(label);
        folder.write(name + ".part", {label});
        std::filesystem::rename(folder.file(name + ".part"), folder.file(name + ".bin"));
        folder.scan();
      }
      ::_exit(0);
    }
    ASSERT_GT(child, 0);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  folder.scan();
  expect_labels_once(folder, kWriters * kFiles);
}

TEST(ConcurrentScans, WaitForTheLockOnlySoLong) {
  const GrowingFolder folder;
  folder.scan();
  const core::FolderLock held(index::lock_file(folder.dataset()), 0);
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { scan(folder.dataset(), folder.options, 0.05); }));
}

class FencedWriterTest : public ::testing::Test {
 protected:
  // A commit of one sample that was prepared on what `before` knows.
  static void prepare(ingest::Commit& commit, std::int64_t label) {
    ingest::Candidate candidate;
    candidate.path = "file-" + std::to_string(label) + ".bin";
    candidate.status.size = GrowingFolder::kRecordSize;
    std::vector<ingest::Parsed> parsed(1);
    parsed[0].extents.emplace_back().labels.emplace_back(std::span(&label, 1));
    commit.add(std::span(&candidate, 1), std::move(parsed));
  }
};

TEST_F(FencedWriterTest, PublishesNothingAfterItLostTheLock) {
  const GrowingFolder folder;
  folder.scan();
  const auto before = folder.open();
  core::FolderLock lock(index::lock_file(folder.dataset()), 0);
  ingest::Commit commit(folder.dataset(), *before, *make_format(folder.options.format.text), lock);
  prepare(commit, 1);
  // Somebody removes the lock file; the next writer takes over and commits.
  std::filesystem::remove(index::lock_file(folder.dataset()));
  folder.write("a.bin", {5});
  EXPECT_EQ(folder.scan().summary.manifest, 1U);
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { commit.publish(); }));
  EXPECT_EQ(folder.labels(), std::vector<std::int64_t>{5});
}

TEST_F(FencedWriterTest, OfTwoWritersWithoutALockOnePublishes) {
  const GrowingFolder folder;
  folder.scan();
  const auto before = folder.open();
  core::FolderLock first_lock(folder.dataset() / "lock-1", 0);
  core::FolderLock second_lock(folder.dataset() / "lock-2", 0);
  ingest::Commit first(folder.dataset(), *before, *make_format(folder.options.format.text), first_lock);
  ingest::Commit second(folder.dataset(), *before, *make_format(folder.options.format.text), second_lock);
  prepare(first, 1);
  prepare(second, 2);
  EXPECT_TRUE(first.publish());
  const auto message = testing::message_of(ErrorKind::kConflict, [&] { second.publish(); });
  EXPECT_NE(message.find("another writer published manifest 1"), std::string::npos) << message;
  EXPECT_EQ(folder.labels(), std::vector<std::int64_t>{1});
}

TEST_F(FencedWriterTest, EpochsInManifestsAscend) {
  const GrowingFolder folder;
  std::uint64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    folder.write(std::to_string(i) + ".bin", {i});
    folder.scan();
    const std::uint64_t epoch = folder.open()->state().manifest.epoch;
    EXPECT_GT(epoch, before);
    before = epoch;
    std::filesystem::remove(index::lock_file(folder.dataset()));
  }
}

}  // namespace
}  // namespace modyn
