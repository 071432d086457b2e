#include "kernels/cpu/gradient_distances.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kernels/cpu/block_distances.hpp"
#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/squared_differences.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kTile = GradientDistances::kRows * kBlockSamples;

double squared_norm_of(const float* row, std::size_t width) {
  return MODYN_DISPATCH(product_of_floats)(row, row, width);
}

// Not below 0, which rounding could make it; NaN stays.
double not_negative(double number) { return number < 0 ? 0 : number; }

struct SquaredNorms {
  double gradient;
  double embedding;
};

double squared_distance(double of_gradients, double of_embeddings, const SquaredNorms& a, const SquaredNorms& b) {
  const double gradient_between = not_negative((a.gradient + b.gradient) / 2 - of_gradients / 4);
  const double embedding_between = 1 + not_negative((a.embedding + b.embedding) / 2 - of_embeddings / 4);
  return of_gradients * embedding_between + gradient_between * of_embeddings +
         (a.gradient - b.gradient) * (a.embedding - b.embedding) / 2;
}

// Some rows of a factor one after another, in float64.
class WideRows {
 public:
  WideRows(const float* numbers, std::size_t width, std::span<const std::uint32_t> rows)
      : numbers_(rows.size() * width) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(numbers + rows[i] * width, width, numbers_.data() + i * width);
      squared_norms_[i] = squared_norm_of(numbers + rows[i] * width, width);
    }
  }

  [[nodiscard]] const double* data() const { return numbers_.data(); }
  [[nodiscard]] double squared_norm(std::size_t row) const { return squared_norms_[row]; }

 private:
  std::vector<double> numbers_;
  std::array<double, GradientDistances::kRows> squared_norms_{};
};

std::span<const std::uint32_t> none_unless(bool is_wanted, std::span<const std::uint32_t> chosen) {
  return is_wanted ? chosen : chosen.first(0);
}

}  // namespace

FactorBlocks::FactorBlocks(const float* numbers, std::size_t width, std::span<const std::uint32_t> chosen,
                           const Threads& threads)
    : width_(width), squared_norms_(chosen.size()) {
  const std::size_t blocks = (chosen.size() + kBlockSamples - 1) / kBlockSamples;
  packed_.resize(blocks * kBlockSamples * width);
  threads.for_each(blocks, [&](std::size_t number) {
    const std::size_t first = number * kBlockSamples;
    const std::size_t size = std::min(kBlockSamples, chosen.size() - first);
    std::array<const float*, kBlockSamples> rows{};
    for (std::size_t at = 0; at < size; ++at) {
      rows[at] = numbers + chosen[first + at] * width;
      squared_norms_[first + at] = squared_norm_of(rows[at], width);
    }
    static_cast<void>(MODYN_DISPATCH(pack_block)(rows.data(), size, width_, packed_.data() + first * width_));
  });
}

void FactorBlocks::hold_against(const double* rows, std::size_t count, std::size_t number, double* out) const {
  MODYN_DISPATCH(squared_differences)(packed_.data() + number * kBlockSamples * width_, width_, rows, count, out);
}

GradientDistances::GradientDistances(const GradientFactors& samples, std::span<const std::uint32_t> chosen,
                                     const Threads& threads)
    : count_(chosen.size()),
      is_factorised_(samples.embeddings != nullptr),
      gradients_(samples.gradients, samples.classes, chosen, threads),
      embeddings_(samples.embeddings, samples.embedding, none_unless(is_factorised_, chosen), threads) {}

void GradientDistances::write(const GradientFactors& of, std::span<const std::uint32_t> rows, float* out,
                              std::size_t stride) const {
  const WideRows g(of.gradients, of.classes, rows);
  const WideRows e(of.embeddings, of.embedding, none_unless(is_factorised_, rows));
  std::array<double, kTile> of_gradients;
  std::array<double, kTile> of_embeddings;
  for (std::size_t column = 0; column < count_; column += kBlockSamples) {
    const std::size_t columns = std::min(kBlockSamples, count_ - column);
    gradients_.hold_against(g.data(), rows.size(), column / kBlockSamples, of_gradients.data());
    if (is_factorised_) embeddings_.hold_against(e.data(), rows.size(), column / kBlockSamples, of_embeddings.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        const std::size_t at = i * kBlockSamples + j;
        double squared = of_gradients[at];
        if (is_factorised_) {
          squared = squared_distance(squared, of_embeddings[at], {g.squared_norm(i), e.squared_norm(i)},
                                     {gradients_.squared_norm(column + j), embeddings_.squared_norm(column + j)});
        }
        out[i * stride + column + j] = static_cast<float>(std::sqrt(not_negative(squared)));
      }
    }
  }
}

void gradient_distances(const GradientFactors& a, const GradientFactors& b, float* out, const Threads& threads) {
  constexpr std::size_t kRows = GradientDistances::kRows;
  std::vector<std::uint32_t> all(b.count);
  std::iota(all.begin(), all.end(), 0U);
  const GradientDistances to_others(b, all, threads);
  threads.for_each((a.count + kRows - 1) / kRows, [&](std::size_t part) {
    std::array<std::uint32_t, kRows> rows{};
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(part * kRows));
    const std::size_t first = part * kRows;
    to_others.write(a, std::span(rows).first(std::min(kRows, a.count - first)), out + first * b.count, b.count);
  });
}

}  // namespace modyn::kernels
