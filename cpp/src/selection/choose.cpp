#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "modyn/selection.hpp"
#include "partition/position_set.hpp"
#include "partition/sequence_sources.hpp"
#include "selection/band_filter.hpp"
#include "selection/scan.hpp"

namespace modyn {
namespace {

using partition::PositionSet;
using selection::kPiece;
using selection::Piece;
using selection::PieceReader;
using selection::RuleFilter;
using Marks = std::array<std::uint8_t, kPiece>;

// Marks what any of the filters chooses. `other` is room for what one of them says.
void mark_any(const std::vector<RuleFilter>& filters, const Piece& piece, Marks& marks, Marks& other) {
  const auto wanted = std::span(marks).first(piece.keys.size());
  filters.front().mark(piece, wanted);
  for (const RuleFilter& filter : std::span(filters).subspan(1)) {
    filter.mark(piece, std::span(other).first(wanted.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<std::uint8_t>(wanted[i] | other[i]);
  }
}

}  // namespace

std::vector<std::uint64_t> count(const Sequence& window, const Groups& groups, const Rule& among, unsigned threads) {
  const RuleFilter filter(among);
  const GroupReader reader(groups);
  std::mutex mutex;
  std::vector<std::uint64_t> total(groups.size() + 1);  // and those in no group
  selection::for_each_chunk(window, threads, [&](std::size_t, std::uint64_t first, std::size_t samples) {
    std::vector<std::uint64_t> counts(total.size());
    std::array<std::uint32_t, kPiece> group;
    Marks marks;
    PieceReader pieces(window, reader.needs_labels() || filter.needs_labels());
    selection::for_each_piece(pieces, first, samples, [&](const Piece& piece) {
      const std::size_t size = piece.keys.size();
      filter.mark(piece, std::span(marks).first(size));
      if (const auto common = reader.common(piece.first, size)) {
        counts[*common] += std::accumulate(marks.begin(), marks.begin() + static_cast<std::ptrdiff_t>(size), 0ULL);
        return;
      }
      reader.read(piece.first, piece.labels, std::span(group).first(size));
      for (std::size_t i = 0; i < size; ++i) counts[group[i]] += marks[i];
    });
    const std::lock_guard lock(mutex);
    std::ranges::transform(total, counts, total.begin(), std::plus());
  });
  total.pop_back();
  return total;
}

Sequence choose(const Sequence& window, std::span<const Rule> any_of, unsigned threads) {
  if (any_of.empty()) return {};
  const std::vector<RuleFilter> filters(any_of.begin(), any_of.end());
  if (std::ranges::any_of(filters, &RuleFilter::chooses_all)) return window;
  const bool wants_labels = std::ranges::any_of(filters, &RuleFilter::needs_labels);
  std::vector<PositionSet> chosen(selection::chunks_of(window));
  selection::for_each_chunk(window, threads, [&](std::size_t chunk, std::uint64_t first, std::size_t samples) {
    PieceReader pieces(window, wants_labels);
    Marks marks;
    Marks other;
    std::vector<std::uint16_t> offsets(PositionSet::kBlock);
    for (std::size_t block = 0; block < samples; block += PositionSet::kBlock) {
      const std::size_t size = std::min(PositionSet::kBlock, samples - block);
      std::size_t found = 0;
      std::size_t at = 0;
      selection::for_each_piece(pieces, first + block, size, [&](const Piece& piece) {
        mark_any(filters, piece, marks, other);
        for (std::size_t i = 0; i < piece.keys.size(); ++i, ++at) {
          offsets[found] = static_cast<std::uint16_t>(at);
          found += marks[i];
        }
      });
      chosen[chunk].append_block(std::span(offsets).first(found), size);
    }
  });
  PositionSet positions;
  for (PositionSet& of_chunk : chosen) positions.append(std::exchange(of_chunk, {}));
  if (positions.size() == window.size()) return window;
  if (positions.size() == 0) return {};
  return Sequence(std::make_shared<partition::Chosen>(window.shared_source(), std::move(positions)));
}

}  // namespace modyn
