// A submodular function that greedy algorithms maximise: gains only shrink while samples are picked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class Objective {
 public:
  Objective() = default;
  virtual ~Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;

  // Candidates are 0 ... size() - 1.
  [[nodiscard]] virtual std::size_t size() const = 0;
  // Bounds of all gains from above, before anything is picked.
  virtual void bound(std::span<double> bounds, const Threads& threads) = 0;
  // gains[i] = what picking candidates[i] would add now. A gain is the same whenever and however often it was
  // computed before, and not larger than any that was computed for fewer picks.
  virtual void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) = 0;
  virtual void add(std::uint32_t pick, const Threads& threads) = 0;
};

}  // namespace modyn::kernels
