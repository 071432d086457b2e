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

MODYN_TEST_EVERY_ISA(GradientInnerProducts);

}  // namespace
}  // namespace modyn::kernels
