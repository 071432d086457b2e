// Gradients of a network's last layers, factorised: sample i has the gradient g_i of its loss with respect to the
// logits and, for the last layer's weights too, the embedding e_i that went into it. Its gradient is then
// [g_i ; vec(g_i e_i^T)], of C + C * E numbers, which is never written down:
//
//   <f_i, f_j> = <g_i, g_j> * (1 + <e_i, e_j>)
//
// Matrices are row-major and dense, float32.
#pragma once

#include <cstddef>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

struct GradientFactors {
  const float* gradients;   // [count, classes]
  const float* embeddings;  // [count, embedding], or null: the gradient is g_i alone
  std::size_t count;
  std::size_t classes;
  std::size_t embedding;  // 0 without embeddings
};

// out[i, j] = <f_i of a, f_j of b>, [a.count, b.count].
void gradient_inner_products(const GradientFactors& a, const GradientFactors& b, float* out, const Threads& threads);

// out[i, j] = |f_i of a - f_j of b|, [a.count, b.count]; exact to about the last digits of float32 whatever gradients
// and embeddings have in common (cpu/gradient_distances.hpp). NaN where a number is NaN.
void gradient_distances(const GradientFactors& a, const GradientFactors& b, float* out, const Threads& threads);

// out[i] = <f_i, f_i>, summed in float64.
void gradient_squared_norms(const GradientFactors& a, double* out, const Threads& threads);

// out[i] = <f_i, residual> = g_i^T R [1; e_i], where R, [classes, embedding + 1], is written as f_i would be: the
// column for the bias first.
void gradient_correlations(const GradientFactors& a, const float* residual, float* out, const Threads& threads);

// out = sum of weights[i] * f_i, [classes, embedding + 1]. Hundreds of samples are added in float32, their sums in
// float64.
void gradient_weighted_sum(const GradientFactors& a, const double* weights, double* out, const Threads& threads);

}  // namespace modyn::kernels
