// How the numbers of a tensor lie in memory.
#pragma once

namespace modyn::kernels {

// Kernels compute with double for kFloat64 and with float for the others, and their results are of that type.
enum class Element { kFloat32, kFloat64, kBfloat16, kFloat16 };

}  // namespace modyn::kernels
