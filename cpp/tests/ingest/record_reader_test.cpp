#include "ingest/record_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>
#include <vector>

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::ingest {
namespace {

using Bytes = std::vector<std::byte>;

// The definition, one byte at a time.
std::int64_t decode(std::span<const std::byte> record, const FixedRecordFormat& format) {
  std::uint64_t value = 0;
  for (std::uint64_t i = 0; i < format.label_size; ++i) {
    const std::uint64_t place = format.byte_order == ByteOrder::kBig ? i : format.label_size - 1 - i;
    value = (value << 8U) | std::to_integer<std::uint64_t>(record[format.label_offset + place]);
  }
  const std::uint64_t bits = 8 * format.label_size;
  const bool negative = format.label_signed && ((value >> (bits - 1)) & 1U) != 0;
  if (negative && bits < 64) value |= ~std::uint64_t{0} << bits;
  return static_cast<std::int64_t>(value);
}

std::vector<std::int64_t> unpack(const index::PackedIntegers& packed) {
  std::vector<std::int64_t> labels(packed.size());
  packed.widen(ColumnType::kInt64, std::as_writable_bytes(std::span(labels)));
  return labels;
}

class RecordReaderTest : public ::testing::Test {
 protected:
  Bytes write_random(std::uint64_t size, unsigned seed) {
    std::mt19937_64 generator(seed);
    Bytes bytes(size);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(generator()); });
    testing::write_bytes(path(), bytes);
    return bytes;
  }

  [[nodiscard]] std::vector<std::int64_t> read(const FixedRecordFormat& format, std::uint64_t first,
                                               std::uint64_t count) const {
    return unpack(RecordReader(format).labels(core::open_for_reading(path()), "file", first, count));
  }

  void expect_decoded(const FixedRecordFormat& format, const Bytes& bytes) const {
    const std::uint64_t records = bytes.size() / format.record_size;
    for (const std::uint64_t first : {std::uint64_t{0}, records / 3}) {
      const auto labels = read(format, first, records - first);
      for (std::uint64_t i = 0; i < labels.size(); ++i) {
        const auto record = std::span(bytes).subspan((first + i) * format.record_size, format.record_size);
        ASSERT_EQ(labels[i], decode(record, format)) << first + i;
      }
    }
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "file"; }

 private:
  testing::TemporaryFolder folder_;
};

class LabelFormatTest : public RecordReaderTest,
                        public ::testing::WithParamInterface<std::tuple<std::uint64_t, ByteOrder, bool>> {};

TEST_P(LabelFormatTest, DecodesLabelsAnywhereInTheRecord) {
  const auto [size, order, label_signed] = GetParam();
  for (const std::uint64_t offset : {0, 1, 5}) {
    const FixedRecordFormat format{size + offset + 3, size, offset, order, label_signed};
    Bytes bytes = write_random(format.record_size * 500, static_cast<unsigned>(size));
    if (size == 8 && !label_signed) {
      // Without the highest bit, which no label may have.
      const std::uint64_t high = offset + (order == ByteOrder::kBig ? 0 : 7);
      for (std::size_t at = high; at < bytes.size(); at += format.record_size) bytes[at] &= std::byte{0x7F};
      testing::write_bytes(path(), bytes);
    }
    expect_decoded(format, bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LabelFormatTest,
                         ::testing::Combine(::testing::Range<std::uint64_t>(1, 9),
                                            ::testing::Values(ByteOrder::kLittle, ByteOrder::kBig), ::testing::Bool()));

TEST_F(RecordReaderTest, ReadsRecordsOfAnySize) {
  for (const std::uint64_t size : {2, 160, 4095, 8191, 8192, 12'345, 1'500'000}) {
    const FixedRecordFormat format{size, 1, size - 1, ByteOrder::kLittle, false};
    expect_decoded(format, write_random(size * 7, 1));
  }
}

TEST_F(RecordReaderTest, ReadsMoreThanItsBufferHolds) {
  const FixedRecordFormat format{100, 2, 50, ByteOrder::kBig, true};
  expect_decoded(format, write_random(100 * 50'000, 2));
}

TEST_F(RecordReaderTest, NamesARecordWhoseLabelIsTooLarge) {
  const FixedRecordFormat format{9, 8, 0, ByteOrder::kLittle, false};
  Bytes bytes(9 * 2000, std::byte{0});
  std::fill_n(bytes.begin() + 9 * 1234, 8, std::byte{0xFF});
  testing::write_bytes(path(), bytes);
  try {
    static_cast<void>(read(format, 0, 2000));
    FAIL() << "nothing was thrown";
  } catch (const BadContent& bad) {
    EXPECT_STREQ(bad.what(),
                 "file 'file' has the label 18,446,744,073,709,551,615 in record 1,234, above the largest label "
                 "9,223,372,036,854,775,807");
  }
}

TEST_F(RecordReaderTest, NoticesAFileThatIsTooShort) {
  write_random(1000, 3);
  EXPECT_THROW(static_cast<void>(read({100, 4, 0, ByteOrder::kLittle, true}, 0, 11)), FileChanged);
  EXPECT_THROW(static_cast<void>(read({10'000, 4, 0, ByteOrder::kLittle, true}, 1, 1)), FileChanged);
}

TEST_F(RecordReaderTest, ReadsNoRecords) {
  write_random(0, 4);
  EXPECT_TRUE(read({100, 4, 0, ByteOrder::kLittle, true}, 0, 0).empty());
}

}  // namespace
}  // namespace modyn::ingest
