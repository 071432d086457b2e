#include "modyn/kernels/matching_pursuit.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using MatchingPursuit = EveryIsa;

struct Result {
  std::vector<std::int64_t> picks;
  std::vector<double> weights;

  bool operator==(const Result&) const = default;
};

Result pursue(std::size_t count, std::size_t classes, std::size_t embedding, std::size_t picks, bool nonnegative,
              const Threads& threads, double unit_sum = 0) {
  std::vector<float> gradients = normal_numbers(count * classes, 1);
  for (float& number : gradients) number += 0.2F;
  const std::vector<float> embeddings = normal_numbers(count * embedding, 2);
  const PursuitProblem problem{.samples = {.gradients = gradients.data(),
                                           .embeddings = embedding == 0 ? nullptr : embeddings.data(),
                                           .count = count,
                                           .classes = classes,
                                           .embedding = embedding},
                               .target = nullptr,
                               .picks = picks};
  Result result{.picks = std::vector<std::int64_t>(picks), .weights = std::vector<double>(picks)};
  const std::vector<std::int64_t> wrong =
      matching_pursuit({problem}, {.ridge = 1e-4, .unit_sum = unit_sum, .tolerance = 0, .nonnegative = nonnegative},
                       result.picks.data(), result.weights.data(), threads);
  EXPECT_EQ(wrong, std::vector<std::int64_t>{-1});
  return result;
}

TEST_P(MatchingPursuit, PicksSoManySamplesOnceEachWithPositiveWeights) {
  for (const std::size_t count : {1, 2, 33, 1300}) {
    for (const std::size_t embedding : {0, 6}) {
      for (const std::size_t picks : {std::size_t{0}, std::size_t{1}, count / 3, std::min<std::size_t>(count, 150)}) {
        for (const double unit_sum : {0.0, 1.0}) {
          for (const std::size_t classes : {1, 9}) {
            const Result found = pursue(count, classes, embedding, picks, true, test_threads(2), unit_sum);
            EXPECT_EQ(std::set<std::int64_t>(found.picks.begin(), found.picks.end()).size(), picks);
            EXPECT_TRUE(std::all_of(found.weights.begin(), found.weights.end(), [](double one) { return one > 0; }));
          }
        }
      }
    }
  }
}

TEST_P(MatchingPursuit, WeightsSumUpToOneIfTheyShall) {
  for (const std::size_t embedding : {0, 6}) {
    const Result found = pursue(1300, 9, embedding, 150, true, test_threads(2), 1);
    EXPECT_NEAR(std::accumulate(found.weights.begin(), found.weights.end(), 0.0), 1, 0.01);
  }
}

TEST_P(MatchingPursuit, DoesNotDependOnTheThreads) {
  for (const std::size_t embedding : {0, 20}) {
    for (const bool nonnegative : {true, false}) {
      for (const double unit_sum : {0.0, 1.0}) {
        for (const std::size_t classes : {2, 30}) {
          const Result alone = pursue(3000, classes, embedding, 60, nonnegative, Threads(), unit_sum);
          for (const unsigned parallel : {2U, 7U}) {
            EXPECT_EQ(pursue(3000, classes, embedding, 60, nonnegative, test_threads(parallel), unit_sum), alone);
          }
        }
      }
    }
  }
}

MODYN_TEST_EVERY_ISA(MatchingPursuit);

}  // namespace
}  // namespace modyn::kernels
