// What wakes a watcher, what does not, and how often.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "modyn/watch.hpp"
#include "support/errors.hpp"
#include "watch/watched_folder.hpp"

namespace modyn {
namespace {

using namespace std::chrono_literals;
using testing::kLongS;
using testing::kQuick;
using testing::kShortS;
using Clock = std::chrono::steady_clock;

class WatcherTest : public testing::WatchedFolderTest {
 protected:
  static void expect_told(Watcher& watcher) { EXPECT_EQ(watcher.wait(kLongS), WatchReason::kChanges); }
  // That nothing, or nothing more, is told.
  static void expect_silence(Watcher& watcher) { EXPECT_EQ(watcher.wait(kShortS), WatchReason::kTimeout); }
};

TEST_F(WatcherTest, TellsOfEveryKindOfChange) {
  write("known");
  make_folders("folder");
  Watcher watcher({{root(), "", ""}}, kQuick);
  expect_silence(watcher);
  write("new");
  expect_told(watcher);
  std::filesystem::rename(root() / "new", root() / "renamed");
  expect_told(watcher);
  std::filesystem::remove(root() / "renamed");
  expect_told(watcher);
  testing::set_mtime(root() / "known", 1000);
  expect_told(watcher);
  std::filesystem::permissions(root() / "known", std::filesystem::perms::owner_all);
  expect_told(watcher);
  std::filesystem::create_hard_link(root() / "known", root() / "linked");
  expect_told(watcher);
  write("folder/new");
  expect_told(watcher);
  expect_silence(watcher);
}

TEST_F(WatcherTest, TellsOfAFileThatGrowsWhileItIsHeldOpen) {
  std::ofstream file(root() / "open");
  Watcher watcher({{root(), "", ""}}, kQuick);
  file << "more" << std::flush;
  expect_told(watcher);
  file << "and more" << std::flush;
  expect_told(watcher);
}

TEST_F(WatcherTest, TellsOfWhatHappenedBetweenTwoWaits) {
  Watcher watcher({{root(), "", ""}}, kQuick);
  write("one");
  expect_told(watcher);
  write("two");
  std::this_thread::sleep_for(100ms);
  expect_told(watcher);
  expect_silence(watcher);
}

TEST_F(WatcherTest, FollowsFoldersThatAppear) {
  Watcher watcher({{root(), "", ""}}, kQuick);
  make_folders("a/b/c/d");
  write("a/b/c/d/early");
  expect_told(watcher);
  write("a/b/c/d/late");
  expect_told(watcher);
  std::filesystem::create_directories(outside() / "x/y");
  expect_silence(watcher);
  std::filesystem::rename(outside(), root() / "moved-in");
  expect_told(watcher);
  write("moved-in/x/y/new");
  expect_told(watcher);
}

TEST_F(WatcherTest, FollowsFoldersThatAreRenamed) {
  make_folders("a/b");
  make_folders("ab");
  Watcher watcher({{root(), "", ""}}, kQuick);
  std::filesystem::rename(root() / "a", root() / "z");
  expect_told(watcher);
  write("z/b/new");
  expect_told(watcher);
  write("ab/new");
  expect_told(watcher);
  make_folders("a/b");
  expect_told(watcher);
  write("a/b/new");
  expect_told(watcher);
}

TEST_F(WatcherTest, LeavesFoldersThatAreMovedAway) {
  make_folders("a/b");
  Watcher watcher({{root(), "", ""}}, kQuick);
  std::filesystem::rename(root() / "a", outside());
  expect_told(watcher);
  testing::write_text(outside() / "b/new", "text");
  expect_silence(watcher);
}

TEST_F(WatcherTest, PassesOverHiddenNamesOtherEndingsAndTheExcludedFolder) {
  make_folders(".hidden");
  make_folders("excluded/below");
  Watcher watcher({{root(), "", root() / "excluded"}}, kQuick);
  Watcher only_logs({{root(), ".log", root() / "excluded"}}, kQuick);
  write(".tmp-1");
  write("~lock");
  write(".hidden/file");
  write("excluded/file");
  write("excluded/below/file");
  make_folders(".also/below");
  expect_silence(watcher);
  expect_silence(only_logs);
  write("a.log");
  expect_told(watcher);
  expect_told(only_logs);
  write("b.txt");
  expect_told(watcher);
  expect_silence(only_logs);
}

TEST_F(WatcherTest, ListensToSeveralFolders) {
  std::filesystem::create_directories(outside());
  Watcher watcher({{root(), "", ""}, {outside(), ".log", ""}, {folder_.path() / "missing", "", ""}}, kQuick);
  write("file");
  expect_told(watcher);
  testing::write_text(outside() / "x.log", "text");
  expect_told(watcher);
  testing::write_text(outside() / "x.txt", "text");
  expect_silence(watcher);
  std::filesystem::create_directory(folder_.path() / "missing");
  expect_told(watcher);
  testing::write_text(folder_.path() / "missing/file", "text");
  expect_told(watcher);
}

TEST_F(WatcherTest, TellsABurstOnce) {
  Watcher watcher({{root(), "", ""}}, {.min_interval_s = 5, .quiet_s = 0.2});
  for (int i = 0; i < 500; ++i) write(std::to_string(i));
  expect_told(watcher);
  expect_silence(watcher);
}

TEST_F(WatcherTest, TellsAnEndlessStreamNotOftenerThanAsked) {
  Watcher watcher({{root(), "", ""}}, {.min_interval_s = 0.3, .quiet_s = 0.1});
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      write(std::to_string(i % 10));
      std::this_thread::sleep_for(5ms);
    }
  });
  const auto start = Clock::now();
  for (int i = 0; i < 4; ++i) expect_told(watcher);
  EXPECT_GE(Clock::now() - start, 1100ms) << "the first after 0.3 s at most, the others 0.3 s apart";
  stop = true;
  writer.join();
}

TEST_F(WatcherTest, SurvivesMoreEventsThanTheSystemKeeps) {
  Watcher watcher({{root(), "", ""}}, kQuick);
  make_folders("before");
  expect_told(watcher);
  {
    // Events that follow each other and are equal are kept as one: two files in turn.
    std::ofstream one(root() / "one");
    std::ofstream two(root() / "two");
    for (int i = 0; i < 40'000; ++i) (i % 2 == 0 ? one : two) << 'x' << std::flush;
  }
  make_folders("after/below");  // nobody is told
  expect_told(watcher);
  expect_silence(watcher);
  write("after/below/file");
  expect_told(watcher);
  write("before/file");
  expect_told(watcher);
  EXPECT_EQ(watcher.scans_because(), "");
}

TEST_F(WatcherTest, WaitsForARootThatVanishes) {
  make_folders("below");
  Watcher watcher({{root(), "", ""}}, kQuick);
  std::filesystem::remove_all(root());
  expect_told(watcher);
  while (watcher.wait(kShortS) == WatchReason::kChanges) continue;
  make_folders("below");
  expect_told(watcher);
  write("below/file");
  expect_told(watcher);

  // Another folder takes its place.
  std::filesystem::rename(root(), outside());
  make_folders("other");
  expect_told(watcher);
  while (watcher.wait(1) == WatchReason::kChanges) continue;
  testing::write_text(outside() / "below/late", "text");
  expect_silence(watcher);
  write("other/file");
  expect_told(watcher);
}

TEST_F(WatcherTest, NoticesThatAFolderAboveTheRootWasMoved) {
  std::filesystem::create_directories(outside() / "root");
  Watcher watcher({{outside() / "root", "", ""}}, kQuick);
  std::filesystem::rename(outside(), folder_.path() / "elsewhere");
  expect_told(watcher);
  std::filesystem::create_directories(outside() / "root");
  expect_told(watcher);
  testing::write_text(outside() / "root" / "file", "text");
  expect_told(watcher);
}

TEST(WatcherStop, EndsAWaitAtOnceAndAllLaterOnes) {
  const testing::TemporaryFolder folder;
  Watcher watcher({{folder.path(), "", ""}}, kQuick);
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    watcher.stop();
    watcher.stop();
  });
  const auto start = Clock::now();
  EXPECT_EQ(watcher.wait(kLongS), WatchReason::kStop);
  EXPECT_LT(Clock::now() - start, 5s);
  stopper.join();
  testing::write_text(folder.path() / "file", "text");
  EXPECT_EQ(watcher.wait(kLongS), WatchReason::kStop);
  EXPECT_EQ(watcher.wait(0), WatchReason::kStop);
}

TEST(WatcherTimes, AreKept) {
  const testing::TemporaryFolder folder;
  Watcher watcher({{folder.path(), "", ""}}, kQuick);
  const auto start = Clock::now();
  EXPECT_EQ(watcher.wait(0.2), WatchReason::kTimeout);
  EXPECT_GE(Clock::now() - start, 200ms);
  EXPECT_EQ(watcher.wait(0), WatchReason::kTimeout);
}

TEST(WatcherTimes, ThatAreNoneAreRefused) {
  const testing::TemporaryFolder folder;
  const auto watch = [&](WatchOptions options) { Watcher({{folder.path(), "", ""}}, options); };
  for (const double bad : {-1.0, std::nan("")}) {
    EXPECT_TRUE(testing::throws(ErrorKind::kInvalidArgument, [&] { watch({.min_interval_s = bad}); }));
    EXPECT_TRUE(testing::throws(ErrorKind::kInvalidArgument, [&] { watch({.quiet_s = bad}); }));
    Watcher watcher({{folder.path(), "", ""}}, kQuick);
    EXPECT_TRUE(testing::throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(watcher.wait(bad)); }));
  }
}

}  // namespace
}  // namespace modyn
