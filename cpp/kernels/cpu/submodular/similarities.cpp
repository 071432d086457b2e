#include "kernels/cpu/submodular/similarities.hpp"

#include <algorithm>
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
    threads.for_each(features_.blocks(), [&](std::size_t block) {
      const std::size_t last = std::min(size(), (block + 1) * kTileColumns);
      for (std::size_t first = block * kTileColumns; first < last; first += kTileRows) {
        const TileRows rows = features_.rows(first, std::min(kTileRows, last - first));
        std::int32_t* tile = tile_of_thread();
        features_.similarities(rows, features_.block(block), tile);
        for (std::size_t i = 0; i < rows.count; ++i) {
          const double whole = tile[i * kTileColumns + first + i - block * kTileColumns];
          own[first + i] = whole * features_.unit() + features_.offset();
          // All that are not zero have the cosine 1 with themselves, exactly: none is the first for its rounding.
          if (features_.similarity() == Similarity::kCosine) own[first + i] = own[first + i] > 0.75 ? 1.0 : 0.5;
        }
      }
    });
    return own;
  }

  void of(std::uint32_t sample, std::span<double> out, const Threads& threads) const override {
    const TileRows row = features_.rows(sample, 1);
    threads.for_each(features_.blocks(), [&](std::size_t block) {
      const PackedColumns& columns = features_.block(block);
      std::int32_t* tile = tile_of_thread();
      features_.similarities(row, columns, tile);
      for (std::size_t column = 0; column < columns.count; ++column) {
        out[block * kTileColumns + column] = tile[column] * features_.unit() + features_.offset();
      }
    });
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

  void of(std::uint32_t sample, std::span<double> out, const Threads& /*threads*/) const override {
    std::copy_n(matrix_ + sample * size_, size_, out.begin());
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
