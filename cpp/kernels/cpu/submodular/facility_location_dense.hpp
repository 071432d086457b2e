// Facility location for a matrix of similarities that is given.
#pragma once

#include <vector>

#include "kernels/cpu/submodular/objective.hpp"

namespace modyn::kernels {

// A candidate's similarities are read as one run of memory: of a symmetric matrix its row, otherwise a row of the
// transposed matrix, which is written down once.
class DenseFacilityLocation final : public Objective {
 public:
  // Throws std::invalid_argument if a similarity is NaN or infinite; -infinity counts as 0.
  DenseFacilityLocation(const float* similarities, std::size_t rows, std::size_t columns, const Threads& threads);

  [[nodiscard]] std::size_t size() const override { return candidates_; }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  [[nodiscard]] const float* of_candidate(std::size_t candidate) const { return matrix_ + candidate * covered_.size(); }

  std::size_t candidates_;
  std::vector<float> transposed_;
  const float* matrix_;  // [candidates, samples]
  std::vector<float> covered_;
  std::vector<double> alone_;  // gains of each candidate as the first pick
};

}  // namespace modyn::kernels
