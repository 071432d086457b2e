// Inclusion probabilities of samples, as integers in units of 2^-62.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/sampling.hpp"

namespace modyn::kernels {

inline constexpr unsigned kProbabilityBits = 62;
inline constexpr std::uint64_t kCertain = std::uint64_t{1} << kProbabilityBits;

// Samples of one part, summed on their own; parts depend on the number of samples alone.
inline constexpr std::size_t kSamplesOfPart = std::size_t{1} << 14;

[[nodiscard]] constexpr std::size_t part_count(std::size_t samples) noexcept {
  return (samples + kSamplesOfPart - 1) / kSamplesOfPart;
}

// 0 for what is negative or not finite.
template <typename Weight>
[[nodiscard]] constexpr double usable(Weight weight) noexcept {
  const auto wide = static_cast<double>(weight);
  return wide > 0 && wide - wide == 0 ? wide : 0;
}

// A sample of weight w has min(1, (scale * w + floor) / threshold), but at least 2^-62; without a weight and a floor it
// has `of_zero`.
struct InclusionRule {
  double scale = 1;
  double floor = 0;
  double threshold = 1;
  std::uint64_t of_zero = 0;

  [[nodiscard]] std::uint64_t operator()(double usable_weight) const noexcept {
    const double weight = scale * usable_weight + floor;
    if (weight <= 0) return usable_weight > 0 ? 1 : of_zero;
    if (weight >= threshold) return kCertain;
    const auto units = static_cast<std::uint64_t>(weight / threshold * static_cast<double>(kCertain));
    return units == 0 ? 1 : units;
  }
};

struct Inclusion {
  InclusionRule rule;
  std::size_t unusable;  // weights that are negative or not finite
};

// The rule whose probabilities sum up to k, which is less than the number of samples.
[[nodiscard]] Inclusion find_inclusion(const Weights& weights, std::size_t k, double smoothing, const Threads& threads);

// Calls with(weights as what they are).
template <typename With>
auto with_type(const Weights& weights, const With& with) {
  if (weights.type == WeightType::kFloat32) return with(static_cast<const float*>(weights.values));
  return with(static_cast<const double*>(weights.values));
}

}  // namespace modyn::kernels
