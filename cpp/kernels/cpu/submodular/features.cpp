#include "kernels/cpu/submodular/features.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/cpu/doubles.hpp"
#include "kernels/cpu/inner_products.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kTile = kTileRows * kTileColumns;
constexpr std::size_t kBlock = kTileColumns;

std::size_t blocks_of(std::size_t count) noexcept { return (count + kBlock - 1) / kBlock; }

// Kept by each thread: a tile is too large to ask for anew each time, and always of the same size.
struct Scratch {
  std::vector<float> products = std::vector<float>(kTile);
  std::vector<float> embeddings = std::vector<float>(kTile);
  std::vector<double> wide_products = std::vector<double>(kTile);
  std::vector<double> wide_embeddings = std::vector<double>(kTile);
  std::vector<double> wide_rows;
  std::vector<std::int32_t> similarities = std::vector<std::int32_t>(kTile);
};

Scratch& scratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

std::int32_t* tile_of_thread() { return scratch().similarities.data(); }

Features::Features(const GradientFactors& samples, std::span<const std::uint32_t> members, Similarity similarity,
                   const Threads& threads)
    : similarity_(similarity),
      count_(members.size()),
      classes_(samples.classes),
      embedding_(samples.embeddings == nullptr ? 0 : samples.embedding) {
  refuse_unless_finite(samples, members, threads);
  copy_rows(samples, members, threads);
  if (similarity == Similarity::kCosine) {
    normalise(threads);
    unit_ = 1.0 / kOne;
  } else {
    distances_.emplace(gradients_, classes_, embeddings_, embedding_, threads);
    unit_ = distances_->bound() / kOne;
  }
  packed_.resize(blocks_of(count_));
  threads.for_each(packed_.size(), [&](std::size_t number) {
    std::vector<std::uint32_t> block(std::min(kBlock, count_ - number * kBlock));
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint32_t>(number * kBlock + i);
    packed_[number] = pack(block);
  });
}

void Features::copy_rows(const GradientFactors& samples, std::span<const std::uint32_t> members,
                         const Threads& threads) {
  gradients_.resize(count_ * classes_);
  embeddings_.resize(count_ * embedding_);
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) {
      std::copy_n(samples.gradients + members[i] * classes_, classes_, gradients_.data() + i * classes_);
      if (embedding_ == 0) continue;
      std::copy_n(samples.embeddings + members[i] * embedding_, embedding_, embeddings_.data() + i * embedding_);
    }
  });
}

double Features::squared_norm(std::size_t sample) const noexcept {
  const auto squares = [](const float* numbers, std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(numbers[i]) * static_cast<double>(numbers[i]);
    return sum;
  };
  return squares(gradients_.data() + sample * classes_, classes_) *
         (1 + squares(embeddings_.data() + sample * embedding_, embedding_));
}

void Features::normalise(const Threads& threads) {
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) {
      const double norm = squared_norm(i);
      const double factor = norm > 0 ? 1 / std::sqrt(norm) : 0.0;
      for (float& number : std::span(gradients_).subspan(i * classes_, classes_)) {
        number = static_cast<float>(number * factor);
      }
    }
  });
}

PackedColumns Features::pack(std::span<const std::uint32_t> samples) const {
  const auto pack_one = [&](const std::vector<float>& numbers, std::size_t width) {
    std::vector<float> rows(samples.size() * width);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      std::copy_n(numbers.data() + samples[i] * width, width, rows.data() + i * width);
    }
    std::vector<float> packed(MODYN_DISPATCH(packed_size)(samples.size(), width));
    MODYN_DISPATCH(pack_rows)(rows.data(), width, samples.size(), width, packed.data());
    return packed;
  };
  PackedColumns columns;
  columns.count = samples.size();
  columns.gradients = pack_one(gradients_, classes_);
  if (embedding_ > 0) columns.embeddings = pack_one(embeddings_, embedding_);
  if (distances_) {
    columns.terms.resize(kSampleTerms * kTileColumns);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto terms = std::bit_cast<std::array<double, kSampleTerms>>((*distances_)[samples[i]]);
      for (std::size_t term = 0; term < kSampleTerms; ++term) columns.terms[term * kTileColumns + i] = terms[term];
    }
  }
  return columns;
}

TileRows Features::rows(std::size_t first, std::size_t count) const noexcept {
  return {.gradients = gradients_.data() + first * classes_,
          .embeddings = embeddings_.data() + first * embedding_,
          .terms = distances_ ? &(*distances_)[first] : nullptr,
          .count = count};
}

TileRows Features::rows(std::span<const std::uint32_t> samples, CopiedRows& copy) const {
  const std::size_t count = samples.size();
  copy.numbers.resize(kTileRows * (classes_ + embedding_));
  copy.terms.clear();
  float* gradients = copy.numbers.data();
  float* embeddings = gradients + kTileRows * classes_;
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(gradients_.data() + samples[i] * classes_, classes_, gradients + i * classes_);
    std::copy_n(embeddings_.data() + samples[i] * embedding_, embedding_, embeddings + i * embedding_);
    if (distances_) copy.terms.push_back((*distances_)[samples[i]]);
  }
  return {.gradients = gradients, .embeddings = embeddings, .terms = copy.terms.data(), .count = count};
}

void Features::similarities(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const {
  if (similarity_ == Similarity::kCosine) {
    write_cosines(rows, columns, out);
  } else {
    write_distances(rows, columns, out);
  }
}

void Features::write_cosines(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const {
  Scratch& own = scratch();
  float* products = own.products.data();
  MODYN_DISPATCH(inner_products)(rows.gradients, classes_, rows.count, columns.gradients.data(), columns.count,
                                 classes_, products, kTileColumns);
  if (embedding_ > 0) {
    MODYN_DISPATCH(inner_products)(rows.embeddings, embedding_, rows.count, columns.embeddings.data(), columns.count,
                                   embedding_, own.embeddings.data(), kTileColumns);
    MODYN_DISPATCH(complete_products)(products, own.embeddings.data(), rows.count, columns.count);
  }
  MODYN_DISPATCH(to_cosine)(products, rows.count, columns.count, out);
}

void Features::write_distances(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const {
  Scratch& own = scratch();
  own.wide_rows.resize(kTileRows * std::max(classes_, embedding_));
  const auto multiply = [&](const float* numbers, const std::vector<float>& packed, std::size_t width, double* to) {
    MODYN_DISPATCH(widen)(numbers, rows.count * width, own.wide_rows.data());
    MODYN_DISPATCH(wide_inner_products)(own.wide_rows.data(), rows.count, packed.data(), columns.count, width, to,
                                        kTileColumns);
  };
  multiply(rows.gradients, columns.gradients, classes_, own.wide_products.data());
  if (embedding_ > 0) multiply(rows.embeddings, columns.embeddings, embedding_, own.wide_embeddings.data());
  MODYN_DISPATCH(to_distance)(own.wide_products.data(), embedding_ > 0 ? own.wide_embeddings.data() : nullptr,
                              rows.terms, columns.terms.data(), distances_->scale(), top_, rows.count, columns.count,
                              out);
}

std::vector<double> Features::cosine_sums(const Threads& threads) const {
  // sum over i of <g_i, g_j> (1 + <e_i, e_j>) = <sum g_i, g_j> + g_j^T (sum g_i e_i^T) e_j
  std::vector<double> sum_of_gradients(classes_);
  for (std::size_t i = 0; i < count_; ++i) {
    MODYN_DISPATCH(add_floats)(gradients_.data() + i * classes_, 1.0, sum_of_gradients.data(), classes_);
  }
  std::vector<double> sum_of_products(classes_ * embedding_);
  threads.for_each(embedding_ == 0 ? 0 : classes_, [&](std::size_t at) {
    for (std::size_t i = 0; i < count_; ++i) {
      MODYN_DISPATCH(add_floats)(embeddings_.data() + i * embedding_,
                                 static_cast<double>(gradients_[i * classes_ + at]),
                                 sum_of_products.data() + at * embedding_, embedding_);
    }
  });
  std::vector<double> sums(count_);
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    std::vector<double> of_embedding(embedding_);
    for (std::size_t j = block * kBlock; j < std::min(count_, (block + 1) * kBlock); ++j) {
      const float* gradient = gradients_.data() + j * classes_;
      double sum = 0;
      for (std::size_t at = 0; at < classes_; ++at) sum += sum_of_gradients[at] * static_cast<double>(gradient[at]);
      std::fill(of_embedding.begin(), of_embedding.end(), 0.0);
      for (std::size_t at = 0; embedding_ > 0 && at < classes_; ++at) {
        MODYN_DISPATCH(add_doubles)(sum_of_products.data() + at * embedding_, static_cast<double>(gradient[at]),
                                    of_embedding.data(), embedding_);
      }
      for (std::size_t at = 0; at < embedding_; ++at) {
        sum += of_embedding[at] * static_cast<double>(embeddings_[j * embedding_ + at]);
      }
      sums[j] = sum;
    }
  });
  return sums;
}

double Features::rounding_of_cosines() const noexcept {
  // Each of the width's products and sums is rounded once, and the result twice more; a sum's terms are at most 1
  // together (Cauchy-Schwarz). To whole numbers: half a unit, where a cosine is two similarities.
  const double width = static_cast<double>(classes_ + embedding_ + 8);
  return static_cast<double>(count_) * width * 0x1p-23;
}

void refuse_unless_finite(const GradientFactors& samples, std::span<const std::uint32_t> members,
                          const Threads& threads) {
  const auto is_finite = [](const float* row, std::size_t width) {
    return std::isfinite(
        MODYN_DISPATCH(product_of_floats)(row, row, width));  // squares of floats are no infinite double
  };
  std::vector<std::size_t> bad(blocks_of(members.size()), members.size());
  threads.for_each(bad.size(), [&](std::size_t block) {
    for (std::size_t i = std::min(members.size(), (block + 1) * kBlock); i-- > block * kBlock;) {
      const std::size_t sample = members[i];
      const bool finite = is_finite(samples.gradients + sample * samples.classes, samples.classes) &&
                          (samples.embeddings == nullptr ||
                           is_finite(samples.embeddings + sample * samples.embedding, samples.embedding));
      if (!finite) bad[block] = i;
    }
  });
  const std::size_t first = bad.empty() ? 0 : *std::min_element(bad.begin(), bad.end());
  if (first == members.size()) return;
  throw std::invalid_argument("features of sample " + std::to_string(members[first]) +
                              " are not finite: leave out samples with NaN or infinite numbers");
}

void bound_cosine_gains(const Features& features, std::span<double> bounds, const Threads& threads) {
  const std::vector<double> sums = features.cosine_sums(threads);
  const double most = static_cast<double>(features.count()) + features.rounding_of_cosines();
  for (std::size_t j = 0; j < sums.size(); ++j) bounds[j] = (most + sums[j]) / 2;
}

}  // namespace modyn::kernels
