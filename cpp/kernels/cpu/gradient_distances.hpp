// Distances of factorised gradients to those of chosen samples, without a difference of large numbers. With u = [1 ;
// e], f = g u^T, and with the middle of a pair, g' = (g_i + g_j) / 2 and u' = (u_i + u_j) / 2,
//
//   f_i - f_j = (g_i - g_j) u'^T + g' (u_i - u_j)^T, so
//   |f_i - f_j|^2 = |g_i - g_j|^2 |u'|^2 + |g'|^2 |e_i - e_j|^2 + 2 <g_i - g_j, g'> <u', u_i - u_j>.
//
// The last two products are half the differences of the squared norms, and |u'|^2 is the mean of the squared norms less
// a quarter of |e_i - e_j|^2: all that pairs need of each other are the distances of their factors. Everything is
// float64, so only gradients of which the three terms nearly cancel lose digits: their factors differ by far more than
// they do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {

// One factor of chosen samples: in blocks, with squared norms.
class FactorBlocks {
 public:
  // Rows of a matrix of `width` columns; none of a factor that there is not.
  FactorBlocks(const float* numbers, std::size_t width, std::span<const std::uint32_t> chosen, const Threads& threads);

  [[nodiscard]] double squared_norm(std::size_t place) const { return squared_norms_[place]; }
  // Squared distances of `count` rows and the samples of block `number`.
  void hold_against(const double* rows, std::size_t count, std::size_t number, double* out) const;

 private:
  std::size_t width_;
  std::vector<double> squared_norms_;
  std::vector<float> packed_;
};

class GradientDistances {
 public:
  static constexpr std::size_t kRows = 32;  // that are held against the chosen ones at once

  GradientDistances(const GradientFactors& samples, std::span<const std::uint32_t> chosen, const Threads& threads);

  // out[i * stride + j] = distance of sample rows[i] of `of`, at most kRows, and the j-th chosen one.
  void write(const GradientFactors& of, std::span<const std::uint32_t> rows, float* out, std::size_t stride) const;

 private:
  std::size_t count_;
  bool is_factorised_;
  FactorBlocks gradients_;
  FactorBlocks embeddings_;
};

}  // namespace modyn::kernels
