// Labels in the narrowest integer type that holds them: packed at ingest, widened when read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "modyn/column_file.hpp"

namespace modyn::index {

// The narrowest type that holds every number from `smallest` to `largest`; unsigned if none is negative.
[[nodiscard]] ColumnType narrowest_type(std::int64_t smallest, std::int64_t largest) noexcept;

// A sequence of labels in the narrowest type that holds all of them.
class PackedLabels {
 public:
  PackedLabels() = default;
  explicit PackedLabels(std::span<const std::int64_t> labels);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t smallest() const noexcept { return smallest_; }
  [[nodiscard]] std::int64_t largest() const noexcept { return largest_; }

  // Writes them as `type`, which must hold all of them; `out` has size() elements of it.
  void widen(ColumnType type, std::span<std::byte> out) const;

 private:
  std::uint64_t size_ = 0;
  std::int64_t smallest_ = 0;
  std::int64_t largest_ = 0;
  ColumnType type_ = ColumnType::kUint8;
  std::vector<std::byte> bytes_;
};

// The label column of a segment.
class LabelColumn {
 public:
  LabelColumn() = default;
  // kCorrupt if the file has no column "label" of an integer type.
  explicit LabelColumn(const ColumnFile& file);

  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::int64_t operator[](std::uint64_t at) const;
  // Labels [first, first + out.size()).
  void read(std::uint64_t first, std::span<std::int64_t> out) const;

 private:
  std::variant<Column<std::uint8_t>, Column<std::int8_t>, Column<std::uint16_t>, Column<std::int16_t>,
               Column<std::uint32_t>, Column<std::int32_t>, Column<std::int64_t>>
      column_;
};

}  // namespace modyn::index
