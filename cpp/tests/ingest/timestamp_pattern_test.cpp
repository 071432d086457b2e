#include "ingest/timestamp_pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/errors.hpp"

namespace modyn::ingest {
namespace {

std::optional<Timestamp> find(std::string_view pattern, std::string_view name) {
  return TimestampPattern(pattern).find(name);
}

TEST(TimestampPattern, FindsADateAnywhereInTheName) {
  EXPECT_EQ(find("%Y-%m-%d", "2013-01-01.bin"), 1356998400);
  EXPECT_EQ(find("%Y-%m-%d", "flights-2013-01-01-v2.bin"), 1356998400);
  EXPECT_EQ(find("%Y%m%d", "flights_20130101.bin"), 1356998400);
}

TEST(TimestampPattern, ReadsUnitsDownToTheSecondAsUtc) {
  EXPECT_EQ(find("%Y-%m-%dT%H:%M:%S", "2001-09-09T01:46:40.bin"), 1'000'000'000);
  EXPECT_EQ(find("%Y%m%d%H%M%S", "20010909014640"), 1'000'000'000);
  EXPECT_EQ(find("%Y", "1970.bin"), 0);
  EXPECT_EQ(find("%Y-%m", "1970-02.bin"), 31 * 86400);
  EXPECT_EQ(find("%Y-%m-%d_%H", "1970-01-01_05"), 5 * 3600);
}

TEST(TimestampPattern, TakesUnitsInAnyOrder) { EXPECT_EQ(find("%d.%m.%Y", "02.01.1970"), 86400); }

TEST(TimestampPattern, ReachesBeforeTheEpochAndBeyond2038) {
  EXPECT_EQ(find("%Y-%m-%d", "1969-12-31"), -86400);
  EXPECT_EQ(find("%Y-%m-%d", "2100-01-01"), 4102444800);
  EXPECT_EQ(find("%Y-%m-%d", "0001-01-01"), -62135596800);
}

TEST(TimestampPattern, KnowsTheCalendar) {
  EXPECT_TRUE(find("%Y-%m-%d", "2012-02-29"));
  EXPECT_TRUE(find("%Y-%m-%d", "2000-02-29"));
  for (const char* name : {"2013-02-29", "1900-02-29", "2013-13-01", "2013-00-10", "2013-04-31", "2013-01-00"}) {
    EXPECT_FALSE(find("%Y-%m-%d", name)) << name;
  }
  EXPECT_FALSE(find("%Y-%m-%d %H:%M:%S", "2013-01-01 24:00:00"));
  EXPECT_FALSE(find("%Y-%m-%d %H:%M:%S", "2013-01-01 23:60:00"));
  EXPECT_FALSE(find("%Y-%m-%d %H:%M:%S", "2013-01-01 23:59:60"));
}

TEST(TimestampPattern, GoesOnWhereTheFirstMatchIsNoDate) {
  EXPECT_EQ(find("%Y-%m-%d", "2013-99-99 1970-01-02"), 86400);
}

TEST(TimestampPattern, DoesNotMatchWithinALongerNumber) {
  EXPECT_FALSE(find("%Y-%m-%d", "12013-01-01"));
  EXPECT_FALSE(find("%Y-%m-%d", "2013-01-011"));
  EXPECT_FALSE(find("%Y%m%d", "20130101123000"));
  EXPECT_TRUE(find("%Y%m%d", "20130101T123000"));
}

TEST(TimestampPattern, ReadsUnixSeconds) {
  EXPECT_EQ(find("%s", "1356998400.bin"), 1356998400);
  EXPECT_EQ(find("part-%s.bin", "part-7.bin"), 7);
  EXPECT_FALSE(find("%s", "1234567890123456789")) << "more digits than a timestamp has";
  EXPECT_FALSE(find("%s", "abc"));
}

TEST(TimestampPattern, TakesOtherTextAsItIs) {
  EXPECT_EQ(find("day %d of %m/%Y 100%%", "day 02 of 01/1970 100%.bin"), 86400);
  EXPECT_FALSE(find("x%Y", "y1970"));
}

TEST(TimestampPattern, FindsNothingInAnEmptyName) { EXPECT_FALSE(find("%Y", "")); }

TEST(TimestampPattern, RefusesWhatNamesNoMoment) {
  for (const char* pattern :
       {"", "data", "%", "%Y%", "%q", "%y", "%m-%d", "%Y-%d", "%Y-%m %H", "%Y-%Y", "%s %Y", "%Y %s", "%S"}) {
    const auto message = testing::message_of(ErrorKind::kInvalidArgument, [&] { TimestampPattern{pattern}; });
    EXPECT_NE(message.find("timestamp pattern '" + std::string(pattern) + "'"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace modyn::ingest
