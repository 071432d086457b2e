#include "kernels/cpu/gradients.hpp"

#include <algorithm>
#include <vector>

#include "kernels/cpu/inner_products.hpp"
#include "kernels/cpu/packed_rows.hpp"
#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {
namespace {

// Rows that are multiplied with a tile of packed ones at once: they stay in the second-level cache with it.
constexpr std::size_t kRowsOfTile = 64;
constexpr std::size_t kColumnsOfTile = PackedRows::kRows;

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
