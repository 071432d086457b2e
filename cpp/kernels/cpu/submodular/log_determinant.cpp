#include "kernels/cpu/submodular/log_determinant.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/doubles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kCandidatesOfPart = 16;

}  // namespace

void LogDeterminant::bound(std::span<double> bounds, const Threads& threads) {
  variances_ = similarities_->to_themselves(threads);
  for (std::size_t j = 0; j < size(); ++j) {
    variances_[j] += ridge_;
    bounds[j] = std::log(std::max(variances_[j], ridge_));
  }
}

void LogDeterminant::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                             const Threads& threads) {
  threads.for_each((candidates.size() + kCandidatesOfPart - 1) / kCandidatesOfPart, [&](std::size_t part) {
    const std::size_t last = std::min(candidates.size(), (part + 1) * kCandidatesOfPart);
    for (std::size_t i = part * kCandidatesOfPart; i < last; ++i) {
      lengthen(candidates[i]);
      gains[i] = std::log(std::max(variances_[candidates[i]], ridge_));
    }
  });
}

void LogDeterminant::lengthen(std::uint32_t candidate) {
  std::vector<double>& own = factors_[candidate];
  for (std::uint32_t& pick = known_[candidate]; pick < picks_.size(); ++pick) {
    const std::vector<double>& of_pick = factors_[picks_[pick]];
    const double explained = MODYN_DISPATCH(product_of_doubles)(own.data(), of_pick.data(), pick);
    own[pick] = (own[pick] - explained) / deviations_[pick];
    variances_[candidate] -= own[pick] * own[pick];
  }
}

void LogDeterminant::add(std::uint32_t pick, const Threads& threads) {
  // The pick's row has to be whole: all later ones are computed from it.
  lengthen(pick);
  picks_.push_back(pick);
  deviations_.push_back(std::sqrt(std::max(variances_[pick], ridge_)));
  similarities_->of(pick, of_pick_, threads);
  for (std::size_t j = 0; j < size(); ++j) factors_[j].push_back(of_pick_[j]);
}

}  // namespace modyn::kernels
