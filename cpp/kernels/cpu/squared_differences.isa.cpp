#include "kernels/cpu/squared_differences.hpp"
#include "kernels/cpu/block_distances.hpp"
#include "kernels/cpu/vector.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

using Doubles [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = double;
using Halves [[gnu::vector_size(MODYN_VECTOR_BYTES / 2)]] = float;
constexpr std::size_t kDoubles = MODYN_VECTOR_BYTES / sizeof(double);
// Samples of a block that are handled at once, and rows they are held against: as many as there are registers for.
constexpr std::size_t kVectors = 4;
constexpr std::size_t kRows = MODYN_VECTOR_BYTES == 64 ? 4 : 2;

template <std::size_t rows>
MODYN_INLINE void add_up(const float* samples, std::size_t width, const double* row, double* out) {
  Doubles sums[rows][kVectors] = {};
  for (std::size_t at = 0; at < width; ++at) {
    Doubles numbers[kVectors];
    for (std::size_t vector = 0; vector < kVectors; ++vector) {
      Halves narrow;
      __builtin_memcpy(&narrow, samples + at * kBlockSamples + vector * kDoubles, sizeof(narrow));
      numbers[vector] = __builtin_convertvector(narrow, Doubles);
    }
#pragma GCC unroll 4
    for (std::size_t one = 0; one < rows; ++one) {
      for (std::size_t vector = 0; vector < kVectors; ++vector) {
        const Doubles difference = numbers[vector] - row[one * width + at];
        sums[one][vector] += difference * difference;
      }
    }
  }
  for (std::size_t one = 0; one < rows; ++one) {
    __builtin_memcpy(out + one * kBlockSamples, sums[one], sizeof(sums[one]));
  }
}

}  // namespace

void squared_differences(const float* block, std::size_t width, const double* rows, std::size_t count,
                         double* out) noexcept {
  for (std::size_t sample = 0; sample < kBlockSamples; sample += kVectors * kDoubles) {
    std::size_t row = 0;
    for (; row + kRows <= count; row += kRows) {
      add_up<kRows>(block + sample, width, rows + row * width, out + row * kBlockSamples + sample);
    }
    for (; row < count; ++row) {
      add_up<1>(block + sample, width, rows + row * width, out + row * kBlockSamples + sample);
    }
  }
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
