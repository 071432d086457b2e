#pragma once

#include <cstddef>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

MODYN_FOR_EACH_ISA(
    // out[row * kBlockSamples + s] = squared distance of `count` rows, `stride` apart, and sample s of a block
    // (block_distances.hpp). Differences are taken in float32, where numbers that are close lose nothing; their squares
    // are added in float64.
    void squared_differences(const float* block, std::size_t width, const float* rows, std::size_t stride,
                             std::size_t count, double* out) noexcept;)

}  // namespace modyn::kernels
