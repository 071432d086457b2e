#include "core/publish.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "modyn/error.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::core {
namespace {

using testing::TemporaryFolder;
using testing::throws;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = testing::read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::size_t entries_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(TemporaryFile, BecomesVisibleWholeUnderItsName) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "file";
  TemporaryFile file(target);
  file.write(bytes_of("hello "));
  EXPECT_FALSE(std::filesystem::exists(target));
  file.write(bytes_of("world"));
  file.publish_new();
  EXPECT_EQ(text_of(target), "hello world");
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(TemporaryFile, IsRemovedIfItIsNotPublished) {
  const TemporaryFolder folder;
  {
    TemporaryFile file(folder.path() / "file");
    file.write(bytes_of("lost"));
    EXPECT_EQ(entries_in(folder.path()), 1U);
  }
  EXPECT_EQ(entries_in(folder.path()), 0U);
}

TEST(TemporaryFile, PublishedAsNewReplacesNothing) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "file";
  testing::write_text(target, "first");
  {
    TemporaryFile file(target);
    file.write(bytes_of("second"));
    EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { file.publish_new(); }));
  }
  EXPECT_EQ(text_of(target), "first");
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(TemporaryFile, PublishedAsReplacementReplaces) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "file";
  testing::write_text(target, "first");
  TemporaryFile file(target);
  file.write(bytes_of("second"));
  file.publish_replacing();
  EXPECT_EQ(text_of(target), "second");
}

TEST(TemporaryFile, OfManyPublishersOneWins) {
  const TemporaryFolder folder;
  const auto target = folder.path() / "file";
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      TemporaryFile file(target);
      file.write(bytes_of(std::to_string(i)));
      try {
        file.publish_new();
        ++winners;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kConflict);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(entries_in(folder.path()), 1U);
}

TEST(TemporaryFile, InAMissingFolderIsAnErrorThatNamesTheFolder) {
  const TemporaryFolder folder;
  const auto message = testing::message_of(
      ErrorKind::kIo, [&] { static_cast<void>(TemporaryFile(folder.path() / "missing" / "file")); });
  EXPECT_NE(message.find("missing"), std::string::npos);
}

TEST(RemoveTemporaries, RemovesThemAndNothingElse) {
  const TemporaryFolder folder;
  testing::write_text(folder.path() / ".tmp-0123456789abcdef", "left by a crash");
  testing::write_text(folder.path() / "file", "kept");
  remove_temporaries(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / ".tmp-0123456789abcdef"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "file"));
}

}  // namespace
}  // namespace modyn::core
