#include "push/turn_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using namespace std::chrono_literals;
using push::TurnLock;
using testing::TemporaryFolder;

TEST(TurnLock, IsHeldByOneAndNamedWhenItIsNotHad) {
  const TemporaryFolder folder;
  TurnLock one(folder.path() / "lock", folder.path() / "turn");
  TurnLock other(folder.path() / "lock", folder.path() / "turn");
  EXPECT_TRUE(one.acquire(1));
  const std::string message = testing::message_of(ErrorKind::kConflict, [&] { other.acquire(0.01); });
  EXPECT_NE(message.find("/lock' for more than 0.01"), std::string::npos) << message;
  one.release();
  EXPECT_TRUE(other.acquire(0.01));
}

TEST(TurnLock, ComesToWhoWaitsThoughItsHolderWantsItAtOnceAgain) {
  const TemporaryFolder folder;
  std::atomic<bool> stop = false;
  std::atomic<int> turns = 0;
  std::thread greedy([&] {
    TurnLock lock(folder.path() / "lock", folder.path() / "turn");
    while (!stop) {
      lock.acquire(10);
      ++turns;
      std::this_thread::sleep_for(1ms);
      lock.release();
    }
  });
  TurnLock patient(folder.path() / "lock", folder.path() / "turn");
  while (turns == 0) std::this_thread::yield();
  const int before = turns;
  for (int i = 0; i < 50; ++i) {
    patient.acquire(10);
    std::this_thread::sleep_for(1ms);
    patient.release();
  }
  EXPECT_LT(turns - before, 500) << "one has about as many turns as the other";
  stop = true;
  greedy.join();
}

TEST(TurnLock, IsGivenUpThoughAForkedProcessHasItToo) {
  const TemporaryFolder folder;
  TurnLock lock(folder.path() / "lock", folder.path() / "turn");
  lock.acquire(1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  lock.release();
  TurnLock other(folder.path() / "lock", folder.path() / "turn");
  EXPECT_TRUE(other.acquire(0.5));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST(TurnLock, SaysThatItsFilesWereReplaced) {
  const TemporaryFolder folder;
  TurnLock lock(folder.path() / "lock", folder.path() / "turn");
  EXPECT_TRUE(lock.acquire(1));
  lock.release();
  std::filesystem::remove(folder.path() / "lock");
  std::filesystem::remove(folder.path() / "turn");
  TurnLock other(folder.path() / "lock", folder.path() / "turn");
  EXPECT_FALSE(lock.acquire(1)) << "it is another lock now";
  EXPECT_TRUE(testing::throws(ErrorKind::kConflict, [&] { other.acquire(0); }));
}

}  // namespace
}  // namespace modyn
