// Exponentials and logarithms of whole vectors, within two units in the last place. Only for `*.isa.cpp`.
//
// The series are those of the textbook, cut where the next term is below half a unit in the last place.
#pragma once

#include "kernels/cpu/lanes.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

template <typename Real>
struct Exponential;

template <>
struct Exponential<float> {
  static constexpr int kTerms = 7;               // of exp(r) for |r| <= ln(2) / 2
  static constexpr int kOddTerms = 5;            // of atanh(s) for |s| <= 3 - 2 sqrt(2)
  static constexpr float kLowest = -88.0F;       // exp is 0 from here on
  static constexpr float kToNearest = 12582912;  // 1.5 * 2^23: adding it leaves the nearest integer in the last bits
  static constexpr float kLog2OfE = 1.4426950408889634F;
  static constexpr float kLn2High = 0.693359375F;  // few bits, so that products with an exponent are exact
  static constexpr float kLn2Low = -2.12194440e-4F;
  static constexpr int kBits = 23;
  static constexpr std::int32_t kBias = 127;
  static constexpr std::int32_t kSquareRootOfHalf = 0x3F3504F3;  // its bits
};

template <>
struct Exponential<double> {
  static constexpr int kTerms = 13;
  static constexpr int kOddTerms = 10;
  static constexpr double kLowest = -709.0;
  static constexpr double kToNearest = 6755399441055744;
  static constexpr double kLog2OfE = 1.4426950408889634;
  static constexpr double kLn2High = 0.693147180369123816490;
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr int kBits = 52;
  static constexpr std::int64_t kBias = 1023;
  static constexpr std::int64_t kSquareRootOfHalf = 0x3FE6A09E667F3BCD;
};

// 1 / 0!, 1 / 1!, ...
template <typename Real>
constexpr Real inverse_factorial(int of) {
  double product = 1;
  for (int factor = 2; factor <= of; ++factor) product *= factor;
  return static_cast<Real>(1 / product);
}

// x or kLowest, whose exponential is 0; NaN stays NaN.
template <typename Real>
MODYN_INLINE Values<Real> bounded(Values<Real> x) {
  return x < Exponential<Real>::kLowest ? all<Real>(Exponential<Real>::kLowest) : x;
}

// exp(x) for kLowest <= x <= 0; 0 where it would be no normal number. NaN stays NaN.
template <typename Real>
MODYN_INLINE Values<Real> exp_of_bounded(Values<Real> x) {
  using E = Exponential<Real>;
  const Values<Real> shifted = x * E::kLog2OfE + E::kToNearest;
  const Values<Real> exponent = shifted - E::kToNearest;
  const Values<Real> r = (x - exponent * E::kLn2High) - exponent * E::kLn2Low;
  Values<Real> series = all<Real>(inverse_factorial<Real>(E::kTerms));
#pragma GCC unroll 16
  for (int term = E::kTerms - 1; term >= 0; --term) series = series * r + inverse_factorial<Real>(term);
  // The integer in the last bits of `shifted`, as the exponent of a power of two; 0 for the lowest.
  const Bits<Real> power = (((Bits<Real>)shifted) + E::kBias) << E::kBits;
  return series * (Values<Real>)power;
}

// exp(x) for x <= 0.
template <typename Real>
MODYN_INLINE Values<Real> exp_of_negative(Values<Real> x) {
  return exp_of_bounded<Real>(bounded<Real>(x));
}

// The natural logarithm of normal positive numbers; NaN stays NaN, infinity infinity.
template <typename Real>
MODYN_INLINE Values<Real> log_of_normal(Values<Real> x) {
  using E = Exponential<Real>;
  // x = 2^exponent * m, m from sqrt(1/2) to sqrt(2).
  const Bits<Real> above = ((Bits<Real>)x) - E::kSquareRootOfHalf;
  const Bits<Real> exponent_bits = above >> E::kBits;
  const Values<Real> exponent = __builtin_convertvector(exponent_bits, Values<Real>);
  const Values<Real> m = (Values<Real>)(((Bits<Real>)x) - (exponent_bits << E::kBits));
  const Values<Real> f = m - 1;
  const Values<Real> s = f / (f + 2);
  const Values<Real> square = s * s;
  Values<Real> series = all<Real>(Real{1} / (2 * E::kOddTerms + 1));
#pragma GCC unroll 16
  for (int term = E::kOddTerms - 1; term >= 1; --term)
    series = series * square + Real{1} / static_cast<Real>(2 * term + 1);
  // log(m) = 2 s + 2 s^3 / 3 + ... with 2 s = f - s f, which loses no bits of f.
  const Values<Real> log_of_m = f - s * (f - 2 * square * series);
  const Values<Real> log = exponent * E::kLn2High + (log_of_m + exponent * E::kLn2Low);
  return x - x == 0 ? log : x;
}

// log(1 + x) for x >= 0, as exact where x is tiny (W. Kahan's quotient).
template <typename Real>
MODYN_INLINE Values<Real> log_of_one_more(Values<Real> x) {
  const Values<Real> sum = x + 1;
  const Values<Real> grown = sum - 1;
  const Values<Real> log = log_of_normal<Real>(sum);
  const Values<Real> corrected = log * (x / (grown == 0 ? all<Real>(1) : grown));
  return sum == 1 ? x : (grown - grown == 0 ? corrected : log);
}

// 1 - exp(x) for x <= 0, as exact where x is tiny.
template <typename Real>
MODYN_INLINE Values<Real> one_less_exp(Values<Real> x) {
  const Values<Real> power = exp_of_negative<Real>(x);
  const Values<Real> less = 1 - power;
  const Values<Real> near = power < Real{0.25} ? all<Real>(Real{0.5}) : power;
  const Values<Real> corrected = less * (-x / (near == 1 ? all<Real>(1) : -log_of_normal<Real>(near)));
  return power == 1 ? -x : (power < Real{0.25} ? less : corrected);
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
