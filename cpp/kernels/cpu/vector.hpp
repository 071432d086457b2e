// Vectors of numbers as wide as the registers of the instruction set that a file is compiled for. Only for
// `*.isa.cpp` (see dispatch.hpp): everything here lives in that file's namespace.
//
// These are the vector extensions that GCC and Clang share: +, *, <, ?: work on them element by element.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(MODYN_ISA_NAMESPACE)
#error "only files that are compiled once for each instruction set include this"
#endif

#if defined(__AVX512F__)
#define MODYN_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define MODYN_VECTOR_BYTES 32
#else
#define MODYN_VECTOR_BYTES 16
#endif

#define MODYN_INLINE inline __attribute__((always_inline))

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

using Floats [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = float;
using Ints [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::int32_t;

inline constexpr std::size_t kLanes = MODYN_VECTOR_BYTES / sizeof(float);

MODYN_INLINE Floats load(const float* from) {
  Floats value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

MODYN_INLINE void store(float* to, Floats value) { __builtin_memcpy(to, &value, sizeof(value)); }

MODYN_INLINE Floats broadcast(float value) { return value - Floats{}; }

// The first `count` numbers, less than kLanes, and `rest` in the other lanes; reads no further.
MODYN_INLINE Floats load_some(const float* from, std::size_t count, float rest) {
  Floats value = broadcast(rest);
  for (std::size_t lane = 0; lane < count; ++lane) value[lane] = from[lane];
  return value;
}

MODYN_INLINE void store_some(float* to, std::size_t count, Floats value) {
  for (std::size_t lane = 0; lane < count; ++lane) to[lane] = value[lane];
}

MODYN_INLINE Floats greater(Floats a, Floats b) { return a > b ? a : b; }
MODYN_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }

// Sum of the lanes, always in the same order: halves are added until one lane is left.
MODYN_INLINE float sum(Floats value) {
  float lanes[kLanes];
  store(lanes, value);
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

MODYN_INLINE float maximum(Floats value) {
  float lanes[kLanes];
  store(lanes, value);
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) {
      lanes[lane] = lanes[lane] > lanes[lane + width] ? lanes[lane] : lanes[lane + width];
    }
  }
  return lanes[0];
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
