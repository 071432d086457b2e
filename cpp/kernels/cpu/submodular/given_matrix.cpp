#include "kernels/cpu/submodular/given_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace modyn::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::size_t kSide = 64;  // of a square that is compared or transposed in the cache

std::size_t squares_of(std::size_t count) noexcept { return (count + kSide - 1) / kSide; }

// The largest number of a square and of the one across the diagonal, at least 0; NaN if they differ, or if one is minus
// infinity.
float largest_of_mirrored(const float* matrix, std::size_t size, std::size_t row_square, std::size_t column_square) {
  const std::size_t last = std::min(size, (column_square + 1) * kSide);
  float largest = 0;
  bool same = true;
  for (std::size_t i = row_square * kSide; i < std::min(size, (row_square + 1) * kSide); ++i) {
    for (std::size_t j = column_square * kSide; j < last; ++j) {
      const float here = matrix[i * size + j];
      same = same && here == matrix[j * size + i] && here > -kInfinity;
      largest = here > largest ? here : largest;
    }
  }
  return same ? largest : std::nanf("");
}

}  // namespace

std::optional<float> largest_if_symmetric(const float* matrix, std::size_t size, const Threads& threads) {
  const std::size_t squares = squares_of(size);
  std::vector<float> largest(squares);
  std::atomic<bool> symmetric = true;
  threads.for_each(squares, [&](std::size_t row_square) {
    for (std::size_t square = row_square; square < squares && symmetric.load(std::memory_order_relaxed); ++square) {
      const float here = largest_of_mirrored(matrix, size, row_square, square);
      if (std::isnan(here)) symmetric.store(false, std::memory_order_relaxed);
      largest[row_square] = std::max(largest[row_square], here);
    }
  });
  if (!symmetric) return std::nullopt;
  return largest.empty() ? 0.0F : *std::max_element(largest.begin(), largest.end());
}

Transposed transposed(const float* matrix, std::size_t rows, std::size_t columns, const Threads& threads) {
  std::vector<float> out(rows * columns);
  std::vector<float> largest(columns);
  threads.for_each(squares_of(columns), [&](std::size_t column_square) {
    const std::size_t last = std::min(columns, (column_square + 1) * kSide);
    for (std::size_t first_row = 0; first_row < rows; first_row += kSide) {
      for (std::size_t j = column_square * kSide; j < last; ++j) {
        for (std::size_t i = first_row; i < std::min(rows, first_row + kSide); ++i) {
          const float here = matrix[i * columns + j];
          out[j * rows + i] = here;
          // A NaN stays: nothing is larger. Minus infinity becomes one.
          if (here > largest[j] || !(here > -kInfinity)) largest[j] = here > -kInfinity ? here : std::nanf("");
        }
      }
    }
  });
  const auto bad = std::find_if(largest.begin(), largest.end(), [](float one) { return std::isnan(one); });
  if (bad != largest.end()) refuse_candidate(static_cast<std::size_t>(bad - largest.begin()));
  return {.matrix = std::move(out),
          .largest = largest.empty() ? 0.0F : *std::max_element(largest.begin(), largest.end())};
}

void refuse_candidate(std::size_t candidate) {
  throw std::invalid_argument("similarities to candidate " + std::to_string(candidate) +
                              " are not finite: leave out candidates with NaN or infinite numbers");
}

}  // namespace modyn::kernels
