#include <algorithm>
#include <vector>

#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/inner_products.hpp"
#include "modyn/kernels/gradients.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kSamples = 512;      // whose products are added in float32
constexpr std::size_t kRows = 64;          // of a tile of products
constexpr std::size_t kColumns = 512;      // likewise
constexpr std::size_t kColumnsOfSum = 64;  // of the sum that one thread writes

std::size_t parts(std::size_t count, std::size_t size) { return (count + size - 1) / size; }

// Columns `first` ... of sum_i weights[i] g_i e_i^T.
class SumOfColumns {
 public:
  SumOfColumns(const GradientFactors& a, const double* weights, std::size_t first)
      : a_(a), weights_(weights), first_(first), columns_(std::min(kColumnsOfSum, a.embedding - first)) {}

  void write(double* out) {
    packed_.resize(MODYN_DISPATCH(packed_size)(kColumnsOfSum, kSamples));
    weighted_.resize(kRows * kSamples);
    products_.resize(kRows * kColumnsOfSum);
    for (std::size_t sample = 0; sample < a_.count; sample += kSamples) {
      const std::size_t samples = std::min(kSamples, a_.count - sample);
      MODYN_DISPATCH(pack_columns)(a_.embeddings + sample * a_.embedding + first_, a_.embedding, columns_, samples,
                                   packed_.data());
      for (std::size_t row = 0; row < a_.classes; row += kRows) {
        add_rows(sample, samples, row, std::min(kRows, a_.classes - row), out);
      }
    }
  }

 private:
  void add_rows(std::size_t sample, std::size_t samples, std::size_t row, std::size_t rows, double* out) {
    for (std::size_t at = 0; at < samples; ++at) {
      const float* gradient = a_.gradients + (sample + at) * a_.classes + row;
      const double weight = weights_[sample + at];
      for (std::size_t i = 0; i < rows; ++i) {
        weighted_[i * kSamples + at] = static_cast<float>(weight * static_cast<double>(gradient[i]));
      }
    }
    MODYN_DISPATCH(inner_products)(weighted_.data(), kSamples, rows, packed_.data(), columns_, samples,
                                   products_.data(), kColumnsOfSum);
    for (std::size_t i = 0; i < rows; ++i) {
      MODYN_DISPATCH(add_floats)(products_.data() + i * kColumnsOfSum, 1,
                                 out + (row + i) * (a_.embedding + 1) + 1 + first_, columns_);
    }
  }

  const GradientFactors& a_;
  const double* weights_;
  std::size_t first_;
  std::size_t columns_;
  std::vector<float> packed_;
  std::vector<float> weighted_;
  std::vector<float> products_;
};

}  // namespace

void gradient_squared_norms(const GradientFactors& a, double* out, const Threads& threads) {
  threads.for_each(parts(a.count, kSamples), [&](std::size_t part) {
    for (std::size_t i = part * kSamples; i < std::min(a.count, (part + 1) * kSamples); ++i) {
      const float* gradient = a.gradients + i * a.classes;
      out[i] = MODYN_DISPATCH(product_of_floats)(gradient, gradient, a.classes);
      if (a.embeddings == nullptr) continue;
      const float* embedding = a.embeddings + i * a.embedding;
      out[i] *= 1 + MODYN_DISPATCH(product_of_floats)(embedding, embedding, a.embedding);
    }
  });
}

void gradient_correlations(const GradientFactors& a, const float* residual, float* out, const Threads& threads) {
  const std::size_t stride = a.embedding + 1;
  std::vector<float> bias(a.classes);
  for (std::size_t row = 0; row < a.classes; ++row) bias[row] = residual[row * stride];
  const std::size_t tile_size = MODYN_DISPATCH(packed_size)(kColumns, a.classes);
  std::vector<float> packed(parts(a.embedding, kColumns) * tile_size);
  threads.for_each(parts(a.embedding, kColumns), [&](std::size_t tile) {
    MODYN_DISPATCH(pack_columns)(residual + 1 + tile * kColumns, stride,
                                 std::min(kColumns, a.embedding - tile * kColumns), a.classes,
                                 packed.data() + tile * tile_size);
  });
  threads.for_each(parts(a.count, kRows), [&](std::size_t part) {
    const std::size_t first = part * kRows;
    const std::size_t rows = std::min(kRows, a.count - first);
    double sums[kRows];
    for (std::size_t i = 0; i < rows; ++i) {
      sums[i] = MODYN_DISPATCH(product_of_floats)(a.gradients + (first + i) * a.classes, bias.data(), a.classes);
    }
    std::vector<float> products(a.embedding == 0 ? 0 : kRows * kColumns);
    for (std::size_t column = 0; column < a.embedding; column += kColumns) {
      const std::size_t columns = std::min(kColumns, a.embedding - column);
      MODYN_DISPATCH(inner_products)(a.gradients + first * a.classes, a.classes, rows,
                                     packed.data() + column / kColumns * tile_size, columns, a.classes, products.data(),
                                     kColumns);
      for (std::size_t i = 0; i < rows; ++i) {
        sums[i] += MODYN_DISPATCH(product_of_floats)(products.data() + i * kColumns,
                                                     a.embeddings + (first + i) * a.embedding + column, columns);
      }
    }
    for (std::size_t i = 0; i < rows; ++i) out[first + i] = static_cast<float>(sums[i]);
  });
}

void gradient_weighted_sum(const GradientFactors& a, const double* weights, double* out, const Threads& threads) {
  const std::size_t stride = a.embedding + 1;
  std::fill_n(out, a.classes * stride, 0.0);
  // The column of the bias first: sums over blocks of samples, added in the order of the blocks.
  const std::size_t blocks = parts(a.count, kSamples);
  std::vector<double> sums(blocks * a.classes);
  threads.for_each(blocks, [&](std::size_t block) {
    for (std::size_t i = block * kSamples; i < std::min(a.count, (block + 1) * kSamples); ++i) {
      MODYN_DISPATCH(add_floats)(a.gradients + i * a.classes, weights[i], sums.data() + block * a.classes, a.classes);
    }
  });
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t row = 0; row < a.classes; ++row) out[row * stride] += sums[block * a.classes + row];
  }
  if (a.embeddings == nullptr) return;
  threads.for_each(parts(a.embedding, kColumnsOfSum),
                   [&](std::size_t part) { SumOfColumns(a, weights, part * kColumnsOfSum).write(out); });
}

}  // namespace modyn::kernels
