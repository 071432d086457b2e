// Scores and gradients of labels that are decided one by one, a row in each lane. Only for `*.isa.cpp`.
#pragma once

#include "kernels/cpu/binary.hpp"
#include "kernels/cpu/exponential.hpp"
#include "kernels/cpu/tile.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

// One label of each row.
template <typename Real>
struct Label {
  Values<Real> z;
  Values<Real> target;
  Values<Real> weight;
  Values<Real> positive_weight;
};

// What follows from the logit alone.
template <typename Real>
struct Answer {
  using V = Values<Real>;

  V size;        // |z|
  V likelier;    // probability of the likelier answer
  V unlikelier;  // of the other one
  V log_sum;     // -log of the likelier one's

  explicit MODYN_INLINE Answer(V z) {
    size = z < 0 ? -z : z;
    const V power = exp_of_negative<Real>(-size);
    const V sum = power + 1;
    likelier = 1 / sum;
    unlikelier = power / sum;
    log_sum = log_of_one_more<Real>(power);
  }

  // Beyond the bound the other answer has probability 0.
  [[nodiscard]] MODYN_INLINE V entropy() const { return log_sum - unlikelier * bounded<Real>(-size); }
};

// 0 * infinity counts as 0.
template <typename Real>
MODYN_INLINE Values<Real> product(Values<Real> factor, Values<Real> value) {
  return factor == 0 ? Values<Real>{} : factor * value;
}

template <typename Real>
MODYN_INLINE Values<Real> loss_of(const Label<Real>& label, const Answer<Real>& answer) {
  const Values<Real> negative = 1 - label.target;
  const Values<Real> positive = label.positive_weight * label.target;
  // What is left of the loss of the unlikelier answer without log_sum.
  const Values<Real> wrong = product<Real>(label.z > 0 ? negative : positive, answer.size);
  return label.weight * (wrong + (negative + positive) * answer.log_sum);
}

template <typename Real>
MODYN_INLINE Values<Real> gradient_of(const Label<Real>& label, const Answer<Real>& answer) {
  const Values<Real> positive = label.positive_weight * label.target;
  const auto likely = label.z > 0;
  const Values<Real> p = likely ? answer.likelier : answer.unlikelier;
  const Values<Real> q = likely ? answer.unlikelier : answer.likelier;
  return label.weight * ((1 - label.target) * p - positive * q);
}

template <typename E>
class BinaryBatch {
 public:
  using Real = typename E::Real;
  using Stored = typename E::Stored;
  using V = Values<Real>;
  static constexpr std::size_t kWidth = Lanes<Real>::kCount;

  explicit MODYN_INLINE BinaryBatch(const BinaryTask& task) : task_(task) {}

  MODYN_INLINE void take(std::size_t first, std::size_t rows) {
    first_ = first;
    rows_ = rows;
  }

  MODYN_INLINE void write_scores() {
    const BinaryScores& scores = task_.scores;
    V loss{}, entropy{}, squares{}, surprise{};
    V least_size = all<Real>(static_cast<Real>(__builtin_inf()));
    V least_margin = least_size;
    V wrong{};
    each_label([&](const Label<Real>& label, std::size_t /*c*/) {
      const Answer<Real> answer(label.z);
      const V g = gradient_of<Real>(label, answer);
      loss += loss_of<Real>(label, answer);
      entropy += answer.entropy();
      squares += g * g;
      least_size = answer.size < least_size ? answer.size : least_size;
      const auto is_one = label.target >= Real{0.5};
      const V margin = is_one ? label.z : -label.z;
      least_margin = margin < least_margin ? margin : least_margin;
      surprise += answer.log_sum + (margin < 0 ? answer.size : V{});
      wrong += (label.z > 0) == is_one ? V{} : all<Real>(1);
    });
    // 0, or NaN for rows with a NaN.
    const V defined = entropy - entropy;
    put(scores.loss, loss);
    put(scores.entropy, entropy);
    put(scores.gradient_norm, square_root<Real>(squares));
    put(scores.label_margin, least_margin + defined);
    const V least_power = exp_of_negative<Real>(-least_size);
    put(scores.max_probability, 1 / (1 + least_power) + defined);
    put(scores.margin, one_less_exp<Real>(-least_size) / (1 + least_power) + defined);
    put(scores.label_probability, exp_of_negative<Real>(-surprise));
    if (scores.correct == nullptr) return;
    const V mistakes = wrong + defined;
    for (std::size_t row = 0; row < rows_; ++row) scores.correct[first_ + row] = mistakes[row] == 0 ? 1 : 0;
  }

  MODYN_INLINE void write_gradients() {
    const ScoreDerivatives& outer = task_.outer;
    const V of_loss = get(outer.loss);
    const V of_entropy = get(outer.entropy);
    each_label([&](const Label<Real>& label, std::size_t c) {
      const Answer<Real> answer(label.z);
      V g = product<Real>(of_loss, gradient_of<Real>(label, answer));
      const V bounded_logit = label.z < 0 ? bounded<Real>(label.z) : -bounded<Real>(-label.z);
      g -= of_entropy * bounded_logit * answer.likelier * answer.unlikelier;
      logits_.set(c, g);
    });
    if (outer.max_probability == nullptr && outer.margin == nullptr) return;
    for (std::size_t row = 0; row < rows_; ++row) add_least_certain(row);
  }

 private:
  [[nodiscard]] MODYN_INLINE std::size_t labels() const { return task_.logits.classes; }

  MODYN_INLINE void put(void* to, V value) const {
    if (to != nullptr) write_rows<Real>(at<Real>(to, first_), rows_, value);
  }
  [[nodiscard]] MODYN_INLINE V get(const void* from) const {
    return from == nullptr ? V{} : read_rows<Real>(at<Real>(from, first_), rows_);
  }

  // Columns [first, first + columns) of a factor, one for each row if there is one for each.
  MODYN_INLINE void fill_factor(Tile<Real>& tile, const LabelFactors& factors, std::size_t first,
                                std::size_t columns) const {
    if (factors.values == nullptr) {
      for (std::size_t c = 0; c < columns; ++c) tile.set(c, all<Real>(1));
    } else if (factors.row_stride == 0) {
      for (std::size_t c = 0; c < columns; ++c) tile.set(c, all<Real>(*at<Real>(factors.values, first + c)));
    } else {
      const Real* from = at<Real>(factors.values, first_ * factors.row_stride + first);
      fill<typename ElementOf<Real>::Type>(tile, from, factors.row_stride, rows_, columns);
    }
  }

  // visit(label, its number in the tile) for each label; what it puts into the tile of logits becomes the gradients.
  template <typename Visit>
  MODYN_INLINE void each_label(Visit&& visit) {
    for (std::size_t first = 0; first < labels(); first += kTileColumns) {
      const std::size_t left = labels() - first;
      const std::size_t columns = left < kTileColumns ? left : kTileColumns;
      const std::size_t place = first_ * labels() + first;
      fill<E>(logits_, at<Stored>(task_.logits.values, place), labels(), rows_, columns);
      fill<typename ElementOf<Real>::Type>(targets_, at<Real>(task_.criterion.targets, place), labels(), rows_,
                                           columns);
      fill_factor(weights_, task_.criterion.weights, first, columns);
      fill_factor(positive_weights_, task_.criterion.positive_weights, first, columns);
      for (std::size_t c = 0; c < columns; ++c) {
        visit(Label<Real>{.z = logits_.column(c),
                          .target = targets_.column(c),
                          .weight = weights_.column(c),
                          .positive_weight = positive_weights_.column(c)},
              c);
      }
      if (task_.gradients == nullptr) continue;
      empty<Real>(logits_, at<Real>(task_.gradients, place), labels(), rows_, columns);
    }
  }

  // The least certain label alone decides the largest probability and the margin.
  MODYN_INLINE void add_least_certain(std::size_t row) const {
    const ScoreDerivatives& outer = task_.outer;
    const Stored* of_row = at<Stored>(task_.logits.values, (first_ + row) * labels());
    std::size_t least = 0;
    for (std::size_t c = 1; c < labels(); ++c) {
      least = size_of(of_row[c]) < size_of(of_row[least]) ? c : least;
    }
    const Answer<Real> answer(all<Real>(E::scalar(of_row[least])));
    const Real slope = answer.likelier[0] * answer.unlikelier[0];
    const Real of_max = outer.max_probability == nullptr ? Real{0} : *at<Real>(outer.max_probability, first_ + row);
    const Real of_margin = outer.margin == nullptr ? Real{0} : *at<Real>(outer.margin, first_ + row);
    const Real change = (of_max + 2 * of_margin) * slope;
    Real* to = at<Real>(task_.gradients, (first_ + row) * labels() + least);
    *to += E::scalar(of_row[least]) < 0 ? -change : change;
  }

  static MODYN_INLINE Real size_of(Stored value) {
    const Real z = E::scalar(value);
    return z < 0 ? -z : z;
  }

  const BinaryTask& task_;
  std::size_t first_ = 0;
  std::size_t rows_ = 0;
  Tile<Real> logits_;
  Tile<Real> targets_;
  Tile<Real> weights_;
  Tile<Real> positive_weights_;
};

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
