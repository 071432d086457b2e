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

double mean(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

enum class State : std::uint8_t { kFree, kMember, kOut };

// Powers of two by which gradients and target were divided. Weights are those of the quotients, times the second by the
// first.
struct Exponents {
  int gradients = 0;
  int target = 0;

  // The target's, where it is 0 for the gradients.
  [[nodiscard]] int apart() const { return target - gradients; }
};

class Pursuit {
 public:
  // The samples were divided already; the target is divided here.
  Pursuit(const PursuitProblem& problem, const PursuitOptions& options, const std::vector<double>& squared_norms,
          const Exponents& exponents, const Threads& threads)
      : problem_(problem),
        options_(options),
        squared_norms_(squared_norms),
        exponents_(exponents),
        threads_(threads),
        target_(make_target()),
        correlations_(correlations(problem.samples, target_, threads)),
        correlation_(problem.samples.count),
        best_of_tile_(tiles()),
        states_(problem.samples.count, State::kFree),
        mean_squared_norm_(mean(squared_norms)),
        ridge_(options.ridge * mean_squared_norm_),
        unit_sum_(options.unit_sum * options.unit_sum * mean_squared_norm_),
        unit_sum_with_target_(std::ldexp(unit_sum_, -exponents.apart())),
        target_squared_(MODYN_DISPATCH(product_of_doubles)(target_.data(), target_.data(), target_.size()) +
                        std::ldexp(unit_sum_, -2 * exponents.apart())) {}

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
      const double share = static_cast<double>(of_round) / static_cast<double>(picked);
      for (; at < ends[round]; ++at) weights[at] = std::ldexp(weights[at] * share, exponents_.apart());
    }
    fill(picked, picks, weights);
  }

 private:
  [[nodiscard]] std::vector<double> make_target() const {
    const GradientFactors& samples = problem_.samples;
    const std::size_t size = samples.classes * (samples.embedding + 1);
    if (problem_.target != nullptr) {
      std::vector<double> target(problem_.target, problem_.target + size);
      for (double& number : target) number = std::ldexp(number, -exponents_.target);
      return target;
    }
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
    const auto of_sum =
        static_cast<float>(unit_sum_with_target_ - unit_sum_ * std::accumulate(weights_.begin(), weights_.end(), 0.0));
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
    with_target_.push_back(correlations_->product_with_target(sample) + unit_sum_with_target_);
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
  Exponents exponents_;
  const Threads& threads_;
  std::vector<double> target_;
  std::unique_ptr<Correlations> correlations_;
  std::vector<float> correlation_;
  std::vector<std::size_t> best_of_tile_;  // kNone where all are taken
  std::vector<State> states_;
  double mean_squared_norm_;
  double ridge_;
  double unit_sum_;              // the coordinate of the gradients, squared
  double unit_sum_with_target_;  // that times the coordinate of the target
  double target_squared_;
  std::vector<std::size_t> members_;  // in the order in which they came
  std::vector<double> weights_;
  std::vector<double> with_target_;
  Cholesky factor_;
};

// Gradients and target are divided by powers of two, which changes no pick, if their norms are farther from 1 than by
// this power: products of them would leave the range of float32.
constexpr int kLargestExponent = 16;

int exponent_of(double squared_norm) {
  const int exponent = squared_norm > 0 ? std::ilogb(std::sqrt(squared_norm)) : 0;
  return std::abs(exponent) > kLargestExponent ? exponent : 0;
}

Exponents exponents_of(const PursuitProblem& problem, double unit_sum, const std::vector<double>& squared_norms) {
  const int gradients = exponent_of(*std::max_element(squared_norms.begin(), squared_norms.end()));
  if (problem.target == nullptr) return {.gradients = gradients, .target = gradients};
  const std::size_t size = problem.samples.classes * (problem.samples.embedding + 1);
  const double squared = MODYN_DISPATCH(product_of_floats)(problem.target, problem.target, size) +
                         unit_sum * unit_sum * mean(squared_norms);
  return {.gradients = gradients, .target = gradients + exponent_of(std::ldexp(squared, -2 * gradients))};
}

// Few classes make gradients that are written down narrower than what is kept of the factors and of the members.
bool is_narrow_when_written(const PursuitProblem& problem) {
  const GradientFactors& samples = problem.samples;
  return samples.embeddings != nullptr &&
         samples.classes * (samples.embedding + 1) < samples.classes + samples.embedding + problem.picks;
}

// The samples of a problem as the pursuit reads them; holds what is not where it was given.
class Samples {
 public:
  Samples(const PursuitProblem& problem, int exponent, const Threads& threads) : factors_(problem.samples) {
    if (exponent != 0) divide(exponent);
    if (is_narrow_when_written(problem)) write_down(threads);
  }

  [[nodiscard]] const GradientFactors& factors() const { return factors_; }

 private:
  void divide(int exponent) {
    divided_.resize(factors_.count * factors_.classes);
    for (std::size_t at = 0; at < divided_.size(); ++at) {
      divided_[at] = std::ldexp(factors_.gradients[at], -exponent);
    }
    factors_.gradients = divided_.data();
  }

  // [classes, embedding + 1] of each sample, as the target is.
  void write_down(const Threads& threads) {
    constexpr std::size_t kSamplesOfPart = 256;
    const std::size_t stride = factors_.embedding + 1;
    const std::size_t width = factors_.classes * stride;
    written_.resize(factors_.count * width);
    threads.for_each((factors_.count + kSamplesOfPart - 1) / kSamplesOfPart, [&](std::size_t part) {
      const std::size_t last = std::min(factors_.count, (part + 1) * kSamplesOfPart);
      for (std::size_t i = part * kSamplesOfPart; i < last; ++i) {
        const float* embedding = factors_.embeddings + i * factors_.embedding;
        for (std::size_t row = 0; row < factors_.classes; ++row) {
          const float gradient = factors_.gradients[i * factors_.classes + row];
          float* to = written_.data() + i * width + row * stride;
          to[0] = gradient;
          for (std::size_t at = 0; at < factors_.embedding; ++at) to[at + 1] = gradient * embedding[at];
        }
      }
    });
    factors_ = {
        .gradients = written_.data(), .embeddings = nullptr, .count = factors_.count, .classes = width, .embedding = 0};
  }

  GradientFactors factors_;
  std::vector<float> divided_;
  std::vector<float> written_;
};

// The first sample that is not finite, or -1.
std::int64_t solve(const PursuitProblem& problem, const PursuitOptions& options, std::int64_t* picks, double* weights,
                   const Threads& threads) {
  std::vector<double> squared_norms(problem.samples.count);
  gradient_squared_norms(problem.samples, squared_norms.data(), threads);
  const auto wrong =
      std::find_if(squared_norms.begin(), squared_norms.end(), [](double norm) { return !std::isfinite(norm); });
  if (wrong != squared_norms.end()) return wrong - squared_norms.begin();
  if (problem.picks == 0) return -1;
  const Exponents exponents = exponents_of(problem, options.unit_sum, squared_norms);
  const Samples samples(problem, exponents.gradients, threads);
  // Of the numbers as they are now, to the last digit: otherwise a target that is matched would not look so.
  gradient_squared_norms(samples.factors(), squared_norms.data(), threads);
  const PursuitProblem divided{.samples = samples.factors(), .target = problem.target, .picks = problem.picks};
  Pursuit(divided, options, squared_norms, exponents, threads).run(picks, weights);
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
