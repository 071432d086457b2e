// Tiles of similarities as whole numbers, and their sums.
//
// A similarity is rounded once, to a whole number of at most kOne. Everything after that is exact: a sum of
// whole numbers is the same in any order, so gains that were brought up to date piece by piece are those that
// a full sum gives, equal samples have equal gains, and cutting the work otherwise changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/dispatch.hpp"

namespace modyn::kernels {

// Similarities are at most this: 32 bits hold the sum of those of a tile's rows, or of one lane of its columns.
inline constexpr std::int32_t kOne = 1 << 25;
inline constexpr std::size_t kTileRows = 48;
inline constexpr std::size_t kTileColumns = 256;  // also the distance of a tile's rows in memory

// Lanes are columns; columns are rounded up to whole vectors, so arrays by column have room for kTileColumns.
MODYN_FOR_EACH_ISA(
    // Inner products of factorised features: products *= 1 + embeddings, in place.
    void complete_products(float* products, const float* embeddings, std::size_t rows, std::size_t columns) noexcept;
    // Cosines to (1 + cosine) / 2 * kOne.
    void to_cosine(const float* products, std::size_t rows, std::size_t columns, std::int32_t* similarities) noexcept;
    // sums[column] += sum over rows of max(0, similarity - covered[row]).
    void add_gains_of_columns(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                              const std::int32_t* covered, std::int64_t* sums) noexcept;
    // sums[row] += sum over columns of max(0, similarity - covered[column]).
    void add_gains_of_rows(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                           const std::int32_t* covered, std::int64_t* sums) noexcept;
    // What columns lose because rows that were covered by `before` are now covered by `after`: only those rows
    // count that are at or after first_row[column].
    void add_losses_of_columns(const std::int32_t* similarities, std::size_t rows, std::size_t columns,
                               const std::int32_t* before, const std::int32_t* after, const std::int32_t* first_row,
                               std::int64_t* losses) noexcept;
    std::int32_t smallest(const std::int32_t* similarities, std::size_t rows, std::size_t columns) noexcept;
    // Sum of max(0, similarities[i] - covered[i]) * scale, each rounded to a whole number below 2^51: exact in any
    // order.
    std::int64_t gain_of_row(const float* similarities, const float* covered, double scale, std::size_t count) noexcept;
    // The same for the similarities to some rows only.
    std::int64_t gain_of_rows(const float* similarities, const std::uint32_t* rows, const float* covered, double scale,
                              std::size_t count) noexcept;
    // to[i] = max(to[i], from[i]).
    void raise(float* to, const float* from, std::size_t count) noexcept;)

}  // namespace modyn::kernels
