// Scores as unsigned integers: the lower the rank, the better the score.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "modyn/kernels/top_k.hpp"

namespace modyn::kernels {

template <typename Score>
using RankOf = std::conditional_t<sizeof(Score) == 4, std::uint32_t, std::uint64_t>;

template <typename Score, Best kBest>
[[nodiscard]] inline RankOf<Score> rank_of(Score score) noexcept {
  using Rank = RankOf<Score>;
  constexpr Rank kSign = Rank{1} << (std::numeric_limits<Rank>::digits - 1);
  Rank rising{};  // with the score
  if constexpr (std::is_integral_v<Score>) {
    rising = static_cast<Rank>(score) ^ kSign;
  } else {
    if (std::isnan(score)) return std::numeric_limits<Rank>::max();
    const auto bits = std::bit_cast<Rank>(score + Score{0});  // -0 becomes 0
    rising = (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  return kBest == Best::kSmallest ? rising : static_cast<Rank>(~rising);
}

// A score's rank and index; comparing them puts the better score first, and the first of equal ones.
template <typename Rank>
struct Ranked {
  Rank rank;
  std::uint64_t index;
  auto operator<=>(const Ranked&) const = default;
};

}  // namespace modyn::kernels
