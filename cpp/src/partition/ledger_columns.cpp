// Differences are taken and added modulo 2^64, so columns may hold any two integers side by side.
#include "partition/ledger_columns.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace modyn::partition {
namespace {

constexpr std::uint64_t bytes_per_value(std::uint8_t width) noexcept {
  return width < kOneByte ? 0 : std::uint64_t{1} << (width - kOneByte);
}

bool is_consecutive(std::span<const std::int64_t> values) noexcept {
  const auto first = static_cast<std::uint64_t>(values.front());
  if (static_cast<std::uint64_t>(values.back()) - first != values.size() - 1) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (static_cast<std::uint64_t>(values[i]) - first != i) return false;
  }
  return true;
}

template <typename Narrow>
void encode(std::span<const std::int64_t> values, std::uint64_t base, std::byte* out) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto narrow = static_cast<Narrow>(static_cast<std::uint64_t>(values[i]) - base);
    std::memcpy(out + i * sizeof(Narrow), &narrow, sizeof(Narrow));
  }
}

template <typename Narrow>
void decode(const std::byte* data, std::uint64_t base, std::span<std::int64_t> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Narrow narrow;
    std::memcpy(&narrow, data + i * sizeof(Narrow), sizeof(Narrow));
    out[i] = static_cast<std::int64_t>(base + narrow);
  }
}

}  // namespace

std::uint64_t column_bytes(std::uint8_t width, std::uint64_t samples) noexcept {
  return (samples * bytes_per_value(width) + 7) / 8 * 8;
}

ColumnCode code_for(std::span<const std::int64_t> values) noexcept {
  if (values.empty()) return {kConstant, 0};
  if (values.size() > 1 && is_consecutive(values)) return {kConsecutive, values.front()};
  std::int64_t smallest = values.front();
  std::int64_t largest = values.front();
  for (const std::int64_t value : values) {
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  const std::uint64_t spread = static_cast<std::uint64_t>(largest) - static_cast<std::uint64_t>(smallest);
  if (spread == 0) return {kConstant, smallest};
  if (spread <= std::numeric_limits<std::uint8_t>::max()) return {kOneByte, smallest};
  if (spread <= std::numeric_limits<std::uint16_t>::max()) return {kTwoBytes, smallest};
  if (spread <= std::numeric_limits<std::uint32_t>::max()) return {kFourBytes, smallest};
  return {kEightBytes, smallest};
}

void encode_column(std::span<const std::int64_t> values, const ColumnCode& code, std::vector<std::byte>& out) {
  const std::size_t at = out.size();
  out.resize(at + column_bytes(code.width, values.size()));
  const auto base = static_cast<std::uint64_t>(code.base);
  switch (code.width) {
    case kConstant:
    case kConsecutive:
      return;
    case kOneByte:
      return encode<std::uint8_t>(values, base, out.data() + at);
    case kTwoBytes:
      return encode<std::uint16_t>(values, base, out.data() + at);
    case kFourBytes:
      return encode<std::uint32_t>(values, base, out.data() + at);
    case kEightBytes:
      return encode<std::uint64_t>(values, base, out.data() + at);
  }
}

void EncodedColumn::read(std::uint64_t first, std::span<std::int64_t> out) const noexcept {
  const std::byte* const data = data_ + first * bytes_per_value(width_);
  switch (width_) {
    case kConstant:
      std::ranges::fill(out, static_cast<std::int64_t>(base_));
      return;
    case kConsecutive:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int64_t>(base_ + first + i);
      return;
    case kOneByte:
      return decode<std::uint8_t>(data, base_, out);
    case kTwoBytes:
      return decode<std::uint16_t>(data, base_, out);
    case kFourBytes:
      return decode<std::uint32_t>(data, base_, out);
    default:
      return decode<std::uint64_t>(data, base_, out);
  }
}

}  // namespace modyn::partition
