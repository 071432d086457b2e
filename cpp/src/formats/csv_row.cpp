#include "formats/csv_row.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/message.hpp"
#include "core/utf8.hpp"
#include "formats/csv_fields.hpp"

namespace modyn::formats {
namespace {

constexpr std::size_t kShown = 40;

std::string shown(std::string_view field) {
  return core::quoted(field.substr(0, kShown)) + (field.size() > kShown ? "..." : "");
}

// A line ending at `at`: its length, 0 if there is none.
std::size_t line_ending(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return 1;
  return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 0;
}

// Past the quoted field that begins at `at`; npos if it has no end.
std::size_t skip_quoted(std::string_view text, std::size_t at, char quote) {
  while (true) {
    const std::size_t closing = text.find(quote, at + 1);
    if (closing == std::string_view::npos) return closing;
    if (closing + 1 == text.size() || text[closing + 1] != quote) return closing + 1;
    at = closing + 1;
  }
}

std::optional<CsvFault> wrong_field(const CsvRow& row, const CsvRules& rules) {
  const auto fault = [](std::uint64_t column, std::string what, std::string rest = "") {
    return CsvFault{0, static_cast<std::size_t>(column) + 1, std::move(what), std::move(rest)};
  };
  if (row.fields.size() != rules.columns) {
    const std::size_t fields = row.fields.size();
    return CsvFault{0, 0, "has " + core::grouped(std::uint64_t{fields}) + (fields == 1 ? " column" : " columns"),
                    ", where the first row has " + core::grouped(rules.columns)};
  }
  if (rules.utf8) {
    for (std::size_t column = 0; column < row.fields.size(); ++column) {
      if (first_invalid(row.fields[column])) return fault(column, "has bytes that are not UTF-8");
    }
  }
  const std::string_view label = row.fields[rules.label];
  if (!parse_integer(unquoted(label, rules.characters))) {
    if (unquoted(label, rules.characters).empty()) return fault(rules.label, "has no label");
    return fault(rules.label, "has the label " + shown(label), ", where an integer of at most 64 bits is expected");
  }
  if (rules.timestamp && !parse_moment(unquoted(row.fields[*rules.timestamp], rules.characters))) {
    return fault(*rules.timestamp, "has the timestamp " + shown(row.fields[*rules.timestamp]),
                 ", where Unix seconds or a date and time like 2024-05-31T12:00:00Z are expected");
  }
  return std::nullopt;
}

}  // namespace

CsvRow split_row(std::string_view text, const CsvCharacters& characters) {
  CsvRow row;
  std::size_t field = 0;
  std::size_t at = 0;
  const auto end_field = [&] {
    row.fields.push_back(text.substr(field, at - field));
    field = at + 1;
  };
  const auto fail = [&](std::string what) {
    end_field();
    row.end = text.size();
    row.wrong = std::move(what);
    return std::move(row);
  };
  while (at < text.size()) {
    if (characters.has_quote && text[at] == characters.quote) {
      if (at != field) return fail("has a quote within an unquoted field");
      const std::size_t after = skip_quoted(text, at, characters.quote);
      if (after == std::string_view::npos) {
        row.in_quotes = true;
        break;
      }
      at = after;
      const bool ends = at == text.size() || text[at] == characters.separator || text[at] == '\n' || text[at] == '\r';
      if (!ends) return fail("has text after the closing quote of a field");
      if (at == text.size()) break;
    }
    if (const std::size_t ending = line_ending(text, at)) {
      end_field();
      row.end = at + ending;
      row.complete = true;
      return row;
    }
    if (text[at] == '\r' && at + 1 < text.size()) return fail("has a carriage return that no line feed follows");
    if (text[at] == characters.separator) end_field();
    ++at;
  }
  at = text.size();
  // A carriage return at the very end is a line ending that is half written.
  if (!row.in_quotes && at > field && text[at - 1] == '\r') --at;
  end_field();
  row.end = text.size();
  return row;
}

std::string meaning_of(std::string_view field, const CsvCharacters& characters) {
  const std::string_view inner = unquoted(field, characters);
  if (inner.size() == field.size()) return std::string(field);
  std::string meaning;
  for (std::size_t at = 0; at < inner.size(); ++at) {
    meaning += inner[at];
    if (inner[at] == characters.quote) ++at;
  }
  return meaning;
}

std::size_t empty_line(std::string_view text) { return text.empty() ? 0 : line_ending(text, 0); }

std::optional<CsvFault> find_fault(std::string_view text, const CsvRules& rules, bool at_end) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (const std::size_t empty = empty_line(rest)) {
      at += empty;
      continue;
    }
    const CsvRow row = split_row(rest, rules.characters);
    std::optional<CsvFault> fault;
    if (!row.wrong.empty()) {
      fault = CsvFault{0, row.fields.size(), row.wrong, ""};
    } else if (row.complete || (at_end && !row.in_quotes)) {
      fault = wrong_field(row, rules);
    } else if (at_end) {
      fault = CsvFault{0, row.fields.size(), "has a quoted field without an end", ""};
    }
    if (!fault && row.end > kLongestRow) fault = CsvFault{0, 0, "has a row of more than 4 GiB", ""};
    if (fault) {
      fault->row = at;
      return fault;
    }
    at += row.end;
  }
  return std::nullopt;
}

}  // namespace modyn::formats
