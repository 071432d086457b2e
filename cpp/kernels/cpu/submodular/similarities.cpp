#include "kernels/cpu/submodular/similarities.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/cpu/submodular/given_matrix.hpp"
#include "kernels/cpu/submodular/pair_sums.hpp"

namespace modyn::kernels {
namespace {

class OfFeatures final : public Similarities {
 public:
  explicit OfFeatures(Features features) : features_(std::move(features)) {}

  [[nodiscard]] std::size_t size() const override { return features_.count(); }

  [[nodiscard]] std::vector<double> sums(const Threads& threads) override {
    const double count = static_cast<double>(size());
    if (features_.similarity() == Similarity::kCosine) {
      std::vector<double> sums = features_.cosine_sums(threads);
      for (double& sum : sums) sum = (count + sum) / 2;
      return sums;
    }
    std::vector<std::int64_t> whole(size());
    set_top_and_sum(features_, whole, threads);
    std::vector<double> sums(size());
    for (std::size_t j = 0; j < size(); ++j) {
      sums[j] = static_cast<double>(whole[j]) * features_.unit() + count * features_.offset();
    }
    return sums;
  }

  [[nodiscard]] std::vector<double> to_themselves(const Threads& threads) override {
    std::vector<double> own(size());
    threads.for_each((size() + kTileRows - 1) / kTileRows, [&](std::size_t part) {
      const std::size_t first = part * kTileRows;
      std::vector<std::uint32_t> samples(std::min(kTileRows, size() - first));
      for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint32_t>(first + i);
      Tile tile(kTileRows * kTileColumns);
      of(samples, columns(samples), tile);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        own[first + i] = tile[i * kTileColumns + i];
        // All that are not zero have the cosine 1 with themselves, exactly: none is the first for its rounding.
        if (features_.similarity() == Similarity::kCosine) own[first + i] = own[first + i] > 0.75 ? 1.0 : 0.5;
      }
    });
    return own;
  }

  [[nodiscard]] Columns columns(std::span<const std::uint32_t> candidates) const override {
    return {.candidates = candidates, .packed = features_.pack(candidates)};
  }

  void of(std::span<const std::uint32_t> rows, const Columns& columns, Tile& out) const override {
    std::vector<float> copy;
    std::int32_t* tile = tile_of_thread();
    features_.similarities(features_.rows(rows, copy), columns.packed, tile);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t column = 0; column < columns.candidates.size(); ++column) {
        const std::size_t at = row * kTileColumns + column;
        out[at] = static_cast<double>(tile[at]) * features_.unit() + features_.offset();
      }
    }
  }

 private:
  Features features_;
};

class OfMatrix final : public Similarities {
 public:
  OfMatrix(const float* matrix, std::size_t size) : matrix_(matrix), size_(size) {}

  [[nodiscard]] std::size_t size() const override { return size_; }

  [[nodiscard]] std::vector<double> sums(const Threads& threads) override {
    std::vector<double> sums(size_);
    threads.for_each(size_, [&](std::size_t j) {
      for (std::size_t i = 0; i < size_; ++i) sums[j] += static_cast<double>(matrix_[j * size_ + i]);
    });
    return sums;
  }

  [[nodiscard]] std::vector<double> to_themselves(const Threads& /*threads*/) override {
    std::vector<double> own(size_);
    for (std::size_t j = 0; j < size_; ++j) own[j] = static_cast<double>(matrix_[j * size_ + j]);
    return own;
  }

  [[nodiscard]] Columns columns(std::span<const std::uint32_t> candidates) const override {
    return {.candidates = candidates, .packed = {}};
  }

  void of(std::span<const std::uint32_t> rows, const Columns& columns, Tile& out) const override {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const float* from = matrix_ + rows[row] * size_;
      for (std::size_t column = 0; column < columns.candidates.size(); ++column) {
        out[row * kTileColumns + column] = static_cast<double>(from[columns.candidates[column]]);
      }
    }
  }

 private:
  const float* matrix_;
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Similarities> similarities_of(Features features) {
  return std::make_unique<OfFeatures>(std::move(features));
}

std::unique_ptr<Similarities> similarities_of(const float* matrix, std::size_t size, const Threads& threads) {
  for (std::size_t i = 0; i < size * size; ++i) {
    if (!std::isfinite(matrix[i])) refuse_candidate(i % size);
  }
  if (!largest_if_symmetric(matrix, size, threads)) {
    throw std::invalid_argument("the similarities are not symmetric: those of a and b and of b and a must be equal");
  }
  return std::make_unique<OfMatrix>(matrix, size);
}

}  // namespace modyn::kernels
