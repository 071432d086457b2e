#include "kernels/cpu/cholesky.hpp"

#include <cmath>

#include "kernels/cpu/doubles.hpp"

namespace modyn::kernels {
namespace {

// A row is dependent if no more than this share of its square is left beside the others.
constexpr double kDependent = 1e-10;

}  // namespace

bool Cholesky::append(const std::vector<double>& products, double with_itself) {
  std::vector<double> row(size() + 1);
  for (std::size_t at = 0; at < size(); ++at) {
    const double* above = rows_[at].data();
    row[at] = (products[at] - MODYN_DISPATCH(product_of_doubles)(row.data(), above, at)) / above[at];
  }
  const double left = with_itself - MODYN_DISPATCH(product_of_doubles)(row.data(), row.data(), size());
  if (!(left > kDependent * with_itself)) return false;
  row.back() = std::sqrt(left);
  rows_.push_back(std::move(row));
  return true;
}

void Cholesky::remove(std::size_t row) {
  rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row));
  // Rows from there on reach one number beyond the diagonal; rotations of neighbouring columns clear it.
  for (std::size_t at = row; at < size(); ++at) {
    const double length = std::hypot(rows_[at][at], rows_[at][at + 1]);
    const double cosine = rows_[at][at] / length;
    const double sine = rows_[at][at + 1] / length;
    for (std::size_t below = at; below < size(); ++below) {
      double& left = rows_[below][at];
      double& right = rows_[below][at + 1];
      const double rotated = cosine * left + sine * right;
      right = cosine * right - sine * left;
      left = rotated;
    }
    rows_[at].pop_back();
  }
}

void Cholesky::solve(std::vector<double>& right) const {
  for (std::size_t at = 0; at < size(); ++at) {
    const double* row = rows_[at].data();
    right[at] = (right[at] - MODYN_DISPATCH(product_of_doubles)(row, right.data(), at)) / row[at];
  }
  for (std::size_t at = size(); at-- > 0;) {
    const double* row = rows_[at].data();
    right[at] /= row[at];
    MODYN_DISPATCH(add_doubles)(row, -right[at], right.data(), at);
  }
}

}  // namespace modyn::kernels
