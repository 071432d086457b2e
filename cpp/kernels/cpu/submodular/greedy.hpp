// Algorithms that pick the elements of a submodular function one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/cpu/submodular/objective.hpp"
#include "modyn/kernels/submodular.hpp"

namespace modyn::kernels {

struct Pick {
  std::uint32_t candidate;
  double gain;
};

class GreedySequence {
 public:
  GreedySequence() = default;
  virtual ~GreedySequence() = default;
  GreedySequence(const GreedySequence&) = delete;
  GreedySequence& operator=(const GreedySequence&) = delete;

  // Picks the next; at most as often as there are candidates.
  virtual Pick next(const Threads& threads) = 0;
};

// Random subsets are addressed by what `ids` calls the candidates; `picks` is how many there will be.
[[nodiscard]] std::unique_ptr<GreedySequence> greedy_sequence(const Greedy& greedy, Objective& objective,
                                                              std::span<const std::uint32_t> ids, std::size_t picks);

// True if gains never grow from pick to pick, and are the largest that there are.
[[nodiscard]] inline bool is_exact(Optimizer optimizer) noexcept {
  return optimizer == Optimizer::kNaive || optimizer == Optimizer::kLazy;
}

}  // namespace modyn::kernels
