#include "kernels/cpu/inclusion.hpp"

#include <cmath>
#include <vector>

namespace modyn::kernels {
namespace {

// Thresholds are kept above this by scaling, far from where numbers lose digits.
constexpr double kLeast = 0x1p-700;

// Weights that are at least a bound, in the order of the samples, and the sum of the others.
struct Large {
  std::vector<double> weights;
  double rest = 0;
};

Large at_least(const Weights& weights, const InclusionRule& rule, double bound, const Threads& threads) {
  std::vector<Large> of_parts(part_count(weights.count));
  threads.for_each(of_parts.size(), [&](std::size_t part) {
    const Weights own = part_of(weights, part);
    std::vector<double> found(own.count + 1);
    std::size_t count = 0;
    of_parts[part].rest = MODYN_DISPATCH(sum_below)(own, rule, bound, found.data(), count);
    of_parts[part].weights.assign(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count));
  });
  Large all;
  for (const Large& one : of_parts) {
    all.rest += one.rest;
    all.weights.insert(all.weights.end(), one.weights.begin(), one.weights.end());
  }
  return all;
}

struct Threshold {
  double value;
  bool is_exact;
};

// The zero of sum_i min(w_i, t) - k t, if it is at least the least of the large weights: by Newton's method from
// above, as this is concave in t. Else something between it and them.
Threshold solve(const Large& large, std::size_t k, double from) {
  constexpr int kSteps = 24;
  std::size_t certain = 0;
  for (int step = 0; step < kSteps; ++step) {
    double rest = large.rest;
    std::size_t at_least_from = 0;
    for (const double weight : large.weights) {
      rest += weight < from ? weight : 0;
      at_least_from += weight < from ? 0 : 1;
    }
    if (step > 0 && at_least_from == certain) return {.value = from, .is_exact = true};
    if (at_least_from >= k) break;  // by rounding
    certain = at_least_from;
    from = rest / static_cast<double>(k - certain);
  }
  return {.value = from, .is_exact = false};
}

// The same by sorting, for weights that would take Newton's method long.
double solve_sorted(const Large& all, std::size_t k) {
  std::vector<double> sorted = all.weights;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> totals(sorted.size() + 1);
  for (std::size_t at = 0; at < sorted.size(); ++at) totals[at + 1] = totals[at] + sorted[at];
  std::size_t certain = 0;
  while (certain + 1 < k &&
         sorted[sorted.size() - 1 - certain] * static_cast<double>(k - certain) >= totals[sorted.size() - certain]) {
    ++certain;
  }
  return totals[sorted.size() - certain] / static_cast<double>(k - certain);
}

// Powers of two that bring sums of such numbers into range; 1 for all but extreme ones.
double scale_for(double largest) {
  if (largest > 0x1p800) return 0x1p-200;
  return largest < 0x1p-700 ? 0x1p600 : 1;
}

// What puts the largest weight near 2^800, as far as a power of two can.
double largest_scale_for(double largest) { return std::ldexp(1.0, std::min(1000, 800 - std::ilogb(largest))); }

// The rule with a threshold, and if need be another scale, such that the probabilities sum up to k.
InclusionRule with_threshold(const Weights& weights, InclusionRule rule, std::size_t k, const WeightSums& sums,
                             double total, const Threads& threads) {
  constexpr int kPasses = 6;
  rule.threshold = total / static_cast<double>(k);
  if (sums.largest * rule.scale + rule.floor < rule.threshold) return rule;
  for (int pass = 0; pass < kPasses && rule.threshold >= kLeast; ++pass) {
    const double bound = rule.threshold / (pass == 0 ? 2 : 16);
    const Threshold found = solve(at_least(weights, rule, bound, threads), k, rule.threshold);
    rule.threshold = found.value;
    if (found.is_exact && found.value >= bound) return rule;
  }
  rule.threshold = solve_sorted(at_least(weights, rule, 0, threads), k);
  // Beside large weights the others may have lost their digits; when they are raised, the large ones become infinite,
  // which is as certain.
  while (rule.threshold < kLeast && rule.scale < 0x1p500) {
    rule.scale *= 0x1p600;
    rule.floor *= 0x1p600;
    rule.threshold = solve_sorted(at_least(weights, rule, 0, threads), k);
  }
  // A last step, because adding up sorted numbers one by one loses digits.
  const Large last = at_least(weights, rule, rule.threshold, threads);
  if (last.weights.size() < k) rule.threshold = last.rest / static_cast<double>(k - last.weights.size());
  return rule;
}

// (numerator / denominator) * 2^62.
std::uint64_t units(std::size_t numerator, std::size_t denominator) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(numerator) * kCertain / denominator);
}

}  // namespace

WeightSums sum_all(const Weights& weights, double scale, const Threads& threads) {
  std::vector<WeightSums> of_parts(part_count(weights.count));
  threads.for_each(of_parts.size(), [&](std::size_t part) {
    of_parts[part] = MODYN_DISPATCH(sum_weights)(part_of(weights, part), scale);
  });
  WeightSums all{};
  for (const WeightSums& one : of_parts) {
    all.total += one.total;
    all.largest = std::max(all.largest, one.largest);
    all.positive += one.positive;
    all.unusable += one.unusable;
  }
  return all;
}

Inclusion find_inclusion(const Weights& weights, std::size_t k, double smoothing, const Threads& threads) {
  const std::size_t count = weights.count;
  WeightSums sums = sum_all(weights, 1, threads);
  Inclusion inclusion{.rule = {}, .unusable = sums.unusable};
  InclusionRule& rule = inclusion.rule;
  if (sums.positive == 0 || smoothing >= 1) {
    rule = {.scale = 0, .floor = 1, .threshold = static_cast<double>(count) / static_cast<double>(k), .of_zero = 0};
    return inclusion;
  }
  const auto set_scale = [&](double scale) {
    if (scale != rule.scale) sums = sum_all(weights, scale, threads);
    rule.scale = scale;
    rule.floor = smoothing * (sums.total / (1 - smoothing)) / static_cast<double>(count);
  };
  set_scale(scale_for(sums.largest));
  if (smoothing > 0 && rule.floor < kLeast) set_scale(largest_scale_for(sums.largest));
  // Less than that at the largest scale: each weight outweighs all floors together, as if there were none.
  if (rule.floor < kLeast) rule.floor = 0;
  if (rule.floor == 0 && k >= sums.positive) {
    rule.threshold = 0;
    rule.of_zero = units(k - sums.positive, count - sums.positive);
    return inclusion;
  }
  rule = with_threshold(weights, rule, k, sums, sums.total / (1 - smoothing), threads);
  return inclusion;
}

}  // namespace modyn::kernels
