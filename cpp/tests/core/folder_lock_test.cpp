#include "core/folder_lock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "modyn/error.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::core {
namespace {

using testing::throws;

class FolderLockTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "lock"; }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(FolderLockTest, ExcludesASecondHolder) {
  const FolderLock lock(file(), 0);
  const auto message = testing::message_of(ErrorKind::kConflict, [&] { FolderLock(file(), 0.02); });
  EXPECT_NE(message.find(file().string()), std::string::npos);
}

TEST_F(FolderLockTest, WaitsUntilTheHolderIsGone) {
  auto lock = std::make_unique<FolderLock>(file(), 0);
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    lock.reset();
  });
  FolderLock(file(), 30);
  release.join();
}

TEST_F(FolderLockTest, IsDroppedWhenItsHolderIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(file(), 0);
    ::raise(SIGKILL);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  FolderLock(file(), 0);
}

TEST_F(FolderLockTest, EpochsAscendFromHolderToHolder) {
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(0), 1U);
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(0), 2U);
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(10), 11U);
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(5), 12U);
}

TEST_F(FolderLockTest, ATornFileCountsAsNoEpoch) {
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(6), 7U);
  testing::write_text(file(), "torn");
  EXPECT_EQ(FolderLock(file(), 0).claim_epoch(7), 8U);
}

TEST_F(FolderLockTest, AHolderWhoseFileWasReplacedIsFencedOff) {
  FolderLock old(file(), 0);
  old.claim_epoch(0);
  old.check_epoch();
  std::filesystem::remove(file());
  const FolderLock other(file(), 0);
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { old.check_epoch(); }));
}

TEST_F(FolderLockTest, AHolderIsFencedOffByALaterClaim) {
  FolderLock old(file(), 0);
  old.claim_epoch(0);
  const auto before = testing::read_bytes(file());
  old.claim_epoch(0);
  const auto later = testing::read_bytes(file());
  // As if a writer elsewhere, which the lock did not keep out, had claimed: the file changes under the holder.
  testing::write_bytes(file(), before);
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { old.check_epoch(); }));
  testing::write_bytes(file(), later);
  old.check_epoch();
}

}  // namespace
}  // namespace modyn::core
