#include "core/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace modyn::core {
namespace {

TEST(ThreadPool, CallsEveryIndexOnce) {
  for (const unsigned threads : {0U, 1U, 4U}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> calls(1000);
    pool.for_each(calls.size(), 0, [&](std::size_t i) { ++calls[i]; });
    EXPECT_TRUE(std::ranges::all_of(calls, [](const auto& count) { return count == 1; })) << threads;
  }
}

TEST(ThreadPool, DoesNothingForNoIndices) {
  ThreadPool pool(1);
  pool.for_each(0, 0, [](std::size_t) { FAIL(); });
}

TEST(ThreadPool, KeepsToTheLimit) {
  ThreadPool pool(7);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  pool.for_each(200, 3, [&](std::size_t) {
    const int now = ++running;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    --running;
  });
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST(ThreadPool, ThrowsTheFailureWithTheLowestIndexAndStartsNoMore) {
  ThreadPool pool(3);
  std::atomic<int> calls = 0;
  const auto work = [&](std::size_t i) {
    ++calls;
    if (i >= 5) throw std::runtime_error("index " + std::to_string(i));
  };
  try {
    pool.for_each(100'000, 0, work);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "index 5");
  }
  EXPECT_LT(calls, 100'000);
  // The pool is as good as new.
  pool.for_each(4, 0, [&](std::size_t) { ++calls; });
}

TEST(ThreadPool, ServesSeveralCallersAtOnce) {
  ThreadPool pool(2);
  std::atomic<int> calls = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&] { pool.for_each(500, 0, [&](std::size_t) { ++calls; }); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(calls, 3000);
}

TEST(ThreadPool, MayBeUsedFromWithinWork) {
  ThreadPool pool(2);
  std::atomic<int> calls = 0;
  pool.for_each(20, 0, [&](std::size_t) { pool.for_each(20, 0, [&](std::size_t) { ++calls; }); });
  EXPECT_EQ(calls, 400);
}

TEST(ThreadPool, WorksInAForkedChild) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer does not support threads after a fork";
#endif
  ThreadPool::shared().for_each(10, 0, [](std::size_t) {});
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<int> calls = 0;
    ThreadPool::shared().for_each(100, 0, [&](std::size_t) { ++calls; });
    ::_exit(calls == 100 ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace modyn::core
