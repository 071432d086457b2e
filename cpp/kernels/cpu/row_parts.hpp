// Cuts rows into parts that depend on the size of the problem alone.
#pragma once

#include <algorithm>
#include <cstddef>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// Calls rows(first, count) for parts of about 2^16 numbers, in whole batches of the widest vector's lanes.
template <typename Rows>
void for_each_rows(std::size_t count, std::size_t width, const Threads& threads, const Rows& rows) {
  constexpr std::size_t kNumbersOfPart = std::size_t{1} << 16;
  constexpr std::size_t kRowsOfBatch = 16;
  const std::size_t whole = std::max<std::size_t>(kNumbersOfPart / width, 1);
  const std::size_t of_part = (whole + kRowsOfBatch - 1) / kRowsOfBatch * kRowsOfBatch;
  threads.for_each((count + of_part - 1) / of_part, [&](std::size_t part) {
    const std::size_t first = part * of_part;
    rows(first, std::min(of_part, count - first));
  });
}

}  // namespace modyn::kernels
