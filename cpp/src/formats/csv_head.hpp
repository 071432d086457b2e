// The first row of a CSV file: how many columns there are, and which is which.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/csv.hpp"
#include "formats/csv_row.hpp"
#include "modyn/format.hpp"

namespace modyn::formats {

struct CsvHead {
  CsvRules rules;
  std::uint64_t first_row = 0;  // where the rows of samples begin
};

// Nothing if the file has no rows at all. BadContent if it has no such columns.
[[nodiscard]] std::optional<CsvHead> read_head(const FileInput& input, const CsvSettings& settings);

}  // namespace modyn::formats
