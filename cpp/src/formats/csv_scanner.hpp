// Rows of a CSV file, a window of bytes at a time.
//
// First every separator and line end outside of quotes is found with bit operations on 64 bytes at a
// time, then rows are cut out of their positions: the cost hardly depends on how rows look, and
// nothing but labels and timestamps is looked at again. The scanner only notices that something is
// wrong; find_fault says what.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "formats/csv_masks.hpp"
#include "formats/csv_row.hpp"
#include "modyn/format.hpp"

namespace modyn::formats {

class CsvScanner {
 public:
  explicit CsvScanner(const CsvRules& rules) : rules_(rules) {}

  // Scans the rows in `window` that begin before `limit` and are whole; the window begins with a row, its
  // first byte is byte `offset` of the file. Returns where the first row begins that was not taken;
  // nothing if a row is wrong. The rows are in block().
  [[nodiscard]] std::optional<std::size_t> scan(std::span<const std::byte> window, std::uint64_t offset,
                                                std::size_t limit);
  // The rows of the last scan, until the next.
  [[nodiscard]] SampleBlock block() const;

 private:
  // Positions of separators and line ends outside of quotes.
  struct Structure {
    std::size_t count = 0;
    std::size_t line_ends = 0;
    bool well_quoted = true;
    bool ascii = true;
  };
  [[nodiscard]] Structure find_structure(std::span<const std::byte> window);
  [[nodiscard]] bool take_row(const char* text, std::uint64_t offset, std::size_t row, const std::uint32_t* ends);

  CsvRules rules_;
  std::vector<CsvMasks> masks_;
  std::vector<std::uint32_t> ends_;
  std::size_t rows_ = 0;
  std::vector<std::int64_t> labels_;
  std::vector<Timestamp> timestamps_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::int64_t> cut_offsets_;
  std::vector<std::int64_t> cut_lengths_;
};

}  // namespace modyn::formats
