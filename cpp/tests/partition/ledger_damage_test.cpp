// What a ledger makes of damage: what was durable is intact or an error, what was not is cut off.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "modyn/ledger.hpp"
#include "partition/ledger_batch.hpp"
#include "partition/ledger_frames.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::throws;
using Bytes = std::vector<std::byte>;

bool inform(LedgerWriter& writer, std::uint32_t trigger, std::uint64_t batch, std::size_t size) {
  std::vector<std::int64_t> keys(size);
  std::vector<std::int64_t> labels(size);
  std::mt19937_64 generator(batch);
  for (std::size_t i = 0; i < size; ++i) {
    keys[i] = static_cast<std::int64_t>(generator() % 1'000'000);
    labels[i] = static_cast<std::int64_t>(batch);
  }
  return writer.inform(trigger, batch, keys, keys, labels);
}

class LedgerDamageTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "ledger"; }

  // Opens and reads everything.
  void read_everything() const {
    const auto ledger = Ledger::open(path());
    const std::uint64_t size = ledger->size();
    std::vector<Key> keys(size);
    ledger->all().read(0, size, {.keys = keys});
    ledger->verify();
  }

  // Two triggers in few batches, all durable.
  void write_small() const {
    LedgerWriter writer(path());
    inform(writer, 0, 0, 40);
    writer.end_trigger(0);
    inform(writer, 1, 0, 3);
    inform(writer, 1, 1, 0);
    writer.end_trigger(1);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(LedgerDamageTest, AnyChangedByteIsDetected) {
  write_small();
  const Bytes intact = testing::read_bytes(path());
  read_everything();
  std::mt19937 generator(1);
  for (std::size_t at = 0; at < intact.size(); ++at) {
    const std::byte damaged = intact[at] ^ static_cast<std::byte>(1 + generator() % 255);
    testing::overwrite(path(), at, Bytes{damaged});
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { read_everything(); })) << "byte " << at;
    // A writer looks at the columns of durable frames no more than it must; it never cuts any off.
    if (at % 101 == 0) static_cast<void>(throws(ErrorKind::kCorrupt, [&] { const LedgerWriter writer(path()); }));
    ASSERT_EQ(std::filesystem::file_size(path()), intact.size()) << "byte " << at;
    testing::overwrite(path(), at, std::span(intact).subspan(at, 1));
  }
  read_everything();
}

TEST_F(LedgerDamageTest, ChangedBytesOfALargeLedgerAreDetected) {
  {
    LedgerWriter writer(path());
    for (std::uint64_t batch = 0; batch < 200; ++batch) inform(writer, 0, batch, 1000 + batch * 10);
    writer.end_trigger(0);
  }
  const Bytes intact = testing::read_bytes(path());
  std::mt19937_64 generator(2);
  for (int i = 0; i < 300; ++i) {
    const std::size_t at = generator() % intact.size();
    testing::overwrite(path(), at, Bytes{intact[at] ^ static_cast<std::byte>(1U << (generator() % 8))});
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { read_everything(); })) << "byte " << at;
    testing::overwrite(path(), at, std::span(intact).subspan(at, 1));
  }
}

TEST_F(LedgerDamageTest, ACutDurablePartIsAnErrorForReadersAndWriters) {
  write_small();
  const Bytes intact = testing::read_bytes(path());
  for (std::size_t size = intact.size(); size-- > 0;) {
    std::filesystem::resize_file(path(), size);
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { Ledger::open(path()); })) << size;
    if (size % 5 == 0) {
      ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { const LedgerWriter writer(path()); })) << size;
    }
  }
}

TEST_F(LedgerDamageTest, AMessageNamesFileAndByte) {
  write_small();
  testing::overwrite(path(), partition::kFirstFrame + 20, Bytes{std::byte{0xAA}});
  const std::string message = testing::message_of(ErrorKind::kCorrupt, [&] { Ledger::open(path()); });
  EXPECT_NE(message.find("ledger' is damaged at byte 4,096"), std::string::npos) << message;
}

// A writer is killed in the middle of writing a batch: any part of the file may be there behind the durable length.
TEST_F(LedgerDamageTest, AnUnfinishedEndIsCutOffAndNothingElse) {
  std::uint64_t durable = 0;
  {
    LedgerWriter writer(path());
    inform(writer, 0, 0, 10);
    writer.sync();
    durable = std::filesystem::file_size(path());
    inform(writer, 0, 1, 5);
    inform(writer, 0, 2, 150'000);  // several frames
  }
  const Bytes whole = testing::read_bytes(path());
  // Where each batch ends.
  const std::vector<std::pair<std::size_t, std::uint64_t>> ends = [&] {
    const auto mark = partition::newest_mark(whole, path());
    partition::FrameDirectory directory = partition::read_durable_frames(whole, mark, path());
    std::vector<std::pair<std::size_t, std::uint64_t>> found{{directory.length(), directory.samples()}};
    while (directory.length() < whole.size()) {
      EXPECT_FALSE(directory.add(std::span(whole).subspan(directory.length())).has_value());
      if (directory.at_batch_end()) found.emplace_back(directory.length(), directory.samples());
    }
    return found;
  }();
  ASSERT_EQ(ends.size(), 3U);
  for (std::size_t size = durable; size <= whole.size(); size += size < durable + 300 ? 13 : 29'989) {
    testing::write_bytes(path(), std::span(whole).first(size));
    const auto kept =
        *std::ranges::find_if(ends.rbegin(), ends.rend(), [size](const auto& end) { return end.first <= size; });
    {
      const LedgerWriter writer(path());
      ASSERT_EQ(writer.cut_bytes(), size - kept.first) << size;
      ASSERT_EQ(writer.size(), kept.second) << size;
    }
    ASSERT_EQ(std::filesystem::file_size(path()), kept.first);
    ASSERT_EQ(Ledger::open(path())->size(), kept.second) << "what was kept is durable now";
  }
}

TEST_F(LedgerDamageTest, DamageBehindTheDurableLengthEndsWhatIsKept) {
  std::uint64_t durable = 0;
  {
    LedgerWriter writer(path());
    inform(writer, 0, 0, 10);
    writer.sync();
    durable = std::filesystem::file_size(path());
    for (std::uint64_t batch = 1; batch < 4; ++batch) inform(writer, 0, batch, 10);
  }
  const Bytes whole = testing::read_bytes(path());
  for (std::size_t at = durable; at < whole.size(); at += 17) {
    testing::write_bytes(path(), whole);
    testing::overwrite(path(), at, Bytes{~whole[at]});
    LedgerWriter writer(path());
    const std::uint64_t batches = 1 + (at - durable) * 3 / (whole.size() - durable);
    ASSERT_EQ(writer.size(), batches * 10) << at;
    ASSERT_TRUE(inform(writer, 0, 9, 7)) << "it goes on";
  }
}

// Kills a process that informs at random moments. What it had reported as durable must be there.
TEST_F(LedgerDamageTest, AKilledWriterLosesNothingDurable) {
  std::mt19937 generator(4);
  std::uint32_t ended = 0;
  for (int round = 0; round < 20; ++round) {
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      LedgerWriter writer(path());
      for (std::uint32_t trigger = writer.open_trigger();; ++trigger) {
        for (std::uint64_t batch = 0; batch < 5; ++batch) inform(writer, trigger, batch, 100);
        writer.end_trigger(trigger);
        if (::write(report[1], &trigger, sizeof(trigger)) < 0) ::_exit(1);
      }
    }
    ::close(report[1]);
    ::usleep(static_cast<useconds_t>(2000 + generator() % 20'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    std::uint32_t last = 0;
    while (::read(report[0], &last, sizeof(last)) == static_cast<ssize_t>(sizeof(last))) ended = last + 1;
    ::close(report[0]);
    const LedgerWriter writer(path());
    ASSERT_GE(writer.open_trigger(), ended);
    const auto ledger = Ledger::open(path());
    ledger->verify();
    for (std::uint32_t trigger = 0; trigger < ledger->triggers(); ++trigger) {
      ASSERT_EQ(ledger->samples(trigger, trigger + 1).size(), 500U);
    }
    ASSERT_EQ(ledger->size() % 100, 0U);
    ended = ledger->triggers();
  }
}

// Found by fuzzing: the writer ended the program after it had written the batch.
TEST(LedgerDamage, OneWithMoreSamplesThanCanBeCountedTakesNoMore) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "ledger";
  std::vector<std::byte> file = partition::empty_ledger();
  partition::FrameDirectory directory(partition::check_file_header(file, path));
  partition::BatchFrames frames;
  const std::vector<Range> ranges{{0, std::numeric_limits<std::uint64_t>::max() - 2}};
  frames.set_ranges(0, 1, 7, ranges);
  const auto frame = frames.link(directory);
  file.insert(file.end(), frame.begin(), frame.end());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));

  LedgerWriter writer(path);
  const std::vector<std::int64_t> column{1, 2, 3};
  EXPECT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { writer.inform(0, 77, column, column, column); }));
  EXPECT_EQ(std::filesystem::file_size(path), file.size());
}

}  // namespace
}  // namespace modyn
