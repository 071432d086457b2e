// Files of rows and files that are samples, mapped and read, that change under a reader.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "fetch/fetch_samples.hpp"
#include "fetch/mixed_dataset.hpp"
#include "modyn/fetch.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::expect_own_samples;
using testing::MixedDataset;

enum class Kind { kRows, kOwnedRows, kFiles };

constexpr std::uint64_t kSamples = 12;
constexpr std::uint64_t kSize = 9000;

std::vector<Key> all_keys(const MixedDataset& dataset) {
  std::vector<Key> keys(dataset.samples());
  std::iota(keys.begin(), keys.end(), 0);
  return keys;
}

// Three files, or folders of files, of which one is changed.
std::filesystem::path add(MixedDataset& dataset, Kind kind) {
  const std::vector<std::uint64_t> sizes(kSamples, kSize);
  if (kind == Kind::kFiles) return dataset.add_files(sizes) / "5.img";
  return dataset.add_rows(sizes, kind == Kind::kOwnedRows);
}

class AnySourceChange : public ::testing::TestWithParam<std::tuple<Kind, Access, bool>> {
 protected:
  AnySourceChange()
      : first_(add(dataset_, kind())),
        changed_(add(dataset_, kind())),
        last_(add(dataset_, kind())),
        reader_(dataset_.commit(), dataset_.root(), 0, 4096, std::get<Access>(GetParam())) {
    if (std::get<bool>(GetParam())) expect_own_samples(dataset_, reader_, all_keys(dataset_));
  }

  [[nodiscard]] static Kind kind() { return std::get<Kind>(GetParam()); }
  [[nodiscard]] static bool is_open() { return std::get<bool>(GetParam()) && kind() != Kind::kFiles; }

  // Logs of ours are appended to in place, so their fingerprints decide.
  [[nodiscard]] static std::string rewritten() {
    return kind() == Kind::kOwnedRows ? "are not those that were ingested" : "modified without growing";
  }

  void expect_refused(const std::string& what) {
    const auto message = testing::message_of(ErrorKind::kSourceChanged,
                                             [&] { expect_own_samples(dataset_, reader_, all_keys(dataset_)); });
    EXPECT_NE(message.find(changed_.filename().string()), std::string::npos) << message;
    EXPECT_NE(message.find(what), std::string::npos) << message;
    expect_own_samples(dataset_, reader_, {0, 1, kSamples - 1, 2 * kSamples, 3 * kSamples - 1});
  }

  MixedDataset dataset_;
  std::filesystem::path first_;
  std::filesystem::path changed_;
  std::filesystem::path last_;
  Reader reader_;
};

TEST_P(AnySourceChange, ATruncatedFileIsRefused) {
  const auto size = std::filesystem::file_size(changed_);
  for (const std::uintmax_t left : {size - 1, size / 2, std::uintmax_t{0}}) {
    std::filesystem::resize_file(changed_, left);
    expect_refused("shrank to ");
  }
}

TEST_P(AnySourceChange, ARewrittenFileIsRefused) {
  std::fstream(changed_, std::ios::in | std::ios::out | std::ios::binary).put('x');
  expect_refused(rewritten());
}

TEST_P(AnySourceChange, AFileCutShortAndFilledUpAgainIsRefused) {
  const auto size = std::filesystem::file_size(changed_);
  std::filesystem::resize_file(changed_, 10);
  std::filesystem::resize_file(changed_, size);
  expect_refused(rewritten());
}

TEST_P(AnySourceChange, OnlyFilesOfManySamplesMayGrow) {
  std::ofstream(changed_, std::ios::app | std::ios::binary) << "more";
  if (kind() == Kind::kFiles) return expect_refused("as the one sample that it is");
  expect_own_samples(dataset_, reader_, all_keys(dataset_));
}

TEST_P(AnySourceChange, AFileThatIsReplacedIsServedWhileItIsOpen) {
  const auto other = dataset_.root() / "other.tmp";
  std::ofstream(other, std::ios::binary) << std::string(std::filesystem::file_size(changed_), 'x');
  std::filesystem::rename(other, changed_);
  if (is_open()) return expect_own_samples(dataset_, reader_, all_keys(dataset_));
  expect_refused(rewritten());
}

TEST_P(AnySourceChange, AFileThatVanishedIsServedWhileItIsOpen) {
  std::filesystem::remove(changed_);
  if (is_open()) return expect_own_samples(dataset_, reader_, all_keys(dataset_));
  expect_refused("no longer exists");
}

TEST_P(AnySourceChange, AFolderInItsPlaceIsRefused) {
  std::filesystem::remove(changed_);
  std::filesystem::create_directory(changed_);
  if (is_open()) return;
  expect_refused("no longer a regular file");
}

INSTANTIATE_TEST_SUITE_P(Kinds, AnySourceChange,
                         ::testing::Combine(::testing::Values(Kind::kRows, Kind::kOwnedRows, Kind::kFiles),
                                            ::testing::Values(Access::kMap, Access::kRead), ::testing::Bool()));

class AnyChangeDuringFetch : public ::testing::TestWithParam<std::tuple<Kind, Access>> {
 protected:
  // One file after the other is changed by another thread while its samples are fetched over and over: every fetch
  // either gives the right bytes or the error, and the error comes.
  static void change_during_fetch(const std::function<void(const std::filesystem::path&)>& change) {
    constexpr std::size_t kFiles = 8;
    MixedDataset dataset;
    std::vector<std::filesystem::path> paths;
    for (std::size_t i = 0; i < kFiles; ++i) paths.push_back(add(dataset, std::get<Kind>(GetParam())));
    const Reader reader(dataset.commit(), dataset.root(), 0, 4096, std::get<Access>(GetParam()));
    for (std::size_t number = 0; number < kFiles; ++number) {
      std::vector<Key> keys(kSamples);
      std::iota(keys.begin(), keys.end(), static_cast<Key>(number * kSamples));
      std::atomic<bool> fetched_once = false;
      std::thread changer([&] {
        fetched_once.wait(false);
        std::this_thread::sleep_for(std::chrono::microseconds(61 * number));
        change(paths[number]);
      });
      bool refused = false;
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (!refused && std::chrono::steady_clock::now() < deadline) {
        try {
          expect_own_samples(dataset, reader, keys);
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
};

TEST_P(AnyChangeDuringFetch, TruncationIsAnErrorNeverZeros) {
  change_during_fetch([](const std::filesystem::path& path) { std::filesystem::resize_file(path, 100); });
}

TEST_P(AnyChangeDuringFetch, RewritingIsAnErrorNeverOtherBytes) {
  change_during_fetch([](const std::filesystem::path& path) {
    const std::string other(std::filesystem::file_size(path), 'x');
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << other;
  });
}

TEST_P(AnyChangeDuringFetch, CuttingShortAndFillingUpIsAnErrorNeverZeros) {
  change_during_fetch([](const std::filesystem::path& path) {
    const auto size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, 0);
    std::filesystem::resize_file(path, size);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, AnyChangeDuringFetch,
                         ::testing::Combine(::testing::Values(Kind::kRows, Kind::kFiles),
                                            ::testing::Values(Access::kMap, Access::kRead)));

}  // namespace
}  // namespace modyn
