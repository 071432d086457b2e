// The rows of a matrix, packed tile by tile for inner_products.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kernels/cpu/inner_products.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class PackedRows {
 public:
  // Rows of a tile: while all rows of the other matrix pass by, it stays in the second-level cache.
  static constexpr std::size_t kRows = 512;

  PackedRows() = default;
  PackedRows(const float* rows, std::size_t count, std::size_t width, const Threads& threads)
      : count_(count), width_(width), tile_size_(MODYN_DISPATCH(packed_size)(kRows, width)) {
    packed_.resize(tiles() * tile_size_);
    threads.for_each(tiles(), [&](std::size_t number) {
      MODYN_DISPATCH(pack_rows)(rows + number * kRows * width, width, rows_of(number), width,
                                packed_.data() + number * tile_size_);
    });
  }

  [[nodiscard]] const float* tile(std::size_t number) const { return packed_.data() + number * tile_size_; }
  [[nodiscard]] std::size_t tiles() const { return (count_ + kRows - 1) / kRows; }
  [[nodiscard]] std::size_t rows_of(std::size_t tile) const { return std::min(kRows, count_ - tile * kRows); }
  [[nodiscard]] std::size_t width() const { return width_; }

 private:
  std::size_t count_ = 0;
  std::size_t width_ = 0;
  std::size_t tile_size_ = 0;
  std::vector<float> packed_;
};

}  // namespace modyn::kernels
