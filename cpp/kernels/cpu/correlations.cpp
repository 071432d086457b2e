#include "kernels/cpu/correlations.hpp"

#include <algorithm>
#include <unordered_map>

#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/gradients.hpp"
#include "kernels/cpu/inner_products.hpp"

namespace modyn::kernels {
namespace {

// Rows of members lie anywhere, and the sweep over all samples has driven them out of the cache.
void prefetch(const float* row, std::size_t width) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t at = 0; at < width; at += kLine) __builtin_prefetch(row + at);
}

// Gradients as they are: what is left is kept itself, in float64, and all samples are multiplied with it.
class OfResidual : public Correlations {
 public:
  OfResidual(const GradientFactors& samples, const std::vector<double>& target, const Threads& threads)
      : samples_(samples),
        target_(target),
        packed_(samples.gradients, samples.count, samples.classes, threads),
        residual_(target.size()) {}

  void take_off(const std::vector<std::size_t>& members, const std::vector<double>& weights) override {
    std::vector<double> left = target_;
    for (std::size_t at = 0; at < members.size(); ++at) {
      MODYN_DISPATCH(add_floats)(gradient(members[at]), -weights[at], left.data(), left.size());
    }
    std::transform(left.begin(), left.end(), residual_.begin(),
                   [](double number) { return static_cast<float>(number); });
  }

  void correlate(std::size_t tile, float* out) const override {
    const std::size_t rows = packed_.rows_of(tile);
    MODYN_DISPATCH(inner_products)(residual_.data(), residual_.size(), 1, packed_.tile(tile), rows, packed_.width(),
                                   out, rows);
  }

  [[nodiscard]] double product_with_target(std::size_t sample) const override {
    return MODYN_DISPATCH(product_of_both)(target_.data(), gradient(sample), target_.size());
  }

  void products(std::size_t sample, const std::vector<std::size_t>& members, double* out) const override {
    for (std::size_t at = 0; at < members.size(); ++at) {
      if (at + 2 < members.size()) prefetch(gradient(members[at + 2]), samples_.classes);
      out[at] = MODYN_DISPATCH(product_of_floats)(gradient(sample), gradient(members[at]), samples_.classes);
    }
  }

 private:
  [[nodiscard]] const float* gradient(std::size_t sample) const {
    return samples_.gradients + sample * samples_.classes;
  }

  const GradientFactors& samples_;
  const std::vector<double>& target_;
  PackedRows packed_;
  std::vector<float> residual_;
};

// Factorised gradients: what is left would be as wide as a whole gradient, so the products of all samples with each
// member are kept instead, 4 * count bytes a member.
class OfProducts : public Correlations {
 public:
  OfProducts(const GradientFactors& samples, const std::vector<double>& target, const Threads& threads)
      : samples_(samples),
        target_(target),
        threads_(threads),
        gradients_(samples.gradients, samples.count, samples.classes, threads),
        embeddings_(samples.embeddings, samples.count, samples.embedding, threads),
        with_target_(samples.count) {
    const std::vector<float> narrow(target.begin(), target.end());
    gradient_correlations(samples, narrow.data(), with_target_.data(), threads);
  }

  void take_off(const std::vector<std::size_t>& members, const std::vector<double>& weights) override {
    if (members.empty()) columns_.clear();
    taken_off_.clear();
    for (std::size_t at = 0; at < members.size(); ++at) {
      const auto [found, is_new] = columns_.try_emplace(members[at]);
      if (is_new) found->second = column(members[at]);
      taken_off_.push_back({.column = found->second.data(), .weight = weights[at]});
    }
  }

  void correlate(std::size_t tile, float* out) const override {
    const std::size_t first = tile * kTile;
    const std::size_t rows = gradients_.rows_of(tile);
    double sums[kTile];
    for (std::size_t row = 0; row < rows; ++row) sums[row] = static_cast<double>(with_target_[first + row]);
    for (const TakenOff& one : taken_off_) {
      MODYN_DISPATCH(add_floats)(one.column + first, -one.weight, sums, rows);
    }
    for (std::size_t row = 0; row < rows; ++row) out[row] = static_cast<float>(sums[row]);
  }

  [[nodiscard]] double product_with_target(std::size_t sample) const override {
    const std::size_t stride = samples_.embedding + 1;
    double sum = 0;
    for (std::size_t row = 0; row < samples_.classes; ++row) {
      const double* numbers = target_.data() + row * stride;
      const double with_row =
          numbers[0] + MODYN_DISPATCH(product_of_both)(numbers + 1, embedding(sample), samples_.embedding);
      sum += static_cast<double>(gradient(sample)[row]) * with_row;
    }
    return sum;
  }

  void products(std::size_t sample, const std::vector<std::size_t>& members, double* out) const override {
    for (std::size_t at = 0; at < members.size(); ++at) {
      const std::size_t other = members[at];
      out[at] = MODYN_DISPATCH(product_of_floats)(gradient(sample), gradient(other), samples_.classes) *
                (1 + MODYN_DISPATCH(product_of_floats)(embedding(sample), embedding(other), samples_.embedding));
    }
  }

 private:
  struct TakenOff {
    const float* column;
    double weight;
  };

  [[nodiscard]] const float* gradient(std::size_t sample) const {
    return samples_.gradients + sample * samples_.classes;
  }
  [[nodiscard]] const float* embedding(std::size_t sample) const {
    return samples_.embeddings + sample * samples_.embedding;
  }

  // Products of all samples with one.
  [[nodiscard]] std::vector<float> column(std::size_t sample) const {
    std::vector<float> products(samples_.count);
    threads_.for_each(gradients_.tiles(), [&](std::size_t tile) {
      const std::size_t rows = gradients_.rows_of(tile);
      float* out = products.data() + tile * kTile;
      float of_embeddings[kTile];
      MODYN_DISPATCH(inner_products)(gradient(sample), samples_.classes, 1, gradients_.tile(tile), rows,
                                     samples_.classes, out, rows);
      MODYN_DISPATCH(inner_products)(embedding(sample), samples_.embedding, 1, embeddings_.tile(tile), rows,
                                     samples_.embedding, of_embeddings, rows);
      MODYN_DISPATCH(multiply_by_one_more)(of_embeddings, out, rows);
    });
    return products;
  }

  const GradientFactors& samples_;
  const std::vector<double>& target_;
  const Threads& threads_;
  PackedRows gradients_;
  PackedRows embeddings_;
  std::vector<float> with_target_;
  std::unordered_map<std::size_t, std::vector<float>> columns_;
  std::vector<TakenOff> taken_off_;
};

}  // namespace

std::unique_ptr<Correlations> correlations(const GradientFactors& samples, const std::vector<double>& target,
                                           const Threads& threads) {
  if (samples.embeddings == nullptr) return std::make_unique<OfResidual>(samples, target, threads);
  return std::make_unique<OfProducts>(samples, target, threads);
}

}  // namespace modyn::kernels
