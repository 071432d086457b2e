#pragma once

#include <cstddef>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

MODYN_FOR_EACH_ISA(
    // products[i] *= 1 + embeddings[i], for `count` numbers.
    void multiply_by_one_more(const float* embeddings, float* products, std::size_t count) noexcept;)

}  // namespace modyn::kernels
