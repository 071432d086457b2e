// Vectors of float or of double under one name, for kernels that are written once for both. Only for `*.isa.cpp`.
#pragma once

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "kernels/cpu/vector.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

using Doubles [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = double;
using Longs [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::int64_t;

// Lanes<float>::Values is Floats, and Lanes<float>::Bits are integers as wide; with double likewise.
template <typename Real>
struct Lanes;

template <>
struct Lanes<float> {
  using Values = Floats;
  using Bits = Ints;
  using Integer = std::int32_t;
  static constexpr std::size_t kCount = kLanes;
};

template <>
struct Lanes<double> {
  using Values = Doubles;
  using Bits = Longs;
  using Integer = std::int64_t;
  static constexpr std::size_t kCount = kLanes / 2;
};

template <typename Real>
using Values = typename Lanes<Real>::Values;
template <typename Real>
using Bits = typename Lanes<Real>::Bits;
template <typename Real>
using Integer = typename Lanes<Real>::Integer;

template <typename Real>
MODYN_INLINE Values<Real> read(const Real* from) {
  Values<Real> value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

template <typename Real>
MODYN_INLINE void write(Real* to, Values<Real> value) {
  __builtin_memcpy(to, &value, sizeof(value));
}

template <typename Real>
MODYN_INLINE void write_some(Real* to, std::size_t count, Values<Real> value) {
  Real lanes[Lanes<Real>::kCount];
  write<Real>(lanes, value);
  for (std::size_t lane = 0; lane < count; ++lane) to[lane] = lanes[lane];
}

template <typename Real>
MODYN_INLINE Values<Real> all(Real value) {
  return value - Values<Real>{};
}

// Whether the mask has a lane.
template <typename Real>
MODYN_INLINE bool any(Bits<Real> mask) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_testz_si256((__m256i)mask, (__m256i)mask) == 0;
#else
  Integer<Real> lanes = 0;
  for (std::size_t lane = 0; lane < Lanes<Real>::kCount; ++lane) lanes |= mask[lane];
  return lanes != 0;
#endif
}

template <typename Real>
MODYN_INLINE Values<Real> square_root(Values<Real> value) {
  Values<Real> root;
  for (std::size_t lane = 0; lane < Lanes<Real>::kCount; ++lane) {
    if constexpr (sizeof(Real) == sizeof(float)) {
      root[lane] = __builtin_sqrtf(value[lane]);
    } else {
      root[lane] = __builtin_sqrt(value[lane]);
    }
  }
  return root;
}

// Sum of the lanes, halves first, as `sum` does.
template <typename Real>
MODYN_INLINE Real total(Values<Real> value) {
  Real lanes[Lanes<Real>::kCount];
  write<Real>(lanes, value);
  for (std::size_t width = Lanes<Real>::kCount / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
