// Orthogonal matching pursuit: few samples whose weighted gradients add up to a target.
//
// Selecting by it is GRAD-MATCH (Killamsetty et al., ICML 2021); the factor that grows with the picks is that of
// Rubinstein, Zibulevsky and Elad ("Efficient implementation of the K-SVD algorithm using batch orthogonal matching
// pursuit", 2008); weights are kept positive as by Lawson and Hanson ("Solving least squares problems", 1974).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "modyn/kernels/gradients.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

struct PursuitProblem {
  GradientFactors samples;
  const float* target;  // [classes, embedding + 1]; null for the mean of the samples' gradients
  std::size_t picks;    // at most samples.count
};

struct PursuitOptions {
  double ridge;      // times the mean squared norm of the gradients
  double unit_sum;   // a coordinate of all gradients and the target: times the root of their mean squared norm
  double tolerance;  // relative to the norm of the target
  bool nonnegative;
};

// Solves problems that share no sample, one beside the other. Writes picks, numbers of samples within their problem,
// and weights, problem after problem. See modyn.ops.orthogonal_matching_pursuit for what is picked.
//
// Returns for each problem the first sample whose gradient is not finite, or -1; what is written is worthless if
// there is one.
[[nodiscard]] std::vector<std::int64_t> matching_pursuit(const std::vector<PursuitProblem>& problems,
                                                         const PursuitOptions& options, std::int64_t* picks,
                                                         double* weights, const Threads& threads);

}  // namespace modyn::kernels
