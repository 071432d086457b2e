// Inclusion probabilities of samples, as integers in units of 2^-62.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/cpu/weights.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// Samples in parts that depend on their number alone.
inline constexpr std::size_t kSamplesOfPart = std::size_t{1} << 13;

[[nodiscard]] constexpr std::size_t part_count(std::size_t samples) noexcept {
  return (samples + kSamplesOfPart - 1) / kSamplesOfPart;
}

[[nodiscard]] constexpr std::size_t size_of(WeightType type) noexcept {
  return type == WeightType::kFloat32 ? sizeof(float) : sizeof(double);
}

// Weights [first, first + count).
[[nodiscard]] inline Weights part_of(const Weights& weights, std::size_t first, std::size_t count) noexcept {
  return {.values = static_cast<const char*>(weights.values) + first * size_of(weights.type),
          .type = weights.type,
          .count = count};
}

[[nodiscard]] inline Weights part_of(const Weights& weights, std::size_t part) noexcept {
  const std::size_t first = part * kSamplesOfPart;
  return part_of(weights, first, std::min(kSamplesOfPart, weights.count - first));
}

struct Inclusion {
  InclusionRule rule;
  std::size_t unusable;  // weights that are negative or not finite
};

// The rule whose probabilities sum up to k, which is at least 1 and less than the number of samples.
[[nodiscard]] Inclusion find_inclusion(const Weights& weights, std::size_t k, double smoothing, const Threads& threads);

// All sums, added up in the order of the parts.
[[nodiscard]] WeightSums sum_all(const Weights& weights, double scale, const Threads& threads);

}  // namespace modyn::kernels
