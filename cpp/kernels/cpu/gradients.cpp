#include "kernels/cpu/gradients.hpp"

#include <algorithm>
#include <vector>

#include "kernels/cpu/inner_products.hpp"
#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {
namespace {

// A tile's rows stay in the second-level cache while all columns pass by; its columns, packed, are shared.
constexpr std::size_t kRowsOfTile = 64;
constexpr std::size_t kColumnsOfTile = 512;

class PackedRows {
 public:
  PackedRows(const float* rows, std::size_t count, std::size_t width, const Threads& threads)
      : width_(width), tile_size_(MODYN_DISPATCH(packed_size)(kColumnsOfTile, width)) {
    const std::size_t tiles = (count + kColumnsOfTile - 1) / kColumnsOfTile;
    packed_.resize(tiles * tile_size_);
    threads.for_each(tiles, [&](std::size_t tile) {
      const std::size_t first = tile * kColumnsOfTile;
      MODYN_DISPATCH(pack_rows)(rows + first * width, width, std::min(kColumnsOfTile, count - first), width,
                                packed_.data() + tile * tile_size_);
    });
  }

  [[nodiscard]] const float* tile(std::size_t number) const { return packed_.data() + number * tile_size_; }
  [[nodiscard]] std::size_t width() const { return width_; }

 private:
  std::size_t width_;
  std::size_t tile_size_;
  std::vector<float> packed_;
};

}  // namespace

void gradient_inner_products(const GradientFactors& a, const GradientFactors& b, float* out, const Threads& threads) {
  const PackedRows gradients(b.gradients, b.count, b.classes, threads);
  const PackedRows embeddings(b.embeddings, b.embeddings == nullptr ? 0 : b.count, b.embedding, threads);
  threads.for_each((a.count + kRowsOfTile - 1) / kRowsOfTile, [&](std::size_t block) {
    const std::size_t row = block * kRowsOfTile;
    const std::size_t rows = std::min(kRowsOfTile, a.count - row);
    std::vector<float> of_embeddings(a.embeddings == nullptr ? 0 : kRowsOfTile * kColumnsOfTile);
    for (std::size_t column = 0; column < b.count; column += kColumnsOfTile) {
      const std::size_t columns = std::min(kColumnsOfTile, b.count - column);
      const std::size_t tile = column / kColumnsOfTile;
      float* products = out + row * b.count + column;
      MODYN_DISPATCH(inner_products)(a.gradients + row * a.classes, a.classes, rows, gradients.tile(tile), columns,
                                     a.classes, products, b.count);
      if (a.embeddings == nullptr) continue;
      MODYN_DISPATCH(inner_products)(a.embeddings + row * a.embedding, a.embedding, rows, embeddings.tile(tile),
                                     columns, a.embedding, of_embeddings.data(), kColumnsOfTile);
      for (std::size_t i = 0; i < rows; ++i) {
        MODYN_DISPATCH(multiply_by_one_more)(of_embeddings.data() + i * kColumnsOfTile, products + i * b.count,
                                             columns);
      }
    }
  });
}

}  // namespace modyn::kernels
