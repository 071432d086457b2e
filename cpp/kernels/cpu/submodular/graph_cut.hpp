// Graph cut: samples that are similar to all, and not to each other.
#pragma once

#include <memory>
#include <vector>

#include "kernels/cpu/submodular/objective.hpp"
#include "kernels/cpu/submodular/similarities.hpp"

namespace modyn::kernels {

// f(A) = weight * sum of S_ia over all i and a in A - sum of S_ab over all pairs a != b in A, each counted twice. So
// the gain of j is weight * sum over i of S_ij - 2 * sum over a in A of S_aj. What a pick takes from the gains is
// subtracted from all at once: comparing it with all candidates costs less than making some ready to be compared.
class GraphCut final : public Objective {
 public:
  GraphCut(std::unique_ptr<Similarities> similarities, double weight)
      : similarities_(std::move(similarities)),
        weight_(weight),
        penalties_(similarities_->size()),
        of_pick_(similarities_->size()) {}

  [[nodiscard]] std::size_t size() const override { return penalties_.size(); }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  std::unique_ptr<Similarities> similarities_;
  double weight_;
  std::vector<double> sums_;
  std::vector<double> penalties_;  // similarities to the picks
  std::vector<double> of_pick_;
};

}  // namespace modyn::kernels
