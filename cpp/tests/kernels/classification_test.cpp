#include "modyn/kernels/classification.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using Classification = EveryIsa;

struct Rows {
  Rows(std::size_t row_count, std::size_t class_count)
      : count(row_count), classes(class_count), numbers(normal_numbers(row_count * class_count, 1)) {
    for (std::size_t row = 0; row < count; ++row) labels.push_back(static_cast<std::int64_t>(row % classes));
  }

  [[nodiscard]] Logits logits() const {
    return {.values = numbers.data(), .element = Element::kFloat32, .count = count, .classes = classes};
  }
  [[nodiscard]] CrossEntropy criterion(double label_smoothing = 0) const {
    return {.labels = labels.data(),
            .probabilities = nullptr,
            .class_weights = nullptr,
            .ignore_index = -100,
            .label_smoothing = label_smoothing};
  }

  std::size_t count;
  std::size_t classes;
  std::vector<float> numbers;
  std::vector<std::int64_t> labels;
};

struct Results {
  explicit Results(std::size_t count) : loss(count), entropy(count), norm(count) {}
  [[nodiscard]] ClassificationScores scores() {
    ClassificationScores wanted{};
    wanted.loss = loss.data();
    wanted.entropy = entropy.data();
    wanted.gradient_norm = norm.data();
    return wanted;
  }
  bool operator==(const Results&) const = default;

  std::vector<float> loss;
  std::vector<float> entropy;
  std::vector<float> norm;
};

TEST_P(Classification, AgreesWithItsDefinitionForOddSizes) {
  for (const std::size_t classes : {1, 2, 31, 33, 100, 5000}) {
    for (const double smoothing : {0.0, 0.25}) {
      const Rows rows(21, classes);
      Results results(rows.count);
      ASSERT_EQ(classification_scores(rows.logits(), rows.criterion(smoothing), results.scores(), test_threads(3)),
                kNoRow);
      for (std::size_t row = 0; row < rows.count; ++row) {
        const float* z = rows.numbers.data() + row * classes;
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(z[c]));
        double loss = 0;
        double entropy = 0;
        double square = 0;
        for (std::size_t c = 0; c < classes; ++c) {
          const double log_p = static_cast<double>(z[c]) - std::log(sum);
          const double v = (static_cast<std::int64_t>(c) == rows.labels[row] ? 1 - smoothing : 0) +
                           smoothing / static_cast<double>(classes);
          loss -= v * log_p;
          entropy -= std::exp(log_p) * log_p;
          square += (std::exp(log_p) - v) * (std::exp(log_p) - v);
        }
        ASSERT_NEAR(results.loss[row], loss, 1e-5 * (1 + loss)) << classes;
        ASSERT_NEAR(results.entropy[row], entropy, 1e-5 * (1 + entropy)) << classes;
        ASSERT_NEAR(results.norm[row], std::sqrt(square), 1e-5) << classes;
      }
    }
  }
}

TEST_P(Classification, DoesNotDependOnTheThreads) {
  const Rows rows(70'001, 3);
  Results alone(rows.count);
  Results together(rows.count);
  classification_scores(rows.logits(), rows.criterion(), alone.scores(), Threads());
  classification_scores(rows.logits(), rows.criterion(), together.scores(), test_threads(7));
  EXPECT_EQ(alone, together);
}

TEST_P(Classification, NamesARowWhoseLabelIsNoClass) {
  Rows rows(50, 7);
  rows.labels[33] = 7;
  Results results(rows.count);
  EXPECT_EQ(classification_scores(rows.logits(), rows.criterion(), results.scores(), test_threads(2)), 33);
}

MODYN_TEST_EVERY_ISA(Classification);

}  // namespace
}  // namespace modyn::kernels
