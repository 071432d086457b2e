// Few samples have to be looked at for a pick, and most distances can wait until many centers are there, so that a
// block of samples is read once for all of them:
//
// - A distance to the nearest center only shrinks. The largest one that a block had when it was last brought up to
//   date therefore bounds what it has now, and a block stays behind until it could hold the next pick.
// - The blocks with the largest bounds are the front. They are brought up to date together, by all threads; then pick
//   after pick is taken among them, each exactly, until the farthest sample of the front no longer precedes the
//   bounds of all others.
// - Where centers have drawn samples close, blocks are formed anew of samples that share a center. Each then lies in a
//   ball, and a center farther from its middle than the ball's radius and the block's bound together is passed over.
#include "modyn/kernels/k_center.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/cpu/block_distances.hpp"
#include "kernels/cpu/center_blocks.hpp"
#include "kernels/cpu/groups.hpp"

namespace modyn::kernels {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
// The front's features stay in the second-level cache.
constexpr std::size_t kNumbersOfFront = std::size_t{1} << 17;
constexpr std::size_t kFewestBlocksOfFront = 8;
constexpr std::size_t kMostBlocksOfFront = 64;
// Blocks are looked at for forming them anew when there are so many centers, and whenever there are four times as many.
constexpr std::size_t kCentersOfFirstGrouping = 32;
constexpr std::size_t kGroupingFactor = 4;
constexpr std::size_t kPicksWorthGrouping = 32;

class Traversal {
 public:
  Traversal(const KCenterProblem& problem, CenterBlocks& blocks, const Threads& threads)
      : problem_(problem), blocks_(blocks), threads_(threads), next_grouping_(kCentersOfFirstGrouping) {
    while (next_grouping_ < problem.center_count) next_grouping_ *= kGroupingFactor;
  }

  void run(std::int64_t* picks) {
    std::size_t picked = 0;
    if (picked < problem_.picks && blocks_.centers() == 0) {
      picks[picked++] = blocks_.row(problem_.first);
      blocks_.pick(problem_.first / kBlockSamples, problem_.first % kBlockSamples);
    }
    while (picked < problem_.picks) {
      const std::size_t behind = choose_front();
      threads_.for_each(front_.size(), [&](std::size_t at) { blocks_.bring_up_to_date(front_[at]); });
      while (picked < problem_.picks) {
        const std::size_t best = *std::min_element(
            front_.begin(), front_.end(), [&](std::size_t one, std::size_t other) { return precedes(one, other); });
        if (behind != kNone && !precedes(best, behind)) break;
        picks[picked++] = blocks_.row(blocks_[best].sample);
        blocks_.pick(best, blocks_[best].lane);
        if (picked == problem_.picks) break;
        for (const std::size_t block : front_) blocks_.bring_up_to_date(block);
      }
      if (blocks_.centers() >= next_grouping_ && problem_.picks - picked >= kPicksWorthGrouping) {
        blocks_.group();
        while (next_grouping_ <= blocks_.centers()) next_grouping_ *= kGroupingFactor;
      }
    }
  }

 private:
  // Whether a block holds, or may hold, an earlier pick than another.
  [[nodiscard]] bool precedes(std::size_t one, std::size_t other) const {
    const CenterBlock& a = blocks_[one];
    const CenterBlock& b = blocks_[other];
    return a.bound > b.bound || (a.bound == b.bound && a.sample < b.sample);
  }

  // Returns the block that precedes all others outside the front; kNone if there are none.
  std::size_t choose_front() {
    const std::size_t fitting = kNumbersOfFront / (kBlockSamples * std::max<std::size_t>(problem_.width, 1));
    const std::size_t size = std::clamp(fitting, kFewestBlocksOfFront, kMostBlocksOfFront);
    front_.resize(blocks_.size());
    std::iota(front_.begin(), front_.end(), std::size_t{0});
    if (front_.size() <= size) return kNone;
    const auto behind = front_.begin() + static_cast<std::ptrdiff_t>(size);
    std::nth_element(front_.begin(), behind, front_.end(),
                     [&](std::size_t one, std::size_t other) { return precedes(one, other); });
    const std::size_t first_behind = *behind;
    front_.resize(size);
    return first_behind;
  }

  const KCenterProblem& problem_;
  CenterBlocks& blocks_;
  const Threads& threads_;
  std::size_t next_grouping_;
  std::vector<std::size_t> front_;
};

}  // namespace

namespace {

std::int64_t solve(const KCenterProblem& problem, std::int64_t* picks, float* distances, const Threads& threads) {
  CenterBlocks blocks(problem, threads);
  if (blocks.not_finite() >= 0) return blocks.not_finite();
  Traversal(problem, blocks, threads).run(picks);
  blocks.bring_all_up_to_date();
  blocks.write_distances(distances);
  return -1;
}

}  // namespace

std::int64_t k_center(const std::vector<KCenterProblem>& problems, std::int64_t* picks, float* distances,
                      const Threads& threads) {
  const std::vector<std::size_t> begins = begins_of_picks(problems);
  std::vector<std::int64_t> not_finite(problems.size(), -1);
  for_each_group(threads, problems.size(), [&](std::size_t group) {
    not_finite[group] = solve(problems[group], picks + begins[group], distances, threads);
  });
  const auto bad = std::find_if(not_finite.begin(), not_finite.end(), [](std::int64_t row) { return row >= 0; });
  return bad == not_finite.end() ? -1 : *bad;
}

}  // namespace modyn::kernels
