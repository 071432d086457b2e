// Frames as pure functions of bytes: what was written is read, anything else is nothing.
#include "push/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "push/pushed_samples.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::TemporaryFolder;

// The bytes of a log with some frames, in memory that lies at a multiple of 8.
struct Log {
  explicit Log(std::uint64_t sample_size) {
    const TemporaryFolder folder(testing::memory_folder());
    {
      Appender appender(folder.path(), {.sample_size = sample_size});
      for (std::int64_t i = 0; i < 4; ++i) appender.append(make_batch(i * 3, 3, sample_size));
    }
    end = pushed_logs(folder.path()).front().end;
    const auto file = testing::read_bytes(testing::only_log(folder.path()));
    words.resize(file.size() / 8 + 1);
    std::memcpy(words.data(), file.data(), file.size());
    size = file.size();
    header = *push::read_log_header(bytes());
  }
  [[nodiscard]] std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(words)).first(size); }
  [[nodiscard]] std::span<std::byte> frames() { return bytes().subspan(sizeof(push::LogHeader)); }

  std::vector<std::uint64_t> words;
  std::size_t size = 0;
  std::uint64_t end = 0;
  push::LogHeader header;
};

constexpr std::uint64_t kBegin = sizeof(push::LogHeader);

TEST(Frames, AreReadUpToTheZerosBehindThem) {
  for (const std::uint64_t sample_size : {std::uint64_t{0}, std::uint64_t{5}}) {
    Log log(sample_size);
    const auto frames = push::read_frames(log.frames(), log.header, kBegin);
    ASSERT_EQ(frames.size(), 4U);
    EXPECT_EQ(frames.back().end, log.end);
    for (std::uint64_t i = 0; i < 4; ++i) {
      EXPECT_EQ(frames[i].first_sample, 3 * i);
      EXPECT_EQ(frames[i].first_batch, i);
      EXPECT_EQ(frames[i].batches.size(), 1U);
      EXPECT_EQ(frames[i].samples(), 3U);
      const auto batch = make_batch(static_cast<std::int64_t>(3 * i), 3, sample_size);
      EXPECT_TRUE(std::ranges::equal(frames[i].data, batch.data));
      EXPECT_TRUE(std::ranges::equal(frames[i].labels, batch.labels));
      EXPECT_TRUE(std::ranges::equal(frames[i].timestamps, batch.timestamps));
      EXPECT_TRUE(std::ranges::equal(frames[i].lengths, batch.lengths));
      EXPECT_EQ(frames[i].data.data(), log.bytes().data() + frames[i].data_offset);
    }
  }
}

TEST(Frames, ThatWereCutAnywhereAreNotThere) {
  Log log(0);
  const auto whole = push::read_frames(log.frames(), log.header, kBegin);
  for (std::size_t size = 0; size <= log.end - kBegin; ++size) {
    std::size_t expected = 0;
    while (expected < whole.size() && whole[expected].end - kBegin <= size) ++expected;
    ASSERT_EQ(push::read_frames(log.frames().first(size), log.header, kBegin).size(), expected) << size;
  }
}

TEST(Frames, WithOneWrongByteAnywhereAreNotThere) {
  for (const std::uint64_t sample_size : {std::uint64_t{0}, std::uint64_t{5}}) {
    Log log(sample_size);
    const auto whole = push::read_frames(log.frames(), log.header, kBegin);
    for (std::size_t at = 0; at < log.end - kBegin; ++at) {
      log.frames()[at] ^= std::byte{0x10};
      std::size_t expected = 0;
      while (whole[expected].end - kBegin <= at) ++expected;
      ASSERT_EQ(push::read_frames(log.frames(), log.header, kBegin).size(), expected) << at;
      log.frames()[at] ^= std::byte{0x10};
    }
  }
}

TEST(Frames, OfAnotherLogOrPlaceAreNotThere) {
  Log log(5);
  const std::uint64_t second = push::read_frames(log.frames(), log.header, kBegin)[1].offset;
  EXPECT_FALSE(push::read_frame(log.frames(), log.header, second));
  auto other = log.header;
  other.identity += 1;
  EXPECT_FALSE(push::read_frame(log.frames(), other, kBegin));
  other = log.header;
  other.sample_size = 6;
  EXPECT_FALSE(push::read_frame(log.frames(), other, kBegin));
}

TEST(Frames, WhoseValidHeaderPromisesNonsenseAreNotThere) {
  Log log(5);
  push::FrameHeader header;
  std::memcpy(&header, log.frames().data(), sizeof(header));
  std::mt19937_64 generator(3);
  for (int round = 0; round < 20'000; ++round) {
    push::FrameHeader changed = header;
    std::uint64_t* const fields[] = {&changed.bytes,      &changed.batches,     &changed.samples,
                                     &changed.data_bytes, &changed.sample_size, &changed.first_sample};
    *fields[generator() % 6] = generator() >> (generator() % 64);
    changed.checksum = push::checksum_of(changed);
    if (changed.checksum == header.checksum) continue;  // the same by chance
    std::memcpy(log.frames().data(), &changed, sizeof(changed));
    const auto frame = push::read_frame(log.frames(), log.header, kBegin);
    EXPECT_FALSE(frame) << "the checksum over everything holds";
    if (const auto read = push::read_frame_header(log.frames(), log.header, kBegin)) {
      EXPECT_EQ(push::parts_of(*read).bytes, read->bytes);
      EXPECT_EQ(read->samples * read->sample_size, read->data_bytes);
    }
  }
}

TEST(Frames, OfRandomBytesAreNotThere) {
  std::mt19937_64 generator(4);
  std::vector<std::uint64_t> words(500);
  for (auto& word : words) word = generator();
  push::LogHeader log;
  for (std::size_t size = 0; size < 4000; ++size) {
    const auto bytes = std::as_bytes(std::span(words)).first(size);
    EXPECT_FALSE(push::read_frame(bytes, log, 0));
    EXPECT_FALSE(push::read_log_header(bytes));
  }
}

TEST(Frames, AreNotReadFromBytesBetweenWords) {
  Log log(5);
  EXPECT_TRUE(testing::throws(ErrorKind::kInvalidArgument, [&] {
    static_cast<void>(push::read_frame(log.frames().subspan(1), log.header, kBegin));
  }));
}

TEST(LogHeader, WithOneWrongByteIsNone) {
  Log log(5);
  for (std::size_t at = 0; at < sizeof(push::LogHeader); ++at) {
    log.bytes()[at] ^= std::byte{1};
    EXPECT_FALSE(push::read_log_header(log.bytes())) << at;
    log.bytes()[at] ^= std::byte{1};
  }
}

}  // namespace
}  // namespace modyn
