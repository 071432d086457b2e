// How the gradients of samples correlate with what is left of a target when weighted gradients have been taken off.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/cpu/packed_rows.hpp"
#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {

class Correlations {
 public:
  static constexpr std::size_t kTile = PackedRows::kRows;

  virtual ~Correlations() = default;

  // What is left is the target less weights[i] times the gradient of sample members[i], for every i.
  virtual void take_off(const std::vector<std::size_t>& members, const std::vector<double>& weights) = 0;
  // Correlations with what is left, of the samples of one tile.
  virtual void correlate(std::size_t tile, float* out) const = 0;
  [[nodiscard]] virtual double product_with_target(std::size_t sample) const = 0;
  // out[i] = product of the gradients of a sample and of members[i].
  virtual void products(std::size_t sample, const std::vector<std::size_t>& members, double* out) const = 0;
};

// `target` is [classes, embedding + 1] and has to outlive what is returned, as the samples have to.
[[nodiscard]] std::unique_ptr<Correlations> correlations(const GradientFactors& samples,
                                                         const std::vector<double>& target, const Threads& threads);

}  // namespace modyn::kernels
