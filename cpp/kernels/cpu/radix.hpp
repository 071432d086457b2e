// Finding and sorting by the digits of ranks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/cpu/ranks.hpp"

namespace modyn::kernels {

inline constexpr unsigned kDigitBits = 12;
inline constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

// The digit whose lowest bit is `shift`; the highest digit of a rank comes first.
template <typename Rank>
[[nodiscard]] constexpr std::size_t digit(Rank rank, unsigned shift) noexcept {
  return static_cast<std::size_t>(rank >> shift) & (kDigits - 1);
}

template <typename Rank>
inline constexpr unsigned kHighestDigit = std::numeric_limits<Rank>::digits - kDigitBits;

using Histogram = std::array<std::uint32_t, kDigits>;

// Where number `at` (from 0) of the sorted numbers lies: the digit, and how many numbers have lower digits.
struct Place {
  std::size_t digit;
  std::size_t below;
};

[[nodiscard]] inline Place find_place(const std::vector<std::uint64_t>& counts, std::size_t at) {
  Place place{.digit = 0, .below = 0};
  while (place.below + counts[place.digit] <= at) place.below += counts[place.digit++];
  return place;
}

// Number `at` of the sorted ranks; they are given in the order of their indices and share the digits above `shift`.
template <typename Rank>
[[nodiscard]] Ranked<Rank> find(std::vector<Ranked<Rank>> ranks, std::size_t at, unsigned shift) {
  constexpr std::size_t kFew = 4096;
  std::vector<std::uint64_t> counts(kDigits);
  while (ranks.size() > kFew && shift > 0) {
    shift = shift > kDigitBits ? shift - kDigitBits : 0;
    std::fill(counts.begin(), counts.end(), 0);
    for (const Ranked<Rank>& one : ranks) ++counts[digit(one.rank, shift)];
    const Place place = find_place(counts, at);
    at -= place.below;
    std::erase_if(ranks, [&](const Ranked<Rank>& one) { return digit(one.rank, shift) != place.digit; });
  }
  if (shift > 0 || ranks.size() <= kFew) {
    std::nth_element(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(at), ranks.end());
  }
  return ranks[at];  // all ranks are equal, and come in the order of their indices
}

// Sorts by rank; equal ranks stay in their order.
template <typename Rank>
void sort_by_rank(std::vector<Ranked<Rank>>& ranks) {
  constexpr std::size_t kFew = 2048;
  if (ranks.size() <= kFew) {
    std::stable_sort(ranks.begin(), ranks.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    return;
  }
  std::vector<Ranked<Rank>> sorted(ranks.size());
  std::vector<std::uint64_t> places(kDigits);
  for (unsigned shift = 0; shift < std::numeric_limits<Rank>::digits; shift += kDigitBits) {
    std::fill(places.begin(), places.end(), 0);
    for (const Ranked<Rank>& one : ranks) ++places[digit(one.rank, shift)];
    if (places[digit(ranks.front().rank, shift)] == ranks.size()) continue;  // the same digit everywhere
    std::uint64_t before = 0;
    for (std::uint64_t& place : places) before += std::exchange(place, before);
    for (const Ranked<Rank>& one : ranks) sorted[places[digit(one.rank, shift)]++] = one;
    ranks.swap(sorted);
  }
}

}  // namespace modyn::kernels
