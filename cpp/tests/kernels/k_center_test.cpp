#include "modyn/kernels/k_center.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using KCenter = EveryIsa;

struct Features {
  std::vector<float> numbers;
  std::size_t count;
  std::size_t width;
};

// Whole numbers, for which distances are exact, around as many middles as asked for.
Features whole_numbers(std::size_t count, std::size_t width, std::size_t clusters, float spread) {
  std::vector<float> numbers = normal_numbers(count * width, 5);
  const std::vector<float> middles = normal_numbers(clusters * width, 9);
  for (std::size_t sample = 0; sample < count; ++sample) {
    for (std::size_t at = 0; at < width; ++at) {
      float& number = numbers[sample * width + at];
      number = std::round(spread * number + 40 * middles[sample * 7 % clusters * width + at]);
    }
  }
  return {.numbers = std::move(numbers), .count = count, .width = width};
}

struct Result {
  std::vector<std::int64_t> picks;
  std::vector<float> distances;
};

Result solve(const Features& features, std::size_t picks, std::size_t first, const Threads& threads) {
  std::vector<std::int64_t> samples(features.count);
  std::iota(samples.begin(), samples.end(), 0);
  Result result{.picks = std::vector<std::int64_t>(picks), .distances = std::vector<float>(features.count)};
  const KCenterProblem problem{.features = features.numbers.data(),
                               .samples = samples.data(),
                               .count = features.count,
                               .width = features.width,
                               .centers = nullptr,
                               .center_count = 0,
                               .picks = picks,
                               .first = first};
  EXPECT_EQ(k_center({problem}, result.picks.data(), result.distances.data(), threads), -1);
  return result;
}

Result solve_plainly(const Features& features, std::size_t picks, std::size_t first) {
  std::vector<double> nearest(features.count, std::numeric_limits<double>::infinity());
  Result result;
  for (std::size_t pick = first; result.picks.size() < picks;) {
    result.picks.push_back(static_cast<std::int64_t>(pick));
    for (std::size_t sample = 0; sample < features.count; ++sample) {
      double distance = 0;
      for (std::size_t at = 0; at < features.width; ++at) {
        const double difference = static_cast<double>(features.numbers[sample * features.width + at]) -
                                  static_cast<double>(features.numbers[pick * features.width + at]);
        distance += difference * difference;
      }
      nearest[sample] = std::min(nearest[sample], distance);
    }
    nearest[pick] = -1;
    pick = static_cast<std::size_t>(std::max_element(nearest.begin(), nearest.end()) - nearest.begin());
  }
  for (const double one : nearest) result.distances.push_back(static_cast<float>(std::sqrt(std::max(one, 0.0))));
  return result;
}

TEST_P(KCenter, PicksWhatAPlainTraversalPicks) {
  for (const std::size_t width : {1, 2, 17, 70}) {
    for (const std::size_t clusters : {1, 60}) {
      for (const float spread : {0.0F, 1.0F, 20.0F}) {
        const Features features = whole_numbers(1501, width, clusters, spread);
        const Result expected = solve_plainly(features, 300, 700);
        const Result found = solve(features, 300, 700, test_threads(3));
        ASSERT_EQ(found.picks, expected.picks) << width << ", " << clusters << ", " << spread;
        ASSERT_EQ(found.distances, expected.distances) << width << ", " << clusters << ", " << spread;
      }
    }
  }
}

TEST_P(KCenter, TakesAnyNumberOfSamplesAndPicks) {
  for (const std::size_t count : {1, 2, 31, 32, 33, 400}) {
    for (const std::size_t picks : {std::size_t{0}, std::size_t{1}, count / 2, count}) {
      const Features features = whole_numbers(count, 3, 5, 1);
      const Result found = solve(features, picks, count - 1, test_threads(2));
      ASSERT_EQ(found.picks, solve_plainly(features, picks, count - 1).picks) << count << ", " << picks;
      ASSERT_EQ(
          *std::max_element(found.distances.begin(), found.distances.end()) == std::numeric_limits<float>::infinity(),
          picks == 0);
    }
  }
}

TEST_P(KCenter, DoesNotDependOnTheThreads) {
  for (const std::size_t clusters : {1, 40}) {
    Features features = whole_numbers(3000, 33, clusters, 1);
    const std::vector<float> noise = normal_numbers(features.numbers.size(), 11);
    for (std::size_t at = 0; at < noise.size(); ++at) features.numbers[at] += noise[at];
    const Result alone = solve(features, 400, 0, Threads());
    for (const unsigned parallel : {2U, 7U}) {
      const Result together = solve(features, 400, 0, test_threads(parallel));
      EXPECT_EQ(together.picks, alone.picks);
      EXPECT_EQ(together.distances, alone.distances);
    }
  }
}

TEST_P(KCenter, NamesASampleWithoutDistance) {
  Features features = whole_numbers(100, 20, 3, 1);
  features.numbers[77 * 20 + 19] = std::numeric_limits<float>::infinity();
  features.numbers[80 * 20 + 3] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::int64_t> samples(100);
  std::iota(samples.begin(), samples.end(), 0);
  std::vector<std::int64_t> picks(1);
  std::vector<float> distances(100);
  const KCenterProblem problem{.features = features.numbers.data(),
                               .samples = samples.data(),
                               .count = 100,
                               .width = 20,
                               .centers = nullptr,
                               .center_count = 0,
                               .picks = 1,
                               .first = 0};
  EXPECT_EQ(k_center({problem}, picks.data(), distances.data(), test_threads(2)), 77);
}

MODYN_TEST_EVERY_ISA(KCenter);

}  // namespace
}  // namespace modyn::kernels
