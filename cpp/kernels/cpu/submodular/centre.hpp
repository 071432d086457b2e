// What the rows of a matrix have in common, taken off in place.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// A row was (row + middle) * 2^exponent.
struct Centre {
  std::vector<double> middle;  // [width]
  int exponent;
};

// Takes off a number near the mean from each column and divides all of them by one power of two, so that none is above
// 1. The number is a multiple of a power of two of about a third of the column's range: then rows of few digits, whole
// numbers for instance, stay as exact as they are, and a column of small numbers beside a few large ones is left alone.
// Other numbers are rounded to float32, so an error is 2^-24 of the column's range at most.
[[nodiscard]] Centre centre_rows(std::span<float> rows, std::size_t width, const Threads& threads);

}  // namespace modyn::kernels
