// Similarities of picks to candidates, for functions that need no others.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/submodular/features.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class Similarities {
 public:
  Similarities() = default;
  virtual ~Similarities() = default;
  Similarities(const Similarities&) = delete;
  Similarities& operator=(const Similarities&) = delete;

  [[nodiscard]] virtual std::size_t size() const = 0;
  // Of each sample: the sum of its similarities to all.
  [[nodiscard]] virtual std::vector<double> sums(const Threads& threads) = 0;
  [[nodiscard]] virtual std::vector<double> to_themselves(const Threads& threads) = 0;
  // Of one sample to all.
  virtual void of(std::uint32_t sample, std::span<double> out, const Threads& threads) const = 0;
};

[[nodiscard]] std::unique_ptr<Similarities> similarities_of(Features features);
// Throws std::invalid_argument unless the matrix [size, size] is symmetric and finite.
[[nodiscard]] std::unique_ptr<Similarities> similarities_of(const float* matrix, std::size_t size,
                                                            const Threads& threads);

}  // namespace modyn::kernels
