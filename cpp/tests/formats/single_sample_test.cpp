#include "formats/single_sample.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "formats/collected.hpp"

namespace modyn::formats {
namespace {

using testing::bytes_of;
using testing::reason_of;

TEST(SingleSample, ReadsItsLabelFromTheCompanion) {
  const SingleSample format(".label");
  EXPECT_EQ(format.companion_extension(), ".label");
  MemoryInput input(bytes_of("any bytes"));
  input.set_companion("12345678\n");
  testing::Collector collector("any bytes");
  format.read(input, collector);
  ASSERT_EQ(collector.samples().size(), 1U);
  EXPECT_EQ(collector.samples()[0].label, 12345678);
}

TEST(SingleSample, TakesOneIntegerWithBlanksAround) {
  EXPECT_EQ(parse_label_file(bytes_of("7"), ""), 7);
  EXPECT_EQ(parse_label_file(bytes_of(" \t-7 \r\n\n"), ""), -7);
  EXPECT_EQ(parse_label_file(bytes_of("+7"), ""), 7);
  EXPECT_EQ(parse_label_file(bytes_of("-9223372036854775808"), ""), INT64_MIN);
}

TEST(SingleSample, WaitsForALabel) {
  for (const char* text : {"", "\n", " \r\n"}) {
    EXPECT_EQ(reason_of<IncompleteFile>([&] { static_cast<void>(parse_label_file(bytes_of(text), "a.label")); }),
              "has an empty label file 'a.label'");
  }
}

TEST(SingleSample, RefusesAnythingElse) {
  for (const char* text : {"7 8", "7x", "x", "0x7", "7.0", "+-7", "+", "-", "- 7", "7\n8"}) {
    EXPECT_NE(reason_of<BadContent>([&] { static_cast<void>(parse_label_file(bytes_of(text), "a.label")); }), "")
        << text;
  }
  EXPECT_EQ(reason_of<BadContent>([&] { static_cast<void>(parse_label_file(bytes_of("cat\n"), "a.label")); }),
            "has a label file 'a.label' that holds 'cat', where one decimal integer is expected");
  EXPECT_EQ(
      reason_of<BadContent>([&] { static_cast<void>(parse_label_file(bytes_of("9223372036854775808"), "a.label")); }),
      "has a label file 'a.label' that holds '9223372036854775808', beyond the integers of 64 bits");
}

}  // namespace
}  // namespace modyn::formats
