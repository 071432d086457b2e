#include "index/label_column.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/column_file_layout.hpp"

namespace modyn::index {
namespace {

template <typename T>
bool holds(std::int64_t smallest, std::int64_t largest) {
  return smallest >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
         largest <= static_cast<std::int64_t>(std::numeric_limits<T>::max());
}

// Calls `action` with a value of the integer type that `type` names (labels are never unsigned 64-bit).
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

PackedLabels::PackedLabels(std::span<const std::int64_t> labels) : size_(labels.size()) {
  if (labels.empty()) return;
  const auto [smallest, largest] = std::ranges::minmax(labels);
  smallest_ = smallest;
  largest_ = largest;
  type_ = narrowest_type(smallest, largest);
  bytes_.resize(labels.size() * width_of(type_));
  with_type(type_, [&](auto narrow) { convert<decltype(narrow)>(labels.data(), labels.size(), bytes_.data()); });
}

void PackedLabels::widen(ColumnType type, std::span<std::byte> out) const {
  if (type == type_) {
    std::ranges::copy(bytes_, out.begin());
    return;
  }
  with_type(type_, [&](auto narrow) {
    const auto* from = reinterpret_cast<const decltype(narrow)*>(bytes_.data());
    with_type(type, [&](auto wide) { convert<decltype(wide)>(from, size_, out.data()); });
  });
}

LabelColumn::LabelColumn(const ColumnFile& file) {
  const ColumnType type = file.type("label");
  if (type == ColumnType::kUint64 || type == ColumnType::kFloat32) {
    core::throw_corrupt(file.path(), "its labels are of a type that labels never have");
  }
  with_type(type, [&](auto integer) { column_ = file.column<decltype(integer)>("label"); });
}

std::uint64_t LabelColumn::size() const {
  return std::visit([](const auto& column) { return column.size(); }, column_);
}

std::int64_t LabelColumn::operator[](std::uint64_t at) const {
  return std::visit([at](const auto& column) { return static_cast<std::int64_t>(column[at]); }, column_);
}

void LabelColumn::read(std::uint64_t first, std::span<std::int64_t> out) const {
  std::visit([&](const auto& column) { std::ranges::copy(column.read(first, out.size()), out.begin()); }, column_);
}

}  // namespace modyn::index
