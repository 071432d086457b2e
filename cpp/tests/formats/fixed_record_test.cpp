#include "formats/fixed_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "formats/collected.hpp"
#include "support/errors.hpp"

namespace modyn::formats {
namespace {

using testing::collect;
using testing::reason_of;

// The definition, one byte at a time.
std::int64_t decode(std::string_view record, const IntegerField& field) {
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < field.size; ++i) {
    const std::uint64_t place = field.byte_order == ByteOrder::kBig ? i : field.size - 1 - i;
    value = (value << 8U) | static_cast<unsigned char>(record[field.offset + place]);
  }
  const std::uint64_t bits = 8 * field.size;
  const bool negative = field.is_signed && ((value >> (bits - 1)) & 1U) != 0;
  if (negative && bits < 64) value |= ~std::uint64_t{0} << bits;
  return static_cast<std::int64_t>(value);
}

std::string random_bytes(std::uint64_t size, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(generator()); });
  return bytes;
}

void clear_high_bits(std::string& bytes, std::uint64_t record, const IntegerField& field) {
  if (field.size < 8 || field.is_signed) return;
  const std::uint64_t high = field.offset + (field.byte_order == ByteOrder::kBig ? 0 : 7);
  for (std::size_t at = high; at < bytes.size(); at += record) bytes[at] &= 0x7F;
}

void expect_decoded(const FixedRecordFormat& format, const std::string& bytes) {
  const FixedRecord records(format);
  const IntegerField label{format.label_offset, format.label_size, format.byte_order, format.label_signed};
  const std::uint64_t count = bytes.size() / format.record_size;
  for (const std::uint64_t first : {std::uint64_t{0}, count / 3}) {
    const auto samples = collect(records, bytes, first * format.record_size);
    ASSERT_EQ(samples.size(), count - first);
    for (std::uint64_t i = 0; i < samples.size(); ++i) {
      const auto record = std::string_view(bytes).substr((first + i) * format.record_size, format.record_size);
      ASSERT_EQ(samples[i].label, decode(record, label)) << first + i;
    }
  }
}

class LabelTest : public ::testing::TestWithParam<std::tuple<std::uint64_t, ByteOrder, bool>> {};

TEST_P(LabelTest, IsDecodedAnywhereInTheRecord) {
  const auto [size, order, label_signed] = GetParam();
  for (const std::uint64_t offset : {0, 1, 5}) {
    const FixedRecordFormat format{size + offset + 3, size, offset, order, label_signed};
    std::string bytes = random_bytes(format.record_size * 500, static_cast<unsigned>(size));
    clear_high_bits(bytes, format.record_size, {offset, size, order, label_signed});
    expect_decoded(format, bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LabelTest,
                         ::testing::Combine(::testing::Range<std::uint64_t>(1, 9),
                                            ::testing::Values(ByteOrder::kLittle, ByteOrder::kBig), ::testing::Bool()));

class TimestampTest : public ::testing::TestWithParam<std::tuple<std::uint64_t, ByteOrder, bool>> {};

TEST_P(TimestampTest, IsDecodedAnywhereInTheRecord) {
  const auto [size, order, is_signed] = GetParam();
  const IntegerField field{3, size, order, is_signed};
  const FixedRecord format({20, 2, 0, ByteOrder::kBig, false}, field);
  EXPECT_TRUE(format.has_timestamps());
  std::string bytes = random_bytes(20 * 300, 7);
  clear_high_bits(bytes, 20, field);
  const auto samples = collect(format, bytes);
  ASSERT_EQ(samples.size(), 300U);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ASSERT_EQ(samples[i].timestamp, decode(std::string_view(bytes).substr(i * 20, 20), field)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TimestampTest,
                         ::testing::Combine(::testing::Values<std::uint64_t>(4, 8),
                                            ::testing::Values(ByteOrder::kLittle, ByteOrder::kBig), ::testing::Bool()));

TEST(FixedRecord, HasRecordsOfAnySize) {
  for (const std::uint64_t size : {2, 160, 4095, 8191, 8192, 12'345, 1'500'000}) {
    expect_decoded({size, 1, size - 1, ByteOrder::kLittle, false}, random_bytes(size * 7, 1));
  }
}

TEST(FixedRecord, ReadsMoreThanABufferHolds) {
  expect_decoded({100, 2, 50, ByteOrder::kBig, true}, random_bytes(100 * 50'000, 2));
}

TEST(FixedRecord, ReadsNoRecords) { EXPECT_TRUE(collect(FixedRecord({100, 4}), "").empty()); }

TEST(FixedRecord, NamesARecordWhoseLabelIsTooLarge) {
  std::string bytes(9 * 2000, '\0');
  std::fill_n(bytes.begin() + 9 * 1234, 8, '\xFF');
  EXPECT_EQ(reason_of<BadContent>([&] { collect(FixedRecord({9, 8}), bytes); }),
            "has the label 18,446,744,073,709,551,615 in record 1,234, above the largest label "
            "9,223,372,036,854,775,807");
}

TEST(FixedRecord, RefusesAPartOfARecord) {
  const FixedRecord format({160, 4});
  EXPECT_EQ(reason_of<BadContent>([&] { collect(format, std::string(1003, 'x')); }),
            "has 1,003 bytes, not a multiple of record_size 160");
  EXPECT_EQ(reason_of<BadContent>([&] { collect(format, std::string(1003, 'x'), 160); }),
            "has grown to 1,003 bytes, not a multiple of record_size 160");
}

TEST(FixedRecord, RefusesATimestampBeyondTheRecord) {
  const auto refused = [](const IntegerField& field) {
    return testing::message_of(ErrorKind::kInvalidArgument, [&] { FixedRecord({20, 4}, field); });
  };
  EXPECT_EQ(refused({17, 4}), "timestamp_offset 17 and timestamp_size 4 go beyond record_size 20");
  EXPECT_EQ(refused({0, 2}), "timestamp_size is 2, must be 4 or 8 bytes");
}

}  // namespace
}  // namespace modyn::formats
