// Inner products of the rows of one matrix with those of another, tile by tile: what similarities and distances
// are made of. The caller keeps a tile in its cache and works on it there, so no matrix of all pairs is written.
#pragma once

#include <cstddef>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

MODYN_FOR_EACH_ISA(
    // Numbers that `count` packed rows of `width` take.
    std::size_t packed_size(std::size_t count, std::size_t width) noexcept;
    // Lays `count` rows of `width` numbers, each `stride` after the one before, out for inner_products.
    void pack_rows(const float* rows, std::size_t stride, std::size_t count, std::size_t width, float* packed) noexcept;
    // The same for `count` columns of a matrix whose `width` rows lie `stride` apart.
    void pack_columns(const float* columns, std::size_t stride, std::size_t count, std::size_t width,
                      float* packed) noexcept;
    // out[i * out_stride + j] = inner product of row i of `a` and packed row j. Each sum runs over the width
    // from the front, in float32, whatever the sizes.
    void inner_products(const float* a, std::size_t a_stride, std::size_t a_count, const float* packed,
                        std::size_t count, std::size_t width, float* out, std::size_t out_stride) noexcept;
    // The same in float64, at half the speed: products of float32 numbers are exact then, and so are sums of few
    // digits. `a` has its rows one after another.
    void wide_inner_products(const double* a, std::size_t a_count, const float* packed, std::size_t count,
                             std::size_t width, double* out, std::size_t out_stride) noexcept;
    void widen(const float* from, std::size_t count, double* to) noexcept;)

}  // namespace modyn::kernels
