#include "kernels/cpu/submodular/facility_location_dense.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "kernels/cpu/submodular/given_matrix.hpp"
#include "kernels/cpu/submodular/tiles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kCandidatesOfPart = 8;  // rows that one part sums
constexpr int kBits = 40;                     // of the whole number that the largest similarity becomes
constexpr std::size_t kListsFromPick = 8;     // and whenever the picks have doubled
constexpr std::size_t kLongestLists = 8;      // lists may hold the matrix's size divided by this
constexpr std::size_t kLooks = 64;            // at candidates, to guess how much is covered

}  // namespace

DenseFacilityLocation::DenseFacilityLocation(const float* similarities, std::size_t rows, std::size_t columns,
                                             const Threads& threads)
    : candidates_(columns), matrix_(similarities), covered_(rows) {
  std::optional<float> largest;
  if (rows == columns) largest = largest_if_symmetric(similarities, rows, threads);
  if (!largest) {
    Transposed copy = transposed(similarities, rows, columns, threads);
    transposed_ = std::move(copy.matrix);
    matrix_ = transposed_.data();
    largest = copy.largest;
  }
  set_scale(*largest);
}

void DenseFacilityLocation::set_scale(float largest) {
  if (std::isinf(largest)) {
    const auto bad = std::find(matrix_, matrix_ + candidates_ * covered_.size(), largest) - matrix_;
    refuse_candidate(static_cast<std::size_t>(bad) / covered_.size());
  }
  int exponent = 0;
  if (largest > 0) std::frexp(largest, &exponent);
  scale_ = std::ldexp(1.0, kBits - exponent);
}

std::int64_t DenseFacilityLocation::gain(std::uint32_t candidate) const {
  if (uncovered_.empty()) {
    return MODYN_DISPATCH(gain_of_row)(of_candidate(candidate), covered_.data(), scale_, covered_.size());
  }
  const Uncovered& own = uncovered_[candidate];
  return MODYN_DISPATCH(gain_of_rows)(own.similarities.data(), own.rows.data(), covered_.data(), scale_,
                                      own.rows.size());
}

void DenseFacilityLocation::bound(std::span<double> bounds, const Threads& threads) {
  std::vector<std::uint32_t> all(candidates_);
  std::iota(all.begin(), all.end(), 0U);
  refresh(all, bounds, threads);
}

void DenseFacilityLocation::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                                    const Threads& threads) {
  threads.for_each((candidates.size() + kCandidatesOfPart - 1) / kCandidatesOfPart, [&](std::size_t part) {
    const std::size_t last = std::min(candidates.size(), (part + 1) * kCandidatesOfPart);
    for (std::size_t i = part * kCandidatesOfPart; i < last; ++i) {
      gains[i] = static_cast<double>(gain(candidates[i])) / scale_;
    }
  });
}

void DenseFacilityLocation::add(std::uint32_t pick, const Threads& threads) {
  MODYN_DISPATCH(raise)(covered_.data(), of_candidate(pick), covered_.size());
  ++picks_;
  if (picks_ < kListsFromPick || !std::has_single_bit(picks_)) return;
  if (!uncovered_.empty()) {
    shorten_lists(threads);
  } else if (is_mostly_covered()) {
    list_uncovered(threads);
  }
}

bool DenseFacilityLocation::is_mostly_covered() const {
  std::size_t uncovered = 0;
  const std::size_t looks = std::min(kLooks, candidates_);
  for (std::size_t look = 0; look < looks; ++look) {
    const float* of = of_candidate(look * candidates_ / looks);
    for (std::size_t i = 0; i < covered_.size(); ++i) uncovered += of[i] > covered_[i] ? 1 : 0;
  }
  return uncovered * kLongestLists <= looks * covered_.size();
}

void DenseFacilityLocation::list_uncovered(const Threads& threads) {
  uncovered_.resize(candidates_);
  threads.for_each(candidates_, [&](std::size_t candidate) {
    const float* of = of_candidate(candidate);
    std::vector<std::uint32_t> rows(covered_.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < covered_.size(); ++i) {
      rows[count] = static_cast<std::uint32_t>(i);
      count += of[i] > covered_[i] ? 1 : 0;
    }
    Uncovered& own = uncovered_[candidate];
    own.rows.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
    own.similarities.resize(count);
    for (std::size_t at = 0; at < count; ++at) own.similarities[at] = of[own.rows[at]];
  });
}

void DenseFacilityLocation::shorten_lists(const Threads& threads) {
  threads.for_each(candidates_, [&](std::size_t candidate) {
    Uncovered& own = uncovered_[candidate];
    std::size_t count = 0;
    for (std::size_t at = 0; at < own.rows.size(); ++at) {
      const std::uint32_t row = own.rows[at];
      const float similarity = own.similarities[at];
      own.rows[count] = row;
      own.similarities[count] = similarity;
      count += similarity > covered_[row] ? 1 : 0;
    }
    own.rows.resize(count);
    own.similarities.resize(count);
  });
}

}  // namespace modyn::kernels
