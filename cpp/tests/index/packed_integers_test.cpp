#include "index/packed_integers.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::index {
namespace {

constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();

TEST(NarrowestType, IsTheFirstThatHoldsBothEnds) {
  EXPECT_EQ(narrowest_type(0, 0), ColumnType::kUint8);
  EXPECT_EQ(narrowest_type(0, 255), ColumnType::kUint8);
  EXPECT_EQ(narrowest_type(-1, 0), ColumnType::kInt8);
  EXPECT_EQ(narrowest_type(-128, 127), ColumnType::kInt8);
  EXPECT_EQ(narrowest_type(-1, 128), ColumnType::kInt16);
  EXPECT_EQ(narrowest_type(0, 256), ColumnType::kUint16);
  EXPECT_EQ(narrowest_type(0, 65535), ColumnType::kUint16);
  EXPECT_EQ(narrowest_type(-129, 0), ColumnType::kInt16);
  EXPECT_EQ(narrowest_type(0, 65536), ColumnType::kUint32);
  EXPECT_EQ(narrowest_type(-1, 32768), ColumnType::kInt32);
  EXPECT_EQ(narrowest_type(0, 4294967295), ColumnType::kUint32);
  EXPECT_EQ(narrowest_type(0, 4294967296), ColumnType::kInt64);
  EXPECT_EQ(narrowest_type(kSmallest, kLargest), ColumnType::kInt64);
}

TEST(PackedIntegers, WidenToEveryTypeThatHoldsThem) {
  const std::vector<std::int64_t> labels{0, 1, 100, 127};
  const PackedIntegers packed(labels);
  EXPECT_EQ(packed.smallest(), 0);
  EXPECT_EQ(packed.largest(), 127);
  for (const ColumnType type : {ColumnType::kUint8, ColumnType::kInt8, ColumnType::kUint16, ColumnType::kInt16,
                                ColumnType::kUint32, ColumnType::kInt32, ColumnType::kUint64, ColumnType::kInt64}) {
    const testing::TemporaryFolder folder;
    std::vector<std::byte> wide(labels.size() * width_of(type));
    packed.widen(type, wide);
    ColumnFileWriter writer(FileKind::kSegment);
    writer.add("label", type, wide);
    writer.publish(folder.path() / "file");
    const auto file = ColumnFile::open(folder.path() / "file", FileKind::kSegment);
    const IntegerColumn column(*file, "label");
    std::vector<std::int64_t> read(labels.size());
    column.read(0, read);
    EXPECT_EQ(read, labels) << static_cast<int>(type);
    EXPECT_EQ(column[3], 127);
    EXPECT_EQ(column.size(), 4U);
  }
}

TEST(PackedIntegers, KeepTheExtremes) {
  const std::vector<std::int64_t> labels{kSmallest, -1, 0, kLargest};
  const PackedIntegers packed(labels);
  std::vector<std::int64_t> wide(labels.size());
  packed.widen(ColumnType::kInt64, std::as_writable_bytes(std::span(wide)));
  EXPECT_EQ(wide, labels);
}

TEST(PackedIntegers, MayBeNone) {
  const PackedIntegers none{std::span<const std::int64_t>()};
  EXPECT_EQ(none.size(), 0U);
  none.widen(ColumnType::kInt64, {});
}

TEST(IntegerColumn, OfFloatsIsCorrupt) {
  const testing::TemporaryFolder folder;
  const std::vector<std::byte> numbers(8);
  ColumnFileWriter writer(FileKind::kSegment);
  writer.add("label", ColumnType::kFloat32, numbers);
  writer.publish(folder.path() / "file");
  const auto file = ColumnFile::open(folder.path() / "file", FileKind::kSegment);
  EXPECT_TRUE(testing::throws(ErrorKind::kCorrupt, [&] { IntegerColumn(*file, "label"); }));
}

}  // namespace
}  // namespace modyn::index
