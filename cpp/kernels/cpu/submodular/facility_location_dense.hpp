// Facility location for a matrix of similarities that is given.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/submodular/objective.hpp"

namespace modyn::kernels {

// A candidate's similarities are read as one run of memory: of a symmetric matrix its row, otherwise a row of the
// transposed matrix, which is written down once. When the picks have grown so many that most samples are more similar
// to a pick than to any given candidate, the others are copied to short lists, and only these are read from then on.
class DenseFacilityLocation final : public Objective {
 public:
  // Throws std::invalid_argument if a similarity is NaN or infinite; -infinity counts as 0.
  DenseFacilityLocation(const float* similarities, std::size_t rows, std::size_t columns, const Threads& threads);

  [[nodiscard]] std::size_t size() const override { return candidates_; }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  // The samples to which a candidate is more similar than all picks, as far as is known.
  struct Uncovered {
    std::vector<std::uint32_t> rows;
    std::vector<float> similarities;
  };

  [[nodiscard]] const float* of_candidate(std::size_t candidate) const { return matrix_ + candidate * covered_.size(); }
  [[nodiscard]] std::int64_t gain(std::uint32_t candidate) const;
  void set_scale(float largest);
  [[nodiscard]] bool is_mostly_covered() const;
  void list_uncovered(const Threads& threads);
  void shorten_lists(const Threads& threads);

  std::size_t candidates_;
  std::vector<float> transposed_;
  const float* matrix_;  // [candidates, samples]
  double scale_ = 1;     // of the whole numbers that gains are sums of; a power of two
  std::vector<float> covered_;
  std::vector<Uncovered> uncovered_;  // of each candidate, or empty
  std::size_t picks_ = 0;
};

}  // namespace modyn::kernels
