#include "kernels/cpu/submodular/given_matrix.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>

namespace modyn::kernels {
namespace {

constexpr std::size_t kSide = 64;  // of a square that is compared or transposed in the cache

std::size_t squares_of(std::size_t count) noexcept { return (count + kSide - 1) / kSide; }

bool mirrors(const float* matrix, std::size_t size, std::size_t row_square, std::size_t column_square) {
  bool same = true;
  for (std::size_t i = row_square * kSide; i < std::min(size, (row_square + 1) * kSide); ++i) {
    for (std::size_t j = column_square * kSide; j < std::min(size, (column_square + 1) * kSide); ++j) {
      same = same && matrix[i * size + j] == matrix[j * size + i];
    }
  }
  return same;
}

}  // namespace

bool is_symmetric(const float* matrix, std::size_t size, const Threads& threads) {
  std::atomic<bool> symmetric = true;
  const std::size_t squares = squares_of(size);
  threads.for_each(squares, [&](std::size_t row_square) {
    for (std::size_t square = row_square; square < squares && symmetric.load(std::memory_order_relaxed); ++square) {
      if (!mirrors(matrix, size, row_square, square)) symmetric.store(false, std::memory_order_relaxed);
    }
  });
  return symmetric;
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
  if (first != bad.end()) refuse_candidate(static_cast<std::size_t>(first - bad.begin()));
  return out;
}

void refuse_candidate(std::size_t candidate) {
  throw std::invalid_argument("similarities to candidate " + std::to_string(candidate) +
                              " are not finite: leave out candidates with NaN or infinite numbers");
}

}  // namespace modyn::kernels
