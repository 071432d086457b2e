#include "push/group_commit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace modyn {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using push::GroupCommit;
using push::Request;

struct Numbered : Request {
  int number = 0;
};

TEST(GroupCommit, ServesEachRequestOnce) {
  std::atomic<int> served = 0;
  std::atomic<int> serving = 0;
  std::atomic<int> rested = 0;
  std::size_t groups = 0;
  GroupCommit commit(
      [&](std::span<Request* const> group) {
        EXPECT_EQ(++serving, 1) << "one group at a time";
        served += static_cast<int>(group.size());
        ++groups;
        std::this_thread::sleep_for(200us);
        --serving;
      },
      [&] { ++rested; }, 1000);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        Numbered request;
        commit.run(request);
        EXPECT_TRUE(request.done);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(served, 800);
  EXPECT_EQ(static_cast<std::size_t>(rested.load()), groups);
  EXPECT_LT(groups, 400U) << "callers in a loop are served together";
}

// How long a request took beyond the work itself.
Clock::duration overhead(GroupCommit& commit, const Clock::duration& work) {
  const auto start = Clock::now();
  Request request;
  commit.run(request);
  return Clock::now() - start - work;
}

TEST(GroupCommit, NeverWaitsWhereNobodyElseIs) {
  GroupCommit commit([](std::span<Request* const>) { std::this_thread::sleep_for(50ms); }, [] {}, 1000);
  for (int i = 0; i < 5; ++i) EXPECT_LT(overhead(commit, 50ms), 20ms) << "half of the work would be 25 ms";
}

TEST(GroupCommit, StopsWaitingForCallersThatDoNotComeBack) {
  GroupCommit commit([](std::span<Request* const>) { std::this_thread::sleep_for(50ms); }, [] {}, 1000);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 4; ++i) {
        Request request;
        commit.run(request);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LT(overhead(commit, 50ms), 45ms) << "it may wait for the three others, once";
  EXPECT_LT(overhead(commit, 50ms), 20ms);
}

TEST(GroupCommit, EndsAGroupBeforeItGetsTooLarge) {
  std::vector<std::size_t> bytes;
  GroupCommit commit(
      [&](std::span<Request* const> group) {
        std::size_t sum = 0;
        for (const Request* request : group) sum += request->bytes;
        EXPECT_TRUE(sum <= 100 || group.size() == 1);
        bytes.push_back(sum);
        std::this_thread::sleep_for(1ms);
      },
      [] {}, 100);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        Request request;
        request.bytes = thread == 0 ? 1000 : 10 + thread;
        commit.run(request);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(GroupCommit, TellsEveryoneOfAGroupOfItsFailure) {
  std::atomic<int> failures = 0;
  GroupCommit commit(
      [](std::span<Request* const> group) {
        std::this_thread::sleep_for(500us);
        for (Request* request : group) {
          if (static_cast<Numbered*>(request)->number % 5 == 0) throw std::runtime_error("no");
        }
      },
      [] {}, 1000);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        Numbered request;
        request.number = thread * 25 + i;
        try {
          commit.run(request);
          EXPECT_NE(request.number % 5, 0);
        } catch (const std::runtime_error&) {
          ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(failures, 40);
}

TEST(GroupCommit, LetsOneRequestFailAlone) {
  GroupCommit commit(
      [](std::span<Request* const> group) {
        for (Request* request : group) {
          if (static_cast<Numbered*>(request)->number == 1) {
            request->error = std::make_exception_ptr(std::runtime_error("only this one"));
          }
        }
      },
      [] {}, 1000);
  Numbered good;
  Numbered bad;
  bad.number = 1;
  commit.run(good);
  EXPECT_THROW(commit.run(bad), std::runtime_error);
}

}  // namespace
}  // namespace modyn
