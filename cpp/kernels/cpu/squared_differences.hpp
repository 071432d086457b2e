#pragma once

#include <cstddef>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

MODYN_FOR_EACH_ISA(
    // out[row * kBlockSamples + s] = squared distance of one of `count` rows and sample s of a block
    // (block_distances.hpp). Differences of float32 numbers are exact in float64 but for what is below their last
    // digits; rows are given in float64 so that they are converted once.
    void squared_differences(const float* block, std::size_t width, const double* rows, std::size_t count,
                             double* out) noexcept;)

}  // namespace modyn::kernels
