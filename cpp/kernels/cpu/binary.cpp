#include "kernels/cpu/binary.hpp"

#include "kernels/cpu/row_parts.hpp"

namespace modyn::kernels {

void binary_scores(const Logits& logits, const BinaryCrossEntropy& criterion, const BinaryScores& scores,
                   const Threads& threads) {
  const BinaryTask task{.logits = logits, .criterion = criterion, .scores = scores, .outer = {}, .gradients = nullptr};
  for_each_rows(logits.count, logits.classes, threads,
                [&](std::size_t first, std::size_t count) { MODYN_DISPATCH(score_labels)(task, first, count); });
}

void binary_gradients(const Logits& logits, const BinaryCrossEntropy& criterion, const ScoreDerivatives& outer,
                      void* gradients, const Threads& threads) {
  const BinaryTask task{.logits = logits, .criterion = criterion, .scores = {}, .outer = outer, .gradients = gradients};
  for_each_rows(logits.count, logits.classes, threads, [&](std::size_t first, std::size_t count) {
    MODYN_DISPATCH(differentiate_labels)(task, first, count);
  });
}

}  // namespace modyn::kernels
