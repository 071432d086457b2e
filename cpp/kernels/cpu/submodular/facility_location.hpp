// Facility location over the samples of one group, without a matrix of their similarities.
#pragma once

#include <vector>

#include "kernels/cpu/submodular/features.hpp"
#include "kernels/cpu/submodular/objective.hpp"

namespace modyn::kernels {

// Kept are the similarity of each sample to its nearest pick, `covered`, and a log of how it grew. A gain is a sum of
// whole numbers, so it can be kept up to date: it loses what the samples took that became better covered since it
// was computed, and only their similarities are needed for that. Gains that the log does not reach back to
// are computed from all samples, all at once in half the work, because a tile serves its rows and its columns.
class FacilityLocation final : public Objective {
 public:
  explicit FacilityLocation(Features features);

  [[nodiscard]] std::size_t size() const override { return features_.count(); }
  void bound(std::span<double> bounds, const Threads& threads) override;
  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override;
  void add(std::uint32_t pick, const Threads& threads) override;

 private:
  // One sample became better covered.
  struct Change {
    std::uint32_t sample;
    std::int32_t before;
    std::int32_t after;
  };
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  // How many similarities bringing a candidate's gain up to date takes.
  [[nodiscard]] std::uint64_t work(std::uint32_t candidate) const noexcept;
  void sum_anew(std::span<const std::uint32_t> candidates, const Threads& threads);
  void subtract_losses(std::span<std::uint32_t> candidates, const Threads& threads);
  [[nodiscard]] const Change& change(std::uint64_t number) const { return log_[number % log_.size()]; }

  Features features_;
  std::vector<std::int32_t> covered_;  // padded to whole tiles
  std::vector<std::int64_t> gains_;
  std::vector<std::uint64_t> known_;  // changes that the gain of a candidate knows of, or kNever
  std::vector<Change> log_;           // the last size() of them
  std::uint64_t changes_ = 0;
  bool picked_ = false;
};

}  // namespace modyn::kernels
