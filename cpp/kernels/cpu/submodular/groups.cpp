#include "kernels/cpu/submodular/groups.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <queue>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/cpu/submodular/greedy.hpp"

namespace modyn::kernels {
namespace {

struct Group {
  std::vector<std::uint32_t> members;
  std::unique_ptr<Objective> objective;
  std::unique_ptr<GreedySequence> sequence;
  std::size_t budget;  // picks at most
  std::vector<Pick> picked;

  [[nodiscard]] bool is_exhausted() const noexcept { return picked.size() >= budget; }
};

// The functions of all groups as one.
class SumOfGroups final : public Objective {
 public:
  SumOfGroups(std::vector<Group>& groups, std::size_t samples) : groups_(groups), place_(samples) {
    for (std::size_t group = 0; group < groups.size(); ++group) {
      for (std::size_t i = 0; i < groups[group].members.size(); ++i) {
        place_[groups[group].members[i]] = {group, static_cast<std::uint32_t>(i)};
      }
    }
  }

  [[nodiscard]] std::size_t size() const override { return place_.size(); }

  void bound(std::span<double> bounds, const Threads& threads) override {
    threads.for_each(groups_.size(), [&](std::size_t number) {
      const Group& group = groups_[number];
      std::vector<double> own(group.members.size());
      group.objective->bound(own, threads);
      for (std::size_t i = 0; i < own.size(); ++i) bounds[group.members[i]] = own[i];
    });
  }

  void refresh(std::span<const std::uint32_t> candidates, std::span<double> gains, const Threads& threads) override {
    std::vector<std::vector<std::size_t>> asked(groups_.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) asked[place_[candidates[i]].first].push_back(i);
    threads.for_each(groups_.size(), [&](std::size_t number) {
      if (asked[number].empty()) return;
      std::vector<std::uint32_t> own;
      for (const std::size_t i : asked[number]) own.push_back(place_[candidates[i]].second);
      std::vector<double> own_gains(own.size());
      groups_[number].objective->refresh(own, own_gains, threads);
      for (std::size_t i = 0; i < own.size(); ++i) gains[asked[number][i]] = own_gains[i];
    });
  }

  void add(std::uint32_t pick, const Threads& threads) override {
    groups_[place_[pick].first].objective->add(place_[pick].second, threads);
  }

 private:
  std::vector<Group>& groups_;
  std::vector<std::pair<std::size_t, std::uint32_t>> place_;  // group and place in it of each sample
};

std::vector<Group> make_groups(const MakeObjective& make, std::size_t samples, const Groups& groups,
                               std::size_t count) {
  std::vector<Group> made;
  std::vector<std::vector<std::uint32_t>> members = members_of(groups, samples);
  for (std::size_t group = 0; group < members.size(); ++group) {
    const std::size_t size = members[group].size();
    std::size_t budget = std::min(size, count);
    if (groups.budgets != nullptr) {
      budget = static_cast<std::size_t>(groups.budgets[group]);
      if (groups.budgets[group] < 0 || budget > size) {
        throw std::invalid_argument("group " + std::to_string(group) + " has " + std::to_string(size) +
                                    " samples, not the " + std::to_string(groups.budgets[group]) + " of its budget");
      }
    }
    if (budget == 0) continue;
    std::unique_ptr<Objective> objective = make(members[group]);
    made.push_back({.members = std::move(members[group]),
                    .objective = std::move(objective),
                    .sequence = nullptr,
                    .budget = budget,
                    .picked = {}});
  }
  // The largest first: the last to be finished should not be the longest.
  std::stable_sort(made.begin(), made.end(),
                   [](const Group& a, const Group& b) { return a.members.size() > b.members.size(); });
  return made;
}

// What a group's own work may use: with many groups, threads are busy with others.
Threads threads_of_group(const std::vector<Group>& groups, const Threads& threads) {
  return groups.size() >= 2 * std::size_t{threads.parallel()} ? Threads() : threads;
}

void pick_by_budgets(std::vector<Group>& groups, const Threads& threads) {
  const Threads inner = threads_of_group(groups, threads);
  threads.for_each(groups.size(), [&](std::size_t number) {
    Group& group = groups[number];
    while (!group.is_exhausted()) group.picked.push_back(group.sequence->next(inner));
  });
}

// Of all gains so far, the one that `count` reach; no pick below it will be among the best `count`.
double gain_that_suffices(const std::vector<Group>& groups, std::size_t count) {
  std::vector<double> gains;
  for (const Group& group : groups) {
    for (const Pick& pick : group.picked) gains.push_back(pick.gain);
  }
  if (gains.size() < count) return -std::numeric_limits<double>::infinity();
  const auto last = gains.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(gains.begin(), last, gains.end(), std::greater<>());
  return *last;
}

// Gains of a group never grow, so picking the best of all groups again and again takes a first part of each group's
// own picks. These are extended until the next ones cannot be among the best `count`.
void pick_best_of_all(std::vector<Group>& groups, std::size_t samples, std::size_t count, const Threads& threads) {
  const Threads inner = threads_of_group(groups, threads);
  const auto share = [&](const Group& group) { return group.members.size() * count / samples + 1; };
  for (bool first = true;; first = false) {
    const double enough = gain_that_suffices(groups, count);
    std::vector<Group*> open;
    for (Group& group : groups) {
      if (group.is_exhausted()) continue;
      if (group.picked.empty() || group.picked.back().gain >= enough) open.push_back(&group);
    }
    if (open.empty()) return;
    threads.for_each(open.size(), [&](std::size_t number) {
      Group& group = *open[number];
      const std::size_t more = first ? share(group) : share(group) / 4 + 1;
      const std::size_t end = std::min(group.budget, group.picked.size() + more);
      while (group.picked.size() < end) {
        group.picked.push_back(group.sequence->next(inner));
        if (group.picked.back().gain < enough) break;
      }
    });
  }
}

// Takes the best first pick of all groups, again and again; the lowest index of equals.
void merge(const std::vector<Group>& groups, const Picks& out) {
  struct Head {
    double gain;
    std::int64_t sample;
    const Group* group;
    std::size_t next;

    bool operator<(const Head& other) const noexcept {
      return gain < other.gain || (gain == other.gain && sample > other.sample);
    }
  };
  const auto head = [](const Group& group, std::size_t at) {
    return Head{group.picked[at].gain, std::int64_t{group.members[group.picked[at].candidate]}, &group, at + 1};
  };
  std::priority_queue<Head> heads;
  for (const Group& group : groups) {
    if (!group.picked.empty()) heads.push(head(group, 0));
  }
  for (std::size_t i = 0; i < out.count; ++i) {
    const Head best = heads.top();
    heads.pop();
    out.samples[i] = best.sample;
    out.gains[i] = best.gain;
    if (best.next < best.group->picked.size()) heads.push(head(*best.group, best.next));
  }
}

void pick_from_sum(std::vector<Group>& groups, std::size_t samples, const Greedy& greedy, const Picks& out,
                   const Threads& threads) {
  SumOfGroups sum(groups, samples);
  std::vector<std::uint32_t> ids(samples);
  std::iota(ids.begin(), ids.end(), 0U);
  const std::unique_ptr<GreedySequence> sequence = greedy_sequence(greedy, sum, ids, out.count);
  for (std::size_t i = 0; i < out.count; ++i) {
    const Pick pick = sequence->next(threads);
    out.samples[i] = pick.candidate;
    out.gains[i] = pick.gain;
  }
}

}  // namespace

std::vector<std::vector<std::uint32_t>> members_of(const Groups& groups, std::size_t samples) {
  std::vector<std::vector<std::uint32_t>> members(groups.count);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::int64_t group = groups.of_samples == nullptr ? 0 : groups.of_samples[i];
    if (group < 0 || static_cast<std::size_t>(group) >= groups.count) {
      throw std::invalid_argument("sample " + std::to_string(i) + " is of group " + std::to_string(group) +
                                  ", expected groups from 0 to " + std::to_string(groups.count - 1));
    }
    members[static_cast<std::size_t>(group)].push_back(static_cast<std::uint32_t>(i));
  }
  return members;
}

void pick_from_groups(const MakeObjective& make, std::size_t samples, const Groups& groups, const Greedy& greedy,
                      const Picks& out, const Threads& threads) {
  if (groups.budgets != nullptr) {
    const std::int64_t sum = std::accumulate(groups.budgets, groups.budgets + groups.count, std::int64_t{0});
    if (sum != static_cast<std::int64_t>(out.count)) {
      throw std::invalid_argument("budgets of " + std::to_string(sum) + " samples in all, not the " +
                                  std::to_string(out.count) + " that are to be picked");
    }
  }
  if (out.count == 0) return;
  std::vector<Group> all = make_groups(make, samples, groups, out.count);
  if (groups.budgets == nullptr && all.size() > 1 && !is_exact(greedy.optimizer)) {
    return pick_from_sum(all, samples, greedy, out, threads);
  }
  for (Group& group : all) {
    group.sequence = greedy_sequence(greedy, *group.objective, group.members, group.budget);
  }
  if (groups.budgets != nullptr || all.size() == 1) {
    pick_by_budgets(all, threads);
  } else {
    pick_best_of_all(all, samples, out.count, threads);
  }
  merge(all, out);
}

}  // namespace modyn::kernels
