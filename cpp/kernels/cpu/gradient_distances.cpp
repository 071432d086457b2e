// Distances of factorised gradients without a difference of large numbers. With u = [1 ; e], f = g u^T, and with the
// middle of a pair, g' = (g_i + g_j) / 2 and u' = (u_i + u_j) / 2,
//
//   f_i - f_j = (g_i - g_j) u'^T + g' (u_i - u_j)^T, so
//   |f_i - f_j|^2 = |g_i - g_j|^2 |u'|^2 + |g'|^2 |e_i - e_j|^2 + 2 <g_i - g_j, g'> <u', u_i - u_j>.
//
// The last two products are half the differences of the squared norms, and |u'|^2 is the mean of the squared norms less
// a quarter of |e_i - e_j|^2: all that pairs need of each other are the distances of their factors.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/cpu/block_distances.hpp"
#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/squared_differences.hpp"
#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kRows = 32;  // of a tile

// One factor of all samples: in blocks, with squared norms.
class Factor {
 public:
  Factor(const float* numbers, std::size_t count, std::size_t width, const Threads& threads)
      : numbers_(numbers), width_(width), squared_norms_(numbers == nullptr ? 0 : count) {
    for (std::size_t i = 0; i < squared_norms_.size(); ++i) {
      squared_norms_[i] = MODYN_DISPATCH(product_of_floats)(row(i), row(i), width);
    }
    const std::size_t blocks = (squared_norms_.size() + kBlockSamples - 1) / kBlockSamples;
    packed_.resize(blocks * kBlockSamples * width);
    threads.for_each(blocks, [&](std::size_t number) {
      const std::size_t first = number * kBlockSamples;
      const std::size_t size = std::min(kBlockSamples, squared_norms_.size() - first);
      std::array<const float*, kBlockSamples> rows{};
      for (std::size_t at = 0; at < size; ++at) rows[at] = row(first + at);
      static_cast<void>(MODYN_DISPATCH(pack_block)(rows.data(), size, width_, packed_.data() + first * width_));
    });
  }

  [[nodiscard]] const float* row(std::size_t i) const { return numbers_ + i * width_; }
  [[nodiscard]] double squared_norm(std::size_t i) const { return squared_norms_[i]; }

  // Squared distances of `count` rows of another factor and the samples of block `number`.
  void hold_against(const float* rows, std::size_t count, std::size_t number, double* out) const {
    MODYN_DISPATCH(squared_differences)(packed_.data() + number * kBlockSamples * width_, width_, rows, width_, count,
                                        out);
  }

 private:
  const float* numbers_;
  std::size_t width_;
  std::vector<double> squared_norms_;
  std::vector<float> packed_;
};

struct SquaredNorms {
  double gradient;
  double embedding;
};

double squared_distance(double of_gradients, double of_embeddings, const SquaredNorms& a, const SquaredNorms& b) {
  const double gradient_between = std::max(0.0, (a.gradient + b.gradient) / 2 - of_gradients / 4);
  const double embedding_between = 1 + std::max(0.0, (a.embedding + b.embedding) / 2 - of_embeddings / 4);
  return of_gradients * embedding_between + gradient_between * of_embeddings +
         (a.gradient - b.gradient) * (a.embedding - b.embedding) / 2;
}

SquaredNorms squared_norms(const GradientFactors& a, std::size_t i) {
  const float* gradient = a.gradients + i * a.classes;
  const float* embedding = a.embeddings + i * a.embedding;
  return {.gradient = MODYN_DISPATCH(product_of_floats)(gradient, gradient, a.classes),
          .embedding = MODYN_DISPATCH(product_of_floats)(embedding, embedding, a.embedding)};
}

}  // namespace

void gradient_distances(const GradientFactors& a, const GradientFactors& b, float* out, const Threads& threads) {
  const Factor gradients(b.gradients, b.count, b.classes, threads);
  const Factor embeddings(b.embeddings, b.count, b.embedding, threads);
  threads.for_each((a.count + kRows - 1) / kRows, [&](std::size_t part) {
    const std::size_t first = part * kRows;
    const std::size_t rows = std::min(kRows, a.count - first);
    std::array<double, kRows * kBlockSamples> of_gradients;
    std::array<double, kRows * kBlockSamples> of_embeddings;
    std::array<SquaredNorms, kRows> norms{};
    for (std::size_t i = 0; i < rows && a.embeddings != nullptr; ++i) norms[i] = squared_norms(a, first + i);
    for (std::size_t column = 0; column < b.count; column += kBlockSamples) {
      const std::size_t columns = std::min(kBlockSamples, b.count - column);
      gradients.hold_against(a.gradients + first * a.classes, rows, column / kBlockSamples, of_gradients.data());
      if (a.embeddings != nullptr) {
        embeddings.hold_against(a.embeddings + first * a.embedding, rows, column / kBlockSamples, of_embeddings.data());
      }
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          double squared = of_gradients[i * kBlockSamples + j];
          if (a.embeddings != nullptr) {
            squared = squared_distance(
                squared, of_embeddings[i * kBlockSamples + j], norms[i],
                {.gradient = gradients.squared_norm(column + j), .embedding = embeddings.squared_norm(column + j)});
          }
          out[(first + i) * b.count + column + j] = static_cast<float>(std::sqrt(std::max(0.0, squared)));
        }
      }
    }
  });
}

}  // namespace modyn::kernels
