// Greedy maximisation of a sum of functions of disjoint groups of samples.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/submodular/objective.hpp"
#include "modyn/kernels/submodular.hpp"

namespace modyn::kernels {

// Rows of each group's samples, ascending. Throws std::invalid_argument if a group is not in [0, groups.count).
[[nodiscard]] std::vector<std::vector<std::uint32_t>> members_of(const Groups& groups, std::size_t samples);

using MakeObjective = std::function<std::unique_ptr<Objective>(std::span<const std::uint32_t> members)>;

// Picks out.count samples. What is picked of one group changes no gain of another, so groups are worked on side by
// side. Throws std::invalid_argument if a budget is larger than its group, or if budgets and count differ.
void pick_from_groups(const MakeObjective& make, std::size_t samples, const Groups& groups, const Greedy& greedy,
                      const Picks& out, const Threads& threads);

}  // namespace modyn::kernels
