#include "core/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace modyn::core {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t at) noexcept { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

std::size_t utf8_sequence_length(std::string_view bytes, std::size_t at) noexcept {
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

std::size_t first_invalid_utf8(std::string_view bytes) noexcept {
  constexpr std::size_t kWord = 8;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t word = 0x80;
    if (bytes.size() - at >= kWord) std::memcpy(&word, bytes.data() + at, kWord);
    if ((word & 0x8080808080808080U) == 0) {
      at += kWord;
      continue;
    }
    const std::size_t length = utf8_sequence_length(bytes, at);
    if (length == 0) return at;
    at += length;
  }
  return bytes.size();
}

}  // namespace modyn::core
