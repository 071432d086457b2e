#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/cpu/gradient_distances.hpp"
#include "kernels/cpu/submodular/features.hpp"
#include "kernels/cpu/submodular/groups.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kRowsOfPart = GradientDistances::kRows;

// The place among a group's picks, and the similarity to it.
struct Nearest {
  std::size_t place = 0;
  float similarity = -std::numeric_limits<float>::infinity();
};

// One group: its samples and its picks, which are places among the samples.
struct Problem {
  const GradientFactors& samples;
  std::span<const std::uint32_t> members;
  std::span<const std::uint32_t> picks;
};

// From all digits of the distances, whatever the largest one in the group is.
std::vector<Nearest> nearest_by_distance(const Problem& problem, const Threads& threads) {
  std::vector<std::uint32_t> chosen(problem.picks.size());
  std::transform(problem.picks.begin(), problem.picks.end(), chosen.begin(),
                 [&](std::uint32_t pick) { return problem.members[pick]; });
  const GradientDistances to_picks(problem.samples, chosen, threads);
  std::vector<Nearest> nearest(problem.members.size());
  threads.for_each((nearest.size() + kRowsOfPart - 1) / kRowsOfPart, [&](std::size_t part) {
    const std::size_t first = part * kRowsOfPart;
    const auto rows = problem.members.subspan(first, std::min(kRowsOfPart, nearest.size() - first));
    std::vector<float> distances(rows.size() * chosen.size());
    to_picks.write(problem.samples, rows, distances.data(), chosen.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const float* of_row = distances.data() + i * chosen.size();
      const float* least = std::min_element(of_row, of_row + chosen.size());
      nearest[first + i] = {static_cast<std::size_t>(least - of_row), 0.0F - *least};
    }
  });
  for (std::size_t place = problem.picks.size(); place-- > 0;) nearest[problem.picks[place]] = {place, 0.0F};
  return nearest;
}

// With itself, a zero vector has another similarity than 1, and an earlier pick may be equal.
float similarity_with_itself(const Features& features, std::uint32_t sample) {
  std::int32_t* tile = tile_of_thread();
  features.similarities(features.rows(sample, 1), features.pack(std::span(&sample, 1)), tile);
  return static_cast<float>(tile[0] * features.unit());
}

std::vector<Nearest> nearest_by_cosine(const Problem& problem, const Threads& threads) {
  const Features features(problem.samples, problem.members, Similarity::kCosine, threads);
  std::vector<PackedColumns> blocks((problem.picks.size() + kTileColumns - 1) / kTileColumns);
  threads.for_each(blocks.size(), [&](std::size_t block) {
    const std::size_t first = block * kTileColumns;
    blocks[block] = features.pack(problem.picks.subspan(first, std::min(kTileColumns, problem.picks.size() - first)));
  });
  std::vector<Nearest> nearest(features.count());
  threads.for_each((features.count() + kTileRows - 1) / kTileRows, [&](std::size_t part) {
    const std::size_t first = part * kTileRows;
    const TileRows rows = features.rows(first, std::min(kTileRows, features.count() - first));
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      std::int32_t* tile = tile_of_thread();
      features.similarities(rows, blocks[block], tile);
      for (std::size_t i = 0; i < rows.count; ++i) {
        const std::int32_t* of_row = tile + i * kTileColumns;
        const std::int32_t* best = std::max_element(of_row, of_row + blocks[block].count);
        const auto similarity = static_cast<float>(*best * features.unit());
        if (similarity <= nearest[first + i].similarity) continue;
        nearest[first + i] = {block * kTileColumns + static_cast<std::size_t>(best - of_row), similarity};
      }
    }
  });
  for (std::size_t place = problem.picks.size(); place-- > 0;) {
    nearest[problem.picks[place]] = {place, similarity_with_itself(features, problem.picks[place])};
  }
  return nearest;
}

}  // namespace

void nearest_pick(const GradientFactors& samples, Similarity similarity, const Groups& groups,
                  const std::int64_t* picks, std::size_t pick_count, std::int64_t* nearest, float* similarities,
                  const Threads& threads) {
  const std::vector<std::vector<std::uint32_t>> members = members_of(groups, samples.count);
  std::vector<std::vector<std::size_t>> positions(groups.count);
  for (std::size_t i = 0; i < pick_count; ++i) {
    if (picks[i] < 0 || static_cast<std::size_t>(picks[i]) >= samples.count) {
      throw std::invalid_argument("pick " + std::to_string(picks[i]) + " is none of " + std::to_string(samples.count) +
                                  " samples");
    }
    positions[groups.of_samples == nullptr ? 0 : static_cast<std::size_t>(groups.of_samples[picks[i]])].push_back(i);
  }
  std::fill_n(nearest, samples.count, std::int64_t{-1});
  std::fill_n(similarities, samples.count, 0.0F);
  for (std::size_t group = 0; group < members.size(); ++group) {
    if (positions[group].empty()) continue;
    std::vector<std::uint32_t> own;
    for (const std::size_t position : positions[group]) {
      const auto place = std::lower_bound(members[group].begin(), members[group].end(), picks[position]);
      own.push_back(static_cast<std::uint32_t>(place - members[group].begin()));
    }
    refuse_unless_finite(samples, members[group], threads);
    const Problem problem{samples, members[group], own};
    const std::vector<Nearest> found = similarity == Similarity::kDistance ? nearest_by_distance(problem, threads)
                                                                           : nearest_by_cosine(problem, threads);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::uint32_t sample = members[group][i];
      nearest[sample] = static_cast<std::int64_t>(positions[group][found[i].place]);
      similarities[sample] = found[i].similarity;
    }
  }
}

}  // namespace modyn::kernels
