#include "modyn/kernels/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using WeightedSampling = EveryIsa;

struct Chosen {
  bool operator==(const Chosen&) const = default;
  std::vector<std::int64_t> indices;
  std::vector<double> probabilities;
  std::size_t unusable = 0;
};

Chosen choose(const std::vector<float>& weights, std::size_t k, std::uint64_t seed, const Threads& threads,
              double smoothing = 0) {
  Chosen chosen{.indices = std::vector<std::int64_t>(k), .probabilities = std::vector<double>(k)};
  chosen.unusable =
      weighted_sample({.values = weights.data(), .type = WeightType::kFloat32, .count = weights.size()}, k, smoothing,
                      {.seed = seed, .trigger = 1, .purpose = Purpose::kSample, .index = 2},
                      {.indices = chosen.indices.data(), .probabilities = chosen.probabilities.data()}, threads);
  return chosen;
}

std::vector<float> skewed_weights(std::size_t count) {
  std::vector<float> weights = normal_numbers(count, 3);
  for (float& weight : weights) weight = std::exp(2 * weight);
  return weights;
}

TEST_P(WeightedSampling, HasItsSizeAndEachSampleOnce) {
  for (const std::size_t count : {1, 2, 8'191, 8'192, 8'193, 100'000}) {
    const std::vector<float> weights = skewed_weights(count);
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}, count / 3, count - 1, count}) {
      const Chosen chosen = choose(weights, k, 7, test_threads(3));
      for (std::size_t at = 1; at < k; ++at) ASSERT_LT(chosen.indices[at - 1], chosen.indices[at]);
      for (const double probability : chosen.probabilities) {
        ASSERT_GT(probability, 0);
        ASSERT_LE(probability, 1);
      }
    }
  }
}

TEST_P(WeightedSampling, DoesNotDependOnTheThreads) {
  const std::vector<float> weights = skewed_weights(200'001);
  for (const std::size_t k : {5, 50'000}) {
    EXPECT_EQ(choose(weights, k, 1, Threads()), choose(weights, k, 1, test_threads(7)));
  }
}

TEST_P(WeightedSampling, KeepsTheProbabilities) {
  // Both of the large ones are certain; the others share one place in proportion to 1, 1 and 2.
  const std::vector<float> weights{1, 30, 1, 40, 2};
  std::vector<double> share(weights.size());
  constexpr int kDraws = 20'000;
  for (int draw = 0; draw < kDraws; ++draw) {
    for (const std::int64_t index : choose(weights, 3, static_cast<std::uint64_t>(draw), Threads()).indices) {
      share[static_cast<std::size_t>(index)] += 1.0 / kDraws;
    }
  }
  const std::vector<double> expected{0.25, 1, 0.25, 1, 0.5};
  for (std::size_t at = 0; at < weights.size(); ++at) {
    const double deviation = std::sqrt(expected[at] * (1 - expected[at]) / kDraws);
    EXPECT_NEAR(share[at], expected[at], 6 * deviation + 1e-9) << at;
  }
}

TEST_P(WeightedSampling, CountsWhatIsNoWeight) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> weights{1, -1, infinity, std::numeric_limits<float>::quiet_NaN(), 0, -0.0F, -infinity, 2};
  const Chosen chosen = choose(weights, 2, 3, Threads());
  EXPECT_EQ(chosen.unusable, 4);
  EXPECT_EQ(chosen.indices, (std::vector<std::int64_t>{0, 7}));
  EXPECT_EQ(chosen.probabilities, (std::vector<double>{1, 1}));
}

TEST_P(WeightedSampling, TakesAUniformPartThatIsTooSmallToBeANumber) {
  std::vector<float> weights(20'000);
  weights[12'345] = 2.8e-40F;
  for (const double smoothing : {std::numeric_limits<double>::denorm_min(), 1e-300, 1e-270, 1e-200}) {
    const Chosen chosen = choose(weights, 4, 5, test_threads(2), smoothing);
    for (std::size_t at = 1; at < 4; ++at) ASSERT_LT(chosen.indices[at - 1], chosen.indices[at]);
    for (std::size_t at = 0; at < 4; ++at) {
      EXPECT_NEAR(chosen.probabilities[at], chosen.indices[at] == 12'345 ? 1 : 3.0 / 19'999, 1e-12);
    }
    EXPECT_EQ(std::count(chosen.indices.begin(), chosen.indices.end(), 12'345), 1);
  }
}

MODYN_TEST_EVERY_ISA(WeightedSampling);

}  // namespace
}  // namespace modyn::kernels
