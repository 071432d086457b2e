// A dataset whose files are damaged never answers as if nothing had happened.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "index/dataset_folder.hpp"
#include "index/model_dataset.hpp"
#include "modyn/index.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::ModelDataset;
using testing::throws;

class IndexCorruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 generator(1);
    for (int i = 0; i < 3; ++i) model_.commit(generator, 4, 10);
    open_and_read();
  }

  // All that a reader of the newest manifest may ask for.
  void open_and_read() const {
    const auto index = Index::open(model_.folder());
    std::vector<Key> keys;
    for (std::size_t i = 0; i < model_.labels.size(); ++i) keys.push_back(static_cast<Key>(i));
    std::vector<std::int64_t> numbers(keys.size());
    std::vector<Location> locations(keys.size());
    index->locate(keys, locations);
    std::vector<Place> places(keys.size());
    index->places(keys, places);
    index->labels(keys, numbers);
    index->timestamps(keys, numbers);
    for (std::uint32_t i = 0; i < index->source_files(); ++i) static_cast<void>(index->source_file(i));
  }

  [[nodiscard]] std::filesystem::path newest() const { return index::manifest_file(model_.folder(), 3); }
  [[nodiscard]] std::filesystem::path segment(std::size_t number) const {
    return index::segment_folder(model_.folder()) / model_.manifest().segments[number].name;
  }

  void expect_every_byte_matters(const std::filesystem::path& path) const {
    const auto intact = testing::read_bytes(path);
    for (std::size_t at = 0; at < intact.size(); ++at) {
      const std::byte damaged = intact[at] ^ std::byte{0x10};
      testing::overwrite(path, at, std::span(&damaged, 1));
      ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { open_and_read(); })) << "byte " << at;
      testing::overwrite(path, at, std::span(intact).subspan(at, 1));
    }
    open_and_read();
  }

  ModelDataset model_;
};

TEST_F(IndexCorruptionTest, OfAnyByteOfTheManifestIsDetected) { expect_every_byte_matters(newest()); }

TEST_F(IndexCorruptionTest, OfAnyByteOfASegmentIsDetected) {
  for (std::size_t number = 0; number < 3; ++number) expect_every_byte_matters(segment(number));
}

TEST_F(IndexCorruptionTest, OfTheNewestManifestIsAnErrorThatNamesItAndNoFallBack) {
  const std::byte damaged{0};
  testing::overwrite(newest(), 0, std::span(&damaged, 1));
  const auto message = message_of(ErrorKind::kCorrupt, [&] { Index::open(model_.folder()); });
  EXPECT_NE(message.find("00000000000000000003.manifest"), std::string::npos) << message;
  Index::open(model_.folder(), 2)->verify();
}

TEST_F(IndexCorruptionTest, AnEmptyManifestIsDetected) {
  std::filesystem::resize_file(newest(), 0);
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { Index::open(model_.folder()); }));
}

TEST_F(IndexCorruptionTest, ASegmentInThePlaceOfAnotherIsDetected) {
  std::filesystem::copy_file(segment(0), segment(1), std::filesystem::copy_options::overwrite_existing);
  const auto message = message_of(ErrorKind::kCorrupt, [&] { Index::open(model_.folder()); });
  EXPECT_NE(message.find(model_.manifest().segments[1].name), std::string::npos) << message;
}

TEST_F(IndexCorruptionTest, AMissingSegmentIsAnErrorThatNamesIt) {
  std::filesystem::remove(segment(1));
  const auto message = message_of(ErrorKind::kIo, [&] { Index::open(model_.folder()); });
  EXPECT_NE(message.find(model_.manifest().segments[1].name), std::string::npos) << message;
}

TEST_F(IndexCorruptionTest, OfWhatNobodyReadIsFoundByVerify) {
  const auto path = segment(0);
  const auto intact = testing::read_bytes(path);
  const std::size_t at = intact.size() / 2;
  const std::byte damaged = ~intact[at];
  testing::overwrite(path, at, std::span(&damaged, 1));
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { Index::open(model_.folder())->verify(); }));
}

}  // namespace
}  // namespace modyn
