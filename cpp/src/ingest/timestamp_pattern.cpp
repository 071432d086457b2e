#include "ingest/timestamp_pattern.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <system_error>

#include "core/message.hpp"

namespace modyn::ingest {
namespace {

// From coarse to fine.
constexpr std::string_view kUnits = "YmdHMS";
constexpr std::size_t kLongestNumber = 18;  // digits that always fit a timestamp

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Moment {
  std::array<int, kUnits.size()> units{0, 1, 1, 0, 0, 0};
  std::optional<Timestamp> seconds;

  [[nodiscard]] std::optional<Timestamp> timestamp() const {
    if (seconds) return seconds;
    const auto [year, month, day, hour, minute, second] = units;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const Timestamp days = std::chrono::sys_days(date).time_since_epoch().count();
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
  }
};

// Reads a number of `shortest` to `longest` digits from the front of `text`; nothing if there is none.
std::optional<Timestamp> take_number(std::string_view& text, std::size_t shortest, std::size_t longest) {
  std::size_t digits = 0;
  while (digits < std::min(text.size(), longest) && is_digit(text[digits])) ++digits;
  if (digits < shortest) return std::nullopt;
  Timestamp number = 0;
  std::from_chars(text.data(), text.data() + digits, number);
  text.remove_prefix(digits);
  return number;
}

bool take_field(std::string_view& text, char letter, Moment& moment) {
  const std::size_t digits = letter == 'Y' ? 4 : 2;
  const auto number = letter == 's' ? take_number(text, 1, kLongestNumber) : take_number(text, digits, digits);
  if (!number) return false;
  if (letter == 's') {
    moment.seconds = number;
  } else {
    moment.units[kUnits.find(letter)] = static_cast<int>(*number);
  }
  return true;
}

[[noreturn]] void throw_bad_pattern(std::string_view pattern, const std::string& what) {
  throw Error(ErrorKind::kInvalidArgument, "timestamp pattern " + core::quoted(pattern) + " " + what +
                                               "; it may hold %Y %m %d %H %M %S, or %s, %% and literal text");
}

}  // namespace

TimestampPattern::TimestampPattern(std::string_view pattern) {
  const auto add_literal = [this](char c) {
    if (parts_.empty() || parts_.back().letter != 0) parts_.push_back({0, ""});
    parts_.back().text += c;
  };
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      add_literal(pattern[at]);
    } else if (++at == pattern.size()) {
      throw_bad_pattern(pattern, "ends within a field");
    } else if (pattern[at] == '%') {
      add_literal('%');
    } else if (pattern[at] == 's' || kUnits.find(pattern[at]) != std::string_view::npos) {
      parts_.push_back({pattern[at], ""});
    } else {
      throw_bad_pattern(pattern, "has the unknown field " + core::quoted(pattern.substr(at - 1, 2)));
    }
  }
  check_fields(pattern);
}

void TimestampPattern::check_fields(std::string_view pattern) const {
  std::string fields;
  for (const Part& part : parts_) {
    if (part.letter == 0) continue;
    if (fields.find(part.letter) != std::string::npos) throw_bad_pattern(pattern, "repeats a field");
    fields += part.letter;
  }
  if (fields == "s") return;
  if (fields.find('s') != std::string::npos) throw_bad_pattern(pattern, "has other fields beside %s");
  if (fields.empty()) throw_bad_pattern(pattern, "has no field");
  for (std::size_t unit = 0; unit < fields.size(); ++unit) {
    if (fields.find(kUnits[unit]) == std::string::npos) {
      throw_bad_pattern(pattern, "lacks %" + std::string(1, kUnits[unit]));
    }
  }
}

std::optional<Timestamp> TimestampPattern::find(std::string_view name) const {
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (const auto timestamp = match(name, at)) return timestamp;
  }
  return std::nullopt;
}

std::optional<Timestamp> TimestampPattern::match(std::string_view name, std::size_t at) const {
  if (at > 0 && is_digit(name[at - 1]) && is_digit(name[at])) return std::nullopt;
  std::string_view rest = name.substr(at);
  Moment moment;
  for (const Part& part : parts_) {
    if (part.letter != 0) {
      if (!take_field(rest, part.letter, moment)) return std::nullopt;
    } else if (rest.starts_with(part.text)) {
      rest.remove_prefix(part.text.size());
    } else {
      return std::nullopt;
    }
  }
  const std::size_t end = name.size() - rest.size();
  if (!rest.empty() && is_digit(rest.front()) && is_digit(name[end - 1])) return std::nullopt;
  return moment.timestamp();
}

}  // namespace modyn::ingest
