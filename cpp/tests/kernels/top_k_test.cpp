#include "modyn/kernels/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

std::vector<std::int64_t> best_of(const std::vector<float>& scores, std::size_t k, const Threads& threads,
                                  Order order = Order::kByScore) {
  std::vector<std::int64_t> picks(k);
  top_k({.values = scores.data(), .type = ScoreType::kFloat32, .count = scores.size()}, k, Best::kLargest, order,
        picks.data(), threads);
  return picks;
}

// NaN last, of equal scores the first one first.
std::vector<std::int64_t> sorted(const std::vector<float>& scores) {
  std::vector<std::int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const float one = scores[static_cast<std::size_t>(a)];
    const float other = scores[static_cast<std::size_t>(b)];
    return !std::isnan(one) && (std::isnan(other) || one > other);
  });
  return order;
}

TEST(TopK, GivesTheFirstOfTheSortedScores) {
  std::vector<float> scores = normal_numbers(150'000, 1);
  for (std::size_t at = 0; at < scores.size(); at += 7) scores[at] = std::round(scores[at]);
  for (std::size_t at = 0; at < scores.size(); at += 50'000) scores[at] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<std::int64_t> expected = sorted(scores);
  for (const std::size_t k : {std::size_t{1}, std::size_t{40'000}, scores.size() - 1, scores.size()}) {
    const std::vector<std::int64_t> picks = best_of(scores, k, test_threads(3));
    EXPECT_TRUE(std::equal(picks.begin(), picks.end(), expected.begin())) << k;
  }
}

TEST(TopK, GivesTheFirstOfEqualScores) {
  const std::vector<float> scores(200'000, 3.0F);
  const std::vector<std::int64_t> picks = best_of(scores, 90'000, test_threads(2), Order::kByIndex);
  std::vector<std::int64_t> first(picks.size());
  std::iota(first.begin(), first.end(), 0);
  EXPECT_EQ(picks, first);
}

TEST(TopK, DoesNotDependOnTheThreads) {
  const std::vector<float> scores = normal_numbers(300'000, 2);
  EXPECT_EQ(best_of(scores, 100'000, Threads()), best_of(scores, 100'000, test_threads(7)));
}

TEST(SegmentedTopK, GivesTheBestOfEachSegment) {
  const std::vector<float> scores{5, 1, 4, 2, 3};
  const std::vector<std::int64_t> segments{0, 2, 0, 2, 0};
  const std::vector<std::int64_t> sizes{3, 0, 2};
  const std::vector<std::int64_t> takes{2, 0, 1};
  std::vector<std::int64_t> picks(3);
  segmented_top_k({.values = scores.data(), .type = ScoreType::kFloat32, .count = scores.size()},
                  {.of_scores = segments.data(), .count = 3, .sizes = sizes.data(), .takes = takes.data()},
                  Best::kSmallest, Order::kByScore, picks.data(), Threads());
  EXPECT_EQ(picks, (std::vector<std::int64_t>{4, 2, 1}));
}

}  // namespace
}  // namespace modyn::kernels
