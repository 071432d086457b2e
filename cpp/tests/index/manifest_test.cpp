#include "index/manifest.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::index {
namespace {

using testing::message_of;
using testing::throws;

Manifest example(std::uint64_t number) {
  Manifest manifest;
  manifest.number = number;
  manifest.sequence = 3;
  manifest.epoch = 9;
  manifest.dataset = core::random_id();
  manifest.next_key = 30;
  manifest.next_file = 4;
  manifest.format = "format=anything\n";
  manifest.segments = {{"a.segment", 17, 1000, 1, 0, 10, 0, 3, 2, -5, 60},
                       {"b.segment", 18, 2000, 3, 12, 18, 3, 1, 1, 7, 7}};
  return manifest;
}

class ManifestTest : public ::testing::Test {
 protected:
  void SetUp() override { core::create_folders(manifest_folder(dataset())); }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path(); }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(ManifestTest, ComesBackAsItWasPublished) {
  const Manifest written = example(7);
  publish_manifest(dataset(), written);
  const Manifest read = read_manifest(dataset(), 7);
  EXPECT_EQ(read.number, 7U);
  EXPECT_EQ(read.sequence, 3U);
  EXPECT_EQ(read.epoch, 9U);
  EXPECT_EQ(read.dataset, written.dataset);
  EXPECT_EQ(read.next_key, 30);
  EXPECT_EQ(read.next_file, 4U);
  EXPECT_EQ(read.format, "format=anything\n");
  ASSERT_EQ(read.segments.size(), 2U);
  const SegmentEntry& segment = read.segments[0];
  EXPECT_EQ(segment.name, "a.segment");
  EXPECT_EQ(segment.digest, 17U);
  EXPECT_EQ(segment.bytes, 1000U);
  EXPECT_EQ(segment.sequence, 1U);
  EXPECT_EQ(segment.samples, 10U);
  EXPECT_EQ(segment.files, 3U);
  EXPECT_EQ(segment.extents, 2U);
  EXPECT_EQ(segment.first_timestamp, -5);
  EXPECT_EQ(segment.last_timestamp, 60);
  EXPECT_EQ(read.segments[1].first_key, 12);
  EXPECT_EQ(read.segments[1].first_file, 3U);
}

TEST_F(ManifestTest, IsPublishedOnceUnderItsNumber) {
  publish_manifest(dataset(), example(1));
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { publish_manifest(dataset(), example(1)); }));
}

TEST_F(ManifestTest, UnderAnothersNumberIsCorrupt) {
  publish_manifest(dataset(), example(1));
  std::filesystem::rename(manifest_file(dataset(), 1), manifest_file(dataset(), 2));
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { static_cast<void>(read_manifest(dataset(), 2)); }));
}

TEST_F(ManifestTest, WhoseSegmentsContradictEachOtherIsCorrupt) {
  std::uint64_t number = 0;
  const auto refused = [&](auto change) {
    Manifest manifest = example(++number);
    change(manifest);
    publish_manifest(dataset(), manifest);
    return throws(ErrorKind::kCorrupt, [&] { static_cast<void>(read_manifest(dataset(), number)); });
  };
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[1].first_key = 9; })) << "keys overlap";
  EXPECT_TRUE(refused([](Manifest& m) { m.next_key = 29; })) << "the next key exists";
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[1].first_file = 2; })) << "files overlap";
  EXPECT_TRUE(refused([](Manifest& m) { m.next_file = 5; })) << "a file of no segment";
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[0].name = "../escaped.segment"; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[0].name = "lock"; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[0].sequence = 4; })) << "later than the manifest";
  EXPECT_TRUE(refused([](Manifest& m) { m.segments[1].samples = ~std::uint64_t{0}; })) << "keys overflow";
}

TEST_F(ManifestTest, TheNewestIsTheHighestNumber) {
  EXPECT_EQ(newest_manifest(dataset()), 0U);
  for (const std::uint64_t number : {1, 2, 9, 10}) publish_manifest(dataset(), example(number));
  EXPECT_EQ(newest_manifest(dataset()), 10U);
}

TEST_F(ManifestTest, OtherFilesInTheFolderAreIgnored) {
  publish_manifest(dataset(), example(2));
  for (const char* name : {".tmp-00112233445566778", "99.manifest", "00000000000000000099.manifest~", "notes.txt",
                           "0000000000000000009x.manifest"}) {
    testing::write_text(manifest_folder(dataset()) / name, "not a manifest");
  }
  EXPECT_EQ(newest_manifest(dataset()), 2U);
}

TEST_F(ManifestTest, TheNewestOfAMissingDatasetIsAnErrorThatNamesIt) {
  const auto message = message_of(ErrorKind::kIo, [&] { static_cast<void>(newest_manifest(dataset() / "absent")); });
  EXPECT_NE(message.find("absent"), std::string::npos);
}

}  // namespace
}  // namespace modyn::index
