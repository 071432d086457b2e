// Weights of samples as a tensor has them.
#pragma once

#include <cstddef>

namespace modyn::kernels {

enum class WeightType { kFloat32, kFloat64 };

struct Weights {
  const void* values;  // [count]; what is negative or not finite counts as 0
  WeightType type;
  std::size_t count;
};

}  // namespace modyn::kernels
