#include "kernels/cpu/submodular/facility_location_dense.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "kernels/cpu/submodular/tiles.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kSide = 64;             // of a square that is compared or transposed in the cache
constexpr std::size_t kCandidatesOfPart = 8;  // rows that one part sums

std::size_t squares_of(std::size_t count) noexcept { return (count + kSide - 1) / kSide; }

bool is_symmetric(const float* matrix, std::size_t size, const Threads& threads) {
  std::atomic<bool> symmetric = true;
  const std::size_t squares = squares_of(size);
  threads.for_each(squares, [&](std::size_t row_square) {
    for (std::size_t square = row_square; square < squares && symmetric.load(std::memory_order_relaxed); ++square) {
      for (std::size_t i = row_square * kSide; i < std::min(size, (row_square + 1) * kSide); ++i) {
        for (std::size_t j = square * kSide; j < std::min(size, (square + 1) * kSide); ++j) {
          // NaN is never equal: where it is, the matrix is transposed, and it is found.
          if (matrix[i * size + j] != matrix[j * size + i]) symmetric.store(false, std::memory_order_relaxed);
        }
      }
    }
  });
  return symmetric;
}

[[noreturn]] void refuse(std::size_t candidate) {
  throw std::invalid_argument("similarities to candidate " + std::to_string(candidate) +
                              " are not finite: leave out candidates with NaN or infinite numbers");
}

std::vector<float> transposed(const float* matrix, std::size_t rows, std::size_t columns, const Threads& threads) {
  std::vector<float> out(rows * columns);
  std::vector<char> bad(columns);
  threads.for_each(squares_of(columns), [&](std::size_t column_square) {
    const std::size_t last = std::min(columns, (column_square + 1) * kSide);
    for (std::size_t first_row = 0; first_row < rows; first_row += kSide) {
      for (std::size_t j = column_square * kSide; j < last; ++j) {
        for (std::size_t i = first_row; i < std::min(rows, first_row + kSide); ++i) {
          out[j * rows + i] = matrix[i * columns + j];
          if (std::isnan(out[j * rows + i])) bad[j] = 1;
        }
      }
    }
  });
  const auto first = std::find(bad.begin(), bad.end(), 1);
  if (first != bad.end()) refuse(static_cast<std::size_t>(first - bad.begin()));
  return out;
}

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
  if (bad != alone_.end()) refuse(static_cast<std::size_t>(bad - alone_.begin()));
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
