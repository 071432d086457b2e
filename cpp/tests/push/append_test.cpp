// What is appended is there afterwards, once, in order, with what was said about it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "modyn/push.hpp"
#include "push/pushed_folder.hpp"
#include "push/pushed_samples.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::message_of;
using testing::pushed_labels;
using testing::pushed_samples;
using testing::TemporaryFolder;

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(Append, KeepsOrderBytesLabelsAndTimestamps) {
  for (const std::uint64_t sample_size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{13}, std::uint64_t{1024}}) {
    const TemporaryFolder folder;
    Appender appender(folder.path(), {.sample_size = sample_size});
    for (const std::int64_t first : {0, 1, 11}) {
      const auto batch = make_batch(first, first == 11 ? 89 : (first == 0 ? 1 : 10), sample_size);
      const AppendReceipt receipt = appender.append(batch);
      EXPECT_EQ(receipt.samples, batch.labels.size());
      EXPECT_EQ(receipt.batch_id.size(), 32U);
      EXPECT_FALSE(receipt.duplicate);
    }
    EXPECT_EQ(pushed_labels(folder.path(), sample_size), numbers(100));
    for (const auto& sample : pushed_samples(folder.path())) EXPECT_EQ(sample.timestamp, 1000 + sample.label);
    verify_pushed(folder.path());
  }
}

TEST(Append, GivesTheTimeOfTheCallWhereNoTimestampsAre) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 4});
  auto batch = make_batch(0, 2, 4);
  batch.timestamps.clear();
  const auto now = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const Timestamp before = now();
  appender.append(batch);
  for (const auto& sample : pushed_samples(folder.path())) {
    EXPECT_GE(sample.timestamp, before);
    EXPECT_LE(sample.timestamp, now());
  }
}

TEST(Append, GoesOnWhereAnotherAppenderStopped) {
  const TemporaryFolder folder;
  for (std::int64_t i = 0; i < 20; ++i) {
    Appender appender(folder.path(), {.sample_size = 8});
    appender.append(make_batch(i, 1, 8));
  }
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(20));
}

TEST(Append, TakesTurnsWithOtherAppenders) {
  const TemporaryFolder folder;
  Appender one(folder.path(), {.sample_size = 8, .log_bytes = 2000});
  Appender other(folder.path(), {.sample_size = 8, .log_bytes = 2000});
  for (std::int64_t i = 0; i < 40; ++i) (i % 3 == 0 ? one : other).append(make_batch(i, 1, 8), std::to_string(i));
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(40));
  EXPECT_GT(push::log_numbers(folder.path()).size(), 3U);
  for (std::int64_t i = 0; i < 40; ++i) {
    EXPECT_TRUE((i % 2 == 0 ? one : other).append(make_batch(i, 1, 8), std::to_string(i)).duplicate);
  }
}

TEST(Append, BeginsANewLogAtItsSize) {
  const TemporaryFolder folder;
  {
    Appender appender(folder.path(), {.sample_size = 100, .log_bytes = 5000});
    for (std::int64_t i = 0; i < 100; ++i) appender.append(make_batch(i, 1, 100));
  }
  const auto logs = pushed_logs(folder.path());
  ASSERT_GT(logs.size(), 3U);
  for (std::size_t i = 0; i < logs.size(); ++i) {
    EXPECT_EQ(logs[i].number, i + 1);
    EXPECT_EQ(logs[i].sample_size, 100U);
    if (i + 1 < logs.size()) {
      EXPECT_GE(logs[i].end, 5000U);
      EXPECT_EQ(std::filesystem::file_size(folder.path() / logs[i].path), logs[i].end) << "nothing is left reserved";
    }
  }
  EXPECT_EQ(pushed_labels(folder.path(), 100), numbers(100));
}

TEST(Append, CountsWhatIsBehindAnOffset) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  std::vector<std::uint64_t> ends;
  for (std::int64_t i = 0; i < 5; ++i) {
    appender.append(make_batch(i * 3, 3, 8));
    ends.push_back(pushed_logs(folder.path()).front().end);
  }
  const PushedLog log = pushed_logs(folder.path()).front();
  EXPECT_EQ(samples_behind(folder.path(), log, 0), 15U);
  EXPECT_EQ(samples_behind(folder.path(), log, log.begin), 15U);
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(samples_behind(folder.path(), log, ends[i]), 12 - 3 * i);
}

TEST(Append, OfAnEmptyDatasetHasNoLogs) {
  const TemporaryFolder folder;
  EXPECT_TRUE(pushed_logs(folder.path()).empty());
  EXPECT_TRUE(pushed_logs(folder.path() / "nowhere").empty());
  const Appender appender(folder.path(), {.sample_size = 8});
  EXPECT_TRUE(pushed_logs(folder.path()).empty());
}

TEST(Append, TakesAnEmptyBatch) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  EXPECT_EQ(appender.append(make_batch(0, 0, 8), "empty").samples, 0U);
  EXPECT_TRUE(appender.append(make_batch(0, 0, 8), "empty").duplicate);
  appender.append(make_batch(0, 3, 8));
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(3));
}

TEST(AppendTwice, UnderOneIdAddsNothing) {
  const TemporaryFolder folder;
  {
    Appender appender(folder.path(), {.sample_size = 8});
    EXPECT_FALSE(appender.append(make_batch(0, 5, 8), "a").duplicate);
    EXPECT_TRUE(appender.append(make_batch(0, 5, 8), "a").duplicate);
    EXPECT_FALSE(appender.append(make_batch(5, 5, 8), std::string_view("a\0b", 3)).duplicate) << "ids are bytes";
  }
  Appender appender(folder.path(), {.sample_size = 8});
  EXPECT_TRUE(appender.append(make_batch(0, 5, 8), "a").duplicate);
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(10));
}

TEST(AppendTwice, UnderADrawnIdAddsNothing) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  const std::string drawn = appender.append(make_batch(0, 5, 8)).batch_id;
  EXPECT_NE(appender.append(make_batch(5, 5, 8)).batch_id, drawn);
  EXPECT_TRUE(appender.append(make_batch(0, 5, 8), drawn).duplicate);
}

TEST(AppendTwice, UnderOneIdWithOtherContentIsAConflict) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  const auto batch = make_batch(0, 5, 8);
  appender.append(batch, "a'b");
  std::vector<testing::OwnedBatch> others(5, batch);
  others[0].data[3] = std::byte{99};
  others[1].labels[4] = 99;
  others[2].timestamps[0] = 99;
  others[3].timestamps.clear();
  others[4] = make_batch(0, 4, 8);
  for (const auto& other : others) {
    const std::string message = message_of(ErrorKind::kConflict, [&] { appender.append(other, "a'b"); });
    EXPECT_NE(message.find("batch id 'a\\x27b' was used before"), std::string::npos) << message;
  }
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(5));
}

TEST(AppendTwice, AtTheSameTimeAddsOnce) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  std::atomic<int> added = 0;
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t i = 0; i < 50; ++i) {
        const auto batch = make_batch(i * 10 + (thread == 7 ? 5 : 0), 3, 8);
        try {
          if (!appender.append(batch, "batch " + std::to_string(i)).duplicate) ++added;
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::kConflict);
          ++conflicts;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(added, 50);
  EXPECT_GE(conflicts, 50);
  EXPECT_EQ(pushed_labels(folder.path(), 8).size(), 150U);
}

TEST(AppendErrors, NameWhatDoesNotFit) {
  const TemporaryFolder folder;
  Appender fixed(folder.path() / "fixed", {.sample_size = 8});
  Appender any(folder.path() / "any", {});
  const auto refused = [](Appender& appender, const testing::OwnedBatch& batch, std::string_view id = "id") {
    return message_of(ErrorKind::kInvalidArgument, [&] { appender.append(batch, id); });
  };
  const auto says = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  auto batch = make_batch(0, 3, 8);
  batch.data.pop_back();
  says(refused(fixed, batch), "23 bytes and 3 labels do not fit samples of 8 bytes");
  batch = make_batch(0, 3, 8);
  batch.timestamps.pop_back();
  says(refused(fixed, batch), "2 timestamps for 3 samples");
  batch = make_batch(0, 3, 8);
  batch.lengths = {8, 8, 8};
  says(refused(fixed, batch), "lengths are given, but all samples of this dataset have 8 bytes");
  batch = make_batch(0, 3, 0);
  batch.lengths.back() += 1;
  says(refused(any, batch), "add up to more than");
  batch = make_batch(0, 3, 0);
  batch.data.push_back(std::byte{1});
  says(refused(any, batch), "1 bytes follow the last sample");
  batch = make_batch(0, 3, 0);
  batch.labels.pop_back();
  says(refused(any, batch), "2 labels for 3 samples");
  batch = make_batch(0, 3, 0);
  batch.lengths[1] = ~std::uint64_t{0};
  says(refused(any, batch), "4 GiB or more");
  says(refused(fixed, make_batch(0, 3, 8), ""), "a batch id of 0 bytes");
  says(refused(fixed, make_batch(0, 3, 8), std::string(1025, 'x')), "a batch id of 1,025 bytes");
  EXPECT_TRUE(pushed_logs(folder.path() / "fixed").empty());
  EXPECT_TRUE(pushed_logs(folder.path() / "any").empty());

  fixed.append(make_batch(0, 3, 8));
  says(message_of(ErrorKind::kInvalidArgument, [&] { Appender(folder.path() / "fixed", {.sample_size = 9}); }),
       "holds samples of 8 bytes, not of 9 bytes");
  says(message_of(ErrorKind::kInvalidArgument, [&] { Appender(folder.path() / "fixed", {}); }), "not of any length");
}

TEST(AppendErrors, LeaveAnAppenderUsableWhoseFolderCameAnew) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 8});
  appender.append(make_batch(0, 3, 8), "a");
  std::filesystem::remove_all(push::pushed_folder(folder.path()));
  EXPECT_EQ(message_of(ErrorKind::kIo, [&] { appender.append(make_batch(3, 3, 8), "b"); }).substr(0, 16),
            "cannot open lock");
  const Appender another(folder.path(), {.sample_size = 8});
  EXPECT_FALSE(appender.append(make_batch(0, 3, 8), "a").duplicate);
  EXPECT_EQ(pushed_labels(folder.path(), 8), numbers(3));
}

TEST(AppendConcurrently, FromManyThreadsLosesAndRepeatsNothing) {
  const TemporaryFolder folder;
  Appender appender(folder.path(), {.sample_size = 16, .log_bytes = 20'000});
  std::vector<std::thread> threads;
  for (std::int64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::int64_t i = 0; i < 40; ++i) appender.append(make_batch((thread * 40 + i) * 5, 5, 16));
    });
  }
  for (auto& thread : threads) thread.join();
  auto labels = pushed_labels(folder.path(), 16);
  std::ranges::sort(labels);
  EXPECT_EQ(labels, numbers(8 * 40 * 5));
}

}  // namespace
}  // namespace modyn
