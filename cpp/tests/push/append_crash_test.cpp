// kill -9 at any moment of an append: what was acknowledged is there, nothing is there twice, nothing is torn.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "modyn/push.hpp"
#include "push/pushed_samples.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::TemporaryFolder;

constexpr std::uint64_t kSampleSize = 700;
constexpr std::int64_t kBatchSamples = 4;

// Appends batches until it is killed, from several threads, and writes the number of each batch to `acknowledged` when
// its append has returned.
[[noreturn]] void append_for_ever(const std::filesystem::path& dataset, int acknowledged, std::int64_t first,
                                  std::uint64_t log_bytes) {
  Appender appender(dataset, {.sample_size = kSampleSize, .log_bytes = log_bytes});
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t batch = first + thread;; batch += 3) {
        appender.append(make_batch(batch * kBatchSamples, kBatchSamples, kSampleSize), std::to_string(batch));
        if (::write(acknowledged, &batch, sizeof(batch)) != sizeof(batch)) ::_exit(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ::_exit(0);
}

std::vector<std::int64_t> read_all(int pipe) {
  std::vector<std::int64_t> numbers;
  std::int64_t number = 0;
  while (::read(pipe, &number, sizeof(number)) == sizeof(number)) numbers.push_back(number);
  return numbers;
}

TEST(AppendCrash, OfProcessesAtAnyMomentLosesAndRepeatsNothing) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the thread sanitizer does not support threads after a fork";
#endif
  const TemporaryFolder folder;
  std::mt19937 generator(6);
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 20; ++round) {
    std::array<std::array<int, 2>, 2> pipes{};
    std::array<pid_t, 2> children{};
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_EQ(::pipe(pipes[i].data()), 0);
      children[i] = ::fork();
      if (children[i] == 0) {
        const std::int64_t first = (round * 2 + static_cast<std::int64_t>(i)) * 1'000'000;
        append_for_ever(folder.path(), pipes[i][1], first, round % 2 == 0 ? 50'000 : 5'000'000);
      }
      ASSERT_GT(children[i], 0);
      ::close(pipes[i][1]);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(3000 + generator() % 60'000));
      ASSERT_EQ(::kill(children[i], SIGKILL), 0);
      ASSERT_EQ(::waitpid(children[i], nullptr, 0), children[i]);
    }
    for (const auto& pipe : pipes) {
      for (const std::int64_t batch : read_all(pipe[0])) acknowledged.insert(batch);
      ::close(pipe[0]);
    }

    verify_pushed(folder.path());
    const auto labels = testing::pushed_labels(folder.path(), kSampleSize);
    ASSERT_EQ(labels.size() % kBatchSamples, 0U);
    std::set<std::int64_t> present;
    for (std::size_t i = 0; i < labels.size(); i += kBatchSamples) {
      for (std::int64_t j = 0; j < kBatchSamples; ++j) {
        ASSERT_EQ(labels[i + static_cast<std::size_t>(j)], labels[i] + j) << "a batch was torn";
      }
      ASSERT_TRUE(present.insert(labels[i] / kBatchSamples).second) << "a batch is there twice";
    }
    for (const std::int64_t batch : acknowledged) {
      ASSERT_TRUE(present.contains(batch)) << "batch " << batch << " was acknowledged and is lost";
    }
    // Whoever was not told may ask again.
    Appender appender(folder.path(), {.sample_size = kSampleSize, .log_bytes = 50'000});
    for (const std::int64_t batch : present) {
      const auto again = make_batch(batch * kBatchSamples, kBatchSamples, kSampleSize);
      ASSERT_TRUE(appender.append(again, std::to_string(batch)).duplicate);
    }
  }
  EXPECT_GT(acknowledged.size(), 100U);
}

}  // namespace
}  // namespace modyn
