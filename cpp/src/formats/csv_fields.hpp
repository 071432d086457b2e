// What the fields of a row mean: integers and moments.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "core/utf8.hpp"
#include "formats/csv_masks.hpp"
#include "modyn/index.hpp"

namespace modyn::formats {

// A place holds 32 bits of length.
inline constexpr std::uint64_t kLongestRow = std::numeric_limits<std::uint32_t>::max();

// Without the quotes around it. The field must be well formed: what begins with a quote ends with one.
[[nodiscard]] inline std::string_view unquoted(std::string_view field, const CsvCharacters& characters) {
  const bool quoted = characters.has_quote && field.size() >= 2 && field.front() == characters.quote;
  return quoted ? field.substr(1, field.size() - 2) : field;
}

[[nodiscard]] inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// A decimal integer with an optional sign; blanks around it do not count. Nothing if the text is
// something else, or an integer beyond 64 bits.
[[nodiscard]] inline std::optional<std::int64_t> parse_integer(std::string_view text) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (!text.empty() && (text.front() == ' ' || text.back() == ' ')) text = without_blanks(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const std::uint64_t largest = kLargest + (negative ? 1 : 0);
  constexpr std::size_t kAlwaysFits = 18;
  const bool may_overflow = text.size() > kAlwaysFits;
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9 || (may_overflow && value > (largest - digit) / 10)) return std::nullopt;
    value = value * 10 + digit;
  }
  return static_cast<std::int64_t>(negative ? std::uint64_t{0} - value : value);
}

// Unix seconds as an integer, or a date, or date and time, of ISO 8601: 2024-05-31,
// 2024-05-31 12:00, 2024-05-31T12:00:00.25+02:00. UTC unless an offset is given; fractions of a second are dropped.
[[nodiscard]] std::optional<Timestamp> parse_moment(std::string_view text);

// Whether the bytes are not UTF-8.
[[nodiscard]] inline bool first_invalid(std::string_view bytes) {
  return core::first_invalid_utf8(bytes) != bytes.size();
}

}  // namespace modyn::formats
