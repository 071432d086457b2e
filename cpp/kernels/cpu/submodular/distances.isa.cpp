// Compiled without fused products and sums: these would treat the two samples of a pair differently.
#include "kernels/cpu/submodular/distances.hpp"

#include "kernels/cpu/submodular/tiles.hpp"
#include "kernels/cpu/submodular/whole_numbers.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

constexpr std::size_t kDoubles = MODYN_VECTOR_BYTES / sizeof(double);

// The terms of a vector of columns, or those of a row in every lane.
struct Terms {
  Doubles gradient;
  Doubles embedding;
  Doubles whole_gradient;
  Doubles whole_rest;
  Doubles along_gradient;
  Doubles along_rest;
};

MODYN_INLINE Terms of_row(const SampleTerms& row) {
  return {all<double>(row.gradient),   all<double>(row.embedding),      all<double>(row.whole_gradient),
          all<double>(row.whole_rest), all<double>(row.along_gradient), all<double>(row.along_rest)};
}

MODYN_INLINE Terms of_columns_from(const double* terms) {
  return {read<double>(terms),
          read<double>(terms + kTileColumns),
          read<double>(terms + 2 * kTileColumns),
          read<double>(terms + 3 * kTileColumns),
          read<double>(terms + 4 * kTileColumns),
          read<double>(terms + 5 * kTileColumns)};
}

MODYN_INLINE Doubles part_of(const Terms& own, Doubles gradient, Doubles embedding) {
  return (own.gradient - gradient) * (own.whole_rest + embedding) + (own.embedding - embedding) * own.whole_gradient;
}

MODYN_INLINE Doubles squared(const Terms& row, const Terms& column, Doubles gradient, Doubles embedding) {
  const Doubles along = (row.along_gradient - column.along_gradient) * (row.along_rest - column.along_rest);
  return (part_of(row, gradient, embedding) + part_of(column, gradient, embedding)) + (along + along);
}

template <bool factorised>
MODYN_INLINE void write_distances(const double* gradients, const double* embeddings, const SampleTerms* of_rows,
                                  const double* of_columns, double scale, std::int32_t top, std::size_t rows,
                                  std::size_t columns, std::int32_t* similarities) {
  const Floats zero = broadcast(0.0F);
  const Floats one = broadcast(static_cast<float>(kOne));
  const Ints tops = broadcast_int(top);
  for (std::size_t row = 0; row < rows; ++row) {
    const Terms own = of_row(of_rows[row]);
    for (std::size_t column = 0; column < columns; column += kLanes) {
      HalfFloats halves[2];
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        const std::size_t first = column + half * kDoubles;
        const Doubles product = read<double>(gradients + row * kTileColumns + first);
        Doubles of_pair;
        if constexpr (factorised) {
          of_pair = squared(own, of_columns_from(of_columns + first), product,
                            read<double>(embeddings + row * kTileColumns + first));
        } else {
          of_pair = (own.gradient + read<double>(of_columns + first)) - (product + product);
        }
        halves[half] = __builtin_convertvector(of_pair * scale, HalfFloats);
      }
      const Floats value = greater(joined(halves[0], halves[1]), zero);
      const Floats distance = square_root(value) * (static_cast<float>(kOne) / 2);
      store_ints(similarities + row * kTileColumns + column, tops - whole(smaller(distance, one)));
    }
  }
}

}  // namespace

void to_distance(const double* gradients, const double* embeddings, const SampleTerms* of_rows,
                 const double* of_columns, double scale, std::int32_t top, std::size_t rows, std::size_t columns,
                 std::int32_t* similarities) noexcept {
  if (embeddings == nullptr) {
    write_distances<false>(gradients, embeddings, of_rows, of_columns, scale, top, rows, columns, similarities);
  } else {
    write_distances<true>(gradients, embeddings, of_rows, of_columns, scale, top, rows, columns, similarities);
  }
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
