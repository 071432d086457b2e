#include "core/message.hpp"

#include <cstddef>
#include <system_error>

#include "core/utf8.hpp"
#include "modyn/error.hpp"

namespace modyn::core {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

void append_escaped(std::string& text, unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  text += "\\x";
  text += kDigits[byte >> 4U];
  text += kDigits[byte & 15U];
}

}  // namespace

std::string quoted(std::string_view bytes) {
  std::string text = "'";
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = utf8_sequence_length(bytes, at);
    const unsigned char byte = byte_at(bytes, at);
    if (length == 0 || byte < 0x20 || byte == 0x7F || byte == '\'' || byte == '\\') {
      append_escaped(text, byte);
      ++at;
    } else {
      text.append(bytes, at, length);
      at += length;
    }
  }
  text += '\'';
  return text;
}

std::string quoted(const std::filesystem::path& path) { return quoted(std::string_view(path.native())); }

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string grouped(std::int64_t number) {
  if (number >= 0) return grouped(static_cast<std::uint64_t>(number));
  return "-" + grouped(std::uint64_t{0} - static_cast<std::uint64_t>(number));
}

std::string reason_of(int error_number) { return std::generic_category().message(error_number); }

void throw_system_error(std::string_view action, const std::filesystem::path& path, int error_number) {
  throw Error(ErrorKind::kIo, "cannot " + std::string(action) + " " + quoted(path) + ": " + reason_of(error_number));
}

}  // namespace modyn::core
