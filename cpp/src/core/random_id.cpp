#include "core/random_id.hpp"

#include <cstring>
#include <random>
#include <span>

namespace modyn::core {

RandomId random_id() {
  std::random_device device;
  RandomId id{};
  for (std::size_t at = 0; at < id.size(); at += 4) {
    const unsigned word = device();
    std::memcpy(id.data() + at, &word, 4);
  }
  return id;
}

std::string random_hex() {
  constexpr char kDigits[] = "0123456789abcdef";
  const RandomId id = random_id();
  std::string text;
  for (const std::byte byte : std::span(id).first<8>()) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

}  // namespace modyn::core
