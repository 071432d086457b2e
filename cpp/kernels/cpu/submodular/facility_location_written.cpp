#include "kernels/cpu/submodular/facility_location_written.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace modyn::kernels {
namespace {

constexpr std::size_t kSamplesOfPart = kTileRows;

std::size_t parts_of(std::size_t count) noexcept { return (count + kSamplesOfPart - 1) / kSamplesOfPart; }

}  // namespace

WrittenFacilityLocation::WrittenFacilityLocation(Features features, const Threads& threads)
    : features_(std::move(features)),
      covered_(features_.blocks() * kTileColumns),
      similarities_(features_.count() * covered_.size()) {
  threads.for_each(parts_of(size()), [&](std::size_t part) {
    const std::size_t first = part * kSamplesOfPart;
    const TileRows rows = features_.rows(first, std::min(kSamplesOfPart, size() - first));
    std::int32_t* tile = tile_of_thread();
    for (std::size_t block = 0; block < features_.blocks(); ++block) {
      const PackedColumns& columns = features_.block(block);
      features_.similarities(rows, columns, tile);
      for (std::size_t i = 0; i < rows.count; ++i) {
        std::copy_n(tile + i * kTileColumns, columns.count, of(first + i) + block * kTileColumns);
      }
    }
  });
  if (features_.similarity() == Similarity::kDistance) lower_top(threads);
}

// Distances were taken from kOne; now the largest of them becomes similarity 0.
void WrittenFacilityLocation::lower_top(const Threads& threads) {
  std::vector<std::int32_t> least(size(), kOne);
  threads.for_each(parts_of(size()), [&](std::size_t part) {
    for (std::size_t i = part * kSamplesOfPart; i < std::min(size(), (part + 1) * kSamplesOfPart); ++i) {
      least[i] = *std::min_element(of(i), of(i) + size());
    }
  });
  const std::int32_t smallest = least.empty() ? 0 : *std::min_element(least.begin(), least.end());
  features_.set_top(kOne - smallest);
  threads.for_each(parts_of(size()), [&](std::size_t part) {
    for (std::size_t i = part * kSamplesOfPart; i < std::min(size(), (part + 1) * kSamplesOfPart); ++i) {
      std::for_each(of(i), of(i) + size(), [&](std::int32_t& one) { one -= smallest; });
    }
  });
}

void WrittenFacilityLocation::bound(std::span<double> bounds, const Threads& threads) {
  if (features_.similarity() == Similarity::kCosine) return bound_cosine_gains(features_, bounds, threads);
  std::vector<std::uint32_t> all(size());
  std::iota(all.begin(), all.end(), 0U);
  refresh(all, bounds, threads);
}

std::int64_t WrittenFacilityLocation::gain(std::uint32_t candidate) {
  std::int64_t sum = 0;
  for (std::size_t block = 0; block < features_.blocks(); ++block) {
    const std::size_t first = block * kTileColumns;
    MODYN_DISPATCH(add_gains_of_rows)(of(candidate) + first, 1, features_.block(block).count, covered_.data() + first,
                                      &sum);
  }
  return sum;
}

void WrittenFacilityLocation::refresh(std::span<const std::uint32_t> candidates, std::span<double> gains,
                                      const Threads& threads) {
  const double offset = picked_ ? 0.0 : static_cast<double>(size()) * features_.offset();
  threads.for_each(parts_of(candidates.size()), [&](std::size_t part) {
    const std::size_t last = std::min(candidates.size(), (part + 1) * kSamplesOfPart);
    for (std::size_t i = part * kSamplesOfPart; i < last; ++i) {
      gains[i] = static_cast<double>(gain(candidates[i])) * features_.unit() + offset;
    }
  });
}

void WrittenFacilityLocation::add(std::uint32_t pick, const Threads& /*threads*/) {
  const std::int32_t* similarities = of(pick);
  for (std::size_t i = 0; i < size(); ++i) covered_[i] = std::max(covered_[i], similarities[i]);
  picked_ = true;
}

}  // namespace modyn::kernels
