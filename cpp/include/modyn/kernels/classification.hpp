// Scores of a classifier's logits z [count, classes], one pass over each row.
//
// With p = softmax(z), the label y, class weights w and label smoothing e, the loss of torch.nn.CrossEntropyLoss is
//
//   (1 - e) w_y (-log p_y) + e / C * sum_c w_c (-log p_c)        y is a label
//   sum_c w_c ((1 - e) q_c + e / C) (-log p_c)                   q are probabilities
//
// and its gradient p * sum_c v_c - v, where v_c is the factor of -log p_c. Rows whose label is `ignore_index` have loss
// and gradient 0. Sums leave out the largest logit, whose exponential is 1, so losses, gradients, entropies and margins
// keep their digits however certain the classifier is. A NaN in a row makes all its scores NaN.
//
// "Real" is double for logits of kFloat64, else float. Everything is dense.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/element.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

struct Logits {
  const void* values;  // [count, classes]
  Element element;
  std::size_t count;
  std::size_t classes;  // at least 1
};

// Exactly one of labels and probabilities is given.
struct CrossEntropy {
  const std::int64_t* labels;  // [count], in [0, classes) or ignore_index; or null
  const void* probabilities;   // Real [count, classes], or null
  const void* class_weights;   // Real [classes], or null: 1 each
  std::int64_t ignore_index;
  double label_smoothing;  // in [0, 1]
};

// Where the scores go, Real [count]; null for those not wanted.
struct ClassificationScores {
  void* loss;
  void* max_probability;  // 1 for ignored rows, whatever their logits, so that they look certain
  void* margin;           // the largest probability less the second; 1 if there is one class, or for ignored rows
  void* entropy;          // in nats; 0 for ignored rows
  void* gradient_norm;    // Euclidean norm of the loss' gradient with respect to the row
  // Of the label, or of the likeliest class of `probabilities`; NaN for ignored rows.
  void* label_probability;
  void* label_margin;     // its logit less the largest other one; infinite if there is one class, NaN beside a NaN
  std::uint8_t* correct;  // 1 if it is the first largest logit, else 0
};

// How a later result depends on the scores, Real [count]; null for 0. For the derivative with respect to the logits.
struct ScoreDerivatives {
  const void* loss;
  const void* max_probability;
  const void* margin;
  const void* entropy;
};

inline constexpr std::size_t kNoRow = ~std::size_t{0};

// Both return a row whose label is neither a class nor `ignore_index`, or kNoRow; if there is one the results are
// incomplete.
std::size_t classification_scores(const Logits& logits, const CrossEntropy& criterion,
                                  const ClassificationScores& scores, const Threads& threads);

// gradients, Real [count, classes]: sum over the scores of their derivatives times those of `outer`.
// The largest logit of `margin` and `max_probability` is the first of equal ones.
std::size_t classification_gradients(const Logits& logits, const CrossEntropy& criterion, const ScoreDerivatives& outer,
                                     void* gradients, const Threads& threads);

}  // namespace modyn::kernels
