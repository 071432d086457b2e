#include "kernels/cpu/doubles.hpp"

#include "kernels/cpu/vector.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

using Doubles [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = double;
using Halves [[gnu::vector_size(MODYN_VECTOR_BYTES / 2)]] = float;
constexpr std::size_t kDoubles = MODYN_VECTOR_BYTES / sizeof(double);
constexpr std::size_t kSums = 4;  // that run beside each other, so that one need not wait for the other

MODYN_INLINE Doubles read(const double* from) {
  Doubles value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

MODYN_INLINE Doubles read(const float* from) {
  Halves value;
  __builtin_memcpy(&value, from, sizeof(value));
  return __builtin_convertvector(value, Doubles);
}

template <typename A, typename B>
MODYN_INLINE double product(const A* a, const B* b, std::size_t count) {
  Doubles sums[kSums] = {};
  std::size_t at = 0;
  for (; at + kSums * kDoubles <= count; at += kSums * kDoubles) {
    for (std::size_t one = 0; one < kSums; ++one) {
      sums[one] += read(a + at + one * kDoubles) * read(b + at + one * kDoubles);
    }
  }
  for (; at + kDoubles <= count; at += kDoubles) sums[0] += read(a + at) * read(b + at);
  const Doubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double total = 0;
  for (std::size_t lane = 0; lane < kDoubles; ++lane) total += all[lane];
  for (; at < count; ++at) total += static_cast<double>(a[at]) * static_cast<double>(b[at]);
  return total;
}

template <typename From>
MODYN_INLINE void add(const From* from, double factor, double* to, std::size_t count) {
  std::size_t at = 0;
  for (; at + kDoubles <= count; at += kDoubles) {
    const Doubles sum = read(to + at) + factor * read(from + at);
    __builtin_memcpy(to + at, &sum, sizeof(sum));
  }
  for (; at < count; ++at) to[at] += factor * static_cast<double>(from[at]);
}

}  // namespace

double product_of_doubles(const double* a, const double* b, std::size_t count) noexcept { return product(a, b, count); }
double product_of_floats(const float* a, const float* b, std::size_t count) noexcept { return product(a, b, count); }
double product_of_both(const double* a, const float* b, std::size_t count) noexcept { return product(a, b, count); }

void add_doubles(const double* from, double factor, double* to, std::size_t count) noexcept {
  add(from, factor, to, count);
}
void add_floats(const float* from, double factor, double* to, std::size_t count) noexcept {
  add(from, factor, to, count);
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
