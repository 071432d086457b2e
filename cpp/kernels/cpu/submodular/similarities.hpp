// Similarities of picks to candidates, for functions that need no others.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/submodular/features.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class Similarities {
 public:
  // kTileRows x kTileColumns of them, rows one after the other.
  using Tile = std::vector<double>;
  // At most kTileColumns candidates, made ready to be compared with many picks.
  struct Columns {
    std::span<const std::uint32_t> candidates;
    PackedColumns packed;
  };

  Similarities() = default;
  virtual ~Similarities() = default;
  Similarities(const Similarities&) = delete;
  Similarities& operator=(const Similarities&) = delete;

  [[nodiscard]] virtual std::size_t size() const = 0;
  // Of each sample: the sum of its similarities to all.
  [[nodiscard]] virtual std::vector<double> sums(const Threads& threads) = 0;
  [[nodiscard]] virtual std::vector<double> to_themselves(const Threads& threads) = 0;
  [[nodiscard]] virtual Columns columns(std::span<const std::uint32_t> candidates) const = 0;
  // Of at most kTileRows samples to the columns.
  virtual void of(std::span<const std::uint32_t> rows, const Columns& columns, Tile& out) const = 0;
};

[[nodiscard]] std::unique_ptr<Similarities> similarities_of(Features features);
// Throws std::invalid_argument unless the matrix [size, size] is symmetric and finite.
[[nodiscard]] std::unique_ptr<Similarities> similarities_of(const float* matrix, std::size_t size,
                                                            const Threads& threads);

// Tells each candidate about the picks that it does not know of yet: take(candidate, number of the pick, similarity),
// picks in ascending order. known[candidate] is how many it knows.
template <typename Take>
void tell_of_picks(const Similarities& similarities, std::span<const std::uint32_t> picks,
                   std::span<std::uint32_t> known, std::span<const std::uint32_t> candidates, const Threads& threads,
                   Take&& take) {
  threads.for_each((candidates.size() + kTileColumns - 1) / kTileColumns, [&](std::size_t block) {
    const auto own =
        candidates.subspan(block * kTileColumns, std::min(kTileColumns, candidates.size() - block * kTileColumns));
    std::uint32_t first = static_cast<std::uint32_t>(picks.size());
    for (const std::uint32_t candidate : own) first = std::min(first, known[candidate]);
    if (first == picks.size()) return;
    const Similarities::Columns columns = similarities.columns(own);
    Similarities::Tile tile(kTileRows * kTileColumns);
    for (; first < picks.size(); first += kTileRows) {
      const std::size_t rows = std::min(kTileRows, picks.size() - first);
      similarities.of(picks.subspan(first, rows), columns, tile);
      for (std::size_t column = 0; column < own.size(); ++column) {
        const std::uint32_t candidate = own[column];
        for (std::size_t row = std::max(first, known[candidate]) - first; row < rows; ++row) {
          take(candidate, first + row, tile[row * kTileColumns + column]);
        }
        known[candidate] = std::max(known[candidate], static_cast<std::uint32_t>(first + rows));
      }
    }
  });
}

}  // namespace modyn::kernels
