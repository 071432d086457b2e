#include "kernels/cpu/inclusion.hpp"

#include <algorithm>
#include <vector>

namespace modyn::kernels {
namespace {

// Sums over all samples, added up in the order of the parts.
struct Sums {
  double total = 0;
  double largest = 0;
  std::size_t positive = 0;
  std::size_t unusable = 0;

  void add(const Sums& other) {
    total += other.total;
    largest = std::max(largest, other.largest);
    positive += other.positive;
    unusable += other.unusable;
  }
};

// What lies below a threshold.
struct Below {
  double total = 0;
  std::size_t at_least = 0;  // how many do not

  void add(const Below& other) {
    total += other.total;
    at_least += other.at_least;
  }
};

template <typename Result, typename Weight, typename Sum>
Result sum_parts(const Weight* weights, std::size_t count, const Threads& threads, const Sum& sum) {
  std::vector<Result> of_parts(part_count(count));
  threads.for_each(of_parts.size(), [&](std::size_t part) {
    const std::size_t first = part * kSamplesOfPart;
    of_parts[part] = sum(weights + first, std::min(kSamplesOfPart, count - first));
  });
  Result all;
  for (const Result& one : of_parts) all.add(one);
  return all;
}

template <typename Weight>
Sums sums_of(const Weight* weights, std::size_t count, double scale, const Threads& threads) {
  return sum_parts<Sums>(weights, count, threads, [scale](const Weight* of_part, std::size_t samples) {
    Sums sums;
    for (std::size_t at = 0; at < samples; ++at) {
      const double weight = usable(of_part[at]);
      sums.total += scale * weight;
      sums.largest = std::max(sums.largest, weight);
      sums.positive += weight > 0 ? 1 : 0;
      sums.unusable += weight > 0 || of_part[at] == 0 ? 0 : 1;
    }
    return sums;
  });
}

template <typename Weight>
Below below(const Weight* weights, std::size_t count, const InclusionRule& rule, const Threads& threads) {
  return sum_parts<Below>(weights, count, threads, [&rule](const Weight* of_part, std::size_t samples) {
    Below sums;
    for (std::size_t at = 0; at < samples; ++at) {
      const double weight = rule.scale * usable(of_part[at]) + rule.floor;
      const bool is_certain = weight >= rule.threshold;
      sums.total += is_certain ? 0 : weight;
      sums.at_least += is_certain ? 1 : 0;
    }
    return sums;
  });
}

// The threshold by sorting, for weights that would take Newton's method long.
template <typename Weight>
double sorted_threshold(const Weight* weights, std::size_t count, const InclusionRule& rule, std::size_t k) {
  std::vector<double> sorted(count);
  for (std::size_t at = 0; at < count; ++at) sorted[at] = rule.scale * usable(weights[at]) + rule.floor;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> totals(count + 1);
  for (std::size_t at = 0; at < count; ++at) totals[at + 1] = totals[at] + sorted[at];
  std::size_t certain = 0;
  while (certain + 1 < k && sorted[count - 1 - certain] * static_cast<double>(k - certain) >= totals[count - certain]) {
    ++certain;
  }
  return totals[count - certain] / static_cast<double>(k - certain);
}

// Powers of two that bring sums of such numbers into range; 1 for all but extreme ones.
double scale_for(double largest) {
  if (largest > 0x1p800) return 0x1p-200;
  return largest < 0x1p-700 ? 0x1p600 : 1;
}

// The rule with a threshold and a scale such that the probabilities sum up to k, if sum_i min(w_i, t) = k t has a
// solution above `total` / k: by Newton's method from above, as the difference is concave in t.
template <typename Weight>
InclusionRule with_threshold(const Weight* weights, std::size_t count, InclusionRule rule, std::size_t k, double total,
                             const Threads& threads) {
  constexpr int kSteps = 24;
  constexpr double kLeast = 0x1p-700;
  rule.threshold = total / static_cast<double>(k);
  std::size_t certain = 0;
  for (int step = 0; step < kSteps && rule.threshold >= kLeast; ++step) {
    const Below rest = below(weights, count, rule, threads);
    if (rest.at_least == certain) return rule;
    if (rest.at_least >= k) break;  // by rounding
    certain = rest.at_least;
    rule.threshold = rest.total / static_cast<double>(k - certain);
  }
  rule.threshold = sorted_threshold(weights, count, rule, k);
  // Beside large weights the others may have lost their digits; when they are raised, the large ones become infinite,
  // which is as certain.
  while (rule.threshold < kLeast && rule.scale < 0x1p500) {
    rule.scale *= 0x1p600;
    rule.threshold = sorted_threshold(weights, count, rule, k);
  }
  // A last step, because adding up sorted numbers one by one loses digits.
  const Below rest = below(weights, count, rule, threads);
  if (rest.at_least < k) rule.threshold = rest.total / static_cast<double>(k - rest.at_least);
  return rule;
}

// As integers: (numerator / denominator) * 2^62.
std::uint64_t units(std::size_t numerator, std::size_t denominator) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(numerator) * kCertain / denominator);
}

template <typename Weight>
Inclusion find(const Weight* weights, std::size_t count, std::size_t k, double smoothing, const Threads& threads) {
  Sums sums = sums_of(weights, count, 1, threads);
  Inclusion inclusion{.rule = {}, .unusable = sums.unusable};
  InclusionRule& rule = inclusion.rule;
  if (sums.positive == 0 || smoothing >= 1) {
    rule = {.scale = 0, .floor = 1, .threshold = static_cast<double>(count) / static_cast<double>(k), .of_zero = 0};
    return inclusion;
  }
  if (smoothing <= 0 && k >= sums.positive) {
    rule.threshold = 0;
    rule.of_zero = units(k - sums.positive, count - sums.positive);
    return inclusion;
  }
  rule.scale = scale_for(sums.largest);
  if (rule.scale != 1) sums = sums_of(weights, count, rule.scale, threads);
  double total = sums.total;
  if (smoothing > 0) {
    rule.scale *= (1 - smoothing) / total * static_cast<double>(count);
    rule.floor = smoothing;
    total = static_cast<double>(count);
  }
  rule = with_threshold(weights, count, rule, k, total, threads);
  return inclusion;
}

}  // namespace

Inclusion find_inclusion(const Weights& weights, std::size_t k, double smoothing, const Threads& threads) {
  return with_type(weights, [&](const auto* values) { return find(values, weights.count, k, smoothing, threads); });
}

}  // namespace modyn::kernels
