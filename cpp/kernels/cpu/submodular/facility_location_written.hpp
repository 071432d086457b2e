// Facility location over the samples of a small group, whose similarities are all written down.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/submodular/features.hpp"
#include "kernels/cpu/submodular/objective.hpp"

namespace modyn::kernels {

// The same similarities as whole numbers, and so the same gains and picks, as those of `FacilityLocation`, which
// computes them anew whenever it needs them. Reading one costs a tenth of computing it.
class WrittenFacilityLocation final : public Objective {
 public:
  // 4 bytes are written for each pair of samples.
  WrittenFacilityLocation(Features features, const Threads& threads);

  [[nodiscard]] std::size_t size() const override { return features_.count(); }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  [[nodiscard]] std::int32_t* of(std::size_t sample) { return similarities_.data() + sample * covered_.size(); }
  [[nodiscard]] std::int64_t gain(std::uint32_t candidate);
  void lower_top(const Threads& threads);

  Features features_;
  std::vector<std::int32_t> covered_;       // padded to whole tiles
  std::vector<std::int32_t> similarities_;  // rows as long as `covered_`
  bool picked_ = false;
};

}  // namespace modyn::kernels
