// Scores and gradients of as many rows of logits as a vector has lanes. Only for `*.isa.cpp`.
#pragma once

#include "kernels/cpu/classification.hpp"
#include "kernels/cpu/softmax_gradient.hpp"
#include "kernels/cpu/softmax_rows.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

// As many rows as a vector has lanes, or the last ones.
template <typename E>
class Batch {
 public:
  using Real = typename E::Real;
  using Stored = typename E::Stored;
  using V = Values<Real>;
  using B = Bits<Real>;
  using I = Integer<Real>;
  static constexpr std::size_t kWidth = Lanes<Real>::kCount;

  MODYN_INLINE Batch(const ClassificationTask& task, Tail<E>& tail) : task_(task), tail_(tail) {
    const CrossEntropy& criterion = task.criterion;
    general_ = criterion.probabilities != nullptr || criterion.label_smoothing > 0;
    share_ = static_cast<Real>(1 - criterion.label_smoothing);
    factors_ = {.weights = general_ ? at<Real>(criterion.class_weights, 0) : nullptr,
                .probabilities = nullptr,
                .share = share_,
                .floor = static_cast<Real>(criterion.label_smoothing / static_cast<double>(task.logits.classes))};
    short_.classes = task.logits.classes;
  }

  MODYN_INLINE void take(std::size_t first, std::size_t rows) {
    first_ = first;
    rows_ = rows;
    read_labels();
    if (is_short()) {
      sum_short_rows();
    } else {
      sum_long_rows();
    }
    const V one = all<Real>(1);
    label_power_ = exp_of_negative<Real>(label_logit_ - sums_.top);
    sum_ = sums_.rest + 1;
    log_sum_ = log_of_one_more<Real>(sums_.rest);
    miss_ = (sums_.rest + (one - label_power_)) / sum_;
    entropy_ = log_sum_ + sums_.spread / sum_;
    margin_ = one_less_exp<Real>(sums_.second - sums_.top) / sum_;
  }

  MODYN_INLINE void write_scores() {
    const ClassificationScores& scores = task_.scores;
    V loss = label_share_ == 0 ? V{} : label_share_ * ((sums_.top - label_logit_) + log_sum_);
    if (general_) loss += sums_.shifted + sums_.mass * log_sum_;
    const V one = all<Real>(1);
    const B has_loss = counted();
    put(scores.loss, has_loss ? loss : V{});
    put(scores.max_probability, has_loss ? one / sum_ : one);
    put(scores.margin, has_loss ? margin_ : one);
    put(scores.entropy, has_loss ? entropy_ : V{});
    if (scores.gradient_norm != nullptr) put(scores.gradient_norm, has_loss ? gradient_norm() : V{});
    const V missing = all<Real>(static_cast<Real>(__builtin_nan("")));
    const B has_label = label_ >= 0;
    put(scores.label_probability, has_label ? label_power_ / sum_ : missing);
    if (scores.label_margin == nullptr && scores.correct == nullptr) return;
    const B is_top = label_logit_ == sums_.top;
    const B known = are_numbers();
    const V others = is_top ? sums_.second : sums_.top;
    put(scores.label_margin, has_label & known ? label_logit_ - others : missing);
    if (scores.correct != nullptr) write_correct(is_top & has_label & known);
  }

  MODYN_INLINE void write_gradients() {
    const GradientTerms<V> terms = terms_of(task_.outer);
    if (is_short()) {
      write_short_gradients(terms);
    } else {
      write_long_gradients(terms);
    }
    if (task_.outer.max_probability == nullptr && task_.outer.margin == nullptr) return;
    for (std::size_t row = 0; row < rows_; ++row) add_first_classes(row);
  }

 private:
  [[nodiscard]] MODYN_INLINE bool is_short() const { return task_.logits.classes <= kTileColumns; }
  [[nodiscard]] MODYN_INLINE std::size_t classes() const { return task_.logits.classes; }
  [[nodiscard]] MODYN_INLINE const Stored* logits(std::size_t row) const {
    return at<Stored>(task_.logits.values, (first_ + row) * classes());
  }
  [[nodiscard]] MODYN_INLINE const Real* probabilities(std::size_t row) const {
    return task_.criterion.probabilities == nullptr
               ? nullptr
               : at<Real>(task_.criterion.probabilities, (first_ + row) * classes());
  }
  // Which rows have a loss.
  [[nodiscard]] MODYN_INLINE B counted() const {
    return task_.criterion.probabilities == nullptr ? label_ >= 0 : B{} == 0;
  }

  MODYN_INLINE void put(void* to, V value) const {
    if (to != nullptr) write_rows<Real>(at<Real>(to, first_), rows_, value);
  }

  // Which rows have a largest logit and no NaN. That makes their sums NaN, but so does infinity.
  [[nodiscard]] MODYN_INLINE B are_numbers() const {
    B known = sums_.rest == sums_.rest;
    if (!any<Real>(sums_.top == -kMinusInfinity<Real>)) return known;
    for (std::size_t row = 0; row < rows_; ++row) {
      if (known[row] != 0 || sums_.top[row] != -kMinusInfinity<Real>) continue;
      std::size_t c = 0;
      while (c < classes() && E::scalar(logits(row)[c]) == E::scalar(logits(row)[c])) ++c;
      if (c == classes()) known[row] = -1;
    }
    return known;
  }

  // Numbers of the batch's rows, 0 behind the last row and for null.
  [[nodiscard]] MODYN_INLINE V get(const void* from) const {
    return from == nullptr ? V{} : read_rows<Real>(at<Real>(from, first_), rows_);
  }

  // 0 for rows without a loss.
  [[nodiscard]] MODYN_INLINE V get_counted(const void* from) const { return counted() ? get(from) : V{}; }

  MODYN_INLINE void read_labels() {
    const CrossEntropy& criterion = task_.criterion;
    for (std::size_t row = 0; row < kWidth; ++row) labels_[row] = -1;
    if (criterion.probabilities != nullptr) {
      for (std::size_t row = 0; row < rows_; ++row) labels_[row] = likeliest(probabilities(row));
    } else {
      const std::int64_t* labels = criterion.labels + first_;
      for (std::size_t row = 0; row < rows_; ++row) {
        labels_[row] = labels[row] == criterion.ignore_index ? -1 : static_cast<I>(labels[row]);
      }
    }
    __builtin_memcpy(&label_, labels_, sizeof(label_));
    PerRow<Real> of_label{};
    for (std::size_t row = 0; row < rows_; ++row) {
      if (labels_[row] >= 0) of_label[row] = E::scalar(logits(row)[labels_[row]]);
    }
    label_logit_ = of_label.vector();
    label_share_ = V{};
    if (criterion.probabilities != nullptr) return;
    label_share_ = label_ >= 0 ? all<Real>(share_) : V{};
    if (criterion.class_weights == nullptr) return;
    PerRow<Real> weights{};
    for (std::size_t row = 0; row < rows_; ++row) {
      if (labels_[row] >= 0) weights[row] = *at<Real>(criterion.class_weights, static_cast<std::size_t>(labels_[row]));
    }
    label_share_ *= weights.vector();
  }

  [[nodiscard]] MODYN_INLINE I likeliest(const Real* of_row) const {
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes(); ++c) best = of_row[c] > of_row[best] ? c : best;
    return static_cast<I>(best);
  }

  MODYN_INLINE LongRow<E> long_row(std::size_t row) const {
    LongRow<E> of_row{.logits = logits(row), .classes = classes(), .factors = factors_, .tail = nullptr};
    of_row.factors.probabilities = probabilities(row);
    of_row.fill(tail_);
    return of_row;
  }

  MODYN_INLINE void sum_long_rows() {
    PerRow<Real> top{}, second{}, rest{}, squares{}, spread{}, mass{}, shifted{};
    for (std::size_t row = 0; row < rows_; ++row) {
      const LongRow<E> of_row = long_row(row);
      const RowSums<Real> sums = sums_of<E>(of_row, of_row.logits + classes());
      top[row] = sums.top;
      second[row] = sums.second;
      rest[row] = sums.rest;
      squares[row] = sums.squares;
      spread[row] = sums.spread;
      mass[row] = sums.mass;
      shifted[row] = sums.shifted;
    }
    sums_ = {.top = top.vector(),
             .second = second.vector(),
             .rest = rest.vector(),
             .squares = squares.vector(),
             .spread = spread.vector(),
             .mass = mass.vector(),
             .shifted = shifted.vector()};
  }

  MODYN_INLINE void sum_short_rows() {
    short_.factors = factors_;
    fill<E>(short_.logits, logits(0), classes(), rows_, classes());
    if (task_.criterion.probabilities != nullptr) {
      fill<typename ElementOf<Real>::Type>(short_.probabilities, probabilities(0), classes(), rows_, classes());
      short_.factors.probabilities = short_.probabilities.numbers;
    }
    sums_ = sums_of<Real>(short_);
  }

  // Of `outer` with respect to the logits, but for what the classes of the two largest logits get besides.
  [[nodiscard]] MODYN_INLINE GradientTerms<V> terms_of(const ScoreDerivatives& outer) const {
    const V of_loss = get_counted(outer.loss);
    const V of_entropy = get_counted(outer.entropy);
    const V label = of_loss * label_share_;
    const V slope = label + of_loss * sums_.mass - of_entropy * (entropy_ - log_sum_) -
                    get_counted(outer.max_probability) / sum_ - get_counted(outer.margin) * margin_;
    return {.top = sums_.top,
            .inverse_sum = 1 / sum_,
            .slope = slope,
            .bend = of_entropy,
            .outer = of_loss,
            .label = label,
            .label_miss = label * miss_};
  }

  [[nodiscard]] MODYN_INLINE V gradient_norm() const {
    const V share = label_share_;
    if (!general_) {
      const V one = all<Real>(1);
      const V others = (sums_.squares + (one - label_power_ * label_power_)) / (sum_ * sum_);
      return share * square_root<Real>(miss_ * miss_ + others);
    }
    const GradientTerms<V> terms{.top = sums_.top,
                                 .inverse_sum = 1 / sum_,
                                 .slope = share + sums_.mass,
                                 .bend = V{},
                                 .outer = all<Real>(1),
                                 .label = share,
                                 .label_miss = share * miss_};
    return square_root<Real>(is_short() ? short_squares(terms) : long_squares(terms));
  }

  [[nodiscard]] MODYN_INLINE V short_squares(const GradientTerms<V>& terms) const {
    V squares{};
    for (std::size_t c = 0; c < classes(); ++c) {
      const V g = gradient<Real>(terms, short_.logits.column(c), short_.v(c), label_ == static_cast<I>(c));
      squares += g * g;
    }
    return squares;
  }

  // Calls visit(gradients, first class) for each vector of a long row.
  template <typename Visit>
  MODYN_INLINE void each_gradient(const GradientTerms<V>& terms, std::size_t row, Visit&& visit) const {
    const GradientTerms<V> of_row{.top = all<Real>(terms.top[row]),
                                  .inverse_sum = all<Real>(terms.inverse_sum[row]),
                                  .slope = all<Real>(terms.slope[row]),
                                  .bend = all<Real>(terms.bend[row]),
                                  .outer = all<Real>(terms.outer[row]),
                                  .label = all<Real>(terms.label[row]),
                                  .label_miss = all<Real>(terms.label_miss[row])};
    B lane_numbers;
    for (std::size_t lane = 0; lane < kWidth; ++lane) lane_numbers[lane] = static_cast<I>(lane);
    const LongRow<E> logits_of_row = long_row(row);
    logits_of_row.each(0, classes(), [&](V z, std::size_t first) {
      const auto label = static_cast<I>(labels_[row] - static_cast<I>(first));
      const V v = general_ ? logits_of_row.v(first) : V{};
      visit(gradient<Real>(of_row, z, v, lane_numbers == label), first);
    });
  }

  [[nodiscard]] MODYN_INLINE V long_squares(const GradientTerms<V>& terms) const {
    PerRow<Real> squares{};
    for (std::size_t row = 0; row < rows_; ++row) {
      V of_row{};
      each_gradient(terms, row, [&](V g, std::size_t /*first*/) { of_row += g * g; });
      squares[row] = total<Real>(of_row);
    }
    return squares.vector();
  }

  MODYN_INLINE void write_long_gradients(const GradientTerms<V>& terms) const {
    for (std::size_t row = 0; row < rows_; ++row) {
      Real* to = at<Real>(task_.gradients, (first_ + row) * classes());
      const B has_loss = B{} + counted()[row];
      each_gradient(terms, row, [&](V of_logits, std::size_t first) {
        const V g = has_loss ? of_logits : V{};
        if (classes() - first >= kWidth) {
          write<Real>(to + first, g);
        } else {
          write_some<Real>(to + first, classes() - first, g);
        }
      });
    }
  }

  MODYN_INLINE void write_short_gradients(const GradientTerms<V>& terms) {
    Real* to = at<Real>(task_.gradients, first_ * classes());
    const B has_loss = counted();
    for (std::size_t c = 0; c < classes(); ++c) {
      const V v = general_ ? short_.v(c) : V{};
      const V g = gradient<Real>(terms, short_.logits.column(c), v, label_ == static_cast<I>(c));
      short_.logits.set(c, has_loss ? g : V{});
    }
    empty<Real>(short_.logits, to, classes(), rows_, classes());
  }

  // The first class other than `but` with this logit, or `classes` if there is none.
  [[nodiscard]] MODYN_INLINE std::size_t first_with(std::size_t row, Real logit, std::size_t but) const {
    const Stored* of_row = logits(row);
    std::size_t c = 0;
    while (c < classes() && (c == but || E::scalar(of_row[c]) != logit)) ++c;
    return c;
  }

  MODYN_INLINE void add_first_classes(std::size_t row) const {
    if (labels_[row] < 0) return;  // it has no loss
    const ScoreDerivatives& outer = task_.outer;
    const Real of_max = outer.max_probability == nullptr ? Real{0} : *at<Real>(outer.max_probability, first_ + row);
    const Real of_margin = outer.margin == nullptr ? Real{0} : *at<Real>(outer.margin, first_ + row);
    const Real largest_probability = 1 / sum_[row];
    Real* to = at<Real>(task_.gradients, (first_ + row) * classes());
    const std::size_t top = first_with(row, sums_.top[row], classes());
    if (top == classes()) return;  // all are NaN
    to[top] += (of_max + of_margin) * largest_probability;
    const std::size_t second = first_with(row, sums_.second[row], top);
    if (second == classes()) return;  // there is one class
    const V second_power = exp_of_negative<Real>(sums_.second - sums_.top);
    to[second] -= of_margin * second_power[row] * largest_probability;
  }

  MODYN_INLINE void write_correct(B has_top_label) const {
    for (std::size_t row = 0; row < rows_; ++row) {
      bool correct = has_top_label[row] != 0;
      if (correct && sums_.second[row] == sums_.top[row]) {
        correct = first_with(row, sums_.top[row], classes()) == static_cast<std::size_t>(labels_[row]);
      }
      task_.scores.correct[first_ + row] = correct ? 1 : 0;
    }
  }

  const ClassificationTask& task_;
  Tail<E>& tail_;
  bool general_;
  Real share_;  // of the target in the loss, the rest being smoothed
  LossFactors<Real> factors_;
  ShortRows<Real> short_;

  std::size_t first_ = 0;
  std::size_t rows_ = 0;
  I labels_[kWidth];  // -1 for none
  B label_;           // the same
  V label_logit_;     // 0 without a label
  V label_share_;     // the factor of -log p of the label

  RowSums<V> sums_;
  V sum_;  // of exp(z_c - top)
  V log_sum_;
  V label_power_;  // exp(z - top) of the label
  V miss_;         // 1 - p of the label
  V entropy_;
  V margin_;
};

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
