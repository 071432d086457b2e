#include "kernels/cpu/cholesky.hpp"

#include <random>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using CholeskyOfEveryIsa = EveryIsa;
using Matrix = std::vector<std::vector<double>>;

// B B^T + 0.1 for random B.
Matrix positive_definite(std::size_t size) {
  const std::vector<float> numbers = normal_numbers(size * size, 3);
  Matrix matrix(size, std::vector<double>(size));
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      matrix[i][j] = i == j ? 0.1 : 0.0;
      for (std::size_t at = 0; at < size; ++at) {
        matrix[i][j] += static_cast<double>(numbers[i * size + at]) * static_cast<double>(numbers[j * size + at]);
      }
    }
  }
  return matrix;
}

bool append(Cholesky& factor, const Matrix& matrix, const std::vector<std::size_t>& members, std::size_t row) {
  std::vector<double> products;
  for (const std::size_t member : members) products.push_back(matrix[row][member]);
  return factor.append(products, matrix[row][row]);
}

void expect_solution(const Cholesky& factor, const Matrix& matrix, const std::vector<std::size_t>& members) {
  std::vector<double> right;
  for (std::size_t at = 0; at < members.size(); ++at) right.push_back(static_cast<double>(at) - 3);
  std::vector<double> solution = right;
  factor.solve(solution);
  for (std::size_t i = 0; i < members.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < members.size(); ++j) sum += matrix[members[i]][members[j]] * solution[j];
    ASSERT_NEAR(sum, right[i], 1e-8);
  }
}

TEST_P(CholeskyOfEveryIsa, SolvesWhateverRowsCameAndLeft) {
  const Matrix matrix = positive_definite(60);
  Cholesky factor;
  std::vector<std::size_t> members;
  std::mt19937 generator(1);
  for (std::size_t row = 0; row < matrix.size(); ++row) {
    ASSERT_TRUE(append(factor, matrix, members, row));
    members.push_back(row);
    if (row % 3 == 2) {
      const std::size_t leaving = generator() % members.size();
      factor.remove(leaving);
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(leaving));
    }
    ASSERT_EQ(factor.size(), members.size());
    expect_solution(factor, matrix, members);
  }
}

TEST_P(CholeskyOfEveryIsa, RefusesARowThatDependsOnTheOthers) {
  // The third row is the sum of the first two.
  const Matrix matrix{{2, 1, 3}, {1, 2, 3}, {3, 3, 6}};
  Cholesky factor;
  ASSERT_TRUE(append(factor, matrix, {}, 0));
  ASSERT_TRUE(append(factor, matrix, {0}, 1));
  EXPECT_FALSE(append(factor, matrix, {0, 1}, 2));
  EXPECT_EQ(factor.size(), 2U);
  expect_solution(factor, matrix, {0, 1});
}

MODYN_TEST_EVERY_ISA(CholeskyOfEveryIsa);

}  // namespace
}  // namespace modyn::kernels
