#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/cpu/submodular/facility_location.hpp"
#include "kernels/cpu/submodular/groups.hpp"

namespace modyn::kernels {
namespace {

struct Nearest {
  std::int64_t position = -1;
  std::int32_t similarity = std::numeric_limits<std::int32_t>::min();
};

// For each sample of a group, the place among `picks` (places in the group) of the most similar, the first of equals.
std::vector<Nearest> nearest_of(const Features& features, std::span<const std::uint32_t> picks,
                                const Threads& threads) {
  std::vector<Nearest> nearest(features.count());
  std::vector<PackedColumns> blocks((picks.size() + kTileColumns - 1) / kTileColumns);
  threads.for_each(blocks.size(), [&](std::size_t block) {
    const std::size_t first = block * kTileColumns;
    blocks[block] = features.pack(picks.subspan(first, std::min(kTileColumns, picks.size() - first)));
  });
  threads.for_each((features.count() + kTileRows - 1) / kTileRows, [&](std::size_t part) {
    const std::size_t first = part * kTileRows;
    const TileRows rows = features.rows(first, std::min(kTileRows, features.count() - first));
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      std::int32_t* tile = tile_of_thread();
      features.similarities(rows, blocks[block], tile);
      for (std::size_t i = 0; i < rows.count; ++i) {
        const std::int32_t* of_row = tile + i * kTileColumns;
        const std::int32_t* best = std::max_element(of_row, of_row + blocks[block].count);
        if (*best <= nearest[first + i].similarity) continue;
        nearest[first + i] = {static_cast<std::int64_t>(block * kTileColumns) + (best - of_row), *best};
      }
    }
  });
  return nearest;
}

// With itself, a zero vector has another similarity than 1, and an earlier pick may be equal.
std::int32_t similarity_with_itself(const Features& features, std::uint32_t sample) {
  std::int32_t* tile = tile_of_thread();
  features.similarities(features.rows(sample, 1), features.pack(std::span(&sample, 1)), tile);
  return tile[0];
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
    Features features(samples, members[group], similarity, threads);
    // Without the group's largest distance, which would take all pairs: -distance.
    if (similarity == Similarity::kDistance) features.set_top(0);
    std::vector<Nearest> found = nearest_of(features, own, threads);
    for (std::size_t i = own.size(); i-- > 0;) {
      found[own[i]] = {static_cast<std::int64_t>(i), similarity_with_itself(features, own[i])};
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::uint32_t sample = members[group][i];
      nearest[sample] = static_cast<std::int64_t>(positions[group][static_cast<std::size_t>(found[i].position)]);
      similarities[sample] = static_cast<float>(found[i].similarity * features.unit());
    }
  }
}

}  // namespace modyn::kernels
