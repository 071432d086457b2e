// Matrices of similarities that are given.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// The largest number of a symmetric matrix, at least 0; nothing if it is not symmetric, or has a NaN or minus infinity.
[[nodiscard]] std::optional<float> largest_if_symmetric(const float* matrix, std::size_t size, const Threads& threads);

struct Transposed {
  std::vector<float> matrix;  // [columns, rows]
  float largest;              // at least 0
};
// Throws std::invalid_argument if a number is NaN or minus infinity.
[[nodiscard]] Transposed transposed(const float* matrix, std::size_t rows, std::size_t columns, const Threads& threads);

[[noreturn]] void refuse_candidate(std::size_t candidate);

}  // namespace modyn::kernels
