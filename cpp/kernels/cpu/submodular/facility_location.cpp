#include "kernels/cpu/submodular/facility_location.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernels/cpu/submodular/pair_sums.hpp"

namespace modyn::kernels {
namespace {

// Rows that one part of a refresh sums over: enough work to be worth handing out, little enough to share evenly.
constexpr std::size_t kRowsOfPart = 10 * kTileRows;
// Blocks of candidates that are packed at once.
constexpr std::size_t kBlocksAtOnce = 16;

using Sums = std::array<std::int64_t, kTileColumns>;

std::size_t parts_of(std::size_t count, std::size_t size) noexcept { return (count + size - 1) / size; }

}  // namespace

FacilityLocation::FacilityLocation(Features features)
    : features_(std::move(features)),
      covered_(features_.blocks() * kTileColumns),
      gains_(features_.count()),
      known_(features_.count(), kNever),
      log_(features_.count()) {}

void FacilityLocation::bound(std::span<double> bounds, const Threads& threads) {
  if (features_.similarity() == Similarity::kDistance) {
    set_top_and_sum(features_, gains_, threads);
    std::fill(known_.begin(), known_.end(), changes_);
    const double offset = static_cast<double>(size()) * features_.offset();
    for (std::size_t j = 0; j < size(); ++j) bounds[j] = static_cast<double>(gains_[j]) * features_.unit() + offset;
    return;
  }
  bound_cosine_gains(features_, bounds, threads);
}

void FacilityLocation::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                               const Threads& threads) {
  std::vector<std::uint32_t> outdated;
  std::vector<std::uint32_t> unknown;
  std::uint64_t total = 0;
  for (const std::uint32_t candidate : candidates) {
    if (known_[candidate] == changes_) continue;
    const std::uint64_t needed = work(candidate);
    (needed < size() ? outdated : unknown).push_back(candidate);
    total += needed;
  }
  if (total > std::uint64_t{size()} * (size() / 2 + kTileColumns)) {
    sum_pairs(features_, covered_, gains_, threads);
    std::fill(known_.begin(), known_.end(), changes_);
  } else {
    sum_anew(unknown, threads);
    subtract_losses(outdated, threads);
  }
  const double offset = picked_ ? 0.0 : static_cast<double>(size()) * features_.offset();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    gains[i] = static_cast<double>(gains_[candidates[i]]) * features_.unit() + offset;
  }
}

std::uint64_t FacilityLocation::work(std::uint32_t candidate) const noexcept {
  if (known_[candidate] == kNever) return size();
  return std::min<std::uint64_t>(changes_ - known_[candidate], size());
}

void FacilityLocation::sum_anew(std::span<const std::uint32_t> candidates, const Threads& threads) {
  const std::size_t row_parts = parts_of(size(), kRowsOfPart);
  for (std::size_t start = 0; start < candidates.size(); start += kBlocksAtOnce * kTileColumns) {
    const auto now = candidates.subspan(start, std::min(kBlocksAtOnce * kTileColumns, candidates.size() - start));
    std::vector<PackedColumns> blocks(parts_of(now.size(), kTileColumns));
    const auto of_block = [&](std::size_t block) {
      return now.subspan(block * kTileColumns, std::min(kTileColumns, now.size() - block * kTileColumns));
    };
    threads.for_each(blocks.size(), [&](std::size_t block) { blocks[block] = features_.pack(of_block(block)); });
    for (const std::uint32_t candidate : now) gains_[candidate] = 0;
    threads.for_each(blocks.size() * row_parts, [&](std::size_t part) {
      const std::size_t block = part / row_parts;
      const std::size_t first_row = part % row_parts * kRowsOfPart;
      const std::size_t last_row = std::min(size(), first_row + kRowsOfPart);
      Sums sums{};
      for (std::size_t first = first_row; first < last_row; first += kTileRows) {
        const TileRows rows = features_.rows(first, std::min(kTileRows, last_row - first));
        std::int32_t* tile = tile_of_thread();
        features_.similarities(rows, blocks[block], tile);
        MODYN_DISPATCH(add_gains_of_columns)(tile, rows.count, blocks[block].count, covered_.data() + first,
                                             sums.data());
      }
      const auto own = of_block(block);
      for (std::size_t j = 0; j < own.size(); ++j) add_to(gains_[own[j]], sums[j]);
    });
    for (const std::uint32_t candidate : now) known_[candidate] = changes_;
  }
}

void FacilityLocation::subtract_losses(std::span<std::uint32_t> candidates, const Threads& threads) {
  // Those of one block should have missed about the same changes.
  std::sort(candidates.begin(), candidates.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::pair(known_[a], a) < std::pair(known_[b], b); });
  const std::size_t block_count = parts_of(candidates.size(), kTileColumns);
  std::vector<PackedColumns> blocks(block_count);
  std::vector<std::uint64_t> parts_before(block_count + 1);
  const auto of_block = [&](std::size_t block) {
    return candidates.subspan(block * kTileColumns, std::min(kTileColumns, candidates.size() - block * kTileColumns));
  };
  for (std::size_t block = 0; block < block_count; ++block) {
    const std::uint64_t missed = changes_ - known_[of_block(block).front()];
    parts_before[block + 1] = parts_before[block] + parts_of(missed, kRowsOfPart);
  }
  threads.for_each(block_count, [&](std::size_t block) { blocks[block] = features_.pack(of_block(block)); });
  threads.for_each(parts_before.back(), [&](std::size_t part) {
    const auto block = static_cast<std::size_t>(std::upper_bound(parts_before.begin(), parts_before.end(), part) -
                                                parts_before.begin() - 1);
    const auto own = of_block(block);
    const std::uint64_t first_change = known_[own.front()] + (part - parts_before[block]) * kRowsOfPart;
    const std::uint64_t last_change = std::min(changes_, first_change + kRowsOfPart);
    Sums losses{};
    CopiedRows copy;
    for (std::uint64_t first = first_change; first < last_change; first += kTileRows) {
      const std::size_t here = std::min<std::size_t>(kTileRows, last_change - first);
      std::array<std::uint32_t, kTileRows> samples{};
      std::array<std::int32_t, kTileRows> before{};
      std::array<std::int32_t, kTileRows> after{};
      for (std::size_t i = 0; i < here; ++i) {
        const Change& one = change(first + i);
        samples[i] = one.sample;
        before[i] = one.before;
        after[i] = one.after;
      }
      std::array<std::int32_t, kTileColumns> first_row{};
      for (std::size_t j = 0; j < own.size(); ++j) {
        const std::uint64_t known = known_[own[j]];
        first_row[j] = known <= first ? 0 : static_cast<std::int32_t>(std::min<std::uint64_t>(known - first, here));
      }
      std::int32_t* tile = tile_of_thread();
      features_.similarities(features_.rows(std::span(samples).first(here), copy), blocks[block], tile);
      MODYN_DISPATCH(add_losses_of_columns)(tile, here, own.size(), before.data(), after.data(), first_row.data(),
                                            losses.data());
    }
    for (std::size_t j = 0; j < own.size(); ++j) add_to(gains_[own[j]], -losses[j]);
  });
  for (const std::uint32_t candidate : candidates) known_[candidate] = changes_;
}

void FacilityLocation::add(std::uint32_t pick, const Threads& threads) {
  std::vector<std::int32_t> similarities(features_.blocks() * kTileColumns);
  CopiedRows copy;
  const TileRows row = features_.rows(std::span(&pick, 1), copy);
  threads.for_each(features_.blocks(), [&](std::size_t block) {
    features_.similarities(row, features_.block(block), similarities.data() + block * kTileColumns);
  });
  for (std::size_t i = 0; i < size(); ++i) {
    if (similarities[i] <= covered_[i]) continue;
    log_[changes_ % log_.size()] = {static_cast<std::uint32_t>(i), covered_[i], similarities[i]};
    covered_[i] = similarities[i];
    ++changes_;
  }
  picked_ = true;
}

}  // namespace modyn::kernels
