#include "kernels/cpu/submodular/graph_cut.hpp"

namespace modyn::kernels {

void GraphCut::bound(std::span<double> bounds, const Threads& threads) {
  sums_ = similarities_->sums(threads);
  for (std::size_t j = 0; j < size(); ++j) bounds[j] = weight_ * sums_[j];
}

void GraphCut::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& /*threads*/) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    gains[i] = weight_ * sums_[candidates[i]] - 2 * penalties_[candidates[i]];
  }
}

void GraphCut::add(std::uint32_t pick, const Threads& threads) {
  similarities_->of(pick, of_pick_, threads);
  for (std::size_t j = 0; j < size(); ++j) penalties_[j] += of_pick_[j];
}

}  // namespace modyn::kernels
