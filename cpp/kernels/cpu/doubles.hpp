// Sums in float64, where digits would cancel in float32.
#pragma once

#include <cstddef>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

MODYN_FOR_EACH_ISA(
    // Inner product of `count` numbers, in float64; the order of the sum depends on the count alone.
    double product_of_doubles(const double* a, const double* b, std::size_t count) noexcept;
    double product_of_floats(const float* a, const float* b, std::size_t count) noexcept;
    double product_of_both(const double* a, const float* b, std::size_t count) noexcept;
    // to[i] += factor * from[i].
    void add_doubles(const double* from, double factor, double* to, std::size_t count) noexcept;
    void add_floats(const float* from, double factor, double* to, std::size_t count) noexcept;)

}  // namespace modyn::kernels
