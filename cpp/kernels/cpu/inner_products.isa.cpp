#include "kernels/cpu/inner_products.hpp"

#include "kernels/cpu/lanes.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {
namespace {

// A panel holds this many rows side by side: two registers for each number of the width.
constexpr std::size_t kPanel = 2 * kLanes;
// Rows of `a` that are multiplied with a panel at once: as many as leave registers for the panel and a factor.
constexpr std::size_t kRows = MODYN_VECTOR_BYTES == 64 ? 12 : 6;

template <std::size_t rows>
MODYN_INLINE void multiply(const float* a, std::size_t a_stride, const float* panel, std::size_t width, float* out,
                           std::size_t out_stride, std::size_t columns) {
  Floats sums[rows][2] = {};
  for (std::size_t at = 0; at < width; ++at) {
    const Floats left = load(panel + at * kPanel);
    const Floats right = load(panel + at * kPanel + kLanes);
#pragma GCC unroll 12
    for (std::size_t row = 0; row < rows; ++row) {
      const Floats factor = broadcast(a[row * a_stride + at]);
      sums[row][0] += factor * left;
      sums[row][1] += factor * right;
    }
  }
#pragma GCC unroll 12
  for (std::size_t row = 0; row < rows; ++row) {
    float* to = out + row * out_stride;
    if (columns == kPanel) {
      store(to, sums[row][0]);
      store(to + kLanes, sums[row][1]);
    } else {
      float whole[kPanel];
      store(whole, sums[row][0]);
      store(whole + kLanes, sums[row][1]);
      for (std::size_t column = 0; column < columns; ++column) to[column] = whole[column];
    }
  }
}

// The rows that are left when kRows do not fit any more.
template <std::size_t rows>
void multiply_rest(std::size_t count, const float* a, std::size_t a_stride, const float* panel, std::size_t width,
                   float* out, std::size_t out_stride, std::size_t columns) {
  if constexpr (rows > 0) {
    if (count == rows) return multiply<rows>(a, a_stride, panel, width, out, out_stride, columns);
    multiply_rest<rows - 1>(count, a, a_stride, panel, width, out, out_stride, columns);
  }
}

// In float64 a panel is handled in parts of so many registers, with so many rows of `a` at once.
constexpr std::size_t kWideVectors = MODYN_VECTOR_BYTES == 64 ? 4 : 2;
constexpr std::size_t kWideRows = MODYN_VECTOR_BYTES == 64 ? 6 : 5;
constexpr std::size_t kDoubles = MODYN_VECTOR_BYTES / sizeof(double);
constexpr std::size_t kPart = kWideVectors * kDoubles;

MODYN_INLINE Doubles read_wide(const float* from) {
  using Halves [[gnu::vector_size(MODYN_VECTOR_BYTES / 2)]] = float;
  Halves narrow;
  __builtin_memcpy(&narrow, from, sizeof(narrow));
  return __builtin_convertvector(narrow, Doubles);
}

template <std::size_t rows>
MODYN_INLINE void multiply_wide(const double* a, const float* panel, std::size_t width, double* out,
                                std::size_t out_stride, std::size_t columns) {
  Doubles sums[rows][kWideVectors] = {};
  for (std::size_t at = 0; at < width; ++at) {
    Doubles numbers[kWideVectors];
    for (std::size_t vector = 0; vector < kWideVectors; ++vector) {
      numbers[vector] = read_wide(panel + at * kPanel + vector * kDoubles);
    }
#pragma GCC unroll 6
    for (std::size_t row = 0; row < rows; ++row) {
      const Doubles factor = all<double>(a[row * width + at]);
      for (std::size_t vector = 0; vector < kWideVectors; ++vector) sums[row][vector] += factor * numbers[vector];
    }
  }
  for (std::size_t row = 0; row < rows; ++row) {
    double* to = out + row * out_stride;
    if (columns == kPart) {
      __builtin_memcpy(to, sums[row], sizeof(sums[row]));
    } else {
      double whole[kPart];
      __builtin_memcpy(whole, sums[row], sizeof(whole));
      for (std::size_t column = 0; column < columns; ++column) to[column] = whole[column];
    }
  }
}

template <std::size_t rows>
void multiply_wide_rest(std::size_t count, const double* a, const float* panel, std::size_t width, double* out,
                        std::size_t out_stride, std::size_t columns) {
  if constexpr (rows > 0) {
    if (count == rows) return multiply_wide<rows>(a, panel, width, out, out_stride, columns);
    multiply_wide_rest<rows - 1>(count, a, panel, width, out, out_stride, columns);
  }
}

}  // namespace

std::size_t packed_size(std::size_t count, std::size_t width) noexcept {
  return (count + kPanel - 1) / kPanel * kPanel * width;
}

void pack_rows(const float* rows, std::size_t stride, std::size_t count, std::size_t width, float* packed) noexcept {
  for (std::size_t first = 0; first < count; first += kPanel) {
    const std::size_t here = count - first < kPanel ? count - first : kPanel;
    for (std::size_t row = 0; row < kPanel; ++row) {
      const float* from = rows + (first + row) * stride;
      for (std::size_t at = 0; at < width; ++at) packed[at * kPanel + row] = row < here ? from[at] : 0.0F;
    }
    packed += kPanel * width;
  }
}

void pack_columns(const float* columns, std::size_t stride, std::size_t count, std::size_t width,
                  float* packed) noexcept {
  for (std::size_t first = 0; first < count; first += kPanel) {
    const std::size_t here = count - first < kPanel ? count - first : kPanel;
    for (std::size_t at = 0; at < width; ++at) {
      const float* from = columns + at * stride + first;
      for (std::size_t column = 0; column < kPanel; ++column) packed[column] = column < here ? from[column] : 0.0F;
      packed += kPanel;
    }
  }
}

void inner_products(const float* a, std::size_t a_stride, std::size_t a_count, const float* packed, std::size_t count,
                    std::size_t width, float* out, std::size_t out_stride) noexcept {
  for (std::size_t first = 0; first < count; first += kPanel) {
    const std::size_t columns = count - first < kPanel ? count - first : kPanel;
    const float* panel = packed + first * width;
    std::size_t row = 0;
    for (; row + kRows <= a_count; row += kRows) {
      multiply<kRows>(a + row * a_stride, a_stride, panel, width, out + row * out_stride + first, out_stride, columns);
    }
    multiply_rest<kRows - 1>(a_count - row, a + row * a_stride, a_stride, panel, width, out + row * out_stride + first,
                             out_stride, columns);
  }
}

void wide_inner_products(const double* a, std::size_t a_count, const float* packed, std::size_t count,
                         std::size_t width, double* out, std::size_t out_stride) noexcept {
  for (std::size_t first = 0; first < count; first += kPart) {
    const std::size_t columns = count - first < kPart ? count - first : kPart;
    const float* panel = packed + first / kPanel * kPanel * width + first % kPanel;
    std::size_t row = 0;
    for (; row + kWideRows <= a_count; row += kWideRows) {
      multiply_wide<kWideRows>(a + row * width, panel, width, out + row * out_stride + first, out_stride, columns);
    }
    multiply_wide_rest<kWideRows - 1>(a_count - row, a + row * width, panel, width, out + row * out_stride + first,
                                      out_stride, columns);
  }
}

void widen(const float* from, std::size_t count, double* to) noexcept {
  std::size_t at = 0;
  for (; at + kDoubles <= count; at += kDoubles) write<double>(to + at, read_wide(from + at));
  for (; at < count; ++at) to[at] = static_cast<double>(from[at]);
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
