// Samples in blocks, each of which knows how far its samples are from the centers that it has been held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "modyn/kernels/k_center.hpp"

namespace modyn::kernels {

struct CenterBlock {
  float bound;          // largest squared distance of its samples to their nearest centers, when it was up to date
  std::size_t sample;   // the sample with that distance, the lowest of several
  std::size_t lane;     // where it lies
  std::size_t visited;  // so many of the centers are accounted for
  std::size_t begin;    // its samples are order_[begin] ... order_[begin + size - 1]
  std::size_t size;
  float radius;  // of the ball that holds it
};

// Samples are meant by their numbers within `problem.samples`.
class CenterBlocks {
 public:
  CenterBlocks(const KCenterProblem& problem, const Threads& threads);

  // The first row that is not finite; -1 if all are.
  [[nodiscard]] std::int64_t not_finite() const { return not_finite_; }
  [[nodiscard]] std::size_t centers() const { return centers_.size(); }
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  [[nodiscard]] const CenterBlock& operator[](std::size_t block) const { return blocks_[block]; }
  [[nodiscard]] std::int64_t row(std::size_t sample) const { return problem_.samples[sample]; }

  // Makes the sample in this lane a center; no block is up to date then.
  void pick(std::size_t block, std::size_t lane);
  void bring_up_to_date(std::size_t block);
  void bring_all_up_to_date();
  // Forms blocks of samples that share their nearest center, if that saves enough distances.
  void group();
  // Needs all blocks to be up to date.
  void write_distances(float* distances) const;

 private:
  [[nodiscard]] const float* features(std::size_t sample) const;
  void add_center(const float* features_of_center);
  void form(const std::vector<std::size_t>& ends);
  [[nodiscard]] std::int64_t find_not_finite(std::size_t block) const;
  void visit(std::size_t number, const float* const* centers, const std::int32_t* names, std::size_t count);
  void find_bound(CenterBlock& block, std::size_t number);
  [[nodiscard]] float share_out_of_reach() const;

  const KCenterProblem& problem_;
  const Threads& threads_;
  std::int64_t not_finite_ = -1;
  std::vector<const float*> centers_;
  std::vector<std::int32_t> names_;  // of centers: 0, 1, ...
  std::vector<std::size_t> order_;
  std::vector<CenterBlock> blocks_;
  std::unique_ptr<float[]> packed_;
  std::vector<float> nearest_;  // squared distances, for each lane of each block
  std::vector<std::int32_t> owners_;
  std::vector<float> middles_;  // of the balls; empty before the first grouping
};

}  // namespace modyn::kernels
