// Columns of 64-bit integers in the fewest bytes that hold their differences from the smallest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "partition/ledger_layout.hpp"

namespace modyn::partition {

// Bytes of a column of `samples` values, padded to a multiple of 8.
[[nodiscard]] std::uint64_t column_bytes(std::uint8_t width, std::uint64_t samples) noexcept;

struct ColumnCode {
  ColumnWidth width;
  std::int64_t base;
};

// The narrowest code for the values.
[[nodiscard]] ColumnCode code_for(std::span<const std::int64_t> values) noexcept;
// Appends column_bytes(code.width, values.size()) bytes.
void encode_column(std::span<const std::int64_t> values, const ColumnCode& code, std::vector<std::byte>& out);

// One column of a frame, wherever its bytes lie.
class EncodedColumn {
 public:
  EncodedColumn(std::uint8_t width, std::int64_t base, const std::byte* data) noexcept
      : width_(width), base_(static_cast<std::uint64_t>(base)), data_(data) {}
  // Values first, first + 1, ...
  void read(std::uint64_t first, std::span<std::int64_t> out) const noexcept;
  [[nodiscard]] std::int64_t operator[](std::uint64_t at) const noexcept {
    std::int64_t value = 0;
    read(at, {&value, 1});
    return value;
  }

 private:
  std::uint8_t width_;
  std::uint64_t base_;
  const std::byte* data_;
};

}  // namespace modyn::partition
