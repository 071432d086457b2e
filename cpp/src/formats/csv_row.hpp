// One row of a CSV file, character by character: slow and plain.
//
// The header is read with it, and what is wrong with a file is found with it, once the fast scanner
// has seen that something is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv_masks.hpp"

namespace modyn::formats {

// What the rows of a file must look like.
struct CsvRules {
  CsvCharacters characters;
  bool utf8 = true;
  std::uint64_t columns = 0;
  std::uint64_t label = 0;                 // column, from 0
  std::optional<std::uint64_t> timestamp;  // column, from 0
};

// A row: fields as they are written, quotes included.
struct CsvRow {
  std::vector<std::string_view> fields;
  std::size_t end = 0;     // the next row's first byte
  bool complete = false;   // false: it ends without a line ending
  bool in_quotes = false;  // it ends within a quoted field
  std::string wrong;       // what breaks the rules of quoting, "" if nothing does; then in column fields.size()
};

// The row that `text` begins with. Its line ending is LF or CRLF; CR LF in quotes belongs to the field.
[[nodiscard]] CsvRow split_row(std::string_view text, const CsvCharacters& characters);

// What is meant by a field: without its quotes, and doubled quotes single.
[[nodiscard]] std::string meaning_of(std::string_view field, const CsvCharacters& characters);

// Whether the text begins with an empty line; its length with the line ending, else 0.
[[nodiscard]] std::size_t empty_line(std::string_view text);

// The first thing that is wrong in the rows of `text`, which begins with a row.
struct CsvFault {
  std::size_t row = 0;     // where the row begins in the text
  std::size_t column = 0;  // from 1; 0 for the row as a whole
  std::string what;        // "has ... in row {}, column {}": the place goes between `what` and `rest`
  std::string rest;
};
// `at_end` says that nothing follows the text. Nothing if all is well.
[[nodiscard]] std::optional<CsvFault> find_fault(std::string_view text, const CsvRules& rules, bool at_end);

}  // namespace modyn::formats
