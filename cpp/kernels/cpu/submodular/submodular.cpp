#include "modyn/kernels/submodular.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/cpu/submodular/facility_location.hpp"
#include "kernels/cpu/submodular/facility_location_dense.hpp"
#include "kernels/cpu/submodular/facility_location_written.hpp"
#include "kernels/cpu/submodular/graph_cut.hpp"
#include "kernels/cpu/submodular/groups.hpp"
#include "kernels/cpu/submodular/log_determinant.hpp"

namespace modyn::kernels {
namespace {

// Pairs of samples whose similarities are written down, over all groups: a quarter of a gigabyte.
constexpr std::size_t kWrittenPairs = std::size_t{1} << 26;

bool may_be_written(const Groups& groups, std::size_t samples) {
  std::size_t pairs = 0;
  for (const std::vector<std::uint32_t>& members : members_of(groups, samples)) {
    pairs += members.size() * members.size();
    if (pairs > kWrittenPairs) return false;
  }
  return true;
}

}  // namespace

void facility_location(const GradientFactors& samples, Similarity similarity, const Groups& groups,
                       const Greedy& greedy, const Picks& out, const Threads& threads) {
  const bool written = may_be_written(groups, samples.count);
  pick_from_groups(
      [&](std::span<const std::uint32_t> members) -> std::unique_ptr<Objective> {
        Features features(samples, members, similarity, threads);
        if (written) return std::make_unique<WrittenFacilityLocation>(std::move(features), threads);
        return std::make_unique<FacilityLocation>(std::move(features));
      },
      samples.count, groups, greedy, out, threads);
}

void facility_location_dense(const float* similarities, std::size_t rows, std::size_t columns, const Greedy& greedy,
                             const Picks& out, const Threads& threads) {
  pick_from_groups(
      [&](std::span<const std::uint32_t>) {
        return std::make_unique<DenseFacilityLocation>(similarities, rows, columns, threads);
      },
      columns, Groups(), greedy, out, threads);
}

void graph_cut(const GradientFactors& samples, Similarity similarity, double weight, const Groups& groups,
               const Greedy& greedy, const Picks& out, const Threads& threads) {
  pick_from_groups(
      [&](std::span<const std::uint32_t> members) {
        return std::make_unique<GraphCut>(similarities_of(Features(samples, members, similarity, threads)), weight);
      },
      samples.count, groups, greedy, out, threads);
}

void graph_cut_dense(const float* similarities, std::size_t count, double weight, const Greedy& greedy,
                     const Picks& out, const Threads& threads) {
  // Gains would grow, and the lazy optimizers would pick others than the naive one.
  if (std::any_of(similarities, similarities + count * count, [](float one) { return one < 0; })) {
    throw std::invalid_argument("similarities are negative, expected numbers from 0 on");
  }
  pick_from_groups(
      [&](std::span<const std::uint32_t>) {
        return std::make_unique<GraphCut>(similarities_of(similarities, count, threads), weight);
      },
      count, Groups(), greedy, out, threads);
}

void log_determinant(const GradientFactors& samples, double ridge, const Groups& groups, const Greedy& greedy,
                     const Picks& out, const Threads& threads) {
  pick_from_groups(
      [&](std::span<const std::uint32_t> members) {
        return std::make_unique<LogDeterminant>(
            similarities_of(Features(samples, members, Similarity::kCosine, threads)), ridge);
      },
      samples.count, groups, greedy, out, threads);
}

void log_determinant_dense(const float* similarities, std::size_t count, double ridge, const Greedy& greedy,
                           const Picks& out, const Threads& threads) {
  pick_from_groups(
      [&](std::span<const std::uint32_t>) {
        return std::make_unique<LogDeterminant>(similarities_of(similarities, count, threads), ridge);
      },
      count, Groups(), greedy, out, threads);
}

}  // namespace modyn::kernels
