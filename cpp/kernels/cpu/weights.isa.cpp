#include "kernels/cpu/weights.hpp"

#include "kernels/cpu/lanes.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

constexpr std::size_t kWidth = Lanes<double>::kCount;
using Words64 [[gnu::vector_size(MODYN_VECTOR_BYTES)]] = std::uint64_t;

MODYN_INLINE Doubles wide(const double* from) { return read<double>(from); }

MODYN_INLINE Doubles wide(const float* from) {
  using Narrow [[gnu::vector_size(MODYN_VECTOR_BYTES / 2)]] = float;
  Narrow narrow;
  __builtin_memcpy(&narrow, from, sizeof(narrow));
  return __builtin_convertvector(narrow, Doubles);
}

// visit(weights, first, how many of the lanes count); the others are 0.
template <typename Weight, typename Visit>
MODYN_INLINE void each(const Weight* weights, std::size_t count, Visit&& visit) {
  std::size_t at = 0;
  for (; at + kWidth <= count; at += kWidth) visit(wide(weights + at), at, kWidth);
  if (at == count) return;
  Weight last[kWidth] = {};
  __builtin_memcpy(last, weights + at, (count - at) * sizeof(Weight));
  visit(wide(last), at, count - at);
}

template <typename Visit>
MODYN_INLINE void each(const Weights& weights, Visit&& visit) {
  if (weights.type == WeightType::kFloat32) {
    each(static_cast<const float*>(weights.values), weights.count, visit);
  } else {
    each(static_cast<const double*>(weights.values), weights.count, visit);
  }
}

MODYN_INLINE Doubles usable(Doubles weight) { return (weight > 0) & (weight - weight == 0) ? weight : Doubles{}; }

}  // namespace

WeightSums sum_weights(const Weights& weights, double scale) noexcept {
  Doubles total{};
  Doubles largest{};
  Longs positive{};  // counted downwards
  Longs zero{};
  std::size_t padding = 0;
  each(weights, [&](Doubles given, std::size_t /*first*/, std::size_t lanes) {
    const Doubles weight = usable(given);
    total += weight * scale;
    largest = weight > largest ? weight : largest;
    positive += weight > 0;
    zero += given == 0;
    padding = kWidth - lanes;
  });
  double most = 0;
  std::int64_t positives = 0;
  std::int64_t zeros = 0;
  for (std::size_t lane = 0; lane < kWidth; ++lane) {
    most = largest[lane] > most ? largest[lane] : most;
    positives -= positive[lane];
    zeros -= zero[lane];
  }
  const auto usable_count = static_cast<std::size_t>(positives + zeros) - padding;
  return {.total = modyn::kernels::MODYN_ISA_NAMESPACE::total<double>(total),
          .largest = most,
          .positive = static_cast<std::size_t>(positives),
          .unusable = weights.count - usable_count};
}

double sum_below(const Weights& weights, const InclusionRule& rule, double bound, double* at_least,
                 std::size_t& at_least_count) noexcept {
  Doubles sum{};
  std::size_t found = 0;
  each(weights, [&](Doubles given, std::size_t /*first*/, std::size_t lanes) {
    const Doubles weight = usable(given) * rule.scale + rule.floor;
    const Longs is_large = weight >= bound;
    Doubles small = is_large ? Doubles{} : weight;
    if (any<double>(is_large) || lanes < kWidth) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        at_least[found] = weight[lane];
        found += is_large[lane] != 0 ? 1 : 0;
      }
      for (std::size_t lane = lanes; lane < kWidth; ++lane) small[lane] = 0;
    }
    sum += small;
  });
  at_least_count = found;
  return total<double>(sum);
}

UnitSum inclusion_units(const Weights& weights, const InclusionRule& rule, std::uint64_t* units) noexcept {
  // Sums of halves do not overflow.
  Words64 low{};
  Words64 high{};
  const auto certain = static_cast<double>(kCertain);
  const double most = 1e300;  // finite, so that nothing becomes NaN
  const double factor = certain / rule.threshold < most ? certain / rule.threshold : most;
  each(weights, [&](Doubles given, std::size_t first, std::size_t lanes) {
    const Doubles own = usable(given);
    const Doubles weight = own * rule.scale + rule.floor;
    Doubles share = weight * factor;
    share = share < certain ? share : all<double>(certain);
    share = weight >= rule.threshold ? all<double>(certain) : share;
    Longs result = __builtin_convertvector(share, Longs);
    result = result == 0 ? Longs{} + 1 : result;
    const Longs nothing = (weight == 0) & (own == 0);
    result = nothing ? Longs{} + static_cast<std::int64_t>(rule.of_zero) : result;
    for (std::size_t lane = lanes; lane < kWidth; ++lane) result[lane] = 0;
    low += (Words64)result & 0xFFFFFFFF;
    high += (Words64)result >> 32;
    __builtin_memcpy(units + first, &result, lanes * sizeof(*units));
  });
  UnitSum sum{.certain = 0, .rest = 0};
  std::uint64_t highs = 0;
  for (std::size_t lane = 0; lane < kWidth; ++lane) {
    sum.rest += low[lane];
    highs += high[lane];
  }
  highs += sum.rest >> 32;
  sum.certain = static_cast<std::size_t>(highs >> (kProbabilityBits - 32));
  sum.rest = ((highs << 32) | (sum.rest & 0xFFFFFFFF)) & (kCertain - 1);
  return sum;
}

namespace {

// Of the lower halves of the lanes.
MODYN_INLINE Words64 multiplied(Words64 words, std::uint32_t factor) {
#if defined(__AVX512F__)
  return (Words64)_mm512_maskz_mul_epu32(0xFF, (__m512i)words, _mm512_set1_epi64(static_cast<std::int64_t>(factor)));
#elif defined(__AVX2__)
  return (Words64)_mm256_mul_epu32((__m256i)words, _mm256_set1_epi64x(static_cast<std::int64_t>(factor)));
#else
  return (words & 0xFFFFFFFF) * factor;
#endif
}

}  // namespace

// Philox4x32-10 (Salmon et al., SC 2011), an index in each lane.
void philox_pairs(const PhiloxKey& key, std::uint64_t index, std::size_t count, std::uint64_t* first,
                  std::uint64_t* second) noexcept {
  constexpr std::uint64_t kLow = 0xFFFFFFFF;
  for (std::size_t at = 0; at < count; at += kWidth) {
    Words64 indices;
    for (std::size_t lane = 0; lane < kWidth; ++lane) indices[lane] = index + at + lane;
    Words64 a = indices & kLow;
    Words64 b = indices >> 32;
    Words64 c = Words64{} + key.trigger;
    Words64 d = Words64{} + key.purpose;
    auto key0 = static_cast<std::uint32_t>(key.seed);
    auto key1 = static_cast<std::uint32_t>(key.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const Words64 of_a = multiplied(a, 0xD2511F53);
      const Words64 of_c = multiplied(c, 0xCD9E8D57);
      a = (of_c >> 32) ^ b ^ key0;
      b = of_c & kLow;
      c = (of_a >> 32) ^ d ^ key1;
      d = of_a & kLow;
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    const Words64 low = a | (b << 32);
    const Words64 high = c | (d << 32);
    const std::size_t left = count - at < kWidth ? count - at : kWidth;
    __builtin_memcpy(first + at, &low, left * sizeof(*first));
    __builtin_memcpy(second + at, &high, left * sizeof(*second));
  }
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
