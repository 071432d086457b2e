// What `binary.cpp` hands to each set of vector instructions.
#pragma once

#include "kernels/cpu/dispatch.hpp"
#include "modyn/kernels/binary.hpp"

namespace modyn::kernels {

struct BinaryTask {
  Logits logits;
  BinaryCrossEntropy criterion;
  BinaryScores scores;
  ScoreDerivatives outer;
  void* gradients;
};

MODYN_FOR_EACH_ISA(
    // Rows [first, first + count).
    void score_labels(const BinaryTask& task, std::size_t first, std::size_t count) noexcept;
    void differentiate_labels(const BinaryTask& task, std::size_t first, std::size_t count) noexcept;)

}  // namespace modyn::kernels
