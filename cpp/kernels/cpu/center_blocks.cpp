#include "kernels/cpu/center_blocks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/cpu/block_distances.hpp"

namespace modyn::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kTaken = -1.0F;  // the distance of samples that are picked, and of lanes without a sample
// Centers that a block is held against before its bound is found anew.
constexpr std::size_t kCentersAtOnce = 48;
// Blocks are formed anew if at least this share of the distances could be passed over then, as far as some samples and
// centers tell.
constexpr float kShareWorthGrouping = 0.25F;
constexpr std::size_t kSamplesThatTell = 256;
constexpr std::size_t kCentersThatTell = 48;
// More than distances can be wrong by because their sums are rounded.
constexpr float kSlack = 1.001F;

float squared(float number) { return number * number; }

}  // namespace

CenterBlocks::CenterBlocks(const KCenterProblem& problem, const Threads& threads)
    : problem_(problem), threads_(threads), order_(problem.count) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  for (std::size_t center = 0; center < problem.center_count; ++center) {
    add_center(problem.centers + center * problem.width);
  }
  std::vector<std::size_t> ends;
  for (std::size_t end = 0; end < problem.count; ends.push_back(end))
    end = std::min(end + kBlockSamples, problem.count);
  form(ends);
}

const float* CenterBlocks::features(std::size_t sample) const {
  return problem_.features + static_cast<std::size_t>(row(sample)) * problem_.width;
}

void CenterBlocks::add_center(const float* features_of_center) {
  names_.push_back(static_cast<std::int32_t>(centers_.size()));
  centers_.push_back(features_of_center);
}

void CenterBlocks::pick(std::size_t block, std::size_t lane) {
  nearest_[block * kBlockSamples + lane] = kTaken;
  add_center(features(order_[blocks_[block].begin + lane]));
}

// Blocks of consecutive samples of order_, each up to one of the ends, all of them far from every center.
void CenterBlocks::form(const std::vector<std::size_t>& ends) {
  blocks_.resize(ends.size());
  packed_.reset();  // before the next is taken
  packed_ = std::make_unique_for_overwrite<float[]>(ends.size() * kBlockSamples * problem_.width);
  nearest_.assign(ends.size() * kBlockSamples, kTaken);
  owners_.assign(ends.size() * kBlockSamples, 0);
  std::vector<std::uint8_t> finite(ends.size());
  threads_.for_each(ends.size(), [&](std::size_t number) {
    const std::size_t begin = number == 0 ? 0 : ends[number - 1];
    const std::size_t size = ends[number] - begin;
    std::array<const float*, kBlockSamples> rows{};
    for (std::size_t lane = 0; lane < size; ++lane) rows[lane] = features(order_[begin + lane]);
    finite[number] = MODYN_DISPATCH(pack_block)(rows.data(), size, problem_.width,
                                                packed_.get() + number * kBlockSamples * problem_.width);
    std::fill_n(nearest_.data() + number * kBlockSamples, size, kInfinity);
    blocks_[number] = {.bound = kInfinity,
                       .sample = *std::min_element(order_.data() + begin, order_.data() + begin + size),
                       .lane = 0,
                       .visited = 0,
                       .begin = begin,
                       .size = size,
                       .radius = 0};
  });
  const auto bad = std::find(finite.begin(), finite.end(), 0);
  if (bad != finite.end()) not_finite_ = find_not_finite(static_cast<std::size_t>(bad - finite.begin()));
}

std::int64_t CenterBlocks::find_not_finite(std::size_t block) const {
  for (std::size_t at = blocks_[block].begin;; ++at) {
    const float* numbers = features(order_[at]);
    if (!std::all_of(numbers, numbers + problem_.width, [](float one) { return std::isfinite(one); })) {
      return row(order_[at]);
    }
  }
}

void CenterBlocks::bring_all_up_to_date() {
  threads_.for_each(blocks_.size(), [&](std::size_t block) { bring_up_to_date(block); });
}

void CenterBlocks::bring_up_to_date(std::size_t block) {
  std::size_t& visited = blocks_[block].visited;
  while (visited < centers_.size()) {
    const std::size_t count = std::min(kCentersAtOnce, centers_.size() - visited);
    visit(block, centers_.data() + visited, names_.data() + visited, count);
    visited += count;
  }
}

void CenterBlocks::visit(std::size_t number, const float* const* centers, const std::int32_t* names,
                         std::size_t count) {
  CenterBlock& block = blocks_[number];
  float* nearest = nearest_.data() + number * kBlockSamples;
  std::array<const float*, kCentersAtOnce> near{};
  std::array<std::int32_t, kCentersAtOnce> names_of_near{};
  if (!middles_.empty()) {
    std::array<float, kCentersAtOnce> distances{};
    MODYN_DISPATCH(squared_distances)(middles_.data() + number * problem_.width, centers, count, problem_.width,
                                      distances.data());
    // By the triangle inequality a center this far from the middle is nearest to none of the samples.
    const float reach = squared(kSlack * (block.radius + std::sqrt(std::max(block.bound, 0.0F))));
    std::size_t kept = 0;
    for (std::size_t center = 0; center < count; ++center) {
      if (distances[center] > reach) continue;
      near[kept] = centers[center];
      names_of_near[kept++] = names[center];
    }
    if (kept == 0) return;
    centers = near.data();
    names = names_of_near.data();
    count = kept;
  }
  MODYN_DISPATCH(visit_centers)(packed_.get() + number * kBlockSamples * problem_.width, problem_.width, centers, names,
                                count, nearest, owners_.data() + number * kBlockSamples);
  find_bound(block, number);
}

void CenterBlocks::find_bound(CenterBlock& block, std::size_t number) {
  const float* nearest = nearest_.data() + number * kBlockSamples;
  block.bound = MODYN_DISPATCH(largest)(nearest);
  block.sample = std::numeric_limits<std::size_t>::max();
  for (std::size_t lane = 0; lane < block.size; ++lane) {
    const std::size_t sample = order_[block.begin + lane];
    if (nearest[lane] == block.bound && sample < block.sample) {
      block.sample = sample;
      block.lane = lane;
    }
  }
}

void CenterBlocks::group() {
  bring_all_up_to_date();
  if (share_out_of_reach() < kShareWorthGrouping) return;
  std::vector<float> nearest(order_.size());
  std::vector<std::int32_t> owners(order_.size());
  std::vector<std::size_t> begins(centers_.size() + 1);
  for (std::size_t number = 0; number < blocks_.size(); ++number) {
    for (std::size_t lane = 0; lane < blocks_[number].size; ++lane) {
      const std::size_t sample = order_[blocks_[number].begin + lane];
      nearest[sample] = nearest_[number * kBlockSamples + lane];
      owners[sample] = owners_[number * kBlockSamples + lane];
      ++begins[static_cast<std::size_t>(owners[sample]) + 1];
    }
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  for (std::size_t sample = 0; sample < order_.size(); ++sample) {
    order_[begins[static_cast<std::size_t>(owners[sample])]++] = sample;
  }
  // A block ends with the samples of its center, unless it is less than half full.
  std::vector<std::size_t> ends;
  for (std::size_t begin = 0, end = 0; end < order_.size(); begin = end, ends.push_back(end)) {
    do {
      ++end;
    } while (end < order_.size() && end - begin < kBlockSamples &&
             (end - begin < kBlockSamples / 2 || owners[order_[end]] == owners[order_[end - 1]]));
  }
  form(ends);
  middles_.resize(blocks_.size() * problem_.width);
  threads_.for_each(blocks_.size(), [&](std::size_t number) {
    CenterBlock& block = blocks_[number];
    for (std::size_t lane = 0; lane < block.size; ++lane) {
      const std::size_t sample = order_[block.begin + lane];
      nearest_[number * kBlockSamples + lane] = nearest[sample];
      owners_[number * kBlockSamples + lane] = owners[sample];
    }
    block.radius =
        std::sqrt(MODYN_DISPATCH(bounding_ball)(packed_.get() + number * kBlockSamples * problem_.width, block.size,
                                                problem_.width, middles_.data() + number * problem_.width));
    block.visited = centers_.size();
    find_bound(block, number);
  });
}

// The share of centers that are farther from a sample's nearest center than twice the sample: they cannot be nearer.
float CenterBlocks::share_out_of_reach() const {
  const std::size_t stride = std::max<std::size_t>(1, centers_.size() / kCentersThatTell);
  std::vector<const float*> centers;
  for (std::size_t center = 0; center < centers_.size(); center += stride) centers.push_back(centers_[center]);
  std::vector<float> distances(centers.size());
  std::size_t out_of_reach = 0;
  std::size_t all = 0;
  const std::size_t step = std::max<std::size_t>(1, blocks_.size() / kSamplesThatTell);
  for (std::size_t number = 0; number < blocks_.size(); number += step) {
    const std::size_t place = number * kBlockSamples + number % blocks_[number].size;
    MODYN_DISPATCH(squared_distances)(centers_[static_cast<std::size_t>(owners_[place])], centers.data(),
                                      centers.size(), problem_.width, distances.data());
    const float reach = squared(2 * kSlack) * std::max(nearest_[place], 0.0F);
    all += centers.size();
    out_of_reach += static_cast<std::size_t>(
        std::count_if(distances.begin(), distances.end(), [&](float distance) { return distance > reach; }));
  }
  return static_cast<float>(out_of_reach) / static_cast<float>(std::max<std::size_t>(all, 1));
}

void CenterBlocks::write_distances(float* distances) const {
  for (std::size_t number = 0; number < blocks_.size(); ++number) {
    const CenterBlock& block = blocks_[number];
    for (std::size_t lane = 0; lane < block.size; ++lane) {
      const float nearest = nearest_[number * kBlockSamples + lane];
      distances[row(order_[block.begin + lane])] = nearest == kTaken ? 0.0F : std::sqrt(nearest);
    }
  }
}

}  // namespace modyn::kernels
