#include "index/format_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/errors.hpp"

namespace modyn::index {
namespace {

using testing::message_of;
using testing::throws;

TEST(FormatText, ComesBackAsItWasWritten) {
  for (const bool label_signed : {false, true}) {
    for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
      const FixedRecordFormat format{160, 4, 7, order, label_signed};
      const FixedRecordFormat read = parse_fixed_records(format_text(format), "file").value();
      EXPECT_EQ(format_text(read), format_text(format));
      EXPECT_EQ(read.record_size, 160U);
      EXPECT_EQ(read.label_offset, 7U);
      EXPECT_EQ(read.label_signed, label_signed);
      EXPECT_EQ(read.byte_order, order);
    }
  }
}

TEST(FormatText, NamesTheKindOfFormatFirst) {
  EXPECT_TRUE(format_text({8, 1, 0, {}, false}).starts_with("format=fixed_record\n"));
}

TEST(FormatText, MaySayWhereTimestampsLie) {
  const std::string text = format_text({160, 4, 0, ByteOrder::kLittle, false});
  EXPECT_EQ(parse_fixed_records(text + "timestamp_offset=8\ntimestamp_size=8\n", "file")->record_size, 160U);
}

TEST(FormatText, ThatThisProgramDoesNotKnowIsRefused) {
  const std::string known = format_text({160, 4, 0, ByteOrder::kLittle, false});
  const auto refused = [](const std::string& text) {
    return throws(ErrorKind::kCorrupt, [&] { static_cast<void>(parse_fixed_records(text, "file")); });
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("nonsense"));
  EXPECT_FALSE(parse_fixed_records("format=csv\nseparator=,\n", "file")) << "another kind of format";
  EXPECT_TRUE(refused("format=fixed_record\n"));
  EXPECT_TRUE(refused(known + "compression=zstd\n"));
  EXPECT_TRUE(refused(known + "label_size=4\n")) << "repeated";
  EXPECT_FALSE(refused(known + "timestamp_size=8\ntimestamp_offset=4\n")) << "only readers of records care";
  std::string broken = known;
  EXPECT_TRUE(refused(broken.replace(broken.find("160"), 3, "1x0")));
  broken = known;
  EXPECT_TRUE(refused(broken.replace(broken.find("little"), 6, "middle")));
}

TEST(CheckFormat, AcceptsALabelAnywhereInTheRecord) {
  check_format({9, 8, 0, ByteOrder::kLittle, false});
  check_format({9, 8, 1, ByteOrder::kLittle, false});
  check_format({1000, 1, 999, ByteOrder::kLittle, false});
}

TEST(CheckFormat, NamesWhatIsImpossible) {
  const auto message = [](FixedRecordFormat format) {
    return message_of(ErrorKind::kInvalidArgument, [&] { check_format(format); });
  };
  EXPECT_EQ(message({160, 0, 0, {}, false}), "label_size is 0, must be 1 to 8 bytes");
  EXPECT_EQ(message({160, 9, 0, {}, false}), "label_size is 9, must be 1 to 8 bytes");
  EXPECT_NE(message({4, 4, 0, {}, false}).find("record_size is 4"), std::string::npos);
  EXPECT_NE(message({std::uint64_t{1} << 32, 4, 0, {}, false}).find("at most 4,294,967,295"), std::string::npos);
  EXPECT_NE(message({160, 4, 157, {}, false}).find("label_offset 157"), std::string::npos);
  EXPECT_NE(message({160, 4, ~std::uint64_t{0}, {}, false}).find("beyond record_size 160"), std::string::npos);
}

}  // namespace
}  // namespace modyn::index
