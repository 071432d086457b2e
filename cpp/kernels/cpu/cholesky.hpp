// The Cholesky factor of a matrix that grows by a row and column at a time, and loses one now and then: O(n^2) each,
// float64.
#pragma once

#include <cstddef>
#include <vector>

namespace modyn::kernels {

class Cholesky {
 public:
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  // Appends a row: its products with the rows that are there, and with itself. False, and nothing has changed, if it
  // depends on the others as far as float64 can tell.
  [[nodiscard]] bool append(const std::vector<double>& products, double with_itself);
  void remove(std::size_t row);
  // Solves for the whole matrix; overwrites the right-hand side.
  void solve(std::vector<double>& right) const;

 private:
  std::vector<std::vector<double>> rows_;  // of the lower triangle, the diagonal last
};

}  // namespace modyn::kernels
