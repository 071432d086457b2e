#include "formats/csv_fields.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

namespace modyn::formats {
namespace {

TEST(CsvFields, ReadsIntegers) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-17"), -17);
  EXPECT_EQ(parse_integer("+17"), 17);
  EXPECT_EQ(parse_integer("  42 "), 42);
  EXPECT_EQ(parse_integer("007"), 7);
  EXPECT_EQ(parse_integer("00000000000000000000000000000012"), 12);
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", " ", "-", "+", "--1", "+-1", "1.0", "1e3", "0x1", "1 2", "9223372036854775808",
                           "-9223372036854775809", "99999999999999999999999999", "one", "1\t"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(CsvFields, ReadsMoments) {
  EXPECT_EQ(parse_moment("1717156800"), 1717156800);
  EXPECT_EQ(parse_moment("-1"), -1);
  EXPECT_EQ(parse_moment("1970-01-01"), 0);
  EXPECT_EQ(parse_moment("1969-12-31"), -86'400);
  EXPECT_EQ(parse_moment("2024-02-29"), 1709164800);
  EXPECT_EQ(parse_moment("2024-05-31T12:00"), 1717156800);
  EXPECT_EQ(parse_moment("2024-05-31 12:00:01"), 1717156801);
  EXPECT_EQ(parse_moment("2024-05-31T12:00:00Z"), 1717156800);
  EXPECT_EQ(parse_moment("2024-05-31T12:00:00.999Z"), 1717156800);
  EXPECT_EQ(parse_moment("2024-05-31T14:00:00+02:00"), 1717156800);
  EXPECT_EQ(parse_moment("2024-05-31T14:00:00+02"), 1717156800);
  EXPECT_EQ(parse_moment("2024-05-31T09:30:00-0230"), 1717156800);
  for (const char* text : {"", "today", "x2024-05-31", "2024-13-01", "2023-02-29", "2024-05-31T", "2024-05-31T24:00",
                           "2024-05-31T12", "2024-05-31T12:60", "2024-05-31T12:00:", "2024-05-31T12:00:00.",
                           "2024-05-31T12:00:00+", "2024-05-31T12:00:00 Z", "2024-05-31x"}) {
    EXPECT_EQ(parse_moment(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace modyn::formats
