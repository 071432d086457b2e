#include "kernels/cpu/gradients.hpp"

#include "kernels/cpu/vector.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

void multiply_by_one_more(const float* embeddings, float* products, std::size_t count) noexcept {
  std::size_t at = 0;
  for (; at + kLanes <= count; at += kLanes) {
    const Floats product = load(products + at);
    store(products + at, product + product * load(embeddings + at));
  }
  for (; at < count; ++at) products[at] += products[at] * embeddings[at];
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
