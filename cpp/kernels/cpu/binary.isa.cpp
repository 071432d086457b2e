#include "kernels/cpu/binary.hpp"

#include "kernels/cpu/binary_batch.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

template <typename E, typename Write>
MODYN_INLINE void each_batch(const BinaryTask& task, std::size_t first, std::size_t count, Write&& write) {
  BinaryBatch<E> batch(task);
  for (std::size_t row = first; row < first + count; row += BinaryBatch<E>::kWidth) {
    const std::size_t left = first + count - row;
    batch.take(row, left < BinaryBatch<E>::kWidth ? left : BinaryBatch<E>::kWidth);
    write(batch);
  }
}

template <typename E>
void score(const BinaryTask& task, std::size_t first, std::size_t count) {
  each_batch<E>(task, first, count, [](BinaryBatch<E>& batch) { batch.write_scores(); });
}

template <typename E>
void differentiate(const BinaryTask& task, std::size_t first, std::size_t count) {
  each_batch<E>(task, first, count, [](BinaryBatch<E>& batch) { batch.write_gradients(); });
}

}  // namespace

void score_labels(const BinaryTask& task, std::size_t first, std::size_t count) noexcept {
  switch (task.logits.element) {
    case Element::kFloat32:
      return score<Float32>(task, first, count);
    case Element::kFloat64:
      return score<Float64>(task, first, count);
    case Element::kBfloat16:
      return score<Bfloat16>(task, first, count);
    case Element::kFloat16:
      return score<Float16>(task, first, count);
  }
}

void differentiate_labels(const BinaryTask& task, std::size_t first, std::size_t count) noexcept {
  switch (task.logits.element) {
    case Element::kFloat32:
      return differentiate<Float32>(task, first, count);
    case Element::kFloat64:
      return differentiate<Float64>(task, first, count);
    case Element::kBfloat16:
      return differentiate<Bfloat16>(task, first, count);
    case Element::kFloat16:
      return differentiate<Float16>(task, first, count);
  }
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
