#include "core/random_id.hpp"

#include <cerrno>

#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "core/message.hpp"

namespace modyn::core {

RandomId random_id() {
  RandomId id{};
  // Not std::random_device: the processor instruction behind it takes ten times as long.
  if (::getentropy(id.data(), id.size()) != 0) throw_system_error("read random bits from", "the system", errno);
  return id;
}

std::string hexadecimal(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 15U];
  }
  return text;
}

std::string random_hex() {
  const RandomId id = random_id();
  return hexadecimal(std::span(id).first<8>());
}

}  // namespace modyn::core
