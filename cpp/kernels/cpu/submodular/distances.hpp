// Distances of pairs as whole numbers, from the inner products of their centred factors.
//
// A gradient is f = (h + g) (m + u)^T, where h and m are what all gradients g and all [1 ; e] have in common. Then
//
//   |f_i - f_j|^2 = (|g_i|^2 - G) (M_i + E) + (|u_i|^2 - E) |h + g_i|^2 + the same of j
//                   + 2 (<h, g_i> - <h, g_j>) (<m, u_i> - <m, u_j>)
//
// with G = <g_i, g_j>, E = <u_i, u_j> and M = |m|^2 + 2 <m, u>. Nothing of it is larger than the differences between
// gradients are, so no digits are lost to what they have in common; and 0 comes out where factors are equal.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

// What a sample brings to its distances. Without embeddings all but the first are 0.
struct SampleTerms {
  double gradient;        // |g|^2
  double embedding;       // |u|^2
  double whole_gradient;  // |h + g|^2
  double whole_rest;      // |m|^2 + 2 <m, u>
  double along_gradient;  // <h, g>
  double along_rest;      // <m, u>
};
inline constexpr std::size_t kSampleTerms = sizeof(SampleTerms) / sizeof(double);

MODYN_FOR_EACH_ISA(
    // Inner products to top - distance * kOne / 2, where squared distances are multiplied by `scale` first and are at
    // most 4 then. `embeddings` are products too, or null. The terms of columns come one after another, kTileColumns
    // numbers of each. A pair has the same distance turned round.
    void to_distance(const double* gradients, const double* embeddings, const SampleTerms* of_rows,
                     const double* of_columns, double scale, std::int32_t top, std::size_t rows, std::size_t columns,
                     std::int32_t* similarities) noexcept;)

}  // namespace modyn::kernels
