#include "kernels/cpu/classification.hpp"

#include <atomic>
#include <vector>

#include "kernels/cpu/row_parts.hpp"

namespace modyn::kernels {
namespace {

template <typename Real>
std::vector<Real> padded(const CrossEntropy& criterion, std::size_t classes) {
  std::vector<Real> weights(classes + kClassPadding);
  const auto* given = static_cast<const Real*>(criterion.class_weights);
  for (std::size_t c = 0; c < classes; ++c) weights[c] = given == nullptr ? Real{1} : given[c];
  return weights;
}

// A row of [first, last) whose label is no class, or kNoRow.
std::size_t find_unknown_label(const CrossEntropy& criterion, std::size_t classes, std::size_t first,
                               std::size_t last) {
  if (criterion.labels == nullptr) return kNoRow;
  for (std::size_t row = first; row < last; ++row) {
    const std::int64_t label = criterion.labels[row];
    if (static_cast<std::uint64_t>(label) >= classes && label != criterion.ignore_index) return row;
  }
  return kNoRow;
}

template <typename Rows>
std::size_t each_part(ClassificationTask task, const Threads& threads, const Rows& rows) {
  const std::size_t classes = task.logits.classes;
  std::vector<float> floats;
  std::vector<double> doubles;
  if (task.criterion.probabilities != nullptr || task.criterion.label_smoothing > 0) {
    if (task.logits.element == Element::kFloat64) {
      doubles = padded<double>(task.criterion, classes);
      task.criterion.class_weights = doubles.data();
    } else {
      floats = padded<float>(task.criterion, classes);
      task.criterion.class_weights = floats.data();
    }
  }
  std::atomic<std::size_t> unknown{kNoRow};
  for_each_rows(task.logits.count, classes, threads, [&](std::size_t first, std::size_t count) {
    const std::size_t row = find_unknown_label(task.criterion, classes, first, first + count);
    if (row == kNoRow) return rows(task, first, count);
    unknown.store(row, std::memory_order_relaxed);
  });
  return unknown.load();
}

}  // namespace

std::size_t classification_scores(const Logits& logits, const CrossEntropy& criterion,
                                  const ClassificationScores& scores, const Threads& threads) {
  const ClassificationTask task{
      .logits = logits, .criterion = criterion, .scores = scores, .outer = {}, .gradients = nullptr};
  return each_part(task, threads, [](const ClassificationTask& of_part, std::size_t first, std::size_t count) {
    MODYN_DISPATCH(score_rows)(of_part, first, count);
  });
}

std::size_t classification_gradients(const Logits& logits, const CrossEntropy& criterion, const ScoreDerivatives& outer,
                                     void* gradients, const Threads& threads) {
  const ClassificationTask task{
      .logits = logits, .criterion = criterion, .scores = {}, .outer = outer, .gradients = gradients};
  return each_part(task, threads, [](const ClassificationTask& of_part, std::size_t first, std::size_t count) {
    MODYN_DISPATCH(differentiate_rows)(of_part, first, count);
  });
}

}  // namespace modyn::kernels
