#include "formats/csv_fields.hpp"

#include <chrono>

namespace modyn::formats {
namespace {

// Takes exactly `digits` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const auto digit = static_cast<unsigned char>(text[i] - '0');
    if (digit > 9) return std::nullopt;
    value = value * 10 + digit;
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char character) {
  if (text.empty() || text.front() != character) return false;
  text.remove_prefix(1);
  return true;
}

// Seconds since midnight of hh:mm[:ss[.fraction]].
std::optional<Timestamp> take_time(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  std::optional<int> second = 0;
  if (minute && take(text, ':')) {
    second = take_digits(text, 2);
    if (second && take(text, '.')) {
      if (!take_digits(text, 1)) return std::nullopt;
      while (take_digits(text, 1)) continue;
    }
  }
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return (*hour * 60 + *minute) * 60 + *second;
}

// Seconds east of Greenwich: nothing, Z, +hh, +hhmm or +hh:mm.
std::optional<Timestamp> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return 0;
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  std::optional<int> minutes = 0;
  if (!text.empty()) {
    static_cast<void>(take(text, ':'));
    minutes = take_digits(text, 2);
  }
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (west ? -60 : 60) * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<Timestamp> parse_moment(std::string_view text) {
  text = without_blanks(text);
  if (const auto seconds = parse_integer(text)) return seconds;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const Timestamp midnight = Timestamp{std::chrono::sys_days(date).time_since_epoch().count()} * 86'400;
  if (text.empty()) return midnight;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  const auto time = take_time(text);
  const auto offset = time ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty()) return std::nullopt;
  return midnight + *time - *offset;
}

}  // namespace modyn::formats
