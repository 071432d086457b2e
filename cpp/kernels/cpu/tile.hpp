// Rows side by side: a batch of as many rows as a vector has lanes, a row in each lane. Only for `*.isa.cpp`.
#pragma once

#include "kernels/cpu/elements.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

template <typename Real>
MODYN_INLINE Real* at(void* numbers, std::size_t index) {
  return static_cast<Real*>(numbers) + index;
}

template <typename Real>
MODYN_INLINE const Real* at(const void* numbers, std::size_t index) {
  return static_cast<const Real*>(numbers) + index;
}

// One number of each row of a batch, read or written lane by lane.
template <typename Real>
struct PerRow {
  Real numbers[Lanes<Real>::kCount];

  [[nodiscard]] MODYN_INLINE Values<Real> vector() const { return read<Real>(numbers); }
  MODYN_INLINE Real& operator[](std::size_t row) { return numbers[row]; }
  MODYN_INLINE Real operator[](std::size_t row) const { return numbers[row]; }
};

// The first `rows` numbers; 0 in the other lanes.
template <typename Real>
MODYN_INLINE Values<Real> read_rows(const Real* from, std::size_t rows) {
  if (rows == Lanes<Real>::kCount) return read<Real>(from);
  PerRow<Real> numbers{};
  __builtin_memcpy(&numbers, from, rows * sizeof(Real));
  return numbers.vector();
}

template <typename Real>
MODYN_INLINE void write_rows(Real* to, std::size_t rows, Values<Real> value) {
  if (rows == Lanes<Real>::kCount) {
    write<Real>(to, value);
  } else {
    write_some<Real>(to, rows, value);
  }
}

// Columns that a tile has room for.
inline constexpr std::size_t kTileColumns = 128;

// Number c of lane r is the one of column c in row r.
template <typename Real>
struct Tile {
  static constexpr std::size_t kWidth = Lanes<Real>::kCount;
  Real numbers[kTileColumns * kWidth];

  [[nodiscard]] MODYN_INLINE Values<Real> column(std::size_t c) const { return read<Real>(numbers + c * kWidth); }
  MODYN_INLINE void set(std::size_t c, Values<Real> value) { write<Real>(numbers + c * kWidth, value); }
};

// Columns [0, columns) of rows that begin `stride` elements apart; 0 in lanes without a row.
template <typename E>
MODYN_INLINE void fill(Tile<typename E::Real>& tile, const typename E::Stored* from, std::size_t stride,
                       std::size_t rows, std::size_t columns) {
  constexpr std::size_t kWidth = Lanes<typename E::Real>::kCount;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < columns; ++c) tile.numbers[c * kWidth + row] = E::scalar(from[row * stride + c]);
  }
  for (std::size_t row = rows; row < kWidth; ++row) {
    for (std::size_t c = 0; c < columns; ++c) tile.numbers[c * kWidth + row] = 0;
  }
}

template <typename Real>
MODYN_INLINE void empty(const Tile<Real>& tile, Real* to, std::size_t stride, std::size_t rows, std::size_t columns) {
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < columns; ++c) to[row * stride + c] = tile.numbers[c * Tile<Real>::kWidth + row];
  }
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
