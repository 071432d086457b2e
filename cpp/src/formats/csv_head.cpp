#include "formats/csv_head.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/message.hpp"
#include "formats/csv_fields.hpp"

namespace modyn::formats {
namespace {

constexpr std::uint64_t kFirstBytes = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kNamesShown = 20;

std::string in_utf8(std::string_view latin1) {
  std::string text;
  for (const char c : latin1) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0U | (byte >> 6U));
      text += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return text;
}

std::vector<std::string> names_of(const CsvRow& header, const CsvSettings& settings) {
  std::vector<std::string> names;
  for (const std::string_view field : header.fields) {
    std::string name = meaning_of(field, settings.characters);
    names.push_back(settings.utf8 ? std::move(name) : in_utf8(name));
  }
  return names;
}

std::uint64_t column_by_name(const std::string& name, const char* what, const std::vector<std::string>& names) {
  const auto column = std::ranges::find(names, name);
  if (column == names.end()) {
    std::string all;
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
      all += (i == 0 ? "" : ", ") + core::quoted(names[i]);
    }
    if (names.size() > kNamesShown) all += ", ...";
    throw BadContent("has no column " + core::quoted(name) + " in its header (" + all + "), which " + what +
                     " are taken from");
  }
  if (std::find(column + 1, names.end(), name) != names.end()) {
    throw BadContent("has several columns " + core::quoted(name) + " in its header; " + what +
                     " cannot be taken from one of them");
  }
  return static_cast<std::uint64_t>(column - names.begin());
}

std::uint64_t find_column(const CsvColumn& column, const char* what, const std::vector<std::string>& names) {
  if (const auto* name = std::get_if<std::string>(&column)) return column_by_name(*name, what, names);
  const std::uint64_t number = std::get<std::uint64_t>(column);
  if (number < names.size()) return number;
  throw BadContent("has " + core::grouped(std::uint64_t{names.size()}) + (names.size() == 1 ? " column" : " columns") +
                   " in its first row; " + what + " are taken from column " + core::grouped(number + 1));
}

CsvHead make_head(const CsvRow& row, std::uint64_t first, const CsvSettings& settings) {
  if (settings.utf8 && std::ranges::any_of(row.fields, first_invalid)) {
    throw BadContent("has bytes that are not UTF-8 in its first row");
  }
  const std::vector<std::string> names = names_of(row, settings);
  CsvHead head;
  head.first_row = settings.header ? first + row.end : first;
  head.rules.characters = settings.characters;
  head.rules.utf8 = settings.utf8;
  head.rules.columns = names.size();
  head.rules.label = find_column(settings.label, "labels", names);
  if (settings.timestamp) head.rules.timestamp = find_column(*settings.timestamp, "timestamps", names);
  if (names.size() == 1) throw BadContent("has only one column, the label: nothing is left for a sample");
  return head;
}

}  // namespace

std::optional<CsvHead> read_head(const FileInput& input, const CsvSettings& settings) {
  std::string text;
  for (std::uint64_t wanted = kFirstBytes;; wanted *= 4) {
    const std::size_t before = text.size();
    text.resize(std::min(wanted, input.size()));
    input.read(before, std::as_writable_bytes(std::span(text)).subspan(before));
    const bool whole = text.size() == input.size();
    std::size_t first = settings.utf8 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (const std::size_t empty = empty_line(std::string_view(text).substr(first))) first += empty;
    if (whole && (first == text.size() || (first + 1 == text.size() && text[first] == '\r'))) return std::nullopt;
    const CsvRow row = split_row(std::string_view(text).substr(first), settings.characters);
    if (!row.complete && !whole && row.wrong.empty()) {
      if (text.size() > kLongestRow) throw BadContent("has a first row of more than 4 GiB");
      continue;
    }
    if (row.in_quotes && !input.is_quiet()) throw IncompleteFile("ends within its first row");
    if (row.in_quotes) throw BadContent("has a quoted field without an end in its first row");
    if (!row.wrong.empty()) {
      throw BadContent(row.wrong + " in its first row, column " + std::to_string(row.fields.size()));
    }
    return make_head(row, first, settings);
  }
}

}  // namespace modyn::formats
