// Finds the bounds that give groups their quotas, in one pass over the window.
//
// Priorities are spread evenly, so the one with rank r of n lies at r/n of the range, give or take some
// sqrt(r (1 - r/n)) ranks. Below a bracket of eight times that the samples are counted, inside it their priorities are
// collected, and the bound is an element of those. Where it is not (never, in practice), the search goes on on
// that side of the bracket.
#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <string>

#include "core/message.hpp"
#include "modyn/selection.hpp"
#include "selection/band_filter.hpp"
#include "selection/group_reader.hpp"
#include "selection/scan.hpp"

namespace modyn {
namespace {

using selection::kPiece;
using selection::Piece;
using selection::PieceReader;
using selection::RuleFilter;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "bounds: " + what); }

// What is known of the priority with rank `quota` (from 1) of a group: it is that of rank `quota - below` of the
// `inside` ones in [begin, end).
struct Search {
  std::uint64_t quota;
  std::uint64_t below;
  std::uint64_t inside;
  std::uint64_t begin;
  std::uint64_t end;
};

// The share `rank / of` of a range, without overflow. Need not be exact.
std::uint64_t place(const Search& search, double rank) {
  const double share = std::clamp(rank / static_cast<double>(search.inside), 0.0, 1.0);
  const double offset = share * static_cast<double>(search.end - search.begin);
  const double width = static_cast<double>(search.end - search.begin);
  return offset >= width ? search.end : search.begin + static_cast<std::uint64_t>(offset);
}

struct Bracket {
  std::uint64_t begin;
  std::uint64_t end;
};

Bracket bracket_of(const Search& search) {
  const auto rank = static_cast<double>(search.quota - search.below);
  const double share = rank / static_cast<double>(search.inside);
  const double deviation = 8 * std::sqrt(std::max(0.0, rank * (1 - share))) + 8;
  // Never empty, nor beside the range: each pass narrows it.
  const std::uint64_t begin = std::min(place(search, rank - deviation), search.end - 1);
  return {begin, std::max(place(search, rank + deviation), begin + 1)};
}

struct Candidate {
  std::uint32_t group;
  std::uint64_t priority;
};

// What a pass, or a thread's part of it, has found.
struct Found {
  explicit Found(std::size_t groups) : below(groups) {}
  std::vector<std::uint64_t> below;  // of each group, samples below its bracket
  std::vector<Candidate> candidates;
};

class BoundSearch {
 public:
  BoundSearch(const Sequence& window, const Groups& groups, const Priorities& priorities, const Rule& among,
              unsigned threads)
      : window_(window), reader_(groups), priorities_(priorities), filter_(among), threads_(threads) {}

  // Counts below and collects inside each group's bracket. Empty brackets are of groups that are not searched.
  [[nodiscard]] Found pass(const std::vector<Bracket>& brackets) const {
    std::vector<std::uint64_t> begin;
    std::vector<std::uint64_t> width;
    for (const Bracket& bracket : brackets) {
      begin.push_back(bracket.begin);
      width.push_back(bracket.end - bracket.begin);
    }
    begin.push_back(0);  // of samples in no group
    width.push_back(0);
    std::mutex mutex;
    Found total(begin.size());
    selection::for_each_chunk(window_, threads_, [&](std::size_t, std::uint64_t first, std::size_t samples) {
      Found found(begin.size());
      PieceReader pieces(window_, reader_.needs_labels() || filter_.needs_labels());
      selection::for_each_piece(pieces, first, samples, [&](const Piece& piece) { look(piece, begin, width, found); });
      const std::lock_guard lock(mutex);
      std::ranges::transform(total.below, found.below, total.below.begin(), std::plus());
      total.candidates.insert(total.candidates.end(), found.candidates.begin(), found.candidates.end());
    });
    return total;
  }

 private:
  void look(const Piece& piece, const std::vector<std::uint64_t>& begin, const std::vector<std::uint64_t>& width,
            Found& found) const {
    std::array<std::uint64_t, kPiece> priorities;
    std::array<std::uint8_t, kPiece> marks;
    const std::size_t size = piece.keys.size();
    const auto of_piece = std::span(priorities).first(size);
    priorities_.apply(piece.keys, of_piece);
    filter_.mark(piece, std::span(marks).first(size));
    if (const auto group = reader_.common(piece.first, size)) {
      look_at_group(*group, begin[*group], width[*group], of_piece, std::span(marks).first(size), found);
      return;
    }
    std::array<std::uint32_t, kPiece> groups;
    reader_.read(piece.first, piece.labels, std::span(groups).first(size));
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint32_t group = groups[i];
      found.below[group] += static_cast<std::uint64_t>(priorities[i] < begin[group]) & marks[i];
      const bool is_inside = priorities[i] - begin[group] < width[group] && marks[i] != 0;
      if (is_inside) found.candidates.push_back({group, priorities[i]});
    }
  }

  // The same where all samples are of one group.
  static void look_at_group(std::uint32_t group, std::uint64_t begin, std::uint64_t width,
                            std::span<const std::uint64_t> priorities, std::span<const std::uint8_t> marks,
                            Found& found) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      below += static_cast<std::uint64_t>(priorities[i] < begin) & marks[i];
    }
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (priorities[i] - begin < width && marks[i] != 0) found.candidates.push_back({group, priorities[i]});
    }
    found.below[group] += below;
  }

  const Sequence& window_;
  GroupReader reader_;
  const Priorities& priorities_;
  RuleFilter filter_;
  unsigned threads_;
};

// Each group's candidates, one group after the other, and where each group begins.
struct Sorted {
  std::vector<std::uint64_t> priorities;
  std::vector<std::size_t> begin;
};

Sorted by_group(const std::vector<Candidate>& candidates, std::size_t groups) {
  Sorted sorted{std::vector<std::uint64_t>(candidates.size()), std::vector<std::size_t>(groups + 1)};
  for (const Candidate& one : candidates) ++sorted.begin[one.group + 1];
  for (std::size_t group = 0; group < groups; ++group) sorted.begin[group + 1] += sorted.begin[group];
  std::vector<std::size_t> next(sorted.begin.begin(), sorted.begin.end() - 1);
  for (const Candidate& one : candidates) sorted.priorities[next[one.group]++] = one.priority;
  return sorted;
}

}  // namespace

std::vector<std::uint64_t> bounds(const Sequence& window, const Groups& groups, const Priorities& priorities,
                                  std::span<const std::uint64_t> quotas, std::span<const std::uint64_t> counts,
                                  const Rule& among, unsigned threads) {
  if (quotas.size() != groups.size() || counts.size() != groups.size()) {
    refuse(core::grouped(std::uint64_t{quotas.size()}) + " quotas and " + core::grouped(std::uint64_t{counts.size()}) +
           " counts for " + core::grouped(std::uint64_t{groups.size()}) + " groups");
  }
  std::vector<std::uint64_t> result(groups.size());
  std::vector<Search> searches(groups.size());
  std::vector<std::uint32_t> open;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (quotas[group] >= counts[group]) result[group] = quotas[group] == 0 ? 0 : Priorities::kEnd;
    if (quotas[group] == 0 || quotas[group] >= counts[group]) continue;
    searches[group] = {quotas[group], 0, counts[group], 0, Priorities::kEnd};
    open.push_back(static_cast<std::uint32_t>(group));
  }
  const BoundSearch search(window, groups, priorities, among, threads);
  while (!open.empty()) {
    std::vector<Bracket> brackets(groups.size(), Bracket{0, 0});
    for (const std::uint32_t group : open) brackets[group] = bracket_of(searches[group]);
    const Found found = search.pass(brackets);
    Sorted sorted = by_group(found.candidates, groups.size());
    std::erase_if(open, [&](std::uint32_t group) {
      Search& of_group = searches[group];
      const Bracket bracket = brackets[group];
      const auto candidates =
          std::span(sorted.priorities).subspan(sorted.begin[group], sorted.begin[group + 1] - sorted.begin[group]);
      const std::uint64_t below = found.below[group];
      if (of_group.quota <= below) {
        of_group = {of_group.quota, of_group.below, below - std::min(below, of_group.below), of_group.begin,
                    bracket.begin};
      } else if (of_group.quota > below + candidates.size()) {
        const std::uint64_t seen = below + candidates.size() - of_group.below;
        of_group = {of_group.quota, below + candidates.size(), of_group.inside - std::min(of_group.inside, seen),
                    bracket.end, of_group.end};
      } else {
        const auto wanted = candidates.begin() + static_cast<std::ptrdiff_t>(of_group.quota - below - 1);
        std::ranges::nth_element(candidates, wanted);
        result[group] = *wanted + 1;
        return true;
      }
      const bool can_be_there =
          of_group.inside > 0 && of_group.begin < of_group.end && of_group.quota - of_group.below <= of_group.inside;
      if (!can_be_there) {
        refuse("group " + core::grouped(std::uint64_t{group}) + " does not have the " + core::grouped(counts[group]) +
               " samples that it is said to have");
      }
      return false;
    });
  }
  return result;
}

}  // namespace modyn
