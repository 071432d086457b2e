// The features of one group of samples, laid out for tiles of similarities.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/cpu/submodular/distance_terms.hpp"
#include "kernels/cpu/submodular/tiles.hpp"
#include "modyn/kernels/gradients.hpp"
#include "modyn/kernels/submodular.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

// At most kTileColumns samples as the columns of tiles.
struct PackedColumns {
  std::vector<float> gradients;
  std::vector<float> embeddings;
  std::vector<double> terms;  // as `to_distance` takes them; only for distances
  std::size_t count = 0;
};

// At most kTileRows samples as the rows of a tile.
struct TileRows {
  const float* gradients;
  const float* embeddings;
  const SampleTerms* terms;
  std::size_t count;
};

// Samples from anywhere that are the rows of a tile.
struct CopiedRows {
  std::vector<float> numbers;
  std::vector<SampleTerms> terms;
};

class Features {
 public:
  // `members` are rows of `samples`. Features are scaled for cosines, and centred for distances, whose inner products
  // are float64. Throws std::invalid_argument if a number is not finite.
  Features(const GradientFactors& samples, std::span<const std::uint32_t> members, Similarity similarity,
           const Threads& threads);

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] Similarity similarity() const noexcept { return similarity_; }
  // A whole number of a tile is worth this; a power of two.
  [[nodiscard]] double unit() const noexcept { return unit_; }
  // What similarities have beyond their whole number.
  [[nodiscard]] double offset() const noexcept { return similarity_ == Similarity::kDistance ? 1e-3 : 0.0; }
  // The whole number of distance 0. It is kOne until somebody who has seen all distances sets it lower.
  [[nodiscard]] std::int32_t top() const noexcept { return top_; }
  void set_top(std::int32_t top) noexcept { top_ = top; }

  [[nodiscard]] std::size_t blocks() const noexcept { return packed_.size(); }
  // Samples block * kTileColumns and those after it, as columns.
  [[nodiscard]] const PackedColumns& block(std::size_t number) const { return packed_[number]; }
  [[nodiscard]] PackedColumns pack(std::span<const std::uint32_t> samples) const;
  // `count` samples from `first` on, as rows.
  [[nodiscard]] TileRows rows(std::size_t first, std::size_t count) const noexcept;
  // Any samples as rows, copied into `copy`.
  [[nodiscard]] TileRows rows(std::span<const std::uint32_t> samples, CopiedRows& copy) const;

  // out[row * kTileColumns + column]: similarities as whole numbers.
  void similarities(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const;
  // What a matrix of cosines sums to by columns (by rows too): cosine sums, not similarities. The second is how
  // far such a sum is from that of a tile's similarities at most, in units of one cosine.
  [[nodiscard]] std::vector<double> cosine_sums(const Threads& threads) const;
  [[nodiscard]] double rounding_of_cosines() const noexcept;

 private:
  void copy_rows(const GradientFactors& samples, std::span<const std::uint32_t> members, const Threads& threads);
  void normalise(const Threads& threads);
  void write_cosines(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const;
  void write_distances(const TileRows& rows, const PackedColumns& columns, std::int32_t* out) const;
  [[nodiscard]] double squared_norm(std::size_t sample) const noexcept;

  Similarity similarity_;
  std::size_t count_;
  std::size_t classes_;
  std::size_t embedding_;  // 0 without embeddings
  double unit_ = 0;
  std::int32_t top_ = kOne;
  std::vector<float> gradients_;
  std::vector<float> embeddings_;
  std::optional<DistanceTerms> distances_;
  std::vector<PackedColumns> packed_;
};

// Throws std::invalid_argument if a number of one of the members is not finite.
void refuse_unless_finite(const GradientFactors& samples, std::span<const std::uint32_t> members,
                          const Threads& threads);

// Bounds of the gains that facility location by cosines has at first.
void bound_cosine_gains(const Features& features, std::span<double> bounds, const Threads& threads);

// A tile of the calling thread, kTileRows x kTileColumns; the next call on the same thread returns the same.
[[nodiscard]] std::int32_t* tile_of_thread();

}  // namespace modyn::kernels
