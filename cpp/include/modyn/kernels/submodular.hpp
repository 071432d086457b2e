// Greedy maximisation of submodular functions over samples: facility location, graph cut, log-determinant.
//
// Where samples are given by their features, a matrix of all pairs is stored only for facility location of few samples:
// at most a quarter of a gigabyte. Picks and gains are the same with it and without. Ties go to the lowest index, and
// results do not depend on the number of threads. Errors are std::invalid_argument.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/gradients.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

enum class Similarity {
  kCosine,    // (1 + cos) / 2; the cosine with a zero vector is 0
  kDistance,  // largest distance of the group - distance + 1e-3, Euclidean (CRAIG)
};

enum class Optimizer {
  kNaive,            // all gains at every step
  kLazy,             // the same picks; refreshes only gains that could be the largest (Minoux, 1978)
  kStochastic,       // the best of a random subset (Mirzasoleiman et al., AAAI 2015)
  kApproximateLazy,  // takes a sample whose refreshed gain is at least `beta` times its last one
};

struct Greedy {
  Optimizer optimizer = Optimizer::kLazy;
  double epsilon = 0.1;    // kStochastic: subsets of N / k * ln(1 / epsilon), in (0, 1)
  double beta = 0.9;       // kApproximateLazy, in (0, 1]
  std::uint64_t seed = 0;  // kStochastic: which subsets
};

// Samples of different groups have similarity 0.
struct Groups {
  const std::int64_t* of_samples = nullptr;  // in [0, count), or null: all in one group
  std::size_t count = 1;
  const std::int64_t* budgets = nullptr;  // [count], their sum the number of picks; or null: as the gains have it
};

// Filled in the order in which samples were picked.
struct Picks {
  std::int64_t* samples;  // [count]
  double* gains;          // [count]
  std::size_t count;
};

// Maximises sum over i of max over a in A of S_ia.
void facility_location(const GradientFactors& samples, Similarity similarity, const Groups& groups,
                       const Greedy& greedy, const Picks& out, const Threads& threads);

// The same for given similarities [rows, columns] of `rows` samples to `columns` candidates; those below 0 count as 0.
void facility_location_dense(const float* similarities, std::size_t rows, std::size_t columns, const Greedy& greedy,
                             const Picks& out, const Threads& threads);

// Maximises weight * sum of S_ia over all i and a in A - sum of S_ab over all a != b in A.
void graph_cut(const GradientFactors& samples, Similarity similarity, double weight, const Groups& groups,
               const Greedy& greedy, const Picks& out, const Threads& threads);
// The same for a symmetric matrix of similarities that are not negative.
void graph_cut_dense(const float* similarities, std::size_t count, double weight, const Greedy& greedy,
                     const Picks& out, const Threads& threads);

// Maximises log det(S_AA + ridge * I) for cosines; ridge is above 0.
void log_determinant(const GradientFactors& samples, double ridge, const Groups& groups, const Greedy& greedy,
                     const Picks& out, const Threads& threads);
// The same for a symmetric, positive semi-definite matrix of similarities.
void log_determinant_dense(const float* similarities, std::size_t count, double ridge, const Greedy& greedy,
                           const Picks& out, const Threads& threads);

// The position of each sample's most similar pick of its group, the first of equals, and that similarity, for
// kDistance the negative distance; -1 and 0 if its group has none. A pick's nearest pick is itself.
void nearest_pick(const GradientFactors& samples, Similarity similarity, const Groups& groups,
                  const std::int64_t* picks, std::size_t pick_count, std::int64_t* nearest, float* similarities,
                  const Threads& threads);

}  // namespace modyn::kernels
