// CSV files (RFC 4180): a row is a sample, one of its columns the label.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "formats/csv_masks.hpp"
#include "formats/csv_row.hpp"
#include "modyn/format.hpp"

namespace modyn::formats {

// A column by its number, from 0, or by its name in the header.
using CsvColumn = std::variant<std::uint64_t, std::string>;

struct CsvSettings {
  CsvCharacters characters;
  bool header = false;
  bool utf8 = true;  // else Latin-1, in which every byte is a character
  CsvColumn label = std::uint64_t{0};
  std::optional<CsvColumn> timestamp;
};

// The sample is the row without its line ending, its label column and one separator, byte for byte.
//
// Lines end with LF or CRLF; the last one may lack its end once the file is quiet. Empty lines are
// passed over. All rows of a file have as many columns as its first (the header, if there is one). Within
// quotes, a separator, a line ending and a doubled quote are text. A byte order mark of UTF-8 is skipped.
class Csv final : public FileFormat {
 public:
  // kInvalidArgument for characters that cannot be told apart, or a name without a header.
  explicit Csv(CsvSettings settings);

  [[nodiscard]] std::string text() const override;
  [[nodiscard]] SampleLayout layout() const override { return SampleLayout::kRows; }
  [[nodiscard]] bool has_timestamps() const override { return settings_.timestamp.has_value(); }
  void read(const FileInput& input, SampleSink& sink) const override;

  // For tests: the rows are the same whatever the sizes. `window` bytes are scanned at a time, and a
  // file is cut into pieces of about `piece` bytes.
  void read(const FileInput& input, SampleSink& sink, std::uint64_t window, std::uint64_t piece) const;

 private:
  CsvSettings settings_;
};

[[nodiscard]] std::shared_ptr<const FileFormat> make_csv(FormatSettings settings);

}  // namespace modyn::formats
