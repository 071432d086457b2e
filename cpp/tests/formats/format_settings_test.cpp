#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "modyn/format.hpp"
#include "support/errors.hpp"

namespace modyn {
namespace {

using testing::message_of;

std::string refused(const std::string& text) {
  return message_of(ErrorKind::kInvalidArgument, [&] { static_cast<void>(make_format(text)); });
}

TEST(FormatSettings, KeepEveryByteOfAValue) {
  const std::string value = "a=b\n\r\\n \xFF,\t";
  FormatSettings settings("some");
  settings.set("empty", "").set("value", value).set("number", std::uint64_t{17});
  FormatSettings read = FormatSettings::parse(settings.text());
  EXPECT_EQ(read.kind(), "some");
  EXPECT_EQ(read.text(), settings.text());
  EXPECT_EQ(read.take("value"), value);
  EXPECT_EQ(read.take("empty"), "");
  EXPECT_EQ(read.take_required_number("number"), 17U);
  EXPECT_EQ(read.take("number"), std::nullopt);
  read.check_all_taken();
}

TEST(FormatSettings, RefuseTextOfAnotherForm) {
  for (const char* text : {"", "format=x", "x=1\n", "format=x\ny\n", "format=x\n\n", "format=x\ny=\\q\n",
                           "format=x\ny=\\\n", "format=x\nformat=y\n"}) {
    EXPECT_FALSE(
        message_of(ErrorKind::kInvalidArgument, [&] { static_cast<void>(FormatSettings::parse(text)); }).empty())
        << text;
  }
  EXPECT_EQ(refused("format=csv\nheader=true\nheader=true\n"), "format 'csv': the setting 'header' is repeated");
}

TEST(Formats, RefuseSettingsThatTheyDoNotKnow) {
  EXPECT_EQ(refused("format=csv\nlabel_column=1\ncolour=red\n"), "format 'csv': there is no setting 'colour'");
  EXPECT_EQ(refused("format=csv\n"), "format 'csv': label_column or label_name is missing");
  EXPECT_EQ(refused("format=csv\nlabel_column=-1\n"), "format 'csv': label_column is '-1', must be a number from 0 on");
  EXPECT_EQ(refused("format=csv\nlabel_column=1\nseparator=::\n"), "format 'csv': separator is '::', must be one byte");
  EXPECT_EQ(refused("format=csv\nlabel_column=1\nlabel_name=a\n"),
            "format 'csv': label_name and label_column exclude each other");
  EXPECT_EQ(refused("format=csv\nlabel_name=a\n"), "column 'a' is given by its name, but the files have no header");
  EXPECT_EQ(refused("format=csv\nlabel_column=1\nquote=,\n"), "separator and quote are both ',', must differ");
  EXPECT_EQ(refused("format=csv\nlabel_column=1\nencoding=ebcdic\n"),
            "format 'csv': encoding is 'ebcdic', must be 'utf-8' or 'latin-1'");
  EXPECT_EQ(refused("format=csv\nlabel_column=1\nseparator=\\n\n"),
            "separator cannot be a line ending or a zero byte, is '\\x0a'");
  EXPECT_EQ(refused("format=single_sample\n"), "format 'single_sample': the setting 'label_file_extension' is missing");
  EXPECT_NE(refused("format=fixed_record\nrecord_size=4\n").find("'label_size' is missing"), std::string::npos);
  EXPECT_NE(refused("format=hdf5\n").find("(known: csv, fixed_record, single_sample"), std::string::npos);
}

TEST(Formats, AreTheSameFromTheirText) {
  for (const char* text :
       {"format=csv\nseparator=,\nquote=\"\nheader=true\nencoding=utf-8\nlabel_name=class=a\n",
        "format=csv\nseparator=\t\nquote=\nheader=false\nencoding=latin-1\nlabel_column=3\ntimestamp_column=0\n",
        "format=single_sample\nlabel_file_extension=.label\n",
        "format=fixed_record\nrecord_size=160\nlabel_size=4\nlabel_offset=0\nbyte_order=little\nlabel_signed=false\n",
        "format=fixed_record\nrecord_size=160\nlabel_size=4\nlabel_offset=0\nbyte_order=big\nlabel_signed=true\n"
        "timestamp_offset=152\ntimestamp_size=8\ntimestamp_byte_order=little\ntimestamp_signed=true\n"}) {
    EXPECT_EQ(make_format(text)->text(), text);
  }
}

class Nothing : public FileFormat {
 public:
  [[nodiscard]] std::string text() const override { return "format=nothing\n"; }
  [[nodiscard]] SampleLayout layout() const override { return SampleLayout::kRows; }
  void read(const FileInput&, SampleSink&) const override {}
};

TEST(Formats, AreRegisteredOnce) {
  const auto factory = [](FormatSettings settings) {
    settings.check_all_taken();
    return std::make_shared<Nothing>();
  };
  register_format("nothing", factory);
  EXPECT_EQ(make_format("format=nothing\n")->text(), "format=nothing\n");
  EXPECT_EQ(message_of(ErrorKind::kInvalidArgument, [&] { register_format("nothing", factory); }),
            "there is a format 'nothing' already");
  EXPECT_EQ(message_of(ErrorKind::kInvalidArgument, [&] { register_format("csv", factory); }),
            "there is a format 'csv' already");
}

}  // namespace
}  // namespace modyn
