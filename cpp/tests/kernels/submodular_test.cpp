#include "modyn/kernels/submodular.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "kernels/cpu/submodular/facility_location.hpp"
#include "kernels/cpu/submodular/facility_location_written.hpp"
#include "kernels/cpu/submodular/greedy.hpp"
#include "kernels/every_isa.hpp"

namespace modyn::kernels {
namespace {

using FacilityLocationGains = EveryIsa;
using FacilityLocationPicks = EveryIsa;

Features features_of(const std::vector<float>& numbers, std::size_t width, Similarity similarity) {
  std::vector<std::uint32_t> members(numbers.size() / width);
  std::iota(members.begin(), members.end(), 0U);
  return {
      {.gradients = numbers.data(), .embeddings = nullptr, .count = members.size(), .classes = width, .embedding = 0},
      members,
      similarity,
      Threads()};
}

std::vector<double> gains_of(FacilityLocation& objective, const std::vector<std::uint32_t>& candidates) {
  std::vector<double> gains(candidates.size());
  objective.refresh(candidates, gains, test_threads(3));
  return gains;
}

TEST_P(FacilityLocationGains, AreTheSameByAnyWayToBringThemUpToDate) {
  constexpr std::size_t kCount = 1500;
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDistance}) {
    const std::vector<float> numbers = normal_numbers(kCount * 9, 3);
    FacilityLocation kept(features_of(numbers, 9, similarity));
    FacilityLocation fresh(features_of(numbers, 9, similarity));
    std::vector<double> bounds(kCount);
    kept.bound(bounds, test_threads(2));
    fresh.bound(bounds, test_threads(2));
    std::vector<std::uint32_t> all(kCount);
    std::iota(all.begin(), all.end(), 0U);
    const std::vector<double> first = gains_of(kept, all);  // from all pairs at once
    for (std::size_t j = 0; j < kCount; ++j) ASSERT_GE(bounds[j], first[j]) << j;
    for (std::uint32_t pick = 0; pick < 40; ++pick) {
      kept.add(pick * 31, test_threads(2));
      fresh.add(pick * 31, Threads());
      // Some at every pick, some seldom: the log reaches back to the former only.
      std::vector<std::uint32_t> some;
      for (std::uint32_t j = pick % 3; j < kCount; j += 7) some.push_back(j);
      gains_of(kept, some);
    }
    std::vector<std::uint32_t> asked;
    for (std::uint32_t j = 0; j < kCount; j += 5) asked.push_back(j);
    EXPECT_EQ(gains_of(kept, asked), gains_of(fresh, asked));
    EXPECT_EQ(gains_of(kept, all), gains_of(fresh, all));
  }
}

TEST_P(FacilityLocationGains, NeverGrow) {
  const std::vector<float> numbers = normal_numbers(600 * 3, 5);
  FacilityLocation objective(features_of(numbers, 3, Similarity::kDistance));
  std::vector<double> before(600);
  objective.bound(before, Threads());
  std::vector<std::uint32_t> all(600);
  std::iota(all.begin(), all.end(), 0U);
  for (std::uint32_t pick = 0; pick < 600; pick += 20) {
    objective.add(pick, Threads());
    const std::vector<double> now = gains_of(objective, all);
    for (std::size_t j = 0; j < now.size(); ++j) ASSERT_LE(now[j], before[j]);
    EXPECT_EQ(now[pick], 0.0);
    before = now;
  }
}

struct Found {
  std::vector<std::int64_t> picks;
  std::vector<double> gains;

  bool operator==(const Found&) const = default;
};

Found picked(Objective& objective, const Greedy& greedy, std::size_t count, const Threads& threads) {
  std::vector<std::uint32_t> ids(objective.size());
  std::iota(ids.begin(), ids.end(), 0U);
  const std::unique_ptr<GreedySequence> sequence = greedy_sequence(greedy, objective, ids, count);
  Found found;
  for (std::size_t i = 0; i < count; ++i) {
    const Pick pick = sequence->next(threads);
    found.picks.push_back(pick.candidate);
    found.gains.push_back(pick.gain);
  }
  return found;
}

TEST_P(FacilityLocationPicks, AreThoseOfWrittenSimilarities) {
  for (const std::size_t count : {1, 47, 256, 1500}) {
    const std::vector<float> numbers = normal_numbers(count * 9, 3);
    for (const Similarity similarity : {Similarity::kCosine, Similarity::kDistance}) {
      for (const Optimizer optimizer :
           {Optimizer::kNaive, Optimizer::kLazy, Optimizer::kStochastic, Optimizer::kApproximateLazy}) {
        const Greedy greedy{.optimizer = optimizer};
        const std::size_t picks = std::min<std::size_t>(count, 120);
        FacilityLocation computed(features_of(numbers, 9, similarity));
        const Found expected = picked(computed, greedy, picks, test_threads(2));
        for (const unsigned parallel : {1U, 7U}) {
          WrittenFacilityLocation written(features_of(numbers, 9, similarity), test_threads(parallel));
          EXPECT_EQ(picked(written, greedy, picks, test_threads(parallel)), expected) << count;
        }
        FacilityLocation alone(features_of(numbers, 9, similarity));
        EXPECT_EQ(picked(alone, greedy, picks, Threads()), expected) << count;
      }
    }
  }
}

TEST_P(FacilityLocationPicks, DoNotDependOnTheThreads) {
  constexpr std::size_t kCount = 2500;
  const std::vector<float> gradients = normal_numbers(kCount * 5, 1);
  const std::vector<float> embeddings = normal_numbers(kCount * 7, 2);
  std::vector<std::int64_t> of_samples(kCount);
  for (std::size_t i = 0; i < kCount; ++i) of_samples[i] = static_cast<std::int64_t>(i % 3);
  const GradientFactors samples{
      .gradients = gradients.data(), .embeddings = embeddings.data(), .count = kCount, .classes = 5, .embedding = 7};
  for (const std::size_t groups : {1, 3}) {
    for (const Optimizer optimizer : {Optimizer::kNaive, Optimizer::kLazy, Optimizer::kStochastic}) {
      std::vector<Found> found;
      for (const unsigned parallel : {1U, 2U, 7U}) {
        Found one{.picks = std::vector<std::int64_t>(150), .gains = std::vector<double>(150)};
        facility_location(
            samples, Similarity::kDistance, {.of_samples = groups == 1 ? nullptr : of_samples.data(), .count = groups},
            {.optimizer = optimizer}, {one.picks.data(), one.gains.data(), one.picks.size()}, test_threads(parallel));
        found.push_back(one);
      }
      EXPECT_EQ(found[0], found[1]);
      EXPECT_EQ(found[0], found[2]);
    }
  }
}

MODYN_TEST_EVERY_ISA(FacilityLocationGains);
MODYN_TEST_EVERY_ISA(FacilityLocationPicks);

}  // namespace
}  // namespace modyn::kernels
