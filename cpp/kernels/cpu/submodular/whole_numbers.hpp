// Vectors of whole numbers, and how floats become such. Only for `*.isa.cpp`.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "kernels/cpu/lanes.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

using HalfFloats [[gnu::vector_size(MODYN_VECTOR_BYTES / 2)]] = float;

MODYN_INLINE Ints load_ints(const std::int32_t* from) {
  Ints value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

MODYN_INLINE void store_ints(std::int32_t* to, Ints value) { __builtin_memcpy(to, &value, sizeof(value)); }

MODYN_INLINE Ints broadcast_int(std::int32_t value) { return value - Ints{}; }

MODYN_INLINE Ints greater_int(Ints a, Ints b) { return a > b ? a : b; }
MODYN_INLINE Ints smaller_int(Ints a, Ints b) { return a < b ? a : b; }

MODYN_INLINE Floats square_root(Floats value) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(0xFFFF, value);  // GCC 12 warns of the plain one
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(value);
#elif defined(__x86_64__)
  return _mm_sqrt_ps(value);
#else
  for (std::size_t lane = 0; lane < kLanes; ++lane) value[lane] = __builtin_sqrtf(value[lane]);
  return value;
#endif
}

// Through memory, the wide load would wait for two narrow stores.
MODYN_INLINE Floats joined(HalfFloats low, HalfFloats high) {
#if MODYN_VECTOR_BYTES == 64
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif MODYN_VECTOR_BYTES == 32
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
  return __builtin_shufflevector(low, high, 0, 1, 2, 3);
#endif
}

// To the nearest whole number, for numbers from 0 on.
MODYN_INLINE Ints whole(Floats value) { return __builtin_convertvector(value + 0.5F, Ints); }

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
