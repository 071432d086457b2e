#include "modyn/kernels/matching_pursuit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/cpu/cholesky.hpp"
#include "kernels/cpu/correlations.hpp"
#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/groups.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
// Of the target's norm: what is left then is what float32 features do not resolve.
constexpr double kMatched = 1e-6;
// A cosine below this is none: the sums in float32 are no more exact.
constexpr double kUncorrelated = 1e-5;
// Steps for each pick, after which a pursuit gives up; nearly all need one. A step may take off as many picks as it
// adds.
constexpr std::size_t kStepsOfPick = 4;

enum class State : std::uint8_t { kFree, kMember, kOut };

class Pursuit {
 public:
  Pursuit(const PursuitProblem& problem, const PursuitOptions& options, const std::vector<double>& squared_norms,
          const Threads& threads)
      : problem_(problem),
        options_(options),
        squared_norms_(squared_norms),
        threads_(threads),
        target_(make_target()),
        correlations_(correlations(problem.samples, target_, threads)),
        correlation_(problem.samples.count),
        best_of_tile_(tiles()),
        states_(problem.samples.count, State::kFree),
        mean_squared_norm_(std::accumulate(squared_norms.begin(), squared_norms.end(), 0.0) /
                           static_cast<double>(squared_norms.size())),
        ridge_(options.ridge * mean_squared_norm_),
        unit_sum_(options.unit_sum * options.unit_sum * mean_squared_norm_),
        target_squared_(MODYN_DISPATCH(product_of_doubles)(target_.data(), target_.data(), target_.size()) +
                        unit_sum_) {}

  // A pursuit ends early when the target is matched, or no sample is left that would help. The samples that are left
  // then match it once more, and so on; each round counts by its picks.
  void run(std::int64_t* picks, double* weights) {
    std::size_t picked = 0;
    std::vector<std::size_t> ends;
    while (picked < problem_.picks) {
      run_round(problem_.picks - picked);
      if (members_.empty()) break;
      for (std::size_t at = 0; at < members_.size(); ++at) {
        picks[picked] = static_cast<std::int64_t>(members_[at]);
        weights[picked++] = weights_[at];
        states_[members_[at]] = State::kOut;
      }
      ends.push_back(picked);
    }
    for (std::size_t round = 0, at = 0; round < ends.size(); ++round) {
      const std::size_t of_round = ends[round] - at;
      for (; at < ends[round]; ++at) weights[at] *= static_cast<double>(of_round) / static_cast<double>(picked);
    }
    fill(picked, picks, weights);
  }

 private:
  [[nodiscard]] std::vector<double> make_target() const {
    const GradientFactors& samples = problem_.samples;
    const std::size_t size = samples.classes * (samples.embedding + 1);
    if (problem_.target != nullptr) return {problem_.target, problem_.target + size};
    std::vector<double> mean(size);
    const std::vector<double> equal(samples.count, 1 / static_cast<double>(samples.count));
    gradient_weighted_sum(samples, equal.data(), mean.data(), threads_);
    return mean;
  }

  void run_round(std::size_t budget) {
    members_.clear();
    weights_.clear();
    with_target_.clear();
    factor_ = {};
    correlate();
    std::vector<std::size_t> out;  // of this round only
    for (std::size_t step = 0; step < kStepsOfPick * budget && members_.size() < budget; ++step) {
      const double left = squared_norm_left();
      if (left <= std::pow(std::max(options_.tolerance, kMatched), 2) * target_squared_) break;
      const std::size_t sample = best();
      if (sample == kNone) break;
      const double threshold = kUncorrelated * std::sqrt(squared_norm(sample) * left);
      if (!(helps(correlation_[sample]) > threshold)) break;
      if (admit(sample)) {
        correlate();
      } else {
        states_[sample] = State::kOut;
        out.push_back(sample);
        best_of_tile_[sample / Correlations::kTile] = best_of(sample / Correlations::kTile);
      }
    }
    for (const std::size_t sample : out) states_[sample] = State::kFree;
  }

  // How much a sample with this correlation reduces what is left.
  [[nodiscard]] double helps(float correlation) const {
    return static_cast<double>(options_.nonnegative ? correlation : std::abs(correlation));
  }

  // Squared norm of what is left. The weights solve (G + ridge) x = A^T b, by which it is this.
  [[nodiscard]] double squared_norm_left() const {
    double left = target_squared_;
    for (std::size_t at = 0; at < members_.size(); ++at) {
      left -= weights_[at] * (with_target_[at] + ridge_ * weights_[at]);
    }
    return left;
  }

  // With the coordinate that makes the weights sum up to one.
  [[nodiscard]] double squared_norm(std::size_t sample) const { return squared_norms_[sample] + unit_sum_; }

  void correlate() {
    correlations_->take_off(members_, weights_);
    const auto of_sum = static_cast<float>(unit_sum_ * (1 - std::accumulate(weights_.begin(), weights_.end(), 0.0)));
    threads_.for_each(tiles(), [&](std::size_t tile) {
      const std::size_t first = tile * Correlations::kTile;
      correlations_->correlate(tile, correlation_.data() + first);
      const std::size_t end = std::min(first + Correlations::kTile, correlation_.size());
      for (std::size_t sample = first; sample < end; ++sample) correlation_[sample] += of_sum;
      best_of_tile_[tile] = best_of(tile);
    });
  }

  [[nodiscard]] std::size_t tiles() const {
    return (problem_.samples.count + Correlations::kTile - 1) / Correlations::kTile;
  }

  // The free sample of a tile that helps most, the lowest of several.
  [[nodiscard]] std::size_t best_of(std::size_t tile) const {
    const std::size_t first = tile * Correlations::kTile;
    const std::size_t end = std::min(first + Correlations::kTile, states_.size());
    std::size_t best = kNone;
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t sample = first; sample < end; ++sample) {
      const double here = helps(correlation_[sample]);
      if (here <= most || states_[sample] != State::kFree) continue;
      best = sample;
      most = here;
    }
    return best;
  }

  [[nodiscard]] std::size_t best() const {
    std::size_t best = kNone;
    for (const std::size_t sample : best_of_tile_) {
      if (sample == kNone) continue;
      if (best == kNone || helps(correlation_[sample]) > helps(correlation_[best])) best = sample;
    }
    return best;
  }

  // Makes a sample a member, with new weights for all; false, and nothing has changed, if it has nothing to add.
  bool admit(std::size_t sample) {
    std::vector<double> products(members_.size());
    correlations_->products(sample, members_, products.data());
    for (double& product : products) product += unit_sum_;
    if (!factor_.append(products, squared_norm(sample) + ridge_)) return false;
    members_.push_back(sample);
    weights_.push_back(0);
    with_target_.push_back(correlations_->product_with_target(sample) + unit_sum_);
    states_[sample] = State::kMember;
    std::vector<double> solution = with_target_;
    factor_.solve(solution);
    if (options_.nonnegative && solution.back() <= 0) {
      remove(members_.size() - 1);
      return false;
    }
    while (options_.nonnegative && go_towards(solution)) {
      solution = with_target_;
      factor_.solve(solution);
    }
    weights_ = std::move(solution);
    return true;
  }

  // Moves the weights to the solution, or as far as none becomes negative; then those that become zero leave. Says
  // whether any did.
  bool go_towards(const std::vector<double>& solution) {
    double way = 1;
    for (std::size_t at = 0; at < solution.size(); ++at) {
      if (solution[at] <= 0) way = std::min(way, part_of_way(at, solution));
    }
    std::vector<std::size_t> leaving;
    for (std::size_t at = 0; at < solution.size(); ++at) {
      if (solution[at] <= 0 && part_of_way(at, solution) <= way) leaving.push_back(at);
    }
    for (std::size_t at = 0; at < solution.size(); ++at) weights_[at] += way * (solution[at] - weights_[at]);
    std::for_each(leaving.rbegin(), leaving.rend(), [&](std::size_t at) { remove(at); });
    return !leaving.empty();
  }

  // To where a weight becomes zero.
  [[nodiscard]] double part_of_way(std::size_t at, const std::vector<double>& solution) const {
    return weights_[at] > 0 ? weights_[at] / (weights_[at] - solution[at]) : 0;
  }

  void remove(std::size_t at) {
    const auto offset = static_cast<std::ptrdiff_t>(at);
    states_[members_[at]] = State::kFree;
    members_.erase(members_.begin() + offset);
    weights_.erase(weights_.begin() + offset);
    with_target_.erase(with_target_.begin() + offset);
    factor_.remove(at);
  }

  // No sample that is left correlates with the target: they follow by that correlation, with the smallest weight.
  void fill(std::size_t picked, std::int64_t* picks, double* weights) {
    if (picked == problem_.picks) return;
    double least = picked == 0 ? 1 / static_cast<double>(problem_.picks) : std::numeric_limits<double>::infinity();
    for (std::size_t at = 0; at < picked; ++at) least = std::min(least, std::abs(weights[at]));
    members_.clear();
    weights_.clear();
    correlate();
    std::vector<std::size_t> rest;
    for (std::size_t sample = 0; sample < states_.size(); ++sample) {
      if (states_[sample] == State::kFree) rest.push_back(sample);
    }
    const auto end = rest.begin() + static_cast<std::ptrdiff_t>(problem_.picks - picked);
    std::partial_sort(rest.begin(), end, rest.end(), [&](std::size_t one, std::size_t other) {
      return correlation_[one] > correlation_[other] || (correlation_[one] == correlation_[other] && one < other);
    });
    for (auto sample = rest.begin(); sample != end; ++sample) {
      picks[picked] = static_cast<std::int64_t>(*sample);
      weights[picked++] = least;
    }
  }

  const PursuitProblem& problem_;
  const PursuitOptions& options_;
  const std::vector<double>& squared_norms_;
  const Threads& threads_;
  std::vector<double> target_;
  std::unique_ptr<Correlations> correlations_;
  std::vector<float> correlation_;
  std::vector<std::size_t> best_of_tile_;  // kNone where all are taken
  std::vector<State> states_;
  double mean_squared_norm_;
  double ridge_;
  double unit_sum_;  // squared
  double target_squared_;
  std::vector<std::size_t> members_;  // in the order in which they came
  std::vector<double> weights_;
  std::vector<double> with_target_;
  Cholesky factor_;
};

// Gradients are multiplied by a power of two, which changes no pick and no weight, if their norms are farther from 1
// than by this power: products of them would leave the range of float32.
constexpr int kLargestExponent = 16;

void multiply_by_power_of_two(int exponent, const float* numbers, std::size_t count, std::vector<float>& out) {
  out.resize(count);
  for (std::size_t at = 0; at < count; ++at) out[at] = std::ldexp(numbers[at], exponent);
}

// The first sample that is not finite, or -1.
std::int64_t solve(const PursuitProblem& problem, const PursuitOptions& options, std::int64_t* picks, double* weights,
                   const Threads& threads) {
  std::vector<double> squared_norms(problem.samples.count);
  gradient_squared_norms(problem.samples, squared_norms.data(), threads);
  const auto wrong =
      std::find_if(squared_norms.begin(), squared_norms.end(), [](double norm) { return !std::isfinite(norm); });
  if (wrong != squared_norms.end()) return wrong - squared_norms.begin();
  if (problem.picks == 0) return -1;
  const double largest = *std::max_element(squared_norms.begin(), squared_norms.end());
  const int exponent = largest > 0 ? std::ilogb(std::sqrt(largest)) : 0;
  PursuitProblem scaled = problem;
  std::vector<float> gradients;
  std::vector<float> target;
  if (std::abs(exponent) > kLargestExponent) {
    const GradientFactors& samples = problem.samples;
    multiply_by_power_of_two(-exponent, samples.gradients, samples.count * samples.classes, gradients);
    scaled.samples.gradients = gradients.data();
    if (problem.target != nullptr) {
      multiply_by_power_of_two(-exponent, problem.target, samples.classes * (samples.embedding + 1), target);
      scaled.target = target.data();
    }
    for (double& norm : squared_norms) norm = std::ldexp(norm, -2 * exponent);
  }
  Pursuit(scaled, options, squared_norms, threads).run(picks, weights);
  return -1;
}

}  // namespace

std::vector<std::int64_t> matching_pursuit(const std::vector<PursuitProblem>& problems, const PursuitOptions& options,
                                           std::int64_t* picks, double* weights, const Threads& threads) {
  const std::vector<std::size_t> begins = begins_of_picks(problems);
  std::vector<std::int64_t> not_finite(problems.size(), -1);
  for_each_group(threads, problems.size(), [&](std::size_t group) {
    not_finite[group] = solve(problems[group], options, picks + begins[group], weights + begins[group], threads);
  });
  return not_finite;
}

}  // namespace modyn::kernels
