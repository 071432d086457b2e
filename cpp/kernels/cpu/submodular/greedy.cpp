#include "kernels/cpu/submodular/greedy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "modyn/partition.hpp"

namespace modyn::kernels {
namespace {

// Candidates that are refreshed together at first: as many as fill the vectors of a tile.
constexpr std::size_t kFirstBatch = 32;
constexpr std::size_t kGrowth = 4;

// A candidate and a bound of its gain from above. The order of a heap: the largest first, the lowest index of equals.
struct Bound {
  double gain;
  std::uint32_t candidate;

  friend bool operator<(const Bound& a, const Bound& b) noexcept {
    return a.gain < b.gain || (a.gain == b.gain && a.candidate > b.candidate);
  }
};

std::vector<std::uint32_t> all_below(std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0U);
  return numbers;
}

class NaiveSequence final : public GreedySequence {
 public:
  explicit NaiveSequence(Objective& objective)
      : objective_(objective), left_(all_below(objective.size())), gains_(objective.size()) {}

  Pick next(const Threads& threads) override {
    if (left_.size() == objective_.size()) objective_.bound(gains_, threads);
    gains_.resize(left_.size());
    objective_.refresh(left_, gains_, threads);
    const auto best = std::max_element(gains_.begin(), gains_.end()) - gains_.begin();
    const Pick pick{left_[static_cast<std::size_t>(best)], gains_[static_cast<std::size_t>(best)]};
    left_.erase(left_.begin() + best);
    objective_.add(pick.candidate, threads);
    return pick;
  }

 private:
  Objective& objective_;
  std::vector<std::uint32_t> left_;  // ascending
  std::vector<double> gains_;
};

// Of some candidates, brings those to the top of a heap up to date whose gains could be the largest, many at once.
class LazySequence final : public GreedySequence {
 public:
  explicit LazySequence(Objective& objective) : objective_(objective), refreshed_(objective.size(), kNever) {}

  Pick next(const Threads& threads) override {
    if (step_ == 0) start(threads);
    for (std::size_t limit = kFirstBatch; refreshed_[heap_.front().candidate] != step_; limit *= kGrowth) {
      refresh_top(limit, threads);
    }
    const Bound best = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
    objective_.add(best.candidate, threads);
    ++step_;
    return {best.candidate, best.gain};
  }

 private:
  static constexpr std::uint32_t kNever = ~std::uint32_t{0};

  void start(const Threads& threads) {
    std::vector<double> bounds(objective_.size());
    objective_.bound(bounds, threads);
    for (std::size_t i = 0; i < bounds.size(); ++i) heap_.push_back({bounds[i], static_cast<std::uint32_t>(i)});
    std::make_heap(heap_.begin(), heap_.end());
  }

  // The candidates before the first refreshed one, at most `limit`. If a large part of all is before it, many of
  // them will be asked for, and all of them at once cost less.
  void refresh_top(std::size_t limit, const Threads& threads) {
    if (limit > kFirstBatch && could_be_best() > heap_.size() / 4) return refresh_all(threads);
    std::vector<std::uint32_t> batch;
    while (!heap_.empty() && batch.size() < limit && refreshed_[heap_.front().candidate] != step_) {
      batch.push_back(heap_.front().candidate);
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    std::vector<double> gains(batch.size());
    objective_.refresh(batch, gains, threads);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      refreshed_[batch[i]] = step_;
      heap_.push_back({gains[i], batch[i]});
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  void refresh_all(const Threads& threads) {
    std::vector<std::uint32_t> batch(heap_.size());
    std::transform(heap_.begin(), heap_.end(), batch.begin(), [](const Bound& one) { return one.candidate; });
    std::vector<double> gains(batch.size());
    objective_.refresh(batch, gains, threads);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      refreshed_[batch[i]] = step_;
      heap_[i].gain = gains[i];
    }
    std::make_heap(heap_.begin(), heap_.end());
  }

  [[nodiscard]] std::size_t could_be_best() const {
    Bound best{-std::numeric_limits<double>::infinity(), kNever};
    for (const Bound& one : heap_) {
      if (refreshed_[one.candidate] == step_ && best < one) best = one;
    }
    return static_cast<std::size_t>(
        std::count_if(heap_.begin(), heap_.end(), [&](const Bound& one) { return best < one; }));
  }

  Objective& objective_;
  std::vector<Bound> heap_;
  std::vector<std::uint32_t> refreshed_;  // the step in which a candidate's bound is its gain
  std::uint32_t step_ = 0;
};

// The first in the order of last known gains whose gain now is at least beta times that. Gains are refreshed some
// ahead, but used only when their candidate's turn comes, so the picks are those of refreshing one by one.
class ApproximateLazySequence final : public GreedySequence {
 public:
  ApproximateLazySequence(Objective& objective, double beta)
      : objective_(objective), beta_(beta), refreshed_(objective.size(), kNever), gains_(objective.size()) {}

  Pick next(const Threads& threads) override {
    if (step_ == 0) start(threads);
    for (std::size_t limit = kFirstBatch;;) {
      const Bound top = heap_.front();
      if (refreshed_[top.candidate] != step_) {
        refresh_top(limit, threads);
        limit *= kGrowth;
      }
      std::pop_heap(heap_.begin(), heap_.end());
      const double gain = gains_[top.candidate];
      // The first pick is the best. Of gains below 0, which functions that are not monotone have, none may be lost.
      if (gain >= (step_ == 0 ? top.gain : std::min(top.gain, beta_ * top.gain))) {
        heap_.pop_back();
        objective_.add(top.candidate, threads);
        ++step_;
        return {top.candidate, gain};
      }
      heap_.back().gain = gain;
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

 private:
  static constexpr std::uint32_t kNever = ~std::uint32_t{0};

  void start(const Threads& threads) {
    objective_.bound(gains_, threads);
    for (std::size_t i = 0; i < gains_.size(); ++i) heap_.push_back({gains_[i], static_cast<std::uint32_t>(i)});
    std::make_heap(heap_.begin(), heap_.end());
  }

  void refresh_top(std::size_t limit, const Threads& threads) {
    std::vector<std::uint32_t> batch;
    std::vector<Bound> popped;
    while (!heap_.empty() && batch.size() < limit) {
      std::pop_heap(heap_.begin(), heap_.end());
      popped.push_back(heap_.back());
      heap_.pop_back();
      if (refreshed_[popped.back().candidate] != step_) batch.push_back(popped.back().candidate);
    }
    for (const Bound& one : popped) {
      heap_.push_back(one);
      std::push_heap(heap_.begin(), heap_.end());
    }
    std::vector<double> gains(batch.size());
    objective_.refresh(batch, gains, threads);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      refreshed_[batch[i]] = step_;
      gains_[batch[i]] = gains[i];
    }
  }

  Objective& objective_;
  double beta_;
  std::vector<Bound> heap_;               // by last gain used
  std::vector<std::uint32_t> refreshed_;  // the step of gains_
  std::vector<double> gains_;
  std::uint32_t step_ = 0;
};

// The best of a subset that is drawn anew at each step: the samples with the lowest random numbers, one number for
// each (seed, step, sample).
class StochasticSequence final : public GreedySequence {
 public:
  StochasticSequence(const Greedy& greedy, Objective& objective, std::span<const std::uint32_t> ids, std::size_t picks)
      : objective_(objective),
        seed_(greedy.seed),
        ids_(ids.begin(), ids.end()),
        left_(all_below(objective.size())),
        bounds_(objective.size()) {
    const double size = static_cast<double>(left_.size()) / static_cast<double>(picks) * std::log(1 / greedy.epsilon);
    subset_ = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(std::min(size, 1e9))));
  }

  Pick next(const Threads& threads) override {
    if (step_ == 0) objective_.bound(bounds_, threads);
    std::vector<std::uint32_t> subset = draw();
    // Within the subset lazily: the same pick as if all its gains were refreshed.
    std::sort(subset.begin(), subset.end(),
              [&](std::uint32_t a, std::uint32_t b) { return Bound{bounds_[b], b} < Bound{bounds_[a], a}; });
    Bound best{-std::numeric_limits<double>::infinity(), ~std::uint32_t{0}};
    std::size_t limit = kFirstBatch;
    for (std::size_t at = 0; at < subset.size() && best < Bound{bounds_[subset[at]], subset[at]}; limit *= kGrowth) {
      const auto batch = std::span(subset).subspan(at, std::min(limit, subset.size() - at));
      std::vector<double> gains(batch.size());
      objective_.refresh(batch, gains, threads);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        bounds_[batch[i]] = gains[i];
        best = std::max(best, Bound{gains[i], batch[i]});
      }
      at += batch.size();
    }
    objective_.add(best.candidate, threads);
    left_.erase(std::lower_bound(left_.begin(), left_.end(), best.candidate));
    ++step_;
    return {best.candidate, best.gain};
  }

 private:
  std::vector<std::uint32_t> draw() {
    if (subset_ >= left_.size()) return left_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers;
    numbers.reserve(left_.size());
    std::uint64_t index = ~std::uint64_t{0};
    std::array<std::uint32_t, 4> words{};
    for (const std::uint32_t candidate : left_) {
      if (ids_[candidate] / 4 != index) {
        index = ids_[candidate] / 4;
        words = philox({.seed = seed_, .trigger = step_, .purpose = Purpose::kGreedySubset, .index = index});
      }
      numbers.emplace_back(words[ids_[candidate] % 4], candidate);
    }
    std::nth_element(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(subset_), numbers.end());
    std::vector<std::uint32_t> subset(subset_);
    for (std::size_t i = 0; i < subset_; ++i) subset[i] = numbers[i].second;
    return subset;
  }

  Objective& objective_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> left_;  // ascending
  std::vector<double> bounds_;
  std::size_t subset_;
  std::uint32_t step_ = 0;
};

}  // namespace

std::unique_ptr<GreedySequence> greedy_sequence(const Greedy& greedy, Objective& objective,
                                                std::span<const std::uint32_t> ids, std::size_t picks) {
  switch (greedy.optimizer) {
    case Optimizer::kNaive:
      return std::make_unique<NaiveSequence>(objective);
    case Optimizer::kStochastic:
      return std::make_unique<StochasticSequence>(greedy, objective, ids, picks);
    case Optimizer::kApproximateLazy:
      return std::make_unique<ApproximateLazySequence>(objective, greedy.beta);
    case Optimizer::kLazy:
      break;
  }
  return std::make_unique<LazySequence>(objective);
}

}  // namespace modyn::kernels
