#include "core/crc32c.hpp"

#include "core/crc32c_wide.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define MODYN_CRC_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#if defined(__clang__)
#define MODYN_CRC_TARGET __attribute__((target("crc")))
#else
#define MODYN_CRC_TARGET __attribute__((target("+crc")))
#endif
#endif

namespace modyn::core {
namespace {

// 0x1EDC6F41 with its bits reversed.
constexpr std::uint32_t kPolynomial = 0x82F63B78U;

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Table make_table() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
    table[0][byte] = crc;
  }
  for (std::size_t row = 1; row < 8; ++row) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[row - 1][byte];
      table[row][byte] = (before >> 8U) ^ table[0][before & 0xFFU];
    }
  }
  return table;
}

constexpr Table kTable = make_table();

std::uint64_t load_word(const std::byte* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

#if defined(MODYN_CRC_TARGET)

#if defined(__x86_64__)
bool detect_hardware() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
MODYN_CRC_TARGET std::uint64_t add_word(std::uint64_t crc, std::uint64_t word) noexcept {
  return _mm_crc32_u64(crc, word);
}
MODYN_CRC_TARGET std::uint64_t add_byte(std::uint64_t crc, std::byte byte) noexcept {
  return _mm_crc32_u8(static_cast<std::uint32_t>(crc), std::to_integer<unsigned char>(byte));
}
#else
bool detect_hardware() noexcept {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#else
  return true;  // every 64-bit Apple processor has it
#endif
}
MODYN_CRC_TARGET std::uint64_t add_word(std::uint64_t crc, std::uint64_t word) noexcept {
  return __crc32cd(static_cast<std::uint32_t>(crc), word);
}
MODYN_CRC_TARGET std::uint64_t add_byte(std::uint64_t crc, std::byte byte) noexcept {
  return __crc32cb(static_cast<std::uint32_t>(crc), std::to_integer<unsigned char>(byte));
}
#endif

MODYN_CRC_TARGET std::uint32_t hardware(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  std::uint64_t crc = ~previous;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) crc = add_word(crc, load_word(at));
  for (; left > 0; --left, ++at) crc = add_byte(crc, *at);
  return ~static_cast<std::uint32_t>(crc);
}

// The instruction takes three cycles but one can start in each: three blocks side by side keep it busy.
MODYN_CRC_TARGET void hardware_three(const std::byte* first, std::size_t block_bytes,
                                     std::uint32_t* checksums) noexcept {
  std::array<std::uint64_t, 3> crc{0xFFFFFFFFU, 0xFFFFFFFFU, 0xFFFFFFFFU};
  for (std::size_t at = 0; at < block_bytes; at += 8) {
    crc[0] = add_word(crc[0], load_word(first + at));
    crc[1] = add_word(crc[1], load_word(first + block_bytes + at));
    crc[2] = add_word(crc[2], load_word(first + 2 * block_bytes + at));
  }
  for (std::size_t i = 0; i < 3; ++i) checksums[i] = ~static_cast<std::uint32_t>(crc[i]);
}

#else

bool detect_hardware() noexcept { return false; }
std::uint32_t hardware(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  return crc32c_table(bytes, previous);
}
void hardware_three(const std::byte*, std::size_t, std::uint32_t*) noexcept {}

#endif

}  // namespace

bool crc32c_has_hardware() noexcept {
  static const bool available = detect_hardware();
  return available;
}

std::uint32_t crc32c_hardware(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  return hardware(bytes, previous);
}

std::uint32_t crc32c_table(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  std::uint32_t crc = ~previous;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint64_t word = load_word(at) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTable[7 - i][(word >> (8 * i)) & 0xFFU];
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8U) ^ kTable[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t previous) noexcept {
  if (crc32c_has_wide()) previous = crc32c_wide(bytes, previous);
  return crc32c_has_hardware() ? hardware(bytes, previous) : crc32c_table(bytes, previous);
}

void crc32c_blocks(std::span<const std::byte> bytes, std::size_t block_bytes,
                   std::span<std::uint32_t> checksums) noexcept {
  std::size_t block = 0;
  if (!crc32c_has_wide() && crc32c_has_hardware() && block_bytes % 8 == 0) {
    for (; (block + 3) * block_bytes <= bytes.size(); block += 3) {
      hardware_three(bytes.data() + block * block_bytes, block_bytes, checksums.data() + block);
    }
  }
  for (; block < checksums.size(); ++block) {
    const std::size_t first = block * block_bytes;
    checksums[block] = crc32c(bytes.subspan(first, std::min(block_bytes, bytes.size() - first)));
  }
}

}  // namespace modyn::core
