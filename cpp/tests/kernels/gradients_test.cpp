#include "modyn/kernels/gradients.hpp"

#include <cmath>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using GradientInnerProducts = EveryIsa;

struct Samples {
  Samples(std::size_t count, std::size_t classes, std::size_t embedding, unsigned seed)
      : gradients(normal_numbers(count * classes, seed)),
        embeddings(normal_numbers(count * embedding, seed + 1)),
        factors{.gradients = gradients.data(),
                .embeddings = embedding == 0 ? nullptr : embeddings.data(),
                .count = count,
                .classes = classes,
                .embedding = embedding} {}

  std::vector<float> gradients;
  std::vector<float> embeddings;
  GradientFactors factors;
};

double inner_product(const float* a, const float* b, std::size_t width) {
  double sum = 0;
  for (std::size_t at = 0; at < width; ++at) sum += static_cast<double>(a[at]) * static_cast<double>(b[at]);
  return sum;
}

void expect_products_of_whole_gradients(const GradientFactors& a, const GradientFactors& b,
                                        const std::vector<float>& products) {
  for (std::size_t i = 0; i < a.count; ++i) {
    for (std::size_t j = 0; j < b.count; ++j) {
      double expected = inner_product(a.gradients + i * a.classes, b.gradients + j * b.classes, a.classes);
      if (a.embeddings != nullptr) {
        expected *= 1 + inner_product(a.embeddings + i * a.embedding, b.embeddings + j * b.embedding, a.embedding);
      }
      ASSERT_NEAR(products[i * b.count + j], expected, 1e-4 * (1 + std::abs(expected))) << i << ", " << j;
    }
  }
}

TEST_P(GradientInnerProducts, EqualThoseOfTheWholeGradientsForOddSizes) {
  for (const std::size_t count : {0, 1, 5, 13, 70}) {
    for (const std::size_t others : {1, 31, 33, 520}) {
      for (const std::size_t embedding : {0, 1, 17}) {
        const Samples a(count, 3, embedding, 1);
        const Samples b(others, 3, embedding, 7);
        std::vector<float> products(count * others);
        gradient_inner_products(a.factors, b.factors, products.data(), test_threads(3));
        expect_products_of_whole_gradients(a.factors, b.factors, products);
      }
    }
  }
}

TEST_P(GradientInnerProducts, DoNotDependOnTheThreads) {
  const Samples a(301, 10, 40, 3);
  std::vector<float> alone(301 * 301);
  std::vector<float> together(alone.size());
  gradient_inner_products(a.factors, a.factors, alone.data(), Threads());
  gradient_inner_products(a.factors, a.factors, together.data(), test_threads(7));
  EXPECT_EQ(alone, together);
}

using GradientFamily = EveryIsa;

// [g ; vec(g e^T)] as [classes, embedding + 1], the column of the bias first.
std::vector<double> whole(const GradientFactors& a, std::size_t i) {
  std::vector<double> numbers;
  for (std::size_t row = 0; row < a.classes; ++row) {
    const auto gradient = static_cast<double>(a.gradients[i * a.classes + row]);
    numbers.push_back(gradient);
    for (std::size_t at = 0; at < a.embedding; ++at) {
      numbers.push_back(gradient * static_cast<double>(a.embeddings[i * a.embedding + at]));
    }
  }
  return numbers;
}

TEST_P(GradientFamily, DistancesAreThoseOfTheWholeGradients) {
  for (const std::size_t embedding : {0, 1, 17}) {
    const Samples a(45, 3, embedding, 1);
    const Samples b(70, 3, embedding, 7);
    std::vector<float> distances(a.factors.count * b.factors.count);
    gradient_distances(a.factors, b.factors, distances.data(), test_threads(3));
    for (std::size_t i = 0; i < a.factors.count; ++i) {
      for (std::size_t j = 0; j < b.factors.count; ++j) {
        const std::vector<double> one = whole(a.factors, i);
        const std::vector<double> other = whole(b.factors, j);
        double squared = 0;
        for (std::size_t at = 0; at < one.size(); ++at) squared += (one[at] - other[at]) * (one[at] - other[at]);
        ASSERT_NEAR(distances[i * b.factors.count + j], std::sqrt(squared), 1e-5 * std::sqrt(squared));
      }
    }
  }
}

TEST_P(GradientFamily, SumsAndCorrelationsAreThoseOfTheWholeGradients) {
  for (const std::size_t embedding : {0, 1, 17, 530}) {
    const Samples a(600, 3, embedding, 1);
    const std::vector<float> numbers = normal_numbers(a.factors.count, 5);
    const std::vector<double> weights(numbers.begin(), numbers.end());
    std::vector<double> sum(3 * (embedding + 1));
    gradient_weighted_sum(a.factors, weights.data(), sum.data(), test_threads(3));
    std::vector<double> expected(sum.size());
    for (std::size_t i = 0; i < a.factors.count; ++i) {
      const std::vector<double> one = whole(a.factors, i);
      for (std::size_t at = 0; at < one.size(); ++at) expected[at] += weights[i] * one[at];
    }
    for (std::size_t at = 0; at < sum.size(); ++at) ASSERT_NEAR(sum[at], expected[at], 1e-3);

    const std::vector<float> residual = normal_numbers(sum.size(), 6);
    std::vector<float> correlations(a.factors.count);
    std::vector<double> squared_norms(a.factors.count);
    gradient_correlations(a.factors, residual.data(), correlations.data(), test_threads(3));
    gradient_squared_norms(a.factors, squared_norms.data(), test_threads(3));
    for (std::size_t i = 0; i < a.factors.count; ++i) {
      const std::vector<double> one = whole(a.factors, i);
      double correlation = 0;
      double squared_norm = 0;
      for (std::size_t at = 0; at < one.size(); ++at) {
        correlation += one[at] * static_cast<double>(residual[at]);
        squared_norm += one[at] * one[at];
      }
      ASSERT_NEAR(correlations[i], correlation, 1e-4 * (1 + std::sqrt(squared_norm)));
      ASSERT_NEAR(squared_norms[i], squared_norm, 1e-9 * squared_norm);
    }
  }
}

MODYN_TEST_EVERY_ISA(GradientInnerProducts);
MODYN_TEST_EVERY_ISA(GradientFamily);

}  // namespace
}  // namespace modyn::kernels
