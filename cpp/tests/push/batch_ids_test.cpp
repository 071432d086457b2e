// The index of batch ids: it forgets none, however it is cut into runs, and is made anew where it is missing.
#include "push/batch_ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "push/log_writer.hpp"
#include "push/pushed_folder.hpp"
#include "push/pushed_samples.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using push::BatchIds;
using testing::make_batch;
using testing::TemporaryFolder;

std::size_t runs_in(const std::filesystem::path& dataset) {
  const std::filesystem::directory_iterator entries(push::batch_folder(dataset));
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

TEST(BatchIds, FindWhatAReferenceFinds) {
  const TemporaryFolder folder(testing::memory_folder());
  std::filesystem::create_directories(push::pushed_folder(folder.path()));
  std::map<push::BatchId, std::uint64_t> reference;
  std::mt19937_64 generator(8);
  BatchIds ids(folder.path());
  push::LogSet logs(folder.path());
  logs.begin_log(1);
  push::LogWriter writer;
  std::vector<push::KnownBatch> batches;
  for (int round = 0; round < 60; ++round) {
    batches.clear();
    for (std::uint64_t i = generator() % 500; i > 0; --i) {
      // Few different high halves, so that the low ones decide.
      batches.push_back({{generator() % 50, generator()}, generator()});
      reference.emplace(batches.back().id, batches.back().digest);
    }
    std::vector<push::BatchContent> contents;
    for (const auto& batch : batches)
      contents.push_back({{batch.id.high, batch.id.low, batch.digest, 0}, {}, {}, {}, {}, 0});
    const push::LogEnd end = writer.write(*logs.newest(), logs.end(), contents);
    logs.commit_write(end);
    ids.add(batches, end);
    if (round % 3 == 1) ids.write(logs);
    if (round % 10 != 9) continue;
    for (const auto& [id, digest] : reference) ASSERT_EQ(ids.find(id), digest);
    for (int i = 0; i < 1000; ++i) {
      const push::BatchId id{generator() % 50, generator()};
      ASSERT_EQ(ids.find(id).has_value(), reference.contains(id));
    }
  }
  EXPECT_LE(runs_in(folder.path()), 8U) << "runs are merged";
  ids.write(logs);
  BatchIds opened(folder.path());
  opened.catch_up(logs);
  EXPECT_EQ(opened.unwritten(), 0U);
  for (const auto& [id, digest] : reference) ASSERT_EQ(opened.find(id), digest);
}

// Batches that were appended in many logs, each log's ids in runs.
class BatchRuns : public ::testing::Test {
 protected:
  static constexpr std::int64_t kBatches = 90;
  BatchRuns() {
    Appender appender(folder_.path(), {.sample_size = 4, .log_bytes = 2500});
    for (std::int64_t i = 0; i < kBatches; ++i) appender.append(make_batch(i, 1, 4), std::to_string(i));
  }
  void expect_all_known() const {
    Appender appender(folder_.path(), {.sample_size = 4, .log_bytes = 2500});
    for (std::int64_t i = 0; i < kBatches; ++i) {
      ASSERT_TRUE(appender.append(make_batch(i, 1, 4), std::to_string(i)).duplicate) << i;
    }
    ASSERT_FALSE(appender.append(make_batch(kBatches, 1, 4), "new").duplicate);
  }
  [[nodiscard]] std::vector<std::filesystem::path> runs() const {
    std::vector<std::filesystem::path> runs;
    for (const auto& entry : std::filesystem::directory_iterator(push::batch_folder(folder_.path()))) {
      runs.push_back(entry.path());
    }
    std::ranges::sort(runs);
    return runs;
  }
  TemporaryFolder folder_{testing::memory_folder()};
};

TEST_F(BatchRuns, AreWrittenWithEveryLog) {
  const push::BatchRun last(runs().back());
  EXPECT_GT(last.range().end, kBatches - 12U) << "a new process reads one log at most";
  EXPECT_LE(runs().size(), 4U);
  expect_all_known();
}

TEST_F(BatchRuns, ThatAreMissingAreReadFromTheLogs) {
  for (const auto& run : runs()) {
    std::filesystem::remove(run);
    expect_all_known();
    break;
  }
  std::filesystem::remove_all(push::batch_folder(folder_.path()));
  BatchIds ids(folder_.path());
  EXPECT_FALSE(ids.find(push::hash_of("7")));
  push::LogSet logs(folder_.path());
  logs.refresh();
  ids.catch_up(logs);
  EXPECT_TRUE(ids.find(push::hash_of("7")));
}

TEST_F(BatchRuns, ThatAreDamagedAreNamedWithWhatToDo) {
  const auto run = runs().front();
  const auto bytes = testing::read_bytes(run);
  for (std::size_t at = 0; at < bytes.size(); at += 29) {
    auto wrong = bytes;
    wrong[at] ^= std::byte{4};
    testing::write_bytes(run, wrong);
    const std::string message = testing::message_of(ErrorKind::kCorrupt, [&] {
      Appender appender(folder_.path(), {.sample_size = 4, .log_bytes = 2500});
      for (std::int64_t i = 0; i < kBatches; ++i) appender.append(make_batch(i, 1, 4), std::to_string(i));
    });
    ASSERT_NE(message.find("remove it, it is made anew"), std::string::npos) << message << " at " << at;
  }
}

TEST_F(BatchRuns, OfTwoProcessesDoNotStandInEachOthersWay) {
  Appender one(folder_.path(), {.sample_size = 4, .log_bytes = 1000});
  Appender other(folder_.path(), {.sample_size = 4, .log_bytes = 1000});
  for (std::int64_t i = 0; i < 60; ++i) {
    ASSERT_FALSE((i % 2 == 0 ? one : other).append(make_batch(i, 1, 4), "second " + std::to_string(i)).duplicate);
  }
  for (std::int64_t i = 0; i < 60; ++i) {
    ASSERT_TRUE((i % 2 == 1 ? one : other).append(make_batch(i, 1, 4), "second " + std::to_string(i)).duplicate);
  }
  expect_all_known();
}

}  // namespace
}  // namespace modyn
