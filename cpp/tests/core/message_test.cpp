#include "core/message.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>

namespace modyn::core {
namespace {

TEST(Quoted, LeavesUtf8AsItIs) { EXPECT_EQ(quoted(std::string_view("Zürich 日本 🚀.bin")), "'Zürich 日本 🚀.bin'"); }

TEST(Quoted, EscapesWhatWouldGarbleAMessage) {
  EXPECT_EQ(quoted(std::string_view("a\nb'c\\d\x7f")), "'a\\x0ab\\x27c\\x5cd\\x7f'");
}

TEST(Quoted, EscapesBrokenUtf8) {
  EXPECT_EQ(quoted(std::string_view("\xff")), "'\\xff'");
  EXPECT_EQ(quoted(std::string_view("\xc0\xaf")), "'\\xc0\\xaf'") << "overlong";
  EXPECT_EQ(quoted(std::string_view("\xed\xa0\x80")), "'\\xed\\xa0\\x80'") << "surrogate";
  EXPECT_EQ(quoted(std::string_view("\xf4\x90\x80\x80")), "'\\xf4\\x90\\x80\\x80'") << "beyond Unicode";
  EXPECT_EQ(quoted(std::string_view("a\xe2\x82")), "'a\\xe2\\x82'") << "cut off";
}

TEST(Grouped, SeparatesThousands) {
  EXPECT_EQ(grouped(std::uint64_t{0}), "0");
  EXPECT_EQ(grouped(std::uint64_t{999}), "999");
  EXPECT_EQ(grouped(std::uint64_t{1003}), "1,003");
  EXPECT_EQ(grouped(std::uint64_t{1234567}), "1,234,567");
  EXPECT_EQ(grouped(std::int64_t{-1234}), "-1,234");
  EXPECT_EQ(grouped(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

}  // namespace
}  // namespace modyn::core
