// One source, compiled once for each set of vector instructions.
//
// A file named `x.isa.cpp` is compiled several times, each time with other compiler flags and with
// MODYN_ISA_NAMESPACE set to portable, avx2 or avx512. Its functions live in that namespace inside
// modyn::kernels, are declared by MODYN_FOR_EACH_ISA in a header, and are called through MODYN_DISPATCH:
//
//   MODYN_FOR_EACH_ISA(void add(const float* a, const float* b, float* out, std::size_t count);)  // add.hpp
//   void add(...) { MODYN_DISPATCH(add)(a, b, out, count); }                                       // add.cpp
//
// Such a file must not use inline functions or templates of the standard library (no std::vector, no
// std::sort): the linker keeps one copy of each in the program, and it could keep the one that was compiled for
// instructions that this processor does not have. Plain pointers, std::size_t and what vector.hpp defines are
// enough; everything else belongs into the caller.
#pragma once

#include "modyn/kernels/isa.hpp"

#if defined(__x86_64__) && !defined(MODYN_PORTABLE_KERNELS)
#define MODYN_FOR_EACH_ISA(...) \
  namespace portable {          \
  __VA_ARGS__                   \
  }                             \
  namespace avx2 {              \
  __VA_ARGS__                   \
  }                             \
  namespace avx512 {            \
  __VA_ARGS__                   \
  }
#define MODYN_DISPATCH(function) (*::modyn::kernels::choose(&portable::function, &avx2::function, &avx512::function))
#else
#define MODYN_FOR_EACH_ISA(...) \
  namespace portable {          \
  __VA_ARGS__                   \
  }
#define MODYN_DISPATCH(function) portable::function
#endif

namespace modyn::kernels {

template <typename Function>
[[nodiscard]] Function* choose(Function* portable, Function* avx2, Function* avx512) noexcept {
  switch (isa()) {
    case Isa::kAvx512:
      return avx512;
    case Isa::kAvx2:
      return avx2;
    case Isa::kPortable:
      break;
  }
  return portable;
}

}  // namespace modyn::kernels
