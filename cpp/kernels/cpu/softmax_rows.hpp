// Sums over the classes from which every score of a row follows. Only for `*.isa.cpp`.
//
// Rows come in batches of as many as a vector has lanes. Long rows are summed one after the other, short ones
// together, a row in each lane; either way the results have a row in each lane.
#pragma once

#include "kernels/cpu/exponential.hpp"
#include "kernels/cpu/tile.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

// Of one row (Number is Real) or of a row in each lane (Values<Real>). With t_c = z_c - top:
template <typename Number>
struct RowSums {
  Number top;      // the largest logit
  Number second;   // the second largest; -infinity if there is none
  Number rest;     // sum of exp(t_c) without one class of the largest logit
  Number squares;  // sum of exp(t_c)^2 without it
  Number spread;   // sum of exp(t_c) * -t_c
  // The loss is sum_c v_c (-log p_c) plus that of the label.
  Number mass;     // sum of v_c
  Number shifted;  // sum of v_c * -t_c
};

// v_c = w_c (share * q_c + floor); no v at all if `weights` is null, q_c = 0 if `probabilities` is.
template <typename Real>
struct LossFactors {
  const Real* weights;        // [classes], and zeros behind
  const Real* probabilities;  // of the row, or as a tile; or null
  Real share;
  Real floor;
};

template <typename Real>
inline constexpr Real kMinusInfinity = static_cast<Real>(-__builtin_inf());

template <typename Real>
MODYN_INLINE Values<Real> larger(Values<Real> a, Values<Real> b) {
  return a > b ? a : b;
}

template <typename Real>
MODYN_INLINE Values<Real> lesser(Values<Real> a, Values<Real> b) {
  return a < b ? a : b;
}

// Adds logits one vector at a time; lanes are summed apart from each other.
template <typename Real>
struct SoftmaxLanes {
  using V = Values<Real>;

  V top = all<Real>(kMinusInfinity<Real>);
  V second = all<Real>(kMinusInfinity<Real>);
  V tops{};  // how many logits equal the base
  V rest{};  // without those
  V squares{};
  V spread{};
  V mass{};
  V shifted{};

  MODYN_INLINE void rank(V z) {
    second = larger<Real>(second, lesser<Real>(top, z));
    top = larger<Real>(top, z);
  }

  MODYN_INLINE void add(V z, V base) {
    const V t = z - base;
    const auto is_top = t == 0;
    const V finite = bounded<Real>(t);
    const V power = exp_of_bounded<Real>(finite);
    const V others = is_top ? V{} : power;
    tops += is_top ? all<Real>(1) : V{};
    rest += others;
    squares += others * others;
    spread -= others * finite;
  }

  MODYN_INLINE void add_loss(V z, V base, V v) {
    mass += v;
    shifted += v == 0 ? V{} : v * (base - z);
  }

  // From sums with one base to sums with a larger one.
  MODYN_INLINE void rebase(V old_base, V new_base) {
    const V change = old_base - new_base;
    const V factor = exp_of_negative<Real>(change);
    rest = (rest + tops) * factor;
    squares = (squares + tops) * factor * factor;
    spread = spread * factor - rest * change;
    tops = V{};
    shifted -= mass == 0 ? V{} : mass * change;
  }
};

// What to subtract from the logits: the largest, or 0 if all are -infinity.
template <typename Real>
MODYN_INLINE Real base_of(Real top) {
  return top == kMinusInfinity<Real> ? Real{0} : top;
}

template <typename Real>
MODYN_INLINE Real largest(Values<Real> value) {
  Real lanes[Lanes<Real>::kCount];
  write<Real>(lanes, value);
  for (std::size_t width = Lanes<Real>::kCount / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) {
      lanes[lane] = lanes[lane] > lanes[lane + width] ? lanes[lane] : lanes[lane + width];
    }
  }
  return lanes[0];
}

// The last classes of a row, fewer than a vector has lanes, behind them what does not count.
template <typename E>
struct Tail {
  typename E::Stored logits[Lanes<typename E::Real>::kCount];
  typename E::Real probabilities[Lanes<typename E::Real>::kCount];

  MODYN_INLINE Tail() {
    for (std::size_t lane = 0; lane < Lanes<typename E::Real>::kCount; ++lane) {
      logits[lane] = E::lowest();
      probabilities[lane] = 0;
    }
  }
};

// A row that is longer than a vector: `visit(z, first class)` for each vector of classes in [first, last).
template <typename E>
struct LongRow {
  using Real = typename E::Real;
  using V = Values<Real>;
  static constexpr std::size_t kWidth = Lanes<Real>::kCount;

  const typename E::Stored* logits;
  std::size_t classes;
  LossFactors<Real> factors;
  const Tail<E>* tail;

  [[nodiscard]] MODYN_INLINE std::size_t whole() const { return classes - classes % kWidth; }

  // `tail` gets what is behind the last whole vector.
  MODYN_INLINE void fill(Tail<E>& of_row) {
    const std::size_t count = classes - whole();
    __builtin_memcpy(of_row.logits, logits + whole(), count * sizeof(*logits));
    if (factors.probabilities != nullptr) {
      __builtin_memcpy(of_row.probabilities, factors.probabilities + whole(), count * sizeof(Real));
    }
    tail = &of_row;
  }

  [[nodiscard]] MODYN_INLINE V v(std::size_t at) const {
    V share = all<Real>(factors.floor);
    if (factors.probabilities != nullptr) {
      const Real* q = at < whole() ? factors.probabilities + at : tail->probabilities;
      share += read<Real>(q) * factors.share;
    }
    return read<Real>(factors.weights + at) * share;
  }

  template <typename Visit>
  MODYN_INLINE void each(std::size_t first, std::size_t last, Visit&& visit) const {
    const std::size_t end = last < whole() ? last : whole();
    for (std::size_t at = first; at < end; at += kWidth) visit(E::vector(logits + at), at);
    if (last > whole()) visit(E::vector(tail->logits), whole());
  }
};

// As much of a row as stays in the nearest cache between finding its largest logit and summing.
inline constexpr std::size_t kChunk = 4096;
inline constexpr std::size_t kCacheLine = 64;

template <typename E>
MODYN_INLINE RowSums<typename E::Real> sums_of(const LongRow<E>& row, const void* next_row) {
  using Real = typename E::Real;
  using V = Values<Real>;
  SoftmaxLanes<Real> lanes;
  Real top = kMinusInfinity<Real>;
  for (std::size_t first = 0; first < row.classes; first += kChunk) {
    const std::size_t last = row.classes - first > kChunk ? first + kChunk : row.classes;
    row.each(first, last, [&](V z, std::size_t /*at*/) { lanes.rank(z); });
    const Real new_top = largest<Real>(lanes.top);
    if (new_top > top && top > kMinusInfinity<Real>) lanes.rebase(all<Real>(top), all<Real>(new_top));
    top = new_top;
    const V base = all<Real>(base_of(top));
    const char* ahead = static_cast<const char*>(next_row) + first * sizeof(typename E::Stored);
    row.each(first, last, [&](V z, std::size_t /*at*/) {
      __builtin_prefetch(ahead);
      ahead += LongRow<E>::kWidth * sizeof(typename E::Stored);
      lanes.add(z, base);
    });
    if (row.factors.weights != nullptr) {
      row.each(first, last, [&](V z, std::size_t at) { lanes.add_loss(z, base, row.v(at)); });
    }
  }

  Real tops[LongRow<E>::kWidth];
  Real seconds[LongRow<E>::kWidth];
  write<Real>(tops, lanes.top);
  write<Real>(seconds, lanes.second);
  Real second = kMinusInfinity<Real>;
  bool passed_top = false;
  for (std::size_t lane = 0; lane < LongRow<E>::kWidth; ++lane) {
    const bool is_top = !passed_top && tops[lane] == top;
    passed_top = passed_top || is_top;
    const Real candidate = is_top ? seconds[lane] : tops[lane];
    second = candidate > second ? candidate : second;
  }
  // All of the row is -infinity or NaN if there is no top.
  const Real more_tops =
      top == kMinusInfinity<Real> ? static_cast<Real>(__builtin_nan("")) : total<Real>(lanes.tops) - 1;
  return {.top = top,
          .second = second,
          .rest = total<Real>(lanes.rest) + more_tops,
          .squares = total<Real>(lanes.squares) + more_tops,
          .spread = total<Real>(lanes.spread),
          .mass = total<Real>(lanes.mass),
          .shifted = total<Real>(lanes.shifted)};
}

// Rows of at most kTileColumns classes, and v of each of their classes.
template <typename Real>
struct ShortRows {
  Tile<Real> logits;
  Tile<Real> probabilities;
  std::size_t classes;
  LossFactors<Real> factors;

  [[nodiscard]] MODYN_INLINE Values<Real> v(std::size_t c) const {
    Values<Real> share = all<Real>(factors.floor);
    if (factors.probabilities != nullptr) share += probabilities.column(c) * factors.share;
    return share * factors.weights[c];
  }
};

template <typename Real>
MODYN_INLINE RowSums<Values<Real>> sums_of(const ShortRows<Real>& rows) {
  using V = Values<Real>;
  SoftmaxLanes<Real> lanes;
  for (std::size_t c = 0; c < rows.classes; ++c) lanes.rank(rows.logits.column(c));
  const auto no_top = lanes.top == kMinusInfinity<Real>;
  const V base = no_top ? V{} : lanes.top;
  for (std::size_t c = 0; c < rows.classes; ++c) lanes.add(rows.logits.column(c), base);
  if (rows.factors.weights != nullptr) {
    for (std::size_t c = 0; c < rows.classes; ++c) lanes.add_loss(rows.logits.column(c), base, rows.v(c));
  }
  const V more_tops = no_top ? all<Real>(static_cast<Real>(__builtin_nan(""))) : lanes.tops - 1;
  return {.top = lanes.top,
          .second = lanes.second,
          .rest = lanes.rest + more_tops,
          .squares = lanes.squares + more_tops,
          .spread = lanes.spread,
          .mass = lanes.mass,
          .shifted = lanes.shifted};
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
