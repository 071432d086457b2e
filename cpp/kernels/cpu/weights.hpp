// Passes over the weights of samples, each compiled for every set of vector instructions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/dispatch.hpp"
#include "modyn/kernels/weights.hpp"

namespace modyn::kernels {

inline constexpr unsigned kProbabilityBits = 62;
inline constexpr std::uint64_t kCertain = std::uint64_t{1} << kProbabilityBits;

// A sample of weight w has min(1, (scale * w + floor) / threshold) in units of 2^-62, at least one; without a weight
// and a floor it has `of_zero`.
struct InclusionRule {
  double scale = 1;
  double floor = 0;
  double threshold = 1;
  std::uint64_t of_zero = 0;
};

// What is negative or not finite counts as 0.
struct WeightSums {
  double total;  // of scale * w
  double largest;
  std::size_t positive;
  std::size_t unusable;
};

// A sum of units, as multiples of kCertain and what is left.
struct UnitSum {
  std::size_t certain;
  std::uint64_t rest;
};

// An address without its index.
struct PhiloxKey {
  std::uint64_t seed;
  std::uint32_t trigger;
  std::uint32_t purpose;
};

MODYN_FOR_EACH_ISA(WeightSums sum_weights(const Weights& weights, double scale) noexcept;
                   // The sum of all scale * w + floor that are less than `bound`; the others go to `at_least`, which
                   // has room for all and one more.
                   double sum_below(const Weights& weights, const InclusionRule& rule, double bound, double* at_least,
                                    std::size_t& at_least_count) noexcept;
                   // At most 2^31 weights.
                   UnitSum inclusion_units(const Weights& weights, const InclusionRule& rule,
                                           std::uint64_t* units) noexcept;
                   // The words of Philox at `index`, + 1, ...: two and two of them as one number.
                   void philox_pairs(const PhiloxKey& key, std::uint64_t index, std::size_t count, std::uint64_t* first,
                                     std::uint64_t* second) noexcept;)

}  // namespace modyn::kernels
