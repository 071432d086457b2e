#include "modyn/kernels/submodular.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <vector>

#include "kernels/cpu/submodular/facility_location.hpp"
#include "kernels/cpu/submodular/facility_location_dense.hpp"
#include "kernels/cpu/submodular/greedy.hpp"
#include "kernels/cpu/submodular/groups.hpp"

namespace modyn::kernels {

void facility_location(const GradientFactors& samples, Similarity similarity, const Groups& groups,
                       const Greedy& greedy, const Picks& out, const Threads& threads) {
  pick_from_groups(
      [&](std::span<const std::uint32_t> members) {
        return std::make_unique<FacilityLocation>(Features(samples, members, similarity, threads));
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

}  // namespace modyn::kernels
