// What a killed writer leaves is cut off; what anything else did to a log is an error that names file and byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "push/end_mark.hpp"
#include "push/pushed_folder.hpp"
#include "push/pushed_samples.hpp"
#include "push/sealing.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn {
namespace {

using testing::make_batch;
using testing::pushed_labels;
using testing::TemporaryFolder;

constexpr std::uint64_t kSize = 5;

// A dataset with one log of four frames of three samples each, and copies of it as often as needed.
class Damage : public ::testing::Test {
 protected:
  Damage() {
    const TemporaryFolder folder(testing::memory_folder());
    {
      Appender appender(folder.path(), {.sample_size = kSize});
      for (std::int64_t i = 0; i < 4; ++i) {
        appender.append(make_batch(i * 3, 3, kSize), std::to_string(i));
        ends_.push_back(pushed_logs(folder.path()).front().end);
      }
    }
    log_ = testing::read_bytes(testing::only_log(folder.path()));
    mark_ = testing::read_bytes(push::committed_file(folder.path()));
  }

  // `bytes` as the log, with or without the end mark.
  void place(std::span<const std::byte> bytes, bool marked) {
    std::filesystem::create_directories(push::pushed_folder(dataset()));
    std::filesystem::remove_all(push::batch_folder(dataset()));
    testing::write_bytes(push::log_file(dataset(), 1), bytes);
    std::filesystem::remove(push::committed_file(dataset()));
    if (marked) testing::write_bytes(push::committed_file(dataset()), mark_);
  }

  // The frames that lie wholly in the log's first `bytes`.
  [[nodiscard]] std::size_t frames_in(std::uint64_t bytes) const {
    return static_cast<std::size_t>(std::ranges::count_if(ends_, [&](std::uint64_t end) { return end <= bytes; }));
  }

  // Opens, appends one batch, and returns all labels.
  [[nodiscard]] std::vector<std::int64_t> labels_after_append() const {
    Appender appender(dataset(), {.sample_size = kSize});
    appender.append(make_batch(100, 1, kSize));
    verify_pushed(dataset());
    return pushed_labels(dataset(), kSize);
  }

  [[nodiscard]] static std::vector<std::int64_t> expected(std::size_t frames) {
    std::vector<std::int64_t> labels;
    for (std::size_t label = 0; label < 3 * frames; ++label) labels.push_back(static_cast<std::int64_t>(label));
    labels.push_back(100);
    return labels;
  }

  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }

  TemporaryFolder folder_{testing::memory_folder()};
  std::vector<std::byte> log_;
  std::vector<std::byte> mark_;
  std::vector<std::uint64_t> ends_;
};

TEST_F(Damage, ATailThatWasCutAnywhereIsTornIfNobodyWasPromisedIt) {
  for (std::size_t size = sizeof(push::LogHeader); size <= ends_.back(); ++size) {
    place(std::span(log_).first(size), false);
    ASSERT_EQ(labels_after_append(), expected(frames_in(size))) << size;
  }
}

TEST_F(Damage, ATailThatWasCutAnywhereIsAnErrorIfItWasPromised) {
  for (std::size_t size = 0; size < ends_.back(); ++size) {
    place(std::span(log_).first(size), true);
    const std::string message =
        testing::message_of(ErrorKind::kCorrupt, [&] { Appender(dataset(), {.sample_size = kSize}); });
    const std::string place = size < sizeof(push::LogHeader) ? "at byte 0: it does not begin with a valid header"
                                                             : "it ends there, but 1,152 bytes were committed";
    ASSERT_NE(message.find(place), std::string::npos) << message;
    ASSERT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { static_cast<void>(pushed_logs(dataset())); }));
  }
}

TEST_F(Damage, OneWrongByteIsFoundWhereAFrameFollows) {
  for (std::size_t at = 0; at < ends_.back(); ++at) {
    auto bytes = log_;
    bytes[at] ^= std::byte{0x40};
    place(bytes, false);
    const std::size_t frame = frames_in(at);
    if (at >= sizeof(push::LogHeader) && frame + 1 == ends_.size()) {
      // In the last frame, without any word of what was committed: the same as a torn one.
      ASSERT_EQ(labels_after_append(), expected(frame)) << at;
      continue;
    }
    const std::string message =
        testing::message_of(ErrorKind::kCorrupt, [&] { Appender(dataset(), {.sample_size = kSize}); });
    const std::uint64_t begin =
        at < sizeof(push::LogHeader) ? 0 : (frame == 0 ? sizeof(push::LogHeader) : ends_[frame - 1]);
    ASSERT_NE(message.find("00000001.log' is damaged at byte " + std::to_string(begin) + ":"), std::string::npos)
        << message << " for byte " << at;
    ASSERT_EQ(testing::read_bytes(push::log_file(dataset(), 1)), bytes) << "nothing was changed";
  }
}

TEST_F(Damage, OneWrongByteOfWhatWasPromisedIsFoundWhenItIsRead) {
  for (std::size_t at = 0; at < ends_.back(); ++at) {
    auto bytes = log_;
    bytes[at] ^= std::byte{0x40};
    place(bytes, true);
    ASSERT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { verify_pushed(dataset()); })) << at;
    ASSERT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { static_cast<void>(pushed_labels(dataset(), kSize)); }));
  }
}

TEST_F(Damage, SectorsOfATornFrameMayReachTheDiskInAnyOrder) {
  const std::uint64_t begin = ends_[2];
  for (std::uint64_t unit = 16; unit <= 64; unit *= 2) {
    const std::uint64_t units = (ends_.back() - begin) / unit;
    for (std::uint64_t missing = 1; missing < (std::uint64_t{1} << std::min<std::uint64_t>(units, 12)); ++missing) {
      auto bytes = log_;
      for (std::uint64_t i = 0; i < units; ++i) {
        if ((missing >> i & 1U) == 0) continue;
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(begin + i * unit), unit, std::byte{0});
      }
      place(bytes, false);
      if (std::equal(bytes.begin(), bytes.end(), log_.begin())) continue;  // zeros were missing
      ASSERT_EQ(labels_after_append(), expected(3)) << missing;
      if (missing > 300) missing += 37;
    }
  }
}

TEST_F(Damage, AWholeFrameOfAKilledWriterCounts) {
  // As if he had been killed between the flush and the mark: the mark says three frames.
  const TemporaryFolder folder(testing::memory_folder());
  {
    Appender appender(folder.path(), {.sample_size = kSize});
    for (std::int64_t i = 0; i < 3; ++i) appender.append(make_batch(i * 3, 3, kSize), std::to_string(i));
    const auto mark = testing::read_bytes(push::committed_file(folder.path()));
    appender.append(make_batch(9, 3, kSize), "3");
    testing::write_bytes(push::committed_file(folder.path()), mark);
  }
  EXPECT_EQ(pushed_logs(folder.path()).front().samples, 12U) << "readers see it too";
  Appender appender(folder.path(), {.sample_size = kSize});
  EXPECT_TRUE(appender.append(make_batch(9, 3, kSize), "3").duplicate);
}

TEST_F(Damage, WhatCouldNotBeFlushedNeverCounts) {
  place(log_, true);
  push::EndMarkFile file(push::committed_file(dataset()));
  auto mark = file.read();
  ASSERT_TRUE(mark);
  mark->end = {1, ends_[2], 3, 9};
  mark->state = push::EndState::kFailed;
  file.write(*mark);
  EXPECT_EQ(labels_after_append(), expected(3));
}

TEST_F(Damage, AnAppenderSeesWhatAKilledOneBegan) {
  place(log_, true);
  Appender appender(dataset(), {.sample_size = kSize});
  appender.append(make_batch(12, 3, kSize));
  const std::uint64_t end = pushed_logs(dataset()).front().end;
  // Another process announced a frame, wrote half of it and was killed.
  push::EndMarkFile file(push::committed_file(dataset()));
  auto mark = file.read();
  ASSERT_TRUE(mark);
  mark->state = push::EndState::kWriting;
  file.write(*mark);
  testing::overwrite(push::log_file(dataset(), 1), end, std::span(log_).subspan(sizeof(push::LogHeader), 200));
  appender.append(make_batch(15, 3, kSize));
  verify_pushed(dataset());
  EXPECT_EQ(pushed_labels(dataset(), kSize).size(), 18U);
}

TEST_F(Damage, AMissingLogIsNamed) {
  place(log_, true);
  std::filesystem::remove(push::log_file(dataset(), 1));
  for (int way = 0; way < 2; ++way) {
    const std::string message = testing::message_of(ErrorKind::kCorrupt, [&] {
      if (way == 0) Appender(dataset(), {.sample_size = kSize});
      if (way == 1) static_cast<void>(pushed_logs(dataset()));
    });
    EXPECT_NE(message.find("00000001.log' is missing; 1,152 bytes of it were committed"), std::string::npos) << message;
  }
}

TEST_F(Damage, AnotherLogInItsPlaceIsNotTaken) {
  const TemporaryFolder other(testing::memory_folder());
  {
    Appender appender(other.path(), {.sample_size = kSize});
    for (std::int64_t i = 0; i < 9; ++i) appender.append(make_batch(i * 3, 3, kSize));
  }
  place(testing::read_bytes(push::log_file(other.path(), 1)), true);
  const std::string message =
      testing::message_of(ErrorKind::kCorrupt, [&] { Appender(dataset(), {.sample_size = kSize}); });
  EXPECT_NE(message.find("it is not the log of this number that was committed"), std::string::npos) << message;
}

TEST(DamageOfOlderLogs, IsFoundByTheirSuccessors) {
  const TemporaryFolder folder(testing::memory_folder());
  {
    Appender appender(folder.path(), {.sample_size = kSize, .log_bytes = 500});
    for (std::int64_t i = 0; i < 12; ++i) appender.append(make_batch(i * 3, 3, kSize));
  }
  const auto first = push::log_file(folder.path(), 1);
  const auto bytes = testing::read_bytes(first);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, sizeof(push::LogHeader), std::size_t{5}}) {
    testing::write_bytes(first, std::span(bytes).first(size));
    EXPECT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { static_cast<void>(pushed_logs(folder.path())); })) << size;
  }
  testing::write_bytes(first, bytes);
  verify_pushed(folder.path());
  std::filesystem::remove(push::log_file(folder.path(), 2));
  EXPECT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { static_cast<void>(pushed_logs(folder.path())); }));
}

}  // namespace
}  // namespace modyn
