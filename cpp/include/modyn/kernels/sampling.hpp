// Samples without replacement in proportion to weights, of a fixed size, with inclusion probabilities that are known.
//
// Sample i of weight w_i is included with probability p_i = min(1, w_i / tau), where tau makes their sum k. The design
// is the pivotal method (Deville and Tille, Biometrika 85, 1998), which is VarOpt's way of pairing (Cohen et al., SIAM
// Journal on Computing 40, 2011) in the order of the samples: two samples fight for their joint probability, until each
// is in or out. Every p_i is kept exactly, so sums over the chosen ones of f_i / p_i are unbiased for sums over all; no
// two samples favour each other; and the chosen ones are spread evenly over the order, one for each unit of probability
// that passes by. Samples fight within parts of 2^13, and those who are left over there fight once more.
//
// Probabilities are integers in units of 2^-62. So sums of them are exact, and the sample is a function of weights and
// address alone, whatever the threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "modyn/kernels/threads.hpp"
#include "modyn/kernels/weights.hpp"
#include "modyn/partition.hpp"

namespace modyn::kernels {

struct WeightedSample {
  std::int64_t* indices;  // [k], ascending
  double* probabilities;  // [k], of the chosen ones
};

// Chooses k of the samples, at most all. With `smoothing` s in [0, 1] the weights are a mixture: 1 - s in proportion to
// the weights, s the same for all. Samples of weight 0 are chosen only if the others are too few; then these are all
// chosen, and the rest uniformly. Weights that are all 0 count as equal.
// Returns how many weights were negative or not finite.
std::size_t weighted_sample(const Weights& weights, std::size_t k, double smoothing, const Address& address,
                            const WeightedSample& sample, const Threads& threads);

}  // namespace modyn::kernels
