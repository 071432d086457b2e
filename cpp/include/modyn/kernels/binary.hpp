// Scores of logits that decide each of L labels on its own, one pass over each row.
//
// With p = sigmoid(z), targets y in [0, 1], weights w and weights u of the positive targets, the loss of
// torch.nn.BCEWithLogitsLoss is the sum over the labels of
//
//   w (u y (-log p) + (1 - y) (-log(1 - p)))
//
// and its gradient w ((1 - y) p - u y (1 - p)). All is computed from exp(-|z|), so nothing overflows or loses its
// digits. A NaN in a row makes all its scores NaN. "Real" is double for logits of kFloat64, else float.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/classification.hpp"
#include "modyn/kernels/element.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// A factor of each label's loss, Real: [labels], or [count, labels] if row_stride is `labels`. Null: 1 each.
struct LabelFactors {
  const void* values;
  std::size_t row_stride;
};

struct BinaryCrossEntropy {
  const void* targets;  // Real [count, labels]
  LabelFactors weights;
  LabelFactors positive_weights;
};

// Where the scores go, Real [count]; null for those not wanted.
struct BinaryScores {
  void* loss;
  void* max_probability;  // of the likelier answer, for the least certain label
  void* margin;           // that less the other answer's
  void* entropy;          // in nats, summed over the labels
  void* gradient_norm;
  void* label_probability;  // that all labels are as the targets say, 1 where the target is at least 1/2
  void* label_margin;       // the least z for a 1 and -z for a 0
  std::uint8_t* correct;    // 1 if each z is positive exactly if the target is 1
};

// `logits.classes` are the labels, at least 1.
void binary_scores(const Logits& logits, const BinaryCrossEntropy& criterion, const BinaryScores& scores,
                   const Threads& threads);

// gradients, Real [count, labels]: sum over the scores of their derivatives times those of `outer`. The least
// certain label is the first of equal ones.
void binary_gradients(const Logits& logits, const BinaryCrossEntropy& criterion, const ScoreDerivatives& outer,
                      void* gradients, const Threads& threads);

}  // namespace modyn::kernels
