#include "kernels/cpu/submodular/log_determinant.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/doubles.hpp"

namespace modyn::kernels {

void LogDeterminant::bound(std::span<double> bounds, const Threads& threads) {
  variances_ = similarities_->to_themselves(threads);
  for (std::size_t j = 0; j < size(); ++j) {
    variances_[j] += ridge_;
    bounds[j] = std::log(std::max(variances_[j], ridge_));
  }
}

void LogDeterminant::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                             const Threads& threads) {
  tell_of_picks(
      *similarities_, picks_, known_, candidates, threads,
      [&](std::uint32_t candidate, std::size_t pick, double similarity) { lengthen(candidate, pick, similarity); });
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    gains[i] = std::log(std::max(variances_[candidates[i]], ridge_));
  }
}

void LogDeterminant::lengthen(std::uint32_t candidate, std::size_t pick, double similarity) {
  std::vector<double>& own = factors_[candidate];
  const std::vector<double>& of_pick = factors_[picks_[pick]];
  const double explained = MODYN_DISPATCH(product_of_doubles)(own.data(), of_pick.data(), pick);
  const double factor = (similarity - explained) / deviations_[pick];
  own.push_back(factor);
  variances_[candidate] -= factor * factor;
}

void LogDeterminant::add(std::uint32_t pick, const Threads& threads) {
  // The pick's row has to be whole: all later ones are computed from it.
  double gain = 0;
  refresh(std::span(&pick, 1), std::span(&gain, 1), threads);
  picks_.push_back(pick);
  deviations_.push_back(std::sqrt(std::max(variances_[pick], ridge_)));
}

}  // namespace modyn::kernels
