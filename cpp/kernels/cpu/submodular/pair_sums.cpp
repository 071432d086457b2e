#include "kernels/cpu/submodular/pair_sums.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace modyn::kernels {
namespace {

// Calls work(row block, column block) for all pairs of blocks, row block <= column block.
template <typename Work>
void for_each_pair(std::size_t blocks, const Threads& threads, Work&& work) {
  threads.for_each(blocks * (blocks + 1) / 2, [&](std::size_t number) {
    std::size_t row = 0;
    for (std::size_t left = number;; left -= blocks - row, ++row) {
      if (left < blocks - row) return work(row, row + left);
    }
  });
}

// Shows each tile to `look`(tile, rows, columns, block of the columns).
template <typename Look>
void sum_tiles(const Features& features, std::span<const std::int32_t> covered, std::span<std::int64_t> sums,
               const Threads& threads, Look&& look) {
  std::fill(sums.begin(), sums.end(), 0);
  for_each_pair(features.blocks(), threads, [&](std::size_t row_block, std::size_t column_block) {
    const PackedColumns& columns = features.block(column_block);
    const std::size_t first_column = column_block * kTileColumns;
    const std::size_t last_row = std::min(features.count(), (row_block + 1) * kTileColumns);
    std::array<std::int64_t, kTileColumns> of_columns{};
    for (std::size_t first = row_block * kTileColumns; first < last_row; first += kTileRows) {
      const TileRows rows = features.rows(first, std::min(kTileRows, last_row - first));
      std::int32_t* tile = tile_of_thread();
      features.similarities(rows, columns, tile);
      look(tile, rows.count, columns.count, column_block);
      MODYN_DISPATCH(add_gains_of_columns)(tile, rows.count, columns.count, covered.data() + first, of_columns.data());
      if (row_block == column_block) continue;
      std::array<std::int64_t, kTileRows> of_rows{};
      MODYN_DISPATCH(add_gains_of_rows)(tile, rows.count, columns.count, covered.data() + first_column, of_rows.data());
      for (std::size_t i = 0; i < rows.count; ++i) add_to(sums[first + i], of_rows[i]);
    }
    for (std::size_t j = 0; j < columns.count; ++j) add_to(sums[first_column + j], of_columns[j]);
  });
}

}  // namespace

void sum_pairs(const Features& features, std::span<const std::int32_t> covered, std::span<std::int64_t> sums,
               const Threads& threads) {
  sum_tiles(features, covered, sums, threads, [](const std::int32_t*, std::size_t, std::size_t, std::size_t) {});
}

void set_top_and_sum(Features& features, std::span<std::int64_t> sums, const Threads& threads) {
  // Summed from kOne downwards, and set right when the largest distance is known.
  const std::vector<std::int32_t> nothing(features.blocks() * kTileColumns);
  std::vector<std::int32_t> least(features.blocks(), kOne);
  features.set_top(kOne);
  sum_tiles(features, nothing, sums, threads,
            [&](const std::int32_t* tile, std::size_t rows, std::size_t columns, std::size_t block) {
              const std::int32_t here = MODYN_DISPATCH(smallest)(tile, rows, columns);
              std::atomic_ref<std::int32_t> shared(least[block]);
              std::int32_t before = shared.load(std::memory_order_relaxed);
              while (here < before && !shared.compare_exchange_weak(before, here, std::memory_order_relaxed)) continue;
            });
  const std::int32_t smallest = least.empty() ? 0 : *std::min_element(least.begin(), least.end());
  features.set_top(kOne - smallest);
  for (std::int64_t& sum : sums) sum -= static_cast<std::int64_t>(features.count()) * smallest;
}

}  // namespace modyn::kernels
