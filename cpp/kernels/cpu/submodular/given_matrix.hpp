// Matrices of similarities that are given.
#pragma once

#include <cstddef>
#include <vector>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// False if a number is NaN.
[[nodiscard]] bool is_symmetric(const float* matrix, std::size_t size, const Threads& threads);
// [columns, rows]. Throws std::invalid_argument if a number is NaN.
[[nodiscard]] std::vector<float> transposed(const float* matrix, std::size_t rows, std::size_t columns,
                                            const Threads& threads);
[[noreturn]] void refuse_candidate(std::size_t candidate);

}  // namespace modyn::kernels
