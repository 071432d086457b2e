// Blocks of samples, and their distances to centers. Differences are taken before they are squared, so no digits are
// lost whatever the features have in common, and integers give exact distances.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

// Samples of a block lie side by side: number `at` of sample s is block[at * kBlockSamples + s].
inline constexpr std::size_t kBlockSamples = 32;

MODYN_FOR_EACH_ISA(
    // Lays `count` rows, at most kBlockSamples, out as a block; the rest of it is zero. Says whether all numbers are
    // finite.
    bool pack_block(const float* const* rows, std::size_t count, std::size_t width, float* block) noexcept;
    // For each sample and each center in turn: where the squared distance is below nearest[s], it becomes that, and
    // owners[s] becomes numbers[center]. Each sum runs over the width from the front, in float32.
    void visit_centers(const float* block, std::size_t width, const float* const* centers, const std::int32_t* numbers,
                       std::size_t count, float* nearest, std::int32_t* owners) noexcept;
    // The largest of kBlockSamples numbers.
    float largest(const float* numbers) noexcept;
    // out[i] = squared distance of `one` and others[i].
    void squared_distances(const float* one, const float* const* others, std::size_t count, std::size_t width,
                           float* out) noexcept;
    // The mean of the first `count` samples of a block, and the largest squared distance of one of them to it.
    float bounding_ball(const float* block, std::size_t count, std::size_t width, float* middle) noexcept;)

}  // namespace modyn::kernels
