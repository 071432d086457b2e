// Source files that change under a reader: an error that names the file, never other bytes, never a crash.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include <sys/stat.h>

#include "modyn/fetch.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;

constexpr FixedRecordFormat kFormat{.record_size = 512, .label_size = 4, .label_offset = 100};
constexpr std::uint64_t kRecords = 64;  // 32 KiB: several pages

std::vector<Key> all_keys(std::uint64_t samples) {
  std::vector<Key> keys(samples);
  std::iota(keys.begin(), keys.end(), 0);
  return keys;
}

// Fetches and compares everything that it got.
void expect_right(const RecordFiles& files, const Reader& reader, const std::vector<Key>& keys) {
  std::vector<std::int64_t> labels(keys.size());
  std::vector<std::byte> data(keys.size() * kFormat.sample_size());
  reader.fetch(keys, labels, data);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(labels[i], files.label(keys[i]));
    const auto expected = files.sample(keys[i]);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), data.begin() + static_cast<long>(i * expected.size())))
        << "key " << keys[i];
  }
}

class SourceChange : public ::testing::TestWithParam<bool> {
 protected:
  SourceChange() : files_({kFormat, {kRecords, kRecords, kRecords}}), reader_(files_.scan(), files_.root()) {
    if (GetParam()) expect_right(files_, reader_, all_keys(files_.samples()));  // the file is open already
  }

  // File 1 changed: an error that names it and says `what`; other files are still served.
  void expect_refused(const std::string& what) {
    try {
      expect_right(files_, reader_, all_keys(files_.samples()));
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kSourceChanged) << error.what();
      EXPECT_NE(std::string(error.what()).find("records-1.bin"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
    expect_right(files_, reader_, {0, 1, 2 * kRecords, 2 * kRecords + 1});
  }

  RecordFiles files_;
  Reader reader_;
};

TEST_P(SourceChange, ATruncatedFileIsRefused) {
  std::filesystem::resize_file(files_.file(1), kRecords * 512 - 1);
  expect_refused("shrank to 32,767 bytes");
  std::filesystem::resize_file(files_.file(1), 0);
  expect_refused("shrank to 0 bytes");
}

TEST_P(SourceChange, AFileCutShortAndFilledUpAgainIsRefused) {
  std::filesystem::resize_file(files_.file(1), 4096);
  std::filesystem::resize_file(files_.file(1), kRecords * 512);
  expect_refused("modified without growing");
}

TEST_P(SourceChange, ARewrittenFileIsRefused) {
  std::fstream file(files_.file(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1000);
  file.put('x');
  file.close();
  expect_refused("modified without growing");
}

TEST_P(SourceChange, ARestoredFileIsServedAgain) {
  std::filesystem::last_write_time(files_.file(1), std::filesystem::file_time_type::clock::now());
  expect_refused("modified without growing");
  files_.restore_time(1);
  expect_right(files_, reader_, all_keys(files_.samples()));
}

TEST_P(SourceChange, AFileThatHasOnlyGrownIsServed) {
  const auto pinned = all_keys(files_.samples());
  files_.append(1, 3);
  expect_right(files_, reader_, pinned);
  files_.append(1, 5);
  expect_right(files_, reader_, pinned);
}

TEST_P(SourceChange, AFileThatHasGrownOverOtherBytesIsRefused) {
  std::ofstream(files_.file(1), std::ios::binary) << std::string(kRecords * 512 + 512, 'x');
  expect_refused("are not those that were ingested");
}

TEST_P(SourceChange, ADamagedFileThatIsRestoredAfterItGrewIsServed) {
  files_.append(1, 1);
  expect_right(files_, reader_, all_keys(3 * kRecords));
  std::filesystem::resize_file(files_.file(1), kRecords * 512);
  files_.restore_time(1);
  expect_right(files_, reader_, all_keys(3 * kRecords));
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterTheFileIsOpened, SourceChange, ::testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Open" : "NotYetOpen"; });

class SourceNotYetOpen : public SourceChange {};

TEST_P(SourceNotYetOpen, AFileThatVanishedIsRefused) {
  std::filesystem::remove(files_.file(1));
  expect_refused("no longer exists");
}

TEST_P(SourceNotYetOpen, APipeInItsPlaceIsRefused) {
  std::filesystem::remove(files_.file(1));
  ASSERT_EQ(::mkfifo(files_.file(1).c_str(), 0600), 0);
  expect_refused("no longer a regular file");
}

TEST_P(SourceNotYetOpen, AFolderInItsPlaceIsRefused) {
  std::filesystem::remove(files_.file(1));
  std::filesystem::create_directory(files_.file(1));
  expect_refused("no longer a regular file");
}

INSTANTIATE_TEST_SUITE_P(Files, SourceNotYetOpen, ::testing::Values(false));

TEST(SourceReplaced, AnOpenFileGoesOnToServeWhatWasIngested) {
  RecordFiles files(kFormat, {kRecords});
  const Reader reader(files.scan(), files.root());
  expect_right(files, reader, all_keys(kRecords));
  const auto other = files.root() / "other.tmp";
  std::ofstream(other, std::ios::binary) << std::string(kRecords * 512, 'x');
  std::filesystem::rename(other, files.file(0));
  expect_right(files, reader, all_keys(kRecords));
}

// Each file is changed by another thread while it is fetched over and over: every fetch either gives
// the right bytes or the error.
void change_during_fetch(const std::function<void(const std::filesystem::path&)>& change) {
  constexpr std::size_t kFiles = 25;
  RecordFiles files(kFormat, std::vector<std::uint64_t>(kFiles, kRecords));
  const Reader reader(files.scan(), files.root());
  for (std::size_t number = 0; number < kFiles; ++number) {
    std::vector<Key> keys(kRecords);
    std::iota(keys.begin(), keys.end(), static_cast<Key>(number * kRecords));
    std::atomic<bool> fetched_once = false;
    std::thread changer([&] {
      fetched_once.wait(false);
      std::this_thread::sleep_for(std::chrono::microseconds(37 * number));
      change(files.file(number));
    });
    bool refused = false;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!refused && std::chrono::steady_clock::now() < deadline) {
      try {
        expect_right(files, reader, keys);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kSourceChanged) << error.what();
        refused = true;
      }
      fetched_once = true;
      fetched_once.notify_one();
    }
    changer.join();
    EXPECT_TRUE(refused) << "file " << number;
  }
}

TEST(SourceChangeDuringFetch, TruncationIsAnErrorNeverZeros) {
  change_during_fetch([](const std::filesystem::path& path) { std::filesystem::resize_file(path, 0); });
}

TEST(SourceChangeDuringFetch, RewritingIsAnErrorNeverOtherBytes) {
  change_during_fetch([](const std::filesystem::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(kRecords * 512, 'x');
  });
}

}  // namespace
}  // namespace modyn
