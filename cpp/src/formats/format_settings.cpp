#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/message.hpp"
#include "modyn/format.hpp"

namespace modyn {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\\') {
      text += "\\\\";
    } else {
      text += c;
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      value += text[at];
      continue;
    }
    if (++at == text.size()) return std::nullopt;
    if (text[at] == 'n') {
      value += '\n';
    } else if (text[at] == 'r') {
      value += '\r';
    } else if (text[at] == '\\') {
      value += '\\';
    } else {
      return std::nullopt;
    }
  }
  return value;
}

}  // namespace

FormatSettings FormatSettings::parse(std::string_view text) {
  const auto fail = [&] {
    throw Error(ErrorKind::kInvalidArgument, "the settings of a format cannot be read: " + core::quoted(text));
  };
  FormatSettings settings{""};
  for (bool first = true; first || !text.empty(); first = false) {
    const std::size_t end = text.find('\n');
    const std::size_t equals = text.find('=');
    if (end == std::string_view::npos || equals >= end) fail();
    std::string name(text.substr(0, equals));
    std::optional<std::string> value = unescaped(text.substr(equals + 1, end - equals - 1));
    text.remove_prefix(end + 1);
    if (!value || first != (name == "format")) fail();
    if (first) {
      settings.kind_ = *std::move(value);
      continue;
    }
    if (std::ranges::find(settings.values_, name, &std::pair<std::string, std::string>::first) !=
        settings.values_.end()) {
      settings.refuse("the setting " + core::quoted(name) + " is repeated");
    }
    settings.values_.emplace_back(std::move(name), *std::move(value));
  }
  return settings;
}

std::string FormatSettings::text() const {
  std::string text = "format=" + escaped(kind_) + "\n";
  for (const auto& [name, value] : values_) text += name + "=" + escaped(value) + "\n";
  return text;
}

FormatSettings& FormatSettings::set(std::string name, std::string value) {
  values_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::optional<std::string> FormatSettings::take(std::string_view name) {
  const auto found = std::ranges::find(values_, name, &std::pair<std::string, std::string>::first);
  if (found == values_.end()) return std::nullopt;
  std::string value = std::move(found->second);
  values_.erase(found);
  return value;
}

std::optional<std::uint64_t> FormatSettings::take_number(std::string_view name) {
  const std::optional<std::string> text = take(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end) {
    refuse(std::string(name) + " is " + core::quoted(*text) + ", must be a number from 0 on");
  }
  return number;
}

std::uint64_t FormatSettings::take_required_number(std::string_view name) {
  const std::optional<std::uint64_t> number = take_number(name);
  if (!number) refuse("the setting " + core::quoted(name) + " is missing");
  return *number;
}

std::optional<bool> FormatSettings::take_choice(std::string_view name, std::string_view yes, std::string_view no) {
  const std::optional<std::string> text = take(name);
  if (!text) return std::nullopt;
  if (*text != yes && *text != no) {
    refuse(std::string(name) + " is " + core::quoted(*text) + ", must be " + core::quoted(yes) + " or " +
           core::quoted(no));
  }
  return *text == yes;
}

bool FormatSettings::take_required_choice(std::string_view name, std::string_view yes, std::string_view no) {
  const std::optional<bool> choice = take_choice(name, yes, no);
  if (!choice) refuse("the setting " + core::quoted(name) + " is missing");
  return *choice;
}

void FormatSettings::check_all_taken() const {
  if (!values_.empty()) refuse("there is no setting " + core::quoted(values_.front().first));
}

void FormatSettings::refuse(const std::string& what) const {
  throw Error(ErrorKind::kInvalidArgument, "format " + core::quoted(kind_) + ": " + what);
}

}  // namespace modyn
