// k-center by farthest-first traversal (Gonzalez, "Clustering to minimize the maximum intercluster distance",
// Theoretical Computer Science 38, 1985): the next center is the sample that is farthest from all centers so far.
// The largest distance that is left is at most twice the smallest possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

struct KCenterProblem {
  const float* features;        // [.., width], row-major
  const std::int64_t* samples;  // [count], the rows that take part, ascending
  std::size_t count;
  std::size_t width;
  const float* centers;  // [center_count, width], that there are already; null if there are none
  std::size_t center_count;
  std::size_t picks;  // at most count
  std::size_t first;  // number within `samples` of the first pick; not looked at if there are centers already
};

// Solves problems that share no sample, one beside the other. Writes the picked rows, problem after problem, each in
// the order in which they were picked, and for each row that takes part distances[row]: its Euclidean distance to the
// nearest center, infinite if there is none. Of samples equally far the one with the lowest number is picked; samples
// equal to a center follow when there are no others.
//
// Returns a row with a number that is NaN or infinite, the first of its problem, and what is written is then worthless;
// -1 if there is none.
[[nodiscard]] std::int64_t k_center(const std::vector<KCenterProblem>& problems, std::int64_t* picks, float* distances,
                                    const Threads& threads);

}  // namespace modyn::kernels
