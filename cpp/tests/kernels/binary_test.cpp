#include "modyn/kernels/binary.hpp"

#include <cmath>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using Binary = EveryIsa;

struct Samples {
  Samples(std::size_t count, std::size_t labels)
      : numbers(normal_numbers(count * labels, 1)),
        targets(count * labels),
        weights(normal_numbers(labels, 2)),
        logits{.values = numbers.data(), .element = Element::kFloat32, .count = count, .classes = labels},
        criterion{.targets = targets.data(),
                  .weights = {.values = weights.data(), .row_stride = 0},
                  .positive_weights = {.values = nullptr, .row_stride = 0}} {
    for (std::size_t at = 0; at < targets.size(); ++at) targets[at] = at % 3 == 0 ? 1.0F : 0.0F;
  }

  std::vector<float> numbers;
  std::vector<float> targets;
  std::vector<float> weights;
  Logits logits;
  BinaryCrossEntropy criterion;
};

std::vector<float> losses(const Samples& samples, const Threads& threads) {
  std::vector<float> losses(samples.logits.count);
  BinaryScores scores{};
  scores.loss = losses.data();
  binary_scores(samples.logits, samples.criterion, scores, threads);
  return losses;
}

TEST_P(Binary, AgreesWithItsDefinitionForOddSizes) {
  for (const std::size_t labels : {1, 5, 128, 129}) {
    const Samples samples(37, labels);
    const std::vector<float> found = losses(samples, test_threads(3));
    for (std::size_t row = 0; row < samples.logits.count; ++row) {
      double loss = 0;
      for (std::size_t c = 0; c < labels; ++c) {
        const std::size_t at = row * labels + c;
        const double z = static_cast<double>(samples.numbers[at]);
        const double p = 1 / (1 + std::exp(-z));
        loss -= static_cast<double>(samples.weights[c]) * (samples.targets[at] > 0 ? std::log(p) : std::log(1 - p));
      }
      ASSERT_NEAR(found[row], loss, 1e-4 * (1 + std::abs(loss))) << labels;
    }
  }
}

TEST_P(Binary, DoesNotDependOnTheThreads) {
  const Samples samples(200'001, 1);
  EXPECT_EQ(losses(samples, Threads()), losses(samples, test_threads(7)));
}

MODYN_TEST_EVERY_ISA(Binary);

}  // namespace
}  // namespace modyn::kernels
