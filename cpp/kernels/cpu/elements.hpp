// Reads numbers of any Element as float or double. Only for `*.isa.cpp`.
#pragma once

#include "kernels/cpu/lanes.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

inline constexpr std::size_t kHalfVectorBytes = MODYN_VECTOR_BYTES / 2;
using Halves [[gnu::vector_size(kHalfVectorBytes)]] = std::uint16_t;
using Words [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::uint32_t;

// Compilers do not find the instructions that do the whole conversion, so these are named where there are any.
MODYN_INLINE Words widened(const std::uint16_t* from) {
#if defined(__AVX512F__)
  return (Words)_mm512_maskz_cvtepu16_epi32(0xFFFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__AVX2__)
  return (Words)_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
  Halves halves;
  __builtin_memcpy(&halves, from, sizeof(halves));
  return __builtin_convertvector(halves, Words);
#endif
}

// An element type: `Stored` as it lies in memory, `Real` as it is computed with.
struct Float32 {
  using Stored = float;
  using Real = float;
  static MODYN_INLINE Floats vector(const Stored* from) { return read<Real>(from); }
  static MODYN_INLINE Real scalar(Stored value) { return value; }
  static MODYN_INLINE Stored lowest() { return -__builtin_inff(); }
};

struct Float64 {
  using Stored = double;
  using Real = double;
  static MODYN_INLINE Doubles vector(const Stored* from) { return read<Real>(from); }
  static MODYN_INLINE Real scalar(Stored value) { return value; }
  static MODYN_INLINE Stored lowest() { return -__builtin_inf(); }
};

// The element type of numbers of type Real.
template <typename Real>
struct ElementOf {
  using Type = Float32;
};
template <>
struct ElementOf<double> {
  using Type = Float64;
};

struct Bfloat16 {
  using Stored = std::uint16_t;
  using Real = float;
  static MODYN_INLINE Floats vector(const Stored* from) { return (Floats)(widened(from) << 16); }
  static MODYN_INLINE Real scalar(Stored value) { return __builtin_bit_cast(float, std::uint32_t{value} << 16); }
  static MODYN_INLINE Stored lowest() { return 0xFF80; }
};

struct Float16 {
  using Stored = std::uint16_t;
  using Real = float;
  // Exponent and mantissa moved to where float has them are 2^112 times too small; infinities and NaN get the
  // exponent that float gives them.
  static constexpr float kRaise = 0x1p112F;

  static MODYN_INLINE Floats vector(const Stored* from) {
#if defined(__AVX512F__)
    return (Floats)_mm512_maskz_cvtph_ps(0xFFFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
#elif defined(__AVX2__)
    return (Floats)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
#else
    const Words halves = widened(from);
    const Words magnitude = (halves & 0x7FFF) << 13;
    const Words finite = (Words)(((Floats)magnitude) * kRaise);
    const Words bits = magnitude >= (0x7C00U << 13) ? (magnitude | 0x7F800000U) : finite;
    return (Floats)(bits | ((halves & 0x8000) << 16));
#endif
  }
  static MODYN_INLINE Real scalar(Stored value) {
    const std::uint32_t magnitude = (std::uint32_t{value} & 0x7FFFU) << 13;
    const auto finite = __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) * kRaise);
    const std::uint32_t bits = magnitude >= (0x7C00U << 13) ? (magnitude | 0x7F800000U) : finite;
    return __builtin_bit_cast(float, bits | ((std::uint32_t{value} & 0x8000U) << 16));
  }
  static MODYN_INLINE Stored lowest() { return 0xFC00; }
};

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
