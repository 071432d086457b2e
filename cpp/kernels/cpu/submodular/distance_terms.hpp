// What the distances of one group's samples need besides the inner products of their factors.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/cpu/submodular/distances.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class DistanceTerms {
 public:
  // Centres the rows of both factors in place (centre.hpp). Without embeddings their width is 0.
  DistanceTerms(std::span<float> gradients, std::size_t classes, std::span<float> embeddings, std::size_t embedding,
                const Threads& threads);

  [[nodiscard]] const SampleTerms& operator[](std::size_t sample) const { return terms_[sample]; }
  // All distances are below this power of two.
  [[nodiscard]] double bound() const noexcept { return bound_; }
  // What brings the squared distances of centred factors below 4.
  [[nodiscard]] double scale() const noexcept { return scale_; }

 private:
  std::vector<SampleTerms> terms_;
  double bound_;
  double scale_;
};

}  // namespace modyn::kernels
