#include "core/message.hpp"

#include <cstddef>
#include <system_error>

#include "modyn/error.hpp"

namespace modyn::core {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// Length of the well-formed UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates), 0 if there is none.
std::size_t sequence_length(std::string_view bytes, std::size_t at) {
  const unsigned lead = byte_at(bytes, at);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned smallest_second = 0x80;
  unsigned largest_second = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) smallest_second = 0xA0;
    if (lead == 0xED) largest_second = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) smallest_second = 0x90;
    if (lead == 0xF4) largest_second = 0x8F;
  } else {
    return 0;
  }
  if (bytes.size() - at < length) return 0;
  const unsigned second = byte_at(bytes, at + 1);
  if (second < smallest_second || second > largest_second) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(bytes, at + i) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

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
    const std::size_t length = sequence_length(bytes, at);
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
