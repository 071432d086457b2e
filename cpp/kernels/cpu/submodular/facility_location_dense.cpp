#include "kernels/cpu/submodular/facility_location_dense.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/cpu/submodular/given_matrix.hpp"
#include "kernels/cpu/submodular/tiles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kCandidatesOfPart = 8;  // rows that one part sums

}  // namespace

DenseFacilityLocation::DenseFacilityLocation(const float* similarities, std::size_t rows, std::size_t columns,
                                             const Threads& threads)
    : candidates_(columns), matrix_(similarities), covered_(rows), alone_(columns) {
  if (rows != columns || !is_symmetric(similarities, rows, threads)) {
    transposed_ = transposed(similarities, rows, columns, threads);
    matrix_ = transposed_.data();
  }
  std::vector<std::uint32_t> all(candidates_);
  std::iota(all.begin(), all.end(), 0U);
  refresh(all, alone_, threads);
  const auto bad = std::find_if_not(alone_.begin(), alone_.end(), [](double gain) { return std::isfinite(gain); });
  if (bad != alone_.end()) refuse_candidate(static_cast<std::size_t>(bad - alone_.begin()));
}

void DenseFacilityLocation::bound(std::span<double> bounds, const Threads& /*threads*/) {
  std::copy(alone_.begin(), alone_.end(), bounds.begin());
}

void DenseFacilityLocation::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                                    const Threads& threads) {
  threads.for_each((candidates.size() + kCandidatesOfPart - 1) / kCandidatesOfPart, [&](std::size_t part) {
    const std::size_t last = std::min(candidates.size(), (part + 1) * kCandidatesOfPart);
    for (std::size_t i = part * kCandidatesOfPart; i < last; ++i) {
      gains[i] = MODYN_DISPATCH(gain_of_row)(of_candidate(candidates[i]), covered_.data(), covered_.size());
    }
  });
}

void DenseFacilityLocation::add(std::uint32_t pick, const Threads& /*threads*/) {
  MODYN_DISPATCH(raise)(covered_.data(), of_candidate(pick), covered_.size());
}

}  // namespace modyn::kernels
