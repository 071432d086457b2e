#include "index/format_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <system_error>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"

namespace modyn::index {
namespace {

using Settings = std::map<std::string_view, std::string_view, std::less<>>;

std::optional<Settings> split_settings(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t equals = text.find('=');
    if (end == std::string_view::npos || equals >= end) return std::nullopt;
    if (!settings.emplace(text.substr(0, equals), text.substr(equals + 1, end - equals - 1)).second)
      return std::nullopt;
    text.remove_prefix(end + 1);
  }
  return settings;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string format_text(const FixedRecordFormat& format) {
  return "format=fixed_record\nrecord_size=" + std::to_string(format.record_size) +
         "\nlabel_size=" + std::to_string(format.label_size) + "\nlabel_offset=" + std::to_string(format.label_offset) +
         "\nbyte_order=" + (format.byte_order == ByteOrder::kBig ? "big" : "little") +
         "\nlabel_signed=" + (format.label_signed ? "true" : "false") + "\n";
}

std::optional<FixedRecordFormat> parse_fixed_records(std::string_view text, const std::filesystem::path& path) {
  const std::optional<Settings> settings = split_settings(text);
  if (!settings || !settings->contains("format")) core::throw_corrupt(path, "its record format cannot be read");
  if (settings->at("format") != "fixed_record") return std::nullopt;
  const auto number = [&](std::string_view name) {
    const auto found = settings->find(name);
    const auto value = found == settings->end() ? std::nullopt : parse_number(found->second);
    if (!value) core::throw_corrupt(path, "its record format has no number " + core::quoted(name));
    return *value;
  };
  const auto choice = [&](std::string_view name, std::string_view yes, std::string_view no) {
    const auto found = settings->find(name);
    if (found == settings->end() || (found->second != yes && found->second != no)) {
      core::throw_corrupt(path, "its record format has no valid " + core::quoted(name));
    }
    return found->second == yes;
  };
  FixedRecordFormat format;
  format.record_size = number("record_size");
  format.label_size = number("label_size");
  format.label_offset = number("label_offset");
  format.byte_order = choice("byte_order", "big", "little") ? ByteOrder::kBig : ByteOrder::kLittle;
  format.label_signed = choice("label_signed", "true", "false");
  // A timestamp inside the record is for ingest to know. Any other setting may mean anything: it is not skipped.
  const auto of_ingest =
      std::ranges::count_if(*settings, [](const auto& setting) { return setting.first.starts_with("timestamp_"); });
  if (settings->size() != 6 + static_cast<std::size_t>(of_ingest))
    core::throw_corrupt(path, "its record format has settings that this program does not know");
  check_format(format);
  return format;
}

void check_format(const FixedRecordFormat& format) {
  const auto fail = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
  if (format.label_size < 1 || format.label_size > 8) {
    fail("label_size is " + core::grouped(format.label_size) + ", must be 1 to 8 bytes");
  }
  if (format.record_size <= format.label_size) {
    fail("record_size is " + core::grouped(format.record_size) + ", must be more than label_size " +
         core::grouped(format.label_size) + ": a sample has at least one byte");
  }
  if (format.record_size > std::numeric_limits<std::uint32_t>::max()) {
    fail("record_size is " + core::grouped(format.record_size) + ", must be at most 4,294,967,295");
  }
  if (format.label_offset > format.record_size - format.label_size) {
    fail("label_offset " + core::grouped(format.label_offset) + " and label_size " + core::grouped(format.label_size) +
         " go beyond record_size " + core::grouped(format.record_size));
  }
}

}  // namespace modyn::index
