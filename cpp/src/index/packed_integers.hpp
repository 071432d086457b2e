// Integers in the narrowest type that holds them: packed at ingest, widened when read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "modyn/column_file.hpp"

namespace modyn::index {

// The narrowest type that holds every number from `smallest` to `largest`; unsigned if none is negative.
[[nodiscard]] ColumnType narrowest_type(std::int64_t smallest, std::int64_t largest) noexcept;

// Writes `values` as `type`, by their low bits; `out` has as many elements of it.
void convert(std::span<const std::int64_t> values, ColumnType type, std::span<std::byte> out);

// A sequence of numbers in the narrowest type that holds all of them.
class PackedIntegers {
 public:
  PackedIntegers() = default;
  explicit PackedIntegers(std::span<const std::int64_t> values);
  // `size` zeros, which take one byte each.
  [[nodiscard]] static PackedIntegers zeros(std::uint64_t size);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::int64_t smallest() const noexcept { return smallest_; }
  [[nodiscard]] std::int64_t largest() const noexcept { return largest_; }

  // They as they lie here, if they are of this type; else nothing.
  [[nodiscard]] std::optional<std::span<const std::byte>> bytes_as(ColumnType type) const noexcept;
  // Writes them as `type`, which must hold all of them; `out` has size() elements of it.
  void widen(ColumnType type, std::span<std::byte> out) const;

 private:
  std::uint64_t size_ = 0;
  std::int64_t smallest_ = 0;
  std::int64_t largest_ = 0;
  ColumnType type_ = ColumnType::kUint8;
  std::vector<std::byte> bytes_;
};

// Pieces one after the other as one column: of the narrowest type that holds all of them.
class PackedColumn {
 public:
  void add(PackedIntegers piece);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // A column file's column of as many elements, with zeros after the last piece up to `size`, if it has fewer.
  // Streams them when the file is written: until then it must stay as it is.
  void add_to(ColumnFileWriter& writer, std::string_view name, std::uint64_t size = 0) const;

 private:
  void write(ColumnType type, std::uint64_t size, const ColumnFileWriter::Sink& sink) const;

  std::uint64_t size_ = 0;
  std::int64_t smallest_ = 0;
  std::int64_t largest_ = 0;
  std::vector<PackedIntegers> pieces_;
};

// A column of integers of any type, read as int64 (uint64 by its bits).
class IntegerColumn {
 public:
  IntegerColumn() = default;
  // kCorrupt if the file has no such column, or one of another type.
  IntegerColumn(const ColumnFile& file, std::string_view name);

  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::int64_t operator[](std::uint64_t at) const;
  // Elements [first, first + out.size()).
  void read(std::uint64_t first, std::span<std::int64_t> out) const;
  // out[i] = element at[i]; all must be below size().
  void gather(std::span<const std::uint64_t> at, std::span<std::int64_t> out) const;
  // Calls action(column) with the Column<T> of the type that the file has.
  template <typename Action>
  decltype(auto) visit(Action action) const {
    return std::visit(action, column_);
  }

 private:
  std::variant<Column<std::uint8_t>, Column<std::int8_t>, Column<std::uint16_t>, Column<std::int16_t>,
               Column<std::uint32_t>, Column<std::int32_t>, Column<std::uint64_t>, Column<std::int64_t>>
      column_;
};

// A column that a file has only if some element is not 0.
class OptionalIntegerColumn {
 public:
  OptionalIntegerColumn() = default;
  // kCorrupt if the file has the column with another length than `size`.
  OptionalIntegerColumn(const ColumnFile& file, std::string_view name, std::uint64_t size);

  [[nodiscard]] bool present() const noexcept { return present_; }
  [[nodiscard]] std::int64_t operator[](std::uint64_t at) const { return present_ ? column_[at] : 0; }
  // Only if present.
  [[nodiscard]] const IntegerColumn& column() const noexcept { return column_; }

 private:
  bool present_ = false;
  IntegerColumn column_;
};

}  // namespace modyn::index
