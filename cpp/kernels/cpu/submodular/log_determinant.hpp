// Log-determinant: samples that span as much as possible.
#pragma once

#include <memory>
#include <vector>

#include "kernels/cpu/submodular/objective.hpp"
#include "kernels/cpu/submodular/similarities.hpp"

namespace modyn::kernels {

// f(A) = log det(S_AA + ridge * I). The gain of j is the log of what of S_jj + ridge the picks leave unexplained, its
// residual variance (Chen, Zhang and Zhou, "Fast Greedy MAP Inference for Determinantal Point Process", NeurIPS 2018).
// Each candidate has its row of the Cholesky factor, one number for each pick: at first its similarity to the pick, of
// which the factor is made when the candidate is next looked at. No residual variance is below the ridge; rounding may
// not make it so.
class LogDeterminant final : public Objective {
 public:
  LogDeterminant(std::unique_ptr<Similarities> similarities, double ridge)
      : similarities_(std::move(similarities)),
        ridge_(ridge),
        factors_(similarities_->size()),
        known_(similarities_->size()),
        of_pick_(similarities_->size()) {}

  [[nodiscard]] std::size_t size() const override { return known_.size(); }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  void lengthen(std::uint32_t candidate);

  std::unique_ptr<Similarities> similarities_;
  double ridge_;
  std::vector<double> variances_;             // residual, given the picks that are known
  std::vector<std::vector<double>> factors_;  // rows of the Cholesky factor
  std::vector<std::uint32_t> known_;          // how long they are; similarities follow
  std::vector<std::uint32_t> picks_;
  std::vector<double> deviations_;  // square roots of the picks' residual variances
  std::vector<double> of_pick_;
};

}  // namespace modyn::kernels
