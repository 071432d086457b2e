// What `classification.cpp` hands to each set of vector instructions.
#pragma once

#include "kernels/cpu/dispatch.hpp"
#include "modyn/kernels/classification.hpp"

namespace modyn::kernels {

// Numbers behind the class weights of a task that must be there to be read, and 0.
inline constexpr std::size_t kClassPadding = 16;

struct ClassificationTask {
  Logits logits;
  // Labels are classes or ignore_index. If the loss is not that of one class alone (label smoothing, probabilities)
  // the class weights are not null and are followed by kClassPadding zeros.
  CrossEntropy criterion;
  ClassificationScores scores;
  ScoreDerivatives outer;
  void* gradients;
};

MODYN_FOR_EACH_ISA(
    // Rows [first, first + count).
    void score_rows(const ClassificationTask& task, std::size_t first, std::size_t count) noexcept;
    void differentiate_rows(const ClassificationTask& task, std::size_t first, std::size_t count) noexcept;)

}  // namespace modyn::kernels
