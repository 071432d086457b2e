#include "kernels/cpu/submodular/features.hpp"

#include <algorithm>
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
  copy_rows(samples, members, threads);
  if (similarity == Similarity::kCosine) {
    normalise(members, threads);
    unit_ = 1.0 / kOne;
  } else {
    if (samples.embeddings == nullptr) centre(threads);
    scale(members, threads);
    square_norms(threads);
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

std::vector<double> Features::squared_norms(std::span<const std::uint32_t> members, const Threads& threads) const {
  std::vector<double> norms(count_);
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) norms[i] = squared_norm(i);
  });
  const auto bad = std::find_if_not(norms.begin(), norms.end(), [](double norm) { return std::isfinite(norm); });
  if (bad != norms.end()) {
    throw std::invalid_argument("features of sample " +
                                std::to_string(members[static_cast<std::size_t>(bad - norms.begin())]) +
                                " are not finite: leave out samples with NaN or infinite numbers");
  }
  return norms;
}

void Features::normalise(std::span<const std::uint32_t> members, const Threads& threads) {
  const std::vector<double> norms = squared_norms(members, threads);
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) {
      const double factor = norms[i] > 0 ? 1 / std::sqrt(norms[i]) : 0.0;
      for (float& number : std::span(gradients_).subspan(i * classes_, classes_)) {
        number = static_cast<float>(number * factor);
      }
    }
  });
}

void Features::centre(const Threads& threads) {
  // Sums of blocks are added in the order of the blocks, so the mean does not depend on the threads.
  const std::size_t blocks = blocks_of(count_);
  std::vector<double> sums(blocks * classes_);
  threads.for_each(blocks, [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) {
      MODYN_DISPATCH(add_floats)(gradients_.data() + i * classes_, 1.0, sums.data() + block * classes_, classes_);
    }
  });
  for (std::size_t block = 1; block < blocks; ++block) {
    for (std::size_t at = 0; at < classes_; ++at) sums[at] += sums[block * classes_ + at];
  }
  threads.for_each(blocks, [&](std::size_t block) {
    for (std::size_t i = block * kBlock; i < std::min(count_, (block + 1) * kBlock); ++i) {
      float* numbers = gradients_.data() + i * classes_;
      for (std::size_t at = 0; at < classes_; ++at) {
        numbers[at] = static_cast<float>(numbers[at] - sums[at] / static_cast<double>(count_));
      }
    }
  });
}

void Features::scale(std::span<const std::uint32_t> members, const Threads& threads) {
  const std::vector<double> norms = squared_norms(members, threads);
  const double largest = std::sqrt(norms.empty() ? 0.0 : *std::max_element(norms.begin(), norms.end()));
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent, so distances are below 2^(exponent + 1)
  unit_ = std::ldexp(1.0, exponent + 1) / kOne;
  const double factor = std::ldexp(1.0, -exponent);
  threads.for_each(blocks_of(count_), [&](std::size_t block) {
    const std::size_t first = block * kBlock;
    for (float& number : std::span(gradients_).subspan(first * classes_, std::min(kBlock, count_ - first) * classes_)) {
      number = static_cast<float>(number * factor);
    }
  });
}

void Features::square_norms(const Threads& threads) {
  // By the same sums as all other inner products: equal samples have distance 0 exactly.
  norms_.resize(count_);
  threads.for_each((count_ + kTileRows - 1) / kTileRows, [&](std::size_t tile) {
    const std::size_t first = tile * kTileRows;
    const std::size_t here = std::min(kTileRows, count_ - first);
    std::vector<std::uint32_t> samples(here);
    for (std::size_t i = 0; i < here; ++i) samples[i] = static_cast<std::uint32_t>(first + i);
    const PackedColumns columns = pack(samples);
    Scratch& own = scratch();
    MODYN_DISPATCH(inner_products)(gradients_.data() + first * classes_, classes_, here, columns.gradients.data(), here,
                                   classes_, own.products.data(), kTileColumns);
    if (embedding_ > 0) {
      MODYN_DISPATCH(inner_products)(embeddings_.data() + first * embedding_, embedding_, here,
                                     columns.embeddings.data(), here, embedding_, own.embeddings.data(), kTileColumns);
      MODYN_DISPATCH(complete_products)(own.products.data(), own.embeddings.data(), here, here);
    }
    for (std::size_t i = 0; i < here; ++i) norms_[first + i] = own.products[i * kTileColumns + i];
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
  if (!norms_.empty()) {
    columns.norms.resize(kTileColumns);
    for (std::size_t i = 0; i < samples.size(); ++i) columns.norms[i] = norms_[samples[i]];
  }
  return columns;
}

TileRows Features::rows(std::size_t first, std::size_t count) const noexcept {
  return {.gradients = gradients_.data() + first * classes_,
          .embeddings = embeddings_.data() + first * embedding_,
          .norms = norms_.data() + (norms_.empty() ? 0 : first),
          .count = count};
}

TileRows Features::rows(std::span<const std::uint32_t> samples, std::vector<float>& copy) const {
  const std::size_t count = samples.size();
  copy.resize(kTileRows * (classes_ + embedding_ + 1));
  float* gradients = copy.data();
  float* embeddings = gradients + kTileRows * classes_;
  float* norms = embeddings + kTileRows * embedding_;
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(gradients_.data() + samples[i] * classes_, classes_, gradients + i * classes_);
    std::copy_n(embeddings_.data() + samples[i] * embedding_, embedding_, embeddings + i * embedding_);
    if (!norms_.empty()) norms[i] = norms_[samples[i]];
  }
  return {.gradients = gradients, .embeddings = embeddings, .norms = norms, .count = count};
}

void Features::similarities(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const {
  Scratch& own = scratch();
  float* products = own.products.data();
  MODYN_DISPATCH(inner_products)(rows.gradients, classes_, rows.count, columns.gradients.data(), columns.count,
                                 classes_, products, kTileColumns);
  if (embedding_ > 0) {
    MODYN_DISPATCH(inner_products)(rows.embeddings, embedding_, rows.count, columns.embeddings.data(), columns.count,
                                   embedding_, own.embeddings.data(), kTileColumns);
    MODYN_DISPATCH(complete_products)(products, own.embeddings.data(), rows.count, columns.count);
  }
  if (similarity_ == Similarity::kCosine) {
    MODYN_DISPATCH(to_cosine)(products, rows.count, columns.count, out);
  } else {
    // Features are scaled to norms of at most 1, so distances are at most 2.
    MODYN_DISPATCH(to_distance)(products, rows.norms, columns.norms.data(), static_cast<float>(kOne) / 2, top_,
                                rows.count, columns.count, out);
  }
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

void bound_cosine_gains(const Features& features, std::span<double> bounds, const Threads& threads) {
  const std::vector<double> sums = features.cosine_sums(threads);
  const double most = static_cast<double>(features.count()) + features.rounding_of_cosines();
  for (std::size_t j = 0; j < sums.size(); ++j) bounds[j] = (most + sums[j]) / 2;
}

}  // namespace modyn::kernels
