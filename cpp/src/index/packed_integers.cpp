#include "index/packed_integers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"

namespace modyn::index {
namespace {

template <typename T>
bool holds(std::int64_t smallest, std::int64_t largest) {
  return smallest >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
         largest <= static_cast<std::int64_t>(std::numeric_limits<T>::max());
}

// Calls `action` with a value of the integer type that `type` names.
template <typename Action>
void with_type(ColumnType type, Action action) {
  switch (type) {
    case ColumnType::kUint8:
      return action(std::uint8_t{});
    case ColumnType::kInt8:
      return action(std::int8_t{});
    case ColumnType::kUint16:
      return action(std::uint16_t{});
    case ColumnType::kInt16:
      return action(std::int16_t{});
    case ColumnType::kUint32:
      return action(std::uint32_t{});
    case ColumnType::kInt32:
      return action(std::int32_t{});
    case ColumnType::kUint64:
      return action(std::uint64_t{});
    default:
      return action(std::int64_t{});
  }
}

template <typename To, typename From>
void convert(const From* from, std::size_t count, std::byte* to) {
  auto* out = reinterpret_cast<To*>(to);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<To>(from[i]);
}

}  // namespace

ColumnType narrowest_type(std::int64_t smallest, std::int64_t largest) noexcept {
  if (holds<std::uint8_t>(smallest, largest)) return ColumnType::kUint8;
  if (holds<std::int8_t>(smallest, largest)) return ColumnType::kInt8;
  if (holds<std::uint16_t>(smallest, largest)) return ColumnType::kUint16;
  if (holds<std::int16_t>(smallest, largest)) return ColumnType::kInt16;
  if (holds<std::uint32_t>(smallest, largest)) return ColumnType::kUint32;
  if (holds<std::int32_t>(smallest, largest)) return ColumnType::kInt32;
  return ColumnType::kInt64;
}

void convert(std::span<const std::int64_t> values, ColumnType type, std::span<std::byte> out) {
  with_type(type, [&](auto narrow) { convert<decltype(narrow)>(values.data(), values.size(), out.data()); });
}

PackedIntegers::PackedIntegers(std::span<const std::int64_t> values) : size_(values.size()) {
  if (values.empty()) return;
  const auto [smallest, largest] = std::ranges::minmax(values);
  smallest_ = smallest;
  largest_ = largest;
  type_ = narrowest_type(smallest, largest);
  bytes_.resize(values.size() * width_of(type_));
  with_type(type_, [&](auto narrow) { convert<decltype(narrow)>(values.data(), values.size(), bytes_.data()); });
}

std::optional<std::span<const std::byte>> PackedIntegers::bytes_as(ColumnType type) const noexcept {
  if (type != type_) return std::nullopt;
  return bytes_;
}

void PackedIntegers::widen(ColumnType type, std::span<std::byte> out) const {
  if (type == type_) {
    std::ranges::copy(bytes_, out.begin());
    return;
  }
  with_type(type_, [&](auto narrow) {
    const auto* from = reinterpret_cast<const decltype(narrow)*>(bytes_.data());
    with_type(type, [&](auto wide) { convert<decltype(wide)>(from, size_, out.data()); });
  });
}

PackedIntegers PackedIntegers::zeros(std::uint64_t size) {
  PackedIntegers zeros;
  zeros.size_ = size;
  zeros.bytes_.resize(size);
  return zeros;
}

void PackedColumn::add(PackedIntegers piece) {
  if (piece.size() == 0) return;
  smallest_ = std::min(smallest_, piece.smallest());
  largest_ = std::max(largest_, piece.largest());
  size_ += piece.size();
  pieces_.push_back(std::move(piece));
}

void PackedColumn::add_to(ColumnFileWriter& writer, std::string_view name, std::uint64_t size) const {
  const ColumnType type = narrowest_type(smallest_, largest_);
  const std::uint64_t count = std::max(size, size_);
  writer.add_streamed(name, type, count,
                      [this, type, count](const ColumnFileWriter::Sink& sink) { write(type, count, sink); });
}

void PackedColumn::write(ColumnType type, std::uint64_t size, const ColumnFileWriter::Sink& sink) const {
  std::vector<std::byte> wide;
  for (const PackedIntegers& piece : pieces_) {
    if (const auto bytes = piece.bytes_as(type)) {
      sink(*bytes);
      continue;
    }
    wide.resize(piece.size() * width_of(type));
    piece.widen(type, wide);
    sink(wide);
  }
  static constexpr std::array<std::byte, 65'536> kZeros{};
  for (std::uint64_t left = (size - size_) * width_of(type); left > 0;) {
    const auto bytes = std::span(kZeros).first(std::min<std::uint64_t>(left, kZeros.size()));
    sink(bytes);
    left -= bytes.size();
  }
}

IntegerColumn::IntegerColumn(const ColumnFile& file, std::string_view name) {
  const ColumnType type = file.type(name);
  if (type == ColumnType::kFloat32) {
    core::throw_corrupt(file.path(), "column " + core::quoted(name) + " holds floats, expected integers");
  }
  with_type(type, [&](auto integer) { column_ = file.column<decltype(integer)>(name); });
}

std::uint64_t IntegerColumn::size() const {
  return std::visit([](const auto& column) { return column.size(); }, column_);
}

std::int64_t IntegerColumn::operator[](std::uint64_t at) const {
  return std::visit([at](const auto& column) { return static_cast<std::int64_t>(column[at]); }, column_);
}

void IntegerColumn::read(std::uint64_t first, std::span<std::int64_t> out) const {
  std::visit([&](const auto& column) { std::ranges::copy(column.read(first, out.size()), out.begin()); }, column_);
}

void IntegerColumn::gather(std::span<const std::uint64_t> at, std::span<std::int64_t> out) const {
  std::visit([&](const auto& column) { column.gather(at, out); }, column_);
}

OptionalIntegerColumn::OptionalIntegerColumn(const ColumnFile& file, std::string_view name, std::uint64_t size)
    : present_(file.has(name)) {
  if (!present_) return;
  column_ = IntegerColumn(file, name);
  if (column_.size() != size) {
    core::throw_corrupt(file.path(), "column " + core::quoted(name) + " has not one value for each element");
  }
}

}  // namespace modyn::index
