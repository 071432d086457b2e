// A message is a polynomial over two elements, and only its remainder counts. 512 bits that lie D bits before
// others can be multiplied by x^D mod P and added to those: what is left is D bits shorter and has the same
// remainder. Four registers are folded side by side, then into one, then into 128 bits, and the crc32
// instruction takes the remainder of these. (Gopal et al., "Fast CRC computation for generic polynomials using
// PCLMULQDQ", Intel, 2009.)
#include "core/crc32c_wide.hpp"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace modyn::core {

#if defined(__x86_64__)
namespace {

#define MODYN_WIDE_TARGET __attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.2")))

// x^exponent mod P, with bits reversed and moved up by one, as a reversed product needs it.
constexpr std::int64_t power_of_x(unsigned exponent) {
  std::uint32_t power = 0x80000000U;
  for (unsigned i = 0; i < exponent; ++i) power = (power >> 1U) ^ ((power & 1U) != 0 ? 0x82F63B78U : 0U);
  return static_cast<std::int64_t>(std::uint64_t{power} << 1U);
}

// To fold by `bits`: for the lower and the upper 64 bits of each 128.
template <unsigned bits>
MODYN_WIDE_TARGET __m512i wide_factors() noexcept {
  return _mm512_set_epi64(power_of_x(bits - 32), power_of_x(bits + 32), power_of_x(bits - 32), power_of_x(bits + 32),
                          power_of_x(bits - 32), power_of_x(bits + 32), power_of_x(bits - 32), power_of_x(bits + 32));
}

MODYN_WIDE_TARGET __m512i fold(__m512i value, __m512i factors, __m512i next) noexcept {
  constexpr int kExclusiveOrOfThree = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(value, factors, 0x00),
                                   _mm512_clmulepi64_epi128(value, factors, 0x11), next, kExclusiveOrOfThree);
}

MODYN_WIDE_TARGET __m128i fold(__m128i value, __m128i next) noexcept {
  const __m128i factors = _mm_set_epi64x(power_of_x(128 - 32), power_of_x(128 + 32));
  return _mm_xor_si128(
      _mm_xor_si128(_mm_clmulepi64_si128(value, factors, 0x00), _mm_clmulepi64_si128(value, factors, 0x11)), next);
}

MODYN_WIDE_TARGET __m512i load(const std::byte* at) noexcept { return _mm512_loadu_si512(at); }

MODYN_WIDE_TARGET __m128i load_128(const std::byte* at) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

}  // namespace

bool crc32c_has_wide() noexcept {
  static const bool available = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                                __builtin_cpu_supports("vpclmulqdq") != 0 && __builtin_cpu_supports("pclmul") != 0 &&
                                __builtin_cpu_supports("sse4.2") != 0;
  return available;
}

MODYN_WIDE_TARGET std::uint32_t crc32c_wide(std::span<const std::byte>& bytes, std::uint32_t previous) noexcept {
  constexpr std::size_t kStep = 256;
  if (bytes.size() < 2 * kStep) return previous;
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size() / kStep * kStep;
  // What came before is added to the first 32 bits.
  __m512i first = _mm512_xor_si512(load(at), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(~previous))));
  __m512i second = load(at + 64);
  __m512i third = load(at + 128);
  __m512i fourth = load(at + 192);
  const __m512i by_step = wide_factors<8 * kStep>();
  for (at += kStep; at != end; at += kStep) {
    first = fold(first, by_step, load(at));
    second = fold(second, by_step, load(at + 64));
    third = fold(third, by_step, load(at + 128));
    fourth = fold(fourth, by_step, load(at + 192));
  }
  const __m512i by_register = wide_factors<512>();
  const __m512i all = fold(fold(fold(first, by_register, second), by_register, third), by_register, fourth);
  alignas(64) std::array<std::byte, 64> last;
  _mm512_store_si512(last.data(), all);
  __m128i rest = load_128(last.data());
  for (std::size_t i = 16; i < last.size(); i += 16) rest = fold(rest, load_128(last.data() + i));
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(rest));
  const auto high = static_cast<std::uint64_t>(_mm_extract_epi64(rest, 1));
  bytes = bytes.subspan(static_cast<std::size_t>(end - bytes.data()));
  return ~static_cast<std::uint32_t>(_mm_crc32_u64(_mm_crc32_u64(0, low), high));
}

#else

bool crc32c_has_wide() noexcept { return false; }
std::uint32_t crc32c_wide(std::span<const std::byte>&, std::uint32_t previous) noexcept { return previous; }

#endif

}  // namespace modyn::core
