#include "index/segment.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/segment_builder.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::index {
namespace {

using testing::throws;

PackedIntegers labels(std::vector<std::int64_t> values) { return PackedIntegers(values); }

std::vector<PackedIntegers> one_piece(std::vector<std::int64_t> values) {
  std::vector<PackedIntegers> pieces;
  pieces.push_back(labels(std::move(values)));
  return pieces;
}

class SegmentTest : public ::testing::Test {
 protected:
  void SetUp() override { core::create_folders(segment_folder(dataset())); }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path(); }

  // Files 5 and 6, keys 100 to 104, an update of file 2.
  [[nodiscard]] SegmentEntry publish_example() const {
    SegmentBuilder builder(100, 5);
    EXPECT_EQ(builder.add_file({"a", 30, 1, 2, 30, 3}), 5U);
    EXPECT_EQ(builder.add_file({"b\n\xff", 0, 4, 5, 0, 6}), 6U);
    builder.update_file(2, {"earlier", 50, 7, 8, 50, 9});
    builder.add_extent({.file = 5, .first_record = 0, .timestamp = 1000, .labels = one_piece({1, 2, 300})});
    builder.add_extent({.file = 6, .first_record = 0, .timestamp = 1000, .labels = {}});
    builder.add_extent({.file = 2, .first_record = 3, .timestamp = 500, .labels = one_piece({-4, 5})});
    return builder.publish(dataset(), 3, 2);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(SegmentTest, HoldsWhatWasAdded) {
  const SegmentEntry entry = publish_example();
  EXPECT_EQ(entry.first_key, 100);
  EXPECT_EQ(entry.samples, 5U);
  EXPECT_EQ(entry.files, 2U);
  EXPECT_EQ(entry.extents, 2U) << "a file without records has none";
  EXPECT_EQ(entry.first_timestamp, 500);
  EXPECT_EQ(entry.last_timestamp, 1000);

  const Segment segment(dataset(), entry);
  segment.verify();
  const Extents& extents = segment.extents();
  EXPECT_EQ(extents.first_key[1], 103);
  EXPECT_EQ(extents.file[1], 2U);
  EXPECT_EQ(extents.first_record[1], 3U);
  EXPECT_EQ(segment.extent_size(0), 3U);
  EXPECT_EQ(segment.extent_size(1), 2U);
  EXPECT_EQ(segment.path(0), "a");
  EXPECT_EQ(segment.path(1), "b\n\xff");
  EXPECT_EQ(segment.updated_files()[0], 2U);
  EXPECT_EQ(segment.updates().at(0, "earlier").size, 50U);
  EXPECT_EQ(segment.labels()[2], 300);
  EXPECT_EQ(segment.labels()[3], -4);
}

TEST_F(SegmentTest, StoresLabelsInTheNarrowestTypeOfAllFiles) {
  const auto type_of = [&](std::vector<std::int64_t> first, std::vector<std::int64_t> second) {
    SegmentBuilder builder(0, 0);
    builder.add_extent({.file = builder.add_file({"a", 0, 0, 0, 0, 0}),
                        .first_record = 0,
                        .timestamp = 0,
                        .labels = one_piece(std::move(first))});
    builder.add_extent({.file = builder.add_file({"b", 0, 0, 0, 0, 0}),
                        .first_record = 0,
                        .timestamp = 0,
                        .labels = one_piece(std::move(second))});
    const SegmentEntry entry = builder.publish(dataset(), 1, 1);
    return Segment(dataset(), entry).file().type("label");
  };
  EXPECT_EQ(type_of({0, 1}, {255}), ColumnType::kUint8);
  EXPECT_EQ(type_of({0, 1}, {-1}), ColumnType::kInt8);
  EXPECT_EQ(type_of({200}, {-1}), ColumnType::kInt16);
  EXPECT_EQ(type_of({70000}, {5}), ColumnType::kUint32);
  EXPECT_EQ(type_of({5'000'000'000}, {5}), ColumnType::kInt64);
}

TEST_F(SegmentTest, ThatIsNotTheOneOfTheManifestIsCorrupt) {
  const SegmentEntry entry = publish_example();
  const auto refused = [&](auto change) {
    SegmentEntry other = entry;
    change(other);
    return throws(ErrorKind::kCorrupt, [&] { Segment(dataset(), other); });
  };
  EXPECT_TRUE(refused([](SegmentEntry& e) { ++e.digest; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { ++e.bytes; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { ++e.samples; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { ++e.extents; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { ++e.files; }));
}

TEST_F(SegmentTest, VerifyFindsExtentsThatContradictTheManifest) {
  const SegmentEntry entry = publish_example();
  const auto refused = [&](auto change) {
    SegmentEntry other = entry;
    change(other);
    return throws(ErrorKind::kCorrupt, [&] { Segment(dataset(), other).verify(); });
  };
  EXPECT_TRUE(refused([](SegmentEntry& e) { e.first_key = 99; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { e.first_timestamp = 501; }));
  EXPECT_TRUE(refused([](SegmentEntry& e) { e.first_file = 2; })) << "updates its own file";
}

TEST_F(SegmentTest, NamesDiffer) {
  EXPECT_NE(new_segment_name(1, 1), new_segment_name(1, 1));
  EXPECT_TRUE(is_segment_name(new_segment_name(1, 1)));
  for (const char* name : {"", ".segment", ".tmp-x.segment", "a/b.segment", "a.manifest"})
    EXPECT_FALSE(is_segment_name(name));
}

}  // namespace
}  // namespace modyn::index
